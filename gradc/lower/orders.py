"""Which arguments may come in any order of axes: those that only products read.

Takes Values and who reads what; fills `values.loose`.  A product reads a matrix by rows or by
columns, so such an argument is passed as it lies where one of its axes has stride 1: x.T of a
caller, a Fortran-ordered array, a stack whose axes are exchanged, a part of a larger array.  What
must not be merged with another axis to be multiplied, or is read by a loop as well, is packed by
the caller as before.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.products import letters_of
from gradc.lower.values import Values
from gradc.ops.kinds import Contract, Gemm, View

__all__ = ["loosen"]

_MOST_AXES = 31  # bits of the number that tells the call path


def loosen(
    values: Values,
    reads: Sequence[tuple[Apply, tuple[Variable, ...]]],
    inputs: Sequence[Variable],
) -> None:
    """Find the inputs whose strides are read at the call, and the axes one of which must be 1.

    reads: the nodes that are computed, each with the values whose numbers it reads.
    """
    known = {each for each in inputs if 2 <= each.ndim <= _MOST_AXES}
    units: dict[Variable, frozenset[int]] = {}
    tied = {values.source(each)[0] for each in (*values.graph.results, *values.shapes.data)}
    for node, numbers in reads:
        if isinstance(node.op.rule, View):
            continue  # who reads the view reads the array
        for k, each in enumerate(numbers):
            source, _ = values.source(each)
            if source not in known:
                continue
            found = _units(values, node, k)
            units[source] = units.get(source, found) & found
            if not found:
                tied.add(source)
    for each, axes in units.items():
        if each not in tied and each.ndim - 1 in axes:  # arrays in C order must do, too
            values.loose[each] = tuple(sorted(axes))


def _units(values: Values, node: Apply, position: int) -> frozenset[int]:
    """The axes of an argument one of which must have stride 1 for operand `position` of a node.

    None at all if the node does not read it as a matrix of an axis by an axis.
    """
    nothing: frozenset[int] = frozenset()
    first = 2 if isinstance(node.op.rule, Gemm) else 0
    if not isinstance(node.op.rule, Contract | Gemm) or position - first not in (0, 1):
        return nothing
    letters = letters_of(node)
    operand = node.inputs[position]
    words, groups = letters.x, (letters.m, letters.k)
    if position != first:
        words, groups = letters.y, (letters.k, letters.n)
    moved = _moved(values, operand, words)
    lengths = dict(zip(words, values.shapes.lengths(operand), strict=True))
    real = [[c for c in group if lengths[c].constant != 1] for group in groups]
    if moved is None or any(len(group) > 1 for group in real):
        return nothing
    if any(c not in moved for group in real for c in group):
        return nothing
    sides = [moved[c] for group in real for c in group]
    if len(sides) < 2:
        return frozenset(range(values.source(operand)[0].ndim))
    return frozenset(axis for axis, step in sides if step == 1)


def _moved(values: Values, operand: Variable, letters: str) -> dict[str, tuple[int, int]] | None:
    """The axis of the argument each letter moves along, and by how many places."""
    found: dict[str, tuple[int, int]] = {}
    for axis, place in enumerate(values.source(operand)[1]):
        if len(place.factors) > 1:
            return None
        for k, factor in place.factors:
            step = factor.constant
            if step is None or step <= 0 or letters[k] in found:
                return None
            found[letters[k]] = (axis, step)
    return found
