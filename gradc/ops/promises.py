"""What a user promises about lengths: checked at the call, known while building from then on.

Takes arrays; gives views of them of another static shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.errors import ArgumentError, IndexBoundsError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import Sample, call, declared, normal_axes, normal_axis
from gradc.ops.kinds import Unequal, View
from gradc.ops.lengths import length, lengths_of
from gradc.sizes import Size
from gradc.value import record

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


def _same_index(i: IndexMap, lengths: Shape, *values: Size, **params: Any) -> IndexMap:
    return i


def _same_pullback(
    cts: Cts, outs: Cts, x: Variable, *lengths: Variable, **params: Any
) -> tuple[Variable | None, ...]:
    return (cts[0], *(None for _ in lengths))


def _lift(*, axes: Axes, **params: str) -> dict[str, Any]:
    return {"axes": tuple(axis + 1 for axis in axes), **params}


# -- lengths that are given ----------------------------------------------------------------------


def _promised_shape(lengths: Shape, *values: Size, axes: Axes, by: str) -> list[Size]:
    given = dict(zip(axes, values, strict=True))
    return [given.get(axis, n) for axis, n in enumerate(lengths)]


def _promised_equal(
    lengths: Shape, *values: Size, axes: Axes, by: str
) -> list[tuple[Size, Size, int]]:  # fmt: skip
    return [(lengths[axis], n, axis) for axis, n in zip(axes, values, strict=True)]


def _promised_ref(x: Array, *lengths: Array, axes: Axes, by: str) -> Array:
    for axis, n in zip(axes, lengths, strict=True):
        if x.shape[axis] != int(n):
            what = f"{by}: axis {axis} has length {x.shape[axis]}, {int(n)} was promised."
            raise ShapeError(message(what))
    return x


_BROKEN = {  # what is said of a promise, by who asked for it
    "specify_shape": Unequal(
        what="axis {axis} has length {v0}, but {v1} was promised.",
        fix="pass an array of that length, or leave the length of axis {axis} open.",
    ),
    "addbroadcast": Unequal(
        what="axis {axis} has length {v0}, but shall stretch from length {v1}.",
        fix="pass an array of length 1 there, or leave the axis out.",
        word="addbroadcast",
    ),
    "images2neibs": Unequal(
        what="axis {axis} has length {v0}, and patches would fill {v1}.",
        fix='use mode="ignore_borders", or images that patches fill.',
        word="images2neibs",
    ),
    "minibatches": Unequal(
        what="there is no batch of this number: it is below 0, or too large for the rows of data.",
        fix="pass numbers from 0 to below the count of batches.",
        word="minibatches",
    ),
    "split": Unequal(
        what="axis {axis} has length {v0}, but the parts add up to {v1}.",
        fix="pass lengths of parts that make up the axis.",
        word="split",
    ),
    "unshared convolution": Unequal(
        what="axis {axis} has length {v0}, where the other arrays and the options give {v1}.",
        fix="filters are [filters, rows, columns of the result, channels of a group, rows, columns]"
        ", a result [images, filters, rows, columns].",
        word="unshared convolution",
    ),
}


@declared(
    View,
    name="specify_shape",
    shape=_promised_shape,
    index=_same_index,
    equal=_promised_equal,
    unequal=_BROKEN,
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
    return with_lengths("specify_shape", array, axes, [given[axis] for axis in axes])


def with_length(name: str, x: Variable, axis: int, n: Any) -> Variable:
    """The array with a promised length on one axis; `name` is who asks for it, a key of _BROKEN."""
    return with_lengths(name, x, (axis,), [n])


def with_lengths(name: str, x: Variable, axes: Sequence[int], given: Sequence[Any]) -> Variable:
    """The same for several axes."""
    open_axes, counts = [], []
    for axis, n in zip(axes, lengths_of(name, given), strict=True):
        known, static = x.type.shape[axis], static_int(n)
        if known is not None and static is not None and known != static:
            said = _BROKEN[name]
            texts = (said.what, said.fix)
            what, fix = (each.format(axis=axis, v0=known, v1=static) for each in texts)
            raise ShapeError(message(f"{name}: {what}", [where(x)], fix))
        if known is None or static is None:
            open_axes.append(axis)
            counts.append(n)
    if not open_axes:
        return x
    return call("specify_shape", x, *counts, axes=tuple(open_axes), by=name)


def addbroadcast(x: Any, *axes: int) -> Variable:
    """The array with axes that stretch from here on: a view; a length other than 1 raises."""
    array = as_variable(x)
    numbers = normal_axes("addbroadcast", axes, array.ndim)
    return with_lengths("addbroadcast", array, numbers, [1] * len(numbers))


# -- lengths that are compared -------------------------------------------------------------------


def _pairs(
    lengths: Shape, *values: Size, axes: Axes, by: str
) -> list[tuple[Size, Size, int]]:  # fmt: skip
    """The lengths to compare, of which the halves of `values` have one each."""
    return list(zip(values[: len(axes)], values[len(axes) :], axes, strict=True))


_COMPARED = {
    "indexing": Unequal(
        "axis {axis} of the array has length {v1}, that of the mask {v0}.",
        "index with a mask of the array's own lengths.",
        word="indexing",
        error="IndexBoundsError",
    ),
    "slice": Unequal(
        "the step of a slice is 0.",
        "pass a step above or below 0.",
        word="indexing",
    ),
    "repeat": Unequal(
        "axis {axis} of the array has length {v1}, and there are {v0} counts.",
        "pass one count for each place of the axis.",
        word="repeat",
    ),
}


def _fitted(x: Array, *values: Array, axes: Axes, by: str) -> Array:
    """The array, if the lengths are equal that the call compares."""
    said = _COMPARED[by]
    for ours, theirs, axis in zip(values[: len(axes)], values[len(axes) :], axes, strict=True):
        if ours != theirs:
            what = said.what.format(axis=axis, v0=ours, v1=theirs)
            kind = IndexBoundsError if by == "indexing" else ArgumentError
            raise kind(message(f"{by}: {what}", fix=said.fix))
    return x


@declared(
    View,
    shape=lambda lengths, *values, axes, by: lengths,
    index=_same_index,
    equal=_pairs,
    unequal=_COMPARED,
    ref=_fitted,
    pullback=_same_pullback,
    samples=(
        Sample(lambda f, x: f(x, x, x, (0, 1), "indexing"), ((2, 3),)),
        Sample(lambda f, x: f(x, x, x, (0,), "repeat"), ((3,),)),
    ),
)
def lengths_fit(x: Variable, of: Variable, array: Variable, axes: Axes, by: str) -> Variable:
    """The array x itself, once the axes of `of` are seen to be as long as these of `array`.

    by: who wants to know, for the error: indexing, slice, repeat.
    """
    ours = [length(of, axis) for axis in range(of.ndim)]
    theirs = [length(array, axis) for axis in axes]
    return call("lengths_fit", x, *ours, *theirs, axes=axes, by=by)


# -- lengths that are forgotten ------------------------------------------------------------------


@record
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
