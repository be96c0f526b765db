"""What a user promises about lengths: checked at the call, known while building from then on.

Takes arrays; gives views of them of another static shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import Sample, call, declared, normal_axes, normal_axis
from gradc.ops.kinds import Unequal, View
from gradc.ops.lengths import lengths_of
from gradc.sizes import Size

__all__ = [
    "Rebroadcast",
    "addbroadcast",
    "patternbroadcast",
    "specify_shape",
    "unbroadcast",
]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]
Axes = tuple[int, ...]


def _same_index(i: IndexMap, lengths: Shape, *values: Size, axes: Axes) -> IndexMap:
    return i


def _same_pullback(
    cts: Cts, outs: Cts, x: Variable, *lengths: Variable, axes: Axes
) -> tuple[Variable | None, ...]:
    return (cts[0], *(None for _ in lengths))


def _lift(*, axes: Axes) -> dict[str, Axes]:
    return {"axes": tuple(axis + 1 for axis in axes)}


# -- lengths that are given ----------------------------------------------------------------------


def _promised_shape(lengths: Shape, *values: Size, axes: Axes) -> list[Size]:
    given = dict(zip(axes, values, strict=True))
    return [given.get(axis, n) for axis, n in enumerate(lengths)]


def _promised_equal(
    lengths: Shape, *values: Size, axes: Axes
) -> list[tuple[Size, Size, int]]:  # fmt: skip
    return [(lengths[axis], n, axis) for axis, n in zip(axes, values, strict=True)]


def _promised_ref(x: Array, *lengths: Array, axes: Axes) -> Array:
    for axis, n in zip(axes, lengths, strict=True):
        if x.shape[axis] != int(n):
            what = f"specify_shape: axis {axis} has length {x.shape[axis]}, {int(n)} was promised."
            raise ShapeError(message(what))
    return x


@declared(
    View,
    name="specify_shape",
    shape=_promised_shape,
    index=_same_index,
    equal=_promised_equal,
    unequal=Unequal(
        what="axis {axis} has length {v0}, but {v1} was promised.",
        fix="pass an array of that length, or leave the length of axis {axis} open.",
    ),
    lift=_lift,
    ref=_promised_ref,
    pullback=_same_pullback,
    samples=(
        Sample(lambda f, x: f(x, (2, None)), ((2, 3),)),
        Sample(lambda f, x: f(x, x.shape), ((2, 3),)),
    ),
)
def specify_shape(x: Any, shape: Any) -> Variable:
    """The array, with lengths that are known from here on: None for an axis that may be anything.

    shape: an int, an integer scalar or None an axis, or a vector.  A view; wrong lengths raise at
    the call, before anything is written.  Gradient: the cotangent.
    Raises: ShapeError for a wrong rank, or a length that is known to be another.
    """
    array = as_variable(x)
    given = list(shape) if isinstance(shape, (tuple, list)) else lengths_of("specify_shape", shape)
    if len(given) != array.ndim:
        what = f"specify_shape: {len(given)} lengths for an array of {array.ndim} axes."
        raise ShapeError(message(what, [where(array)], "give one an axis, None where it is open."))
    axes = tuple(axis for axis, n in enumerate(given) if n is not None)
    return _promised("specify_shape", array, axes, [given[axis] for axis in axes])


def with_length(name: str, x: Variable, axis: int, n: Any) -> Variable:
    """The array with a promised length on one axis; `name` is who asks for it."""
    return _promised(name, x, (axis,), [n])


def _promised(name: str, x: Variable, axes: Sequence[int], given: Sequence[Any]) -> Variable:
    open_axes, counts = [], []
    for axis, n in zip(axes, lengths_of(name, given), strict=True):
        known, static = x.type.shape[axis], static_int(n)
        if known is not None and static is not None and known != static:
            what = f"{name}: axis {axis} has length {known}, not {static}."
            raise ShapeError(message(what, [where(x)]))
        if known is None or static is None:
            open_axes.append(axis)
            counts.append(n)
    return call("specify_shape", x, *counts, axes=tuple(open_axes)) if open_axes else x


def addbroadcast(x: Any, *axes: int) -> Variable:
    """The array with axes that stretch from here on: a view; a length other than 1 raises."""
    array = as_variable(x)
    numbers = normal_axes("addbroadcast", axes, array.ndim)
    return _promised("addbroadcast", array, numbers, [1] * len(numbers))


# -- lengths that are forgotten ------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class _Forgetful(View):
    """A view whose type leaves the lengths of params["axes"] open, though they are 1."""

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        shape = (None if k in params["axes"] else n for k, n in enumerate(inputs[0].type.shape))
        return (TensorType(inputs[0].dtype, tuple(shape)),)


@declared(
    _Forgetful,
    shape=lambda lengths, *, axes: lengths,
    index=_same_index,
    lift=_lift,
    ref=lambda x, *, axes: x,
    pullback=_same_pullback,
    samples=(Sample(lambda f, x: f(x, 1), ((2, 1),)),),
)
def unbroadcast(x: Any, *axes: int) -> Variable:
    """The array with axes of static length 1 that do not stretch any more: a view."""
    array = as_variable(x)
    numbers = normal_axes("unbroadcast", axes, array.ndim)
    ones = tuple(axis for axis in numbers if array.type.shape[axis] == 1)
    return call("unbroadcast", array, axes=ones) if ones else array


def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Variable:
    """The array with exactly these axes stretching: addbroadcast and unbroadcast in one."""
    array = as_variable(x)
    if len(broadcastable) != array.ndim:
        what = f"patternbroadcast: {len(broadcastable)} flags for an array of {array.ndim} axes."
        raise ArgumentError(message(what, [where(array)]))
    stretching = [axis for axis, yes in enumerate(broadcastable) if yes]
    others = [axis for axis, yes in enumerate(broadcastable) if not yes]
    return unbroadcast(addbroadcast(array, *stretching), *others)


def Rebroadcast(*axis: tuple[int, bool]) -> Callable[[Any], Variable]:  # noqa: N802  # Theano's
    """A function that makes axes stretch, or not, by pairs (axis, whether it stretches)."""

    def rebroadcast(x: Any) -> Variable:
        array = as_variable(x)
        for number, stretches in axis:
            place = normal_axis("Rebroadcast", number, array.ndim)
            array = addbroadcast(array, place) if stretches else unbroadcast(array, place)
        return array

    return rebroadcast
