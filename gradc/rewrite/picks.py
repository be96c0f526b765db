"""Rules about elements picked by arrays of indices, one a row, as crossentropies have them.

Takes x[arange(n), y] and its gradient, zeros with values added at these places; gives the pick of
what an expression is made of rather than of all its elements.  With scattered.py, a softmax
crossentropy with its gradient becomes one sweep over the scores, in whatever words it was written.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    if not _is_one_a_row(node.inputs) or inner is None or facts.is_wall(matrix):
        return None
    if not isinstance(inner.op.rule, Elemwise) or 1 in matrix.type.shape:
        return None
    if all(1 in operand.type.shape for operand in inner.inputs):
        return None  # nobody would look whether the places are in bounds
    picked: Variable = inner.op(*(_picked(operand, places) for operand in inner.inputs))
    return picked


def _is_one_a_row(inputs: Sequence[Variable]) -> bool:
    """Whether these are a matrix and its places (arange(n), y)."""
    matrix, *places = inputs
    if matrix.ndim != 2 or len(places) != 2 or any(place.ndim != 1 for place in places):
        return False
    rows = places[0].owner
    return rows is not None and rows.op.kind == "Iota" and 1 not in places[0].type.shape


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
    if len(found) != 1 or node.op.keywords != {"axes": (1,)} or out.dtype != node.inputs[0].dtype:
        return None
    base, values, *places = found[0].inputs
    if len(places) != 2 or values.ndim != 1 or not _is_one_a_row((base, *places)):
        return None
    count = length(values, 0)
    rows = broadcast_to(values.dimshuffle(0, "x"), (count, length(base, 1)))
    picked = gather(rows, arange(count), places[1])
    return scatter(zeros(length(base, 0), dtype=out.dtype), picked, places[0])


PICKS = (pick_of_elementwise, sum_of_scattered)
