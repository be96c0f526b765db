"""Rules about casts, views and lengths.

Takes settled expressions; gives chains of index maps as one, no map that moves nothing, no
stretching where an elementwise operation stretches by itself, and lengths without what computes the
array: the shape of a matrix product costs no product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.variable import Constant, Variable
from gradc.ops.declare import call
from gradc.ops.elemwise import mul
from gradc.ops.index import Cut
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import EVERY, rule
from gradc.rewrite.seen import scalar_value
from gradc.rewrite.written import written
from gradc.sizes import size

__all__ = ["VIEWS"]


@rule(on=("cast",), keeps="exact", over="any")
def cast_to_same(out: Variable) -> Variable | None:
    """cast(x, its own dtype) -> x."""
    assert out.owner is not None
    (inner,) = out.owner.inputs
    return inner if inner.dtype == out.dtype else None


@rule(on=("cast",), keeps="exact", over="any")
def cast_of_cast(out: Variable, facts: Facts) -> Variable | None:
    """cast(cast(x, a), b) -> cast(x, b), where a holds every value of x."""
    assert out.owner is not None
    (middle,) = out.owner.inputs
    node = middle.owner
    if node is None or node.op.name != "cast" or facts.is_wall(middle):
        return None
    (inner,) = node.inputs
    return call("cast", inner, dtype=out.dtype) if _holds(middle.dtype, inner.dtype) else None


def _holds(wide: str, narrow: str) -> bool:
    """Whether every number of `narrow` is one of `wide`."""
    outer, inner = dtype_info(wide).part, dtype_info(narrow)
    if outer.is_float and inner.is_integer:
        digits = np.finfo(outer.name).nmant + 1
        return inner.itemsize * 8 - (inner.kind == "int") <= digits
    return wide == narrow or (wide != "bool" and bool(np.can_cast(narrow, wide, "safe")))


@rule(on=("dimshuffle",), keeps="exact", over="any")
def dimshuffle_of_dimshuffle(out: Variable, facts: Facts) -> Variable | None:
    """Two reorderings of axes -> one."""
    assert out.owner is not None
    (middle,) = out.owner.inputs
    node = middle.owner
    if node is None or node.op.name != "dimshuffle" or facts.is_wall(middle):
        return None
    inner: Sequence[int | str] = node.op.keywords["order"]
    outer: Sequence[int | str] = out.owner.op.keywords["order"]
    order = tuple("x" if axis == "x" else inner[int(axis)] for axis in outer)
    return call("dimshuffle", node.inputs[0], order=order)


@rule(on=("dimshuffle",), keeps="exact", over="any")
def dimshuffle_in_place(out: Variable) -> Variable | None:
    """A reordering that moves nothing -> the array."""
    assert out.owner is not None
    (inner,) = out.owner.inputs
    return inner if out.owner.op.keywords["order"] == tuple(range(inner.ndim)) else None


@rule(on=("subtensor",), keeps="exact", over="any")
def subtensor_of_all(out: Variable) -> Variable | None:
    """All of every axis -> the array."""
    assert out.owner is not None
    entries = out.owner.op.keywords["index"]
    return out.owner.inputs[0] if all(each == Cut(None, None) for each in entries) else None


@rule(on=("subtensor",), keeps="exact", over="any")
def subtensor_of_one(out: Variable) -> Variable | None:
    """The one place of an axis of length 1, and all of the others -> the array without the axis."""
    assert out.owner is not None
    x, *others = out.owner.inputs
    kept = _all_but_one(out.owner.op.keywords["index"], x.type.shape)
    return None if kept is None or others else call("dimshuffle", x, order=kept)


@rule(on=("scatter",), keeps="rounding", over="any")
def scatter_through_all(out: Variable, facts: Facts) -> Variable | None:
    """Values put, or added to zeros, through an index that reads all -> the values."""
    node = out.owner
    assert node is not None
    base, values, *others = node.inputs
    through = node.op.keywords.get("through")
    if through is None or through.name != "subtensor" or others or base.dtype != values.dtype:
        return None
    kept = _all_but_one(through.keywords["index"], base.type.shape)
    if kept is None or facts.shape(values) != tuple(facts.shape(base)[axis] for axis in kept):
        return None
    if node.op.keywords["mode"] == "add" and not _is_zeros(base, facts):
        return None
    order = tuple(kept.index(axis) if axis in kept else "x" for axis in range(base.ndim))
    return call("dimshuffle", values, order=order)


def _is_zeros(variable: Variable, facts: Facts) -> bool:
    node = variable.owner
    if node is None or node.op.name != "broadcast_to" or facts.is_wall(variable):
        return False
    return scalar_value(node.inputs[0]) == 0


def _all_but_one(entries: Sequence[Any], shape: Sequence[int | None]) -> tuple[int, ...] | None:
    """The axes that all are read of, if of each other axis the only place is."""
    kept = []
    for axis, n in enumerate(shape):
        entry = entries[axis] if axis < len(entries) else Cut(None, None)
        if entry == Cut(None, None):
            kept.append(axis)
        elif n != 1 or not isinstance(entry, int) or entry not in (0, -1):
            return None
    return tuple(kept) if len(kept) < len(shape) else None


@rule(on=("reshape",), keeps="exact", over="any")
def reshape_of_reshape(out: Variable, facts: Facts) -> Variable | None:
    """reshape(reshape(x, a), b) -> reshape(x, b)."""
    assert out.owner is not None
    middle, *lengths = out.owner.inputs
    node = middle.owner
    if node is None or node.op.name != "reshape" or facts.is_wall(middle):
        return None
    return out.owner.op(node.inputs[0], *lengths)  # type: ignore[no-any-return]


@rule(on=("reshape", "broadcast_to"), keeps="exact", over="any")
def reshape_in_place(out: Variable, facts: Facts) -> Variable | None:
    """A reshape or broadcast_to of the shape that the array has -> the array."""
    assert out.owner is not None
    inner = out.owner.inputs[0]
    return inner if facts.shape(inner) == facts.shape(out) else None


@rule(on=EVERY, keeps="exact", over="any")
def stretched_operand(out: Variable, facts: Facts) -> Variable | None:
    """add(broadcast_to(x, shape of y), y) -> add(x, y): elementwise operations stretch."""
    node = out.owner
    assert node is not None
    if node.op.kind != "Elemwise" or len(node.inputs) < 2:
        return None
    for k, each in enumerate(node.inputs):
        view = each.owner
        if view is None or view.op.name != "broadcast_to" or facts.is_wall(each):
            continue
        others = node.inputs[:k] + node.inputs[k + 1 :]
        if _is_covered(each, view.inputs[0], others, facts):
            result: Variable = node.op(*node.inputs[:k], view.inputs[0], *node.inputs[k + 1 :])
            return result
    return None


def _is_covered(
    stretched: Variable, inner: Variable, others: Sequence[Variable], facts: Facts
) -> bool:
    """Whether every axis that is stretched has its length from another operand too."""
    wanted = facts.shape(stretched)
    for axis, n in enumerate(inner.type.shape):
        if n == 1 and wanted[axis] != size(1):
            lengths = [facts.shape(each)[axis] for each in others]
            if wanted[axis] not in lengths:
                return False
    return True


@rule(on=("sum",), keeps="rounding")
def sum_of_stretched(out: Variable) -> Variable | None:
    """The sum of a stretched finite constant -> the constant times the number of elements."""
    node = out.owner
    assert node is not None
    view, axes = node.inputs[0].owner, node.op.keywords["axes"]
    if view is None or view.op.name != "broadcast_to" or out.ndim or len(node.op.params) > 1:
        return None
    number = scalar_value(view.inputs[0])
    if number is None or not math.isfinite(number) or not dtype_info(out.dtype).is_float:
        return None
    count = [view.inputs[1 + axis] for axis in axes]
    total = count[0] if len(count) == 1 else mul(*count)
    return mul(call("cast", total, dtype=out.dtype), Constant(np.asarray(number, out.dtype)))


@rule(on=("length",), keeps="exact", over="any")
def length_of_result(out: Variable, facts: Facts) -> Variable | None:
    """The length of what is computed -> the same from the lengths of leaves, or a number."""
    assert out.owner is not None
    value = facts.value(out)
    if value is None:
        return None
    if value.constant is not None:
        return Constant(np.asarray(value.constant, "int64"))
    if facts.is_end(out.owner.inputs[0]):
        return None
    return written(value, facts)


VIEWS = (
    cast_to_same,
    cast_of_cast,
    dimshuffle_of_dimshuffle,
    dimshuffle_in_place,
    subtensor_of_all,
    subtensor_of_one,
    scatter_through_all,
    reshape_of_reshape,
    reshape_in_place,
    stretched_operand,
    sum_of_stretched,
    length_of_result,
)
