"""Reverse mode over a graph: the lecture's build_grad, without its recursion.

Takes an ordered walk and the gradients that are known (that of the cost, or the user's); gives the
grad_table: for every variable that lies between them and what is asked for, its cotangent.  Units
are visited outputs first, so that all terms of a variable are there when its own turn comes: each
gradient is built once, and the work is linear in the edges.

Three ways in which nothing arrives at a variable are kept apart.  *Flat*: the value depends on it
but only through whole numbers and conditions, so the gradient is zero.  *Disconnected*: no path,
or only its shape is used.  *Undefined*: an operation says that there is no derivative.
Source: Goodfellow, Bengio, Courville, Deep Learning (2016), algorithms 6.5 and 6.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.differentiate.cotangent import Cotangent, Masks, is_zero
from gradc.differentiate.lives import everywhere, gathered
from gradc.differentiate.order import Walk
from gradc.differentiate.pull import pull
from gradc.dtypes import dtype_info
from gradc.graph.op import Apply
from gradc.graph.site import inherit
from gradc.graph.variable import Variable

__all__ = ["GradTable", "arriving", "sweep"]


class GradTable:
    """What reverse mode found: cotangents, and the variables that only get zero."""

    def __init__(self, done: dict[Variable, Cotangent] | None = None) -> None:
        self.masks = Masks()
        self.terms: dict[Variable, list[Cotangent]] = {}
        self.done: dict[Variable, Cotangent] = {} if done is None else done
        self.flat: set[Variable] = set()

    def get(self, variable: Variable) -> Cotangent | None:
        """The variable's cotangent, the sum of its terms, built at first asking."""
        found = self.done.get(variable)
        if found is None and variable in self.terms:
            with inherit(variable.site):
                found = gathered(self.terms.pop(variable), variable, self.masks)
            self.done[variable] = found
        return found

    def value(self, variable: Variable) -> Variable | None:
        """The variable's gradient as an expression."""
        found = self.get(variable)
        if found is None:
            return None
        with inherit(variable.site):
            return everywhere(found, variable, self.masks)

    def add(self, variable: Variable, term: Cotangent) -> None:
        """One more term of a variable that has not had its turn."""
        if variable not in self.done:
            self.terms.setdefault(variable, []).append(term)


def sweep(walk: Walk, known: Mapping[Variable, Variable], adds: bool = False) -> GradTable:
    """Carry the gradients of `known` down to everything relevant.

    Known ones stay as they are; if `adds`, what arrives from above is added to them.
    """
    given = {variable: Cotangent(ct) for variable, ct in known.items()}
    table = GradTable() if adds else GradTable(done=given)
    if adds:
        for variable, ct in given.items():
            table.add(variable, ct)
    for unit in reversed(walk.units):
        if isinstance(unit, Apply):
            if _matters(unit.inputs, walk) and _matters(unit.outputs, walk):
                _visit(unit, walk, table)
        elif unit in walk.relevant:
            _hand_down(unit, walk.definitions[unit], table)
    return table


def _matters(variables: Sequence[Variable], walk: Walk) -> bool:
    return any(each in walk.relevant for each in variables)


def _hand_down(wall: Variable, definition: Variable, table: GradTable) -> None:
    ct = table.get(wall)
    if ct is not None:
        table.add(definition, ct)
    if wall in table.flat:
        table.flat.add(definition)


def arriving(node: Apply, table: GradTable) -> list[Cotangent | None]:
    """The cotangents of a node's outputs; whole numbers have none that could be handed down."""
    return [
        table.get(output) if dtype_info(output.dtype).is_inexact else None
        for output in node.outputs
    ]


def _visit(node: Apply, walk: Walk, table: GradTable) -> None:
    cts = arriving(node, table)
    pulled = any(ct is not None for ct in cts)
    is_flat = any(
        output in table.flat or (ct is None and table.get(output) is not None)
        for output, ct in zip(node.outputs, cts, strict=True)
    )
    terms: list[Cotangent | None] = [None] * len(node.inputs)
    if pulled:
        with inherit(node.site):
            terms = pull(node, cts, table.masks)
    for each, term in zip(node.inputs, terms, strict=True):
        if each not in walk.relevant:
            continue
        if term is not None and is_zero(term.value):
            table.flat.add(each)  # the slope of a step: nothing to multiply further down
        elif term is not None:
            table.add(each, term)
        elif is_flat or (pulled and not dtype_info(each.dtype).is_inexact):
            table.flat.add(each)
