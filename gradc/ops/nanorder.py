"""What depends on order or place, nan left out: medians, quantiles, running sums, places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import and_, floor, ge, isnan, le, maximum, minimum, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, composed, insert_axes, is_float, normal_axes
from gradc.ops.elemwise import cast, int_div
from gradc.ops.lengths import length, shape_tuple
from gradc.ops.prefix import cumprod, cumsum
from gradc.ops.quantiles import ordered_over, real_of
from gradc.ops.reduce import any, argmax, argmin, sum
from gradc.ops.relabel import ravel, reshape
from gradc.ops.taking import take_along_axis
from gradc.ops.watch import Assert

__all__ = [
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmedian", "nanpercentile",
    "nanquantile",
]  # fmt: skip

Array = npt.NDArray[Any]

_USES = (
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: f(x, axis=0), ((5, 3),)),
    Sample(lambda f, x: f(x, axis=(0, -1), keepdims=True), ((2, 3, 4),)),
)


def _counted(x: Any, axes: tuple[int, ...]) -> tuple[Variable, Variable]:
    """The elements over axes in order, nan last, along a first axis; and how many are numbers."""
    ordered = ordered_over(x, axes)
    return ordered, insert_axes(sum(~isnan(ordered), axis=0), (0,))


@composed(ref=np.nanmedian, samples=_USES)
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The middle number over axes, nan left out; nan for none.  As median otherwise."""
    x = real_of(x)
    axes = normal_axes("nanmedian", axis, x.ndim)
    ordered, count = _counted(x, axes)
    low = take_along_axis(ordered, maximum(int_div(count - 1, 2), 0), 0)
    high = take_along_axis(ordered, minimum(int_div(count, 2), length(ordered, 0) - 1), 0)
    value = (low + high)[0] / 2
    return insert_axes(value, axes) if keepdims else value


def _nanquantile(x: Array, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.nanquantile(x, q, axis=axis, keepdims=keepdims)


_QUANTILES = (
    Sample(lambda f, x: f(x, 0.3), ((7,),)),
    Sample(lambda f, x: f(x, [0.0, 0.25, 1.0], axis=1), ((3, 4),)),
)


@composed(ref=_nanquantile, samples=_QUANTILES)
def nanquantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The number below which a part q of the numbers over axes lies, nan left out; nan for none.

    As quantile otherwise.
    """
    return _parts("nanquantile", x, real_of(q), 1.0, axis, keepdims)


def nanpercentile(x: Any, q: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The number below which q percent of the numbers over axes lie: nanquantile(x, q / 100)."""
    return _parts("nanpercentile", x, real_of(q), 100.0, axis, keepdims)


def _parts(name: str, x: Any, q: Variable, whole: float, axis: Any, keepdims: bool) -> Variable:
    if isinstance(q, Constant) and not np.all((q.data >= 0) & (q.data <= whole)):
        raise ArgumentError(message(f"{name}: q lies between 0 and {whole:g}, got {q.data}."))
    x = real_of(x)
    axes = normal_axes(name, axis, x.ndim)
    ordered, count = _counted(x, axes)
    found = _interpolated(ordered, count, ravel(q) / whole)
    value = reshape(found, (*shape_tuple(q), *shape_tuple(found)[1:]))
    return insert_axes(value, tuple(each + q.ndim for each in axes)) if keepdims else value


def _interpolated(ordered: Variable, count: Variable, q: Variable) -> Variable:
    """Each part of a vector q, as the first axis; `count` differs from row to row."""
    part = q.dimshuffle(0, *("x",) * (ordered.ndim - 1))
    inside = and_(ge(part, 0.0), le(part, 1.0))
    last = maximum(count - 1, 0)
    place = switch(inside, part, 0.0) * cast(last, part.dtype)
    below = cast(floor(place), "int64")
    t = cast(place - cast(below, part.dtype), ordered.dtype)
    low = take_along_axis(ordered, below, 0)
    high = take_along_axis(ordered, minimum(below + 1, last), 0)
    value = switch(ge(t, 0.5), high - (high - low) * (1.0 - t), low + (high - low) * t)
    return switch(inside, value, np.nan)


# -- places and running folds --------------------------------------------------------------------


def _place(name: str, word: Any, instead: float, x: Any, axis: Any, keepdims: bool) -> Variable:
    x = as_variable(x)
    found: Variable
    if not is_float(x.dtype):
        found = word(x, axis=axis, keepdims=keepdims)
        return found
    found = word(switch(isnan(x), instead, x), axis=axis, keepdims=keepdims)
    return Assert(f"{name}: a slice is nan throughout")(found, any(~isnan(x), axis, keepdims))


def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The place of the greatest element over axes, nan left out.

    Raises: AssertionFailed at the call for a slice of nan alone.
    """
    return _place("nanargmax", argmax, -math.inf, x, axis, keepdims)


def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The place of the least element over axes, nan left out; raises as nanargmax."""
    return _place("nanargmin", argmin, math.inf, x, axis, keepdims)


def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Variable:
    """The running sum along an axis, nan counted as 0.  As cumsum otherwise."""
    return cumsum(_without(x, 0), axis, dtype)


def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Variable:
    """The running product along an axis, nan counted as 1.  As cumprod otherwise."""
    return cumprod(_without(x, 1), axis, dtype)


def _without(x: Any, instead: int) -> Variable:
    x = as_variable(x)
    return switch(isnan(x), instead, x) if is_float(x.dtype) else x
