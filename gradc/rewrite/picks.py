"""Rules about elements picked by arrays of indices, one a row, as crossentropies have them.

Takes x[arange(n), y] and its gradient, zeros with values added at these places; gives the pick of
what an expression is made of rather than of all its elements.  With scattered.py, a softmax
crossentropy with its gradient becomes one sweep over the scores, in whatever words it was written.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.create import arange
from gradc.ops.index import gather, scatter
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import broadcast_to, length, zeros
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.scattered import added_to_zeros

__all__ = ["PICKS"]


@rule(on=("gather",), keeps="exact", over="any")
def pick_of_elementwise(out: Variable, facts: Facts) -> Variable | None:
    """One element a row of f(x, y), f elementwise -> f of one element a row of x and of y."""
    node = out.owner
    assert node is not None
    matrix, *places = node.inputs
    inner = matrix.owner
    if _rows_of(node) is None or inner is None or facts.is_wall(matrix):
        return None
    if not isinstance(inner.op.rule, Elemwise) or 1 in matrix.type.shape:
        return None
    if all(1 in operand.type.shape for operand in inner.inputs):
        return None  # nobody would look whether the places are in bounds
    picked: Variable = inner.op(*(_picked(operand, places) for operand in inner.inputs))
    return picked


def _rows_of(node: Apply) -> int | None:
    """The axis whose places are 0, 1, 2..., if a matrix is read or added to at one place a row."""
    matrix, *places = (
        node.inputs if node.op.kind == "Gather" else (node.inputs[0], *node.inputs[2:])
    )
    if matrix.ndim != 2 or len(places) != 2 or any(place.ndim != 1 for place in places):
        return None
    if {"axes", "through"} & node.op.keywords.keys():
        return None
    for axis, place in enumerate(places):
        if place.owner is not None and place.owner.op.kind == "Iota" and 1 not in place.type.shape:
            return axis
    return None


def _picked(operand: Variable, places: Sequence[Variable]) -> Variable:
    """The elements of an operand that stretches along its axes of length 1."""
    kept = [axis for axis in (0, 1) if operand.type.shape[axis] != 1]
    if not kept:
        return operand.dimshuffle().dimshuffle("x")
    return gather(operand.dimshuffle(*kept), *(places[axis] for axis in kept))


@rule(on=("sum",), keeps="rounding", over="any")
def sum_of_scattered(out: Variable, facts: Facts) -> Variable | None:
    """The rows' sums of zeros with values added, one a row -> the values, added to zeros.

    The places within the rows are still looked at: the values are picked from their own rows.
    """
    node = out.owner
    assert node is not None
    found = added_to_zeros(node.inputs[0], facts)
    if len(found) != 1 or out.dtype != node.inputs[0].dtype:
        return None
    base, values, *places = found[0].inputs
    axis = _rows_of(found[0])
    if axis is None or values.ndim != 1 or node.op.keywords != {"axes": (1 - axis,)}:
        return None
    count = length(values, 0)
    rows = broadcast_to(values.dimshuffle(0, "x"), (count, length(base, 1 - axis)))
    picked = gather(rows, arange(count), places[1 - axis])
    return scatter(zeros(length(base, axis), dtype=out.dtype), picked, places[axis])


@rule(on=("gather", "scatter"), keeps="exact", over="any")
def places_in_columns(out: Variable, facts: Facts) -> Variable | None:
    """x[i[:, None], y[:, None]] -> x[i, y][:, None], and values added there; so take_along_axis."""
    node = out.owner
    assert node is not None
    first = 1 if node.op.kind == "Gather" else 2
    places = node.inputs[first:]
    views = [None if facts.is_wall(each) else each.owner for each in places]
    orders = {
        None if v is None or v.op.name != "dimshuffle" else v.op.keywords["order"] for v in views
    }
    order = orders.pop() if len(orders) == 1 and places else None
    if order is None or "x" not in order or "through" in node.op.keywords:
        return None
    kept = [axis for axis, k in enumerate(order) if k != "x"]
    if [order[axis] for axis in kept] != list(range(len(kept))) or not kept:
        return None
    inner = [v.inputs[0] for v in views if v is not None]
    if any(each.ndim != len(kept) for each in inner):
        return None
    rank, x = len(order), node.inputs[0]
    if node.op.kind == "Scatter":
        values = node.inputs[1]
        if any(values.type.shape[axis] != 1 for axis in range(rank) if axis not in kept):
            return None
        rest = range(rank, values.ndim)
        result: Variable = node.op(x, values.dimshuffle(*kept, *rest), *inner)
        return result
    picked: Variable = node.op(x, *inner)
    rest = range(len(kept), picked.ndim)
    return picked.dimshuffle(*order, *rest)


PICKS = (pick_of_elementwise, sum_of_scattered, places_in_columns)
