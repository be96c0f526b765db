"""Arrays put one behind the other along an axis, and the parts of an array cut out again.

Takes arrays whose other axes agree; gives a Join, whose pullback cuts the cotangent by `window`, a
View.  What else joins and splits (concatenate, stack, split, tile) is composed of these two, in
stacking.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.errors import ArgumentError, IndexBoundsError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, common_dtype, is_weak, static_int, weak_constant
from gradc.ops.declare import Sample, call, declared, normal_axis
from gradc.ops.elemwise import add
from gradc.ops.index import placed_through
from gradc.ops.kinds import Join, View
from gradc.ops.lengths import length, lengths_of
from gradc.sizes import Size

__all__ = ["join"]

Array = npt.NDArray[Any]


# -- joining -----------------------------------------------------------------------------------


def _join_ref(*arrays: Array, axis: int) -> Array:
    shapes = [each.shape[:axis] + each.shape[axis + 1 :] for each in arrays]
    odd = next((each for each in shapes if each != shapes[0]), None)
    if odd is not None:
        what = f"join: the other axes have lengths {shapes[0]} and {odd}, which differ."
        raise ShapeError(message(what))
    return np.concatenate(arrays, axis=axis)


def _join_pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], *pieces: Variable, axis: int
) -> tuple[Variable, ...]:
    return cut_at(cts[0], [length(each, axis) for each in pieces], axis)


def cut_at(x: Variable, counts: Sequence[Variable], axis: int) -> tuple[Variable, ...]:
    """The parts of x that have these lengths, one behind the other from place 0 on; views."""
    found: list[Variable] = []
    start: Variable = _int(0)
    for count in counts:
        found.append(window(x, start, count, axis))
        start = plus(start, count)
    return tuple(found)


def plus(left: Variable, right: Variable) -> Variable:
    """The sum of two lengths, a constant where both are."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return _int(int(left.data) + int(right.data))
    if isinstance(left, Constant) and not left.data:
        return right
    return add(left, right)


def _int(number: int) -> Constant:
    return Constant(np.asarray(number, "int64"))


@declared(
    Join,
    ref=_join_ref,
    pullback=_join_pullback,
    samples=(
        Sample(lambda f, x, y: f(0, x, y), ((2, 3), (4, 3))),
        Sample(lambda f, x, y, z: f(-1, x, y, x, z), ((2, 3), (2, 0), (2, 1))),
        Sample(lambda f, x, y: f(1, x.T, (x * y).T, y.T), ((3, 2), (3, 2))),
    ),
)
def join(axis: Any, *tensors: Any) -> Variable:
    """Arrays one behind the other along an axis; they may also be one list.

    Shapes: of one rank, all lengths equal but those along the axis, which add up; none stretches.
    dtype: promoted.  Gradient: each piece gets its part of the cotangent, as a view.
    Raises: ShapeError if ranks or known lengths differ (unknown ones are checked at the call),
    ArgumentError for scalars, or an axis that is not there.
    """
    return joined("join", axis, tensors)


def joined(name: str, axis: Any, tensors: Sequence[Any]) -> Variable:
    """Join under the name that errors shall say."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tensors[0]
    pieces = alike(name, tensors)
    first = pieces[0]
    other = next((each for each in pieces if each.ndim != first.ndim), None)
    if other is not None:
        raise ShapeError(
            message(
                f"{name}: the arrays have {first.ndim} and {other.ndim} axes.",
                [where(first), where(other)],
                "give them one rank: x[None] or T.expand_dims(x, axis) adds an axis of length 1.",
            )
        )
    if not first.ndim:
        what = f"{name}: scalars have no axis to be joined along."
        raise ArgumentError(message(what, [where(first)], "stack them: T.stack([x, y])."))
    known = static_int(axis) if isinstance(axis, Variable) else None
    number = normal_axis(name, axis if known is None else known, first.ndim)
    return pieces[0] if len(pieces) == 1 else call("join", *pieces, axis=number)


def alike(name: str, tensors: Sequence[Any]) -> list[Variable]:
    """Variables of one dtype; raises ArgumentError if there are none."""
    if not tensors:
        raise ArgumentError(message(f"{name}: there is nothing to join.", fix="pass arrays."))
    found = [None if is_weak(each) else as_variable(each) for each in tensors]
    strong = [each.dtype for each in found if each is not None]
    dtype = common_dtype(strong, [each for each in tensors if is_weak(each)])
    return [
        weak_constant(value, dtype)
        if each is None
        else each if each.dtype == dtype else call("cast", each, dtype=dtype)
        for each, value in zip(found, tensors, strict=True)
    ]  # fmt: skip


# -- cutting -----------------------------------------------------------------------------------


def _window_shape(lengths: Shape, start: Size, count: Size, *, axis: int) -> list[Size]:
    return [count if k == axis else n for k, n in enumerate(lengths)]


def _window_index(i: IndexMap, lengths: Shape, start: Size, count: Size, *, axis: int) -> IndexMap:
    return tuple(place + start if k == axis else place for k, place in enumerate(i))


def _window_bounds(
    lengths: Shape, start: Size, count: Size, *, axis: int
) -> list[tuple[Size, Size, int]]:
    end = lengths[axis] + 1
    return [(start, end, axis), (start + count, end, axis)]


def _window_ref(x: Array, start: Array, count: Array, *, axis: int) -> Array:
    first, last = int(start), int(start + count)
    if not 0 <= first <= last <= x.shape[axis]:
        what = f"window: places {first} to {last} are not all in axis {axis} of {x.shape[axis]}."
        raise IndexBoundsError(message(what))
    return x[(slice(None),) * axis + (slice(first, last),)]


def _window_pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, start: Variable,
    count: Variable, *, axis: int,
) -> tuple[Variable | None, ...]:  # fmt: skip
    return (placed_through("window", cts[0], x, start, count, axis=axis), None, None)


@declared(
    View,
    shape=_window_shape,
    index=_window_index,
    bounds=_window_bounds,
    lift=lambda *, axis: {"axis": axis + 1},
    ref=_window_ref,
    pullback=_window_pullback,
    samples=(
        Sample(lambda f, x: f(x, 1, 2, 0), ((4, 3),)),
        Sample(lambda f, x, k: f(x, k, length(x, 1) - k, 1), ((2, 3), ()), ("float", "int64")),
    ),
)
def window(x: Any, start: Any, count: Any, axis: int) -> Variable:
    """`count` elements of an axis from place `start` on; unlike a slice it never runs out.

    start, count: ints or integer scalars, 0 <= start <= start + count <= the axis' length.
    A view.  Gradient: scattered through the same view into zeros.
    Raises: IndexBoundsError at the call, before anything is written.
    """
    array = as_variable(x)
    first, number = lengths_of("window", (start, count))
    return call("window", array, first, number, axis=normal_axis("window", axis, array.ndim))
