"""FunctionGraph: a graph from inputs to outputs, as Theano's programs look at it.

Takes variables, or a sealed graph of gradc; gives nodes in order and who reads what.  It is to be
looked at: gradc's graphs do not change.  theano.clone(..., replace=...) makes another.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors, consumers, toposort

__all__ = ["FunctionGraph"]


class FunctionGraph:
    """Inputs, outputs, and what computes these from those.

    clone is taken as Theano's and changes nothing: no graph here is ever written to.
    """

    def __init__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], clone: bool = True
    ) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)

    @classmethod
    def of(cls, graph: Graph) -> FunctionGraph:
        """Of a sealed graph; the outputs are followed by the new values of updates."""
        return cls([*graph.inputs, *graph.shared], graph.results)

    def toposort(self) -> list[Apply]:
        """The nodes, inputs first."""
        return toposort(self.outputs)

    @property
    def apply_nodes(self) -> set[Apply]:
        """The nodes."""
        return set(self.toposort())

    @property
    def variables(self) -> set[Variable]:
        """Every variable, inputs and constants included."""
        return {*ancestors(self.outputs), *self.inputs}

    def clients(self, variable: Variable) -> list[tuple[Apply | str, int]]:
        """Who reads a variable: (node, position), and ("output", position)."""
        read: list[tuple[Apply | str, int]] = list(consumers(self.outputs).get(variable, []))
        return read + [("output", k) for k, each in enumerate(self.outputs) if each is variable]
