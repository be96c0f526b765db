"""Medians and quantiles over any axes, by sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import and_, floor, ge, isnan, le, minimum, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, composed, insert_axes, is_float, normal_axes
from gradc.ops.elemwise import cast, int_div
from gradc.ops.index import gather
from gradc.ops.lengths import length, shape_tuple
from gradc.ops.order import sort
from gradc.ops.relabel import flatten, ravel, reshape

__all__ = ["median", "percentile", "quantile"]

Array = npt.NDArray[Any]


def ordered_over(x: Variable, axes: tuple[int, ...]) -> Variable:
    """The elements over axes in order, along a first axis in the place of all of them."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    moved = (
        call("dimshuffle", x, order=(*kept, *axes)) if (*kept, *axes) != (*range(x.ndim),) else x
    )
    rows = flatten(moved, len(kept) + 1) if axes else insert_axes(x, (x.ndim,))
    ordered = sort(rows, -1)
    return call("dimshuffle", ordered, order=(len(kept), *range(len(kept))))


def _spoiled(ordered: Variable, value: Variable) -> Variable:
    """Nan where a row holds one: it stands last."""
    return switch(isnan(ordered[-1]), np.nan, value)


def real_of(x: Any) -> Variable:
    if not isinstance(x, Variable) and np.asarray(x).dtype.kind in "iub":
        x = np.asarray(x, "float64")
    x = as_variable(x)
    return x if is_float(x.dtype) else cast(x, "float64")


_USES = (
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: f(x, axis=0), ((5, 3),)),
    Sample(lambda f, x: f(x, axis=(0, -1), keepdims=True), ((2, 3, 4),)),
)


@composed(ref=np.median, samples=_USES)
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The middle element over axes, the mean of the middle two if their number is even.

    nan if there is one.  Integers become float64.  Gradient: to the middle
    element, or half of it to each of two.
    Raises: ArgumentError for an axis that is not there; IndexBoundsError at the call for none.
    """
    x = real_of(x)
    axes = normal_axes("median", axis, x.ndim)
    ordered = ordered_over(x, axes)
    n = length(ordered, 0)
    low, high = ordered[int_div(n - 1, 2)], ordered[int_div(n, 2)]
    value = _spoiled(ordered, (low + high) / 2)
    return insert_axes(value, axes) if keepdims else value


def _quantile(x: Array, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.quantile(x, q, axis=axis, keepdims=keepdims)


_QUANTILES = (
    Sample(lambda f, x: f(x, 0.3), ((7,),)),
    Sample(lambda f, x: f(x, [0.0, 0.25, 1.0], axis=1), ((3, 4),)),
    Sample(lambda f, x: f(x, 0.9, axis=(0, 2), keepdims=True), ((2, 3, 4),)),
)


@composed(ref=_quantile, samples=_QUANTILES)
def quantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The number below which a part q of the elements over axes lies, from 0 to 1; nan if one is.

    Between two elements it is interpolated linearly.  q: a number, or an array, whose axes then
    come first; a variable outside [0, 1] gives nan.  Integers become float64.
    Gradient: to the two elements it lies between (and to q).
    Raises: ArgumentError for q outside [0, 1], or an axis that is not there.
    """
    return _parts("quantile", x, real_of(q), 1.0, axis, keepdims)


def _percentile(x: Array, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.percentile(x, q, axis=axis, keepdims=keepdims)


@composed(
    ref=_percentile,
    samples=(
        Sample(lambda f, x: f(x, 30), ((7,),)),
        Sample(lambda f, x: f(x, [0, 25.0, 100], axis=1), ((3, 4),)),
    ),
)
def percentile(x: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The number below which q percent of the elements over axes lie; as quantile(x, q / 100)."""
    return _parts("percentile", x, real_of(q), 100.0, axis, keepdims)


def _parts(name: str, x: Any, q: Variable, whole: float, axis: Any, keepdims: bool) -> Variable:
    if isinstance(q, Constant) and not np.all((q.data >= 0) & (q.data <= whole)):
        what = f"{name}: q lies between 0 and {whole:g}, got {q.data}."
        raise ArgumentError(message(what))
    x = real_of(x)
    axes = normal_axes(name, axis, x.ndim)
    ordered = ordered_over(x, axes)
    found = _interpolated(ordered, ravel(q) / whole)
    value = reshape(found, (*shape_tuple(q), *shape_tuple(found)[1:]))
    return insert_axes(value, tuple(each + q.ndim for each in axes)) if keepdims else value


def _interpolated(ordered: Variable, q: Variable) -> Variable:
    """Each part of a vector q, as the first axis."""
    n = length(ordered, 0)
    place = q * cast(n - 1, q.dtype)
    below = cast(floor(place), "int64")
    is_inside = and_(ge(q, 0.0), le(q, 1.0))
    below = switch(is_inside, below, 0)
    above = minimum(below + 1, n - 1)
    rest = ("x",) * (ordered.ndim - 1)
    t, inside = (
        call("dimshuffle", each, order=(0, *rest))
        for each in (cast(place - cast(below, q.dtype), ordered.dtype), is_inside)
    )
    low, high = gather(ordered, below), gather(ordered, above)
    value = switch(ge(t, 0.5), high - (high - low) * (1.0 - t), low + (high - low) * t)
    spoiled = insert_axes(isnan(ordered[-1]), (0,))
    return switch(and_(inside, ~spoiled), value, np.nan)
