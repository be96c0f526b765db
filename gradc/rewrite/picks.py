"""Rules about elements picked by arrays of indices, and about what picking leaves in gradients.

Takes x[arange(n), y] and its gradient, zeros with values added at these places, as crossentropies
have them; gives the pick of what an expression is made of rather than of all its elements, and
values added to the rest of a gradient rather than to zeros.  So a softmax crossentropy with its
gradient becomes one sweep over the scores, in whatever words it was written.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.create import arange
from gradc.ops.elemwise import add
from gradc.ops.index import gather, scatter
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import broadcast_to, length, zeros
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import scalar_value

__all__ = ["PICKS"]


@rule(on=("gather",), keeps="exact")
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


@rule(on=("sum",), keeps="rounding")
def sum_of_scattered(out: Variable, facts: Facts) -> Variable | None:
    """The rows' sums of zeros with values added, one a row -> the values, added to zeros.

    The places within the rows are still looked at: the values are picked from their own rows.
    """
    node = out.owner
    assert node is not None
    found = _added_to_zeros(node.inputs[0], facts)
    if found is None or node.op.keywords != {"axes": (1,)} or out.dtype != node.inputs[0].dtype:
        return None
    base, values, *places = found.inputs
    if len(places) != 2 or values.ndim != 1 or not _is_one_a_row((base, *places)):
        return None
    count = length(values, 0)
    rows = broadcast_to(values.dimshuffle(0, "x"), (count, length(base, 1)))
    picked = gather(rows, arange(count), places[1])
    return scatter(zeros(length(base, 0), dtype=out.dtype), picked, places[0])


@rule(on=("add",), keeps="rounding")
def sum_with_scattered(out: Variable, facts: Facts) -> Variable | None:
    """A sum of x and of zeros with values added -> x with the values added."""
    assert out.owner is not None
    terms = list(out.owner.inputs)
    for k, term in enumerate(terms):
        found = _added_to_zeros(term, facts)
        if found is None or not _is_only_summed(term, facts):
            continue
        rest = terms[:k] + terms[k + 1 :]
        base = rest[0] if len(rest) == 1 else add(*rest)
        if base.dtype == out.dtype and facts.shape(base) == facts.shape(out):
            with_values: Variable = found.op(base, *found.inputs[1:])
            return with_values
    return None


def _added_to_zeros(variable: Variable, facts: Facts) -> Apply | None:
    """The node, if it adds values to zeros."""
    node = variable.owner
    if node is None or node.op.kind != "Scatter" or facts.is_wall(variable):
        return None
    base = node.inputs[0].owner
    is_zeros = base is not None and base.op.name == "broadcast_to"
    if not is_zeros or node.op.keywords["mode"] != "add":
        return None
    assert base is not None
    return node if scalar_value(base.inputs[0]) == 0 else None


def _is_only_summed(variable: Variable, facts: Facts) -> bool:
    """Whether it is read by sums alone: others would still need the zeros."""
    readers = facts.readers(variable)
    return len(readers) <= facts.clients(variable) and all(
        node.op.name in ("add", "sum") for _, node in readers
    )


PICKS = (pick_of_elementwise, sum_of_scattered, sum_with_scattered)
