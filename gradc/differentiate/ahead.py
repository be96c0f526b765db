"""Forward mode over a graph: tangents carried from what is moved to what moves with it.

Takes an ordered walk and the tangents of variables; gives the tangent of everything that depends on
them.  Units are visited inputs first, each once, so the work is linear in the edges.  A variable
that is given a tangent and depends on another such moves by the sum of both: so the product of
cotangents and jvp equals that of vjp and tangents, whatever is asked.
Source: Wengert, A simple automatic derivative evaluation program (1964).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.differentiate.cotangent import Cotangent, Masks
from gradc.differentiate.order import Walk
from gradc.differentiate.push import push
from gradc.graph.op import Apply
from gradc.graph.site import inherit
from gradc.graph.variable import Variable

__all__ = ["TangentTable", "carry"]


class TangentTable:
    """What forward mode found: the tangents of variables; those that are not there are zero."""

    def __init__(self) -> None:
        self.masks = Masks()
        self.tangents: dict[Variable, Cotangent] = {}

    def value(self, variable: Variable) -> Variable | None:
        """The variable's tangent as an expression."""
        found = self.tangents.get(variable)
        if found is None:
            return None
        with inherit(variable.site):
            return self.masks.apply(found)

    def add(self, variable: Variable, tangent: Cotangent | None) -> None:
        """Let a variable move by this too."""
        known = self.tangents.get(variable)
        if tangent is not None and known is not None:
            with inherit(variable.site):
                tangent = self.masks.total([known, tangent])
        if tangent is not None:
            self.tangents[variable] = tangent


def carry(walk: Walk, given: Mapping[Variable, Variable]) -> TangentTable:
    """Carry the tangents of `given` up to everything in the walk that depends on them."""
    table = TangentTable()
    for variable, tangent in given.items():
        table.add(variable, Cotangent(tangent))
    for unit in walk.units:
        if isinstance(unit, Apply):
            _visit(unit, walk, table)
        elif unit in walk.relevant:
            table.add(unit, table.tangents.get(walk.definitions[unit]))
    return table


def _visit(node: Apply, walk: Walk, table: TangentTable) -> None:
    if not _any(node.outputs, walk):
        return
    tangents = [table.tangents.get(each) for each in node.inputs]
    if all(each is None for each in tangents):
        return
    with inherit(node.site):
        found = push(node, tangents, table.masks)
    for output, tangent in zip(node.outputs, found, strict=True):
        if output in walk.relevant:
            table.add(output, tangent)


def _any(variables: Sequence[Variable], walk: Walk) -> bool:
    return any(each in walk.relevant for each in variables)
