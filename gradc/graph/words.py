"""The lecture's words for a computational graph: operation, inputs, consumers.

Takes a variable V and a graph G, which may be a variable, a list of variables, a Graph or a
compiled function; gives V's neighbours in it.
Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from gradc.errors import ArgumentTypeError, message
from gradc.graph.graph import Graph
from gradc.graph.op import AnyOp
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors, consumers

__all__ = ["GraphLike", "get_consumers", "get_inputs", "get_operation"]


@runtime_checkable
class HasGraph(Protocol):
    """A compiled function: something with a sealed graph."""

    @property
    def graph(self) -> Graph:
        """The graph it was made from."""


GraphLike = Variable | Sequence[Variable] | Graph | HasGraph


def get_operation(V: Variable) -> AnyOp | None:
    """The operation that computes V; None for a leaf (input, constant, shared variable)."""
    return None if V.owner is None else V.owner.op


def get_inputs(V: Variable, G: GraphLike | None = None) -> list[Variable]:
    """The variables that V is computed from: the arguments of its operation, in order.

    Raises: ValueError if G is given and V is not in it.
    """
    if G is not None:
        V = _member(V, G)
    return [] if V.owner is None else list(V.owner.inputs)


def get_consumers(V: Variable, G: GraphLike) -> list[Variable]:
    """The variables of G that are computed from V, each once, inputs first.

    Raises: ValueError if V is not in G.
    """
    V = _member(V, G)
    found: dict[Variable, None] = {}
    for node, _ in consumers(_roots(G)).get(V, []):
        for output in node.outputs:
            found.setdefault(output)
    return list(found)


def _roots(G: GraphLike) -> list[Variable]:
    if isinstance(G, Variable):
        return [G]
    if isinstance(G, Graph):
        return list(G.results)
    if isinstance(G, Sequence):
        return list(G)
    if isinstance(G, HasGraph):
        return list(G.graph.results)
    raise ArgumentTypeError(
        message(
            f"a graph is a variable, a list of variables, a Graph or a function, got {type(G)}."
        )
    )


def _member(V: Variable, G: GraphLike) -> Variable:
    sealed = G if isinstance(G, Graph) else getattr(G, "graph", None)
    if isinstance(sealed, Graph):
        V = sealed.image.get(V, V)
    if V not in set(ancestors(_roots(G))):
        raise ValueError(message(f"{V!r} is not in this graph."))
    return V
