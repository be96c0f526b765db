"""The order in which reverse mode visits a graph, and what of it matters.

Takes roots (the cost), walls with their definitions, and stops; gives units, inputs first.  A unit
is a node, or a wall: a variable the user named, which stands for itself above and whose definition
below may have been rewritten (see prepare.py).  Every walk is a loop.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.value import value

__all__ = ["Unit", "Walk", "walk"]

_SHAPE_ONLY = frozenset({"LengthOf"})  # kinds that read the shape of their input, never its values

Unit = Apply | Variable  # a Variable is a wall


@value
class Walk:
    """Units in order, inputs first, and the variables whose values depend on what is asked for."""

    units: tuple[Unit, ...]
    definitions: Mapping[Variable, Variable]
    relevant: frozenset[Variable]


def walk(
    roots: Iterable[Variable],
    wrt: Collection[Variable],
    definitions: Mapping[Variable, Variable],
    stops: Collection[Variable],
) -> Walk:
    """Order everything below `roots`, not going below `stops`; mark what depends on `wrt`."""
    ends = set(stops)
    units = _sorted(roots, definitions, ends)
    relevant = set(wrt) - ends
    for unit in units:
        if isinstance(unit, Apply) and unit.op.kind in _SHAPE_ONLY:
            continue
        if any(each in relevant for each in _below(unit, definitions)):
            relevant.update(each for each in _above(unit) if each not in ends)
    return Walk(tuple(units), definitions, frozenset(relevant))


def _unit(
    variable: Variable, definitions: Mapping[Variable, Variable], ends: set[Variable]
) -> Unit | None:
    if variable in ends:
        return None
    return variable if variable in definitions else variable.owner


def _below(unit: Unit, definitions: Mapping[Variable, Variable]) -> Sequence[Variable]:
    return unit.inputs if isinstance(unit, Apply) else (definitions[unit],)


def _above(unit: Unit) -> Sequence[Variable]:
    return unit.outputs if isinstance(unit, Apply) else (unit,)


def _sorted(
    roots: Iterable[Variable], definitions: Mapping[Variable, Variable], ends: set[Variable]
) -> list[Unit]:
    order: list[Unit] = []
    seen: set[Unit] = set()
    for root in roots:
        first = _unit(root, definitions, ends)
        if first is None or first in seen:
            continue
        seen.add(first)
        stack: list[tuple[Unit, int]] = [(first, 0)]
        while stack:
            unit, position = stack.pop()
            below = _below(unit, definitions)
            if position == len(below):
                order.append(unit)
                continue
            stack.append((unit, position + 1))
            following = _unit(below[position], definitions, ends)
            if following is not None and following not in seen:
                seen.add(following)
                stack.append((following, 0))
    return order
