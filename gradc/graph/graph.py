"""Sealed graphs.

Takes what a user built; gives a Graph, in which one value is one node.  Sealing interns on the way
in: equal operations on equal inputs become one node, equal constants one leaf.  So common
subexpressions cost nothing and no pass has to merge, clone or destroy.  The user's own nodes are
kept wherever they are the first of their kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.graph.op import Apply
from gradc.graph.pickled import Chain
from gradc.graph.text import listing
from gradc.graph.variable import Constant, Variable, constant_key
from gradc.graph.walk import rebuild, toposort

__all__ = ["Graph", "Interner", "seal"]

Updates = tuple[tuple[Variable, Variable], ...]


class Interner:
    """Makes equal nodes one node. Leaves but constants stand for themselves."""

    def __init__(self) -> None:
        self._nodes: dict[Hashable, tuple[Variable, ...]] = {}
        self._constants: dict[Hashable, Constant] = {}
        self.image: dict[Variable, Variable] = {}  # from what came in to what stands for it

    def leaf(self, variable: Variable) -> Variable:
        """The one leaf equal to this."""
        if isinstance(variable, Constant):
            return self._constants.setdefault(constant_key(variable), variable)
        return variable

    def node(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """Outputs of the one node equal to `node` on `inputs`, which are interned."""
        if not node.op.rule.merges:
            return rebuild(node, inputs)
        key = (node.op, *map(id, inputs))
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = rebuild(node, inputs)
        return found

    def add(self, outputs: Sequence[Variable]) -> list[Variable]:
        """Intern everything that `outputs` depend on; what was interned before is not walked."""
        for node in toposort(outputs, stop=self.image):
            inputs = [self._image(each) for each in node.inputs]
            for old, new in zip(node.outputs, self.node(node, inputs), strict=True):
                self.image[old] = new
                self.image[new] = new
        return [self._image(output) for output in outputs]

    def _image(self, variable: Variable) -> Variable:
        found = self.image.get(variable)
        if found is None:
            found = self.image[variable] = self.leaf(variable)
        return found


@dataclass(frozen=True, eq=False)
class Graph:
    """Expressions of a function, interned and immutable.

    inputs: the arguments, in order.  outputs: what is returned.  updates: (shared variable, its
    new value) pairs; all new values read the old ones.
    image: for each variable that was sealed, the one that stands for it here.
    """

    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]
    updates: Updates = ()
    image: Mapping[Variable, Variable] = field(default_factory=dict, repr=False)

    @property
    def results(self) -> tuple[Variable, ...]:
        """Outputs, then the new values of the updates."""
        return (*self.outputs, *(new for _, new in self.updates))

    @property
    def nodes(self) -> list[Apply]:
        """Every node, inputs first."""
        return toposort(self.results)

    @property
    def shared(self) -> tuple[Variable, ...]:
        """Leaves that are neither inputs nor constants, updated ones included, in order of use."""
        known = set(self.inputs)
        found: dict[Variable, None] = {}
        for node in self.nodes:
            for each in node.inputs:
                if each.owner is None and not isinstance(each, Constant) and each not in known:
                    found.setdefault(each)
        for each in (*self.results, *(old for old, _ in self.updates)):
            if each.owner is None and not isinstance(each, Constant) and each not in known:
                found.setdefault(each)
        return tuple(found)

    def __reduce__(self) -> tuple[Any, ...]:
        """Its nodes in one list, and the border; `image` knows the graph's own variables then."""
        return _sealed, (Chain(self.results), self.inputs, self.outputs, self.updates)

    def __str__(self) -> str:
        return listing(self.outputs, self.inputs, self.updates, lines=True)

    def replaced(self, results: Sequence[Variable]) -> Graph:
        """The same border with other results (rewriting), interned anew."""
        count = len(self.outputs)
        updates = tuple(
            (old, new) for (old, _), new in zip(self.updates, results[count:], strict=True)
        )
        return seal(self.inputs, results[:count], updates)


def _sealed(
    chain: object, inputs: Sequence[Variable], outputs: Sequence[Variable], updates: Updates
) -> Graph:
    return seal(inputs, outputs, updates)


def seal(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    updates: Sequence[tuple[Variable, Variable]] = (),
) -> Graph:
    """Intern expressions into a Graph."""
    interner = Interner()
    results = interner.add([*outputs, *(new for _, new in updates)])
    pairs = tuple(
        (old, new) for (old, _), new in zip(updates, results[len(outputs) :], strict=True)
    )
    return Graph(tuple(inputs), tuple(results[: len(outputs)]), pairs, interner.image)
