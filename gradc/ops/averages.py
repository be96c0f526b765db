"""Averages over any axes, composed of sums.

float16 is averaged in float32 and rounded once, as numpy's mean: a sum above 65504 would overflow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype, dtype_info, promote
from gradc.errors import ShapeError, message
from gradc.graph.describe import where as shown
from gradc.graph.variable import Variable
from gradc.ops.compare import eq, switch
from gradc.ops.complexes import length_squared
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, composed, drop_axes, is_inexact, normal_axes
from gradc.ops.elemwise import cast, sqrt, true_div
from gradc.ops.lengths import broadcast_like, length
from gradc.ops.reduce import argmax, max, min, sum
from gradc.ops.selective import chosen

__all__ = ["average", "max_and_argmax", "mean", "ptp", "std", "var"]

Array = npt.NDArray[Any]


def _count(x: Variable, axes: tuple[int, ...], dtype: str) -> Any:
    """How many elements are averaged: a number where it is known while building."""
    static = [x.type.shape[axis] for axis in axes]
    if None not in static:
        return float(math.prod(n for n in static if n is not None))
    unknown = [length(x, axis) for axis in axes]
    return cast(unknown[0] if len(unknown) == 1 else call("mul", *unknown), dtype)


def _chosen_count(x: Variable, where: Any, axes: tuple[int, ...], dtype: str) -> Variable:
    """How many elements are chosen, with the axes kept."""
    test = broadcast_like(as_variable(where), x)
    return sum(cast(test, dtype), axis=axes, keepdims=True)


_HALF = "float16"


def _kind(x: Variable, dtype: Any) -> str:
    if dtype is not None:
        return check_dtype(dtype)
    return x.dtype if is_inexact(x.dtype) else "float64"


_USES = (
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: f(x, axis=0), ((4, 3),)),
    Sample(lambda f, x: f(x, axis=(0, -1), keepdims=True), ((2, 3, 4),)),
)


def _mean(
    x: Array, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
    op: bool = False,
) -> Any:  # fmt: skip
    return np.mean(x, axis, dtype, keepdims=keepdims)


@composed(ref=_mean, samples=_USES)
def mean(
    x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
    op: bool = False, *, where: Any = None,
) -> Variable:  # fmt: skip
    """The mean over axes; nan for no elements. Integers are averaged in float64.

    axis: None for all axes, an int or a tuple.  keepdims: the axes stay, with length 1.
    dtype: of the result.  acc_dtype: of the accumulator.
    op: which of Theano's two implementations; they gave the same, and here there is one.
    where: bools of x's shape (or that stretch to it), which elements are averaged.
    Raises: ArgumentError for an axis that is not there or stands twice.
    """
    x = as_variable(x)
    dtype = _kind(x, dtype)
    if dtype == _HALF:
        single = cast(x, "float32")
        return cast(mean(single, axis, None, keepdims, acc_dtype, op, where=where), _HALF)
    axes = normal_axes("mean", axis, x.ndim)
    if where is not None:
        whole = sum(x, axes, dtype, True, acc_dtype, where=where)
        found = true_div(whole, _chosen_count(x, where, axes, dtype))
        return found if keepdims else drop_axes(found, axes)
    total = sum(x, axis=axes, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)
    return true_div(total, _count(x, axes, dtype))


def _average(x: Array, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Any:
    result: Array = np.average(x, axis, weights, keepdims=keepdims)  # type: ignore[call-overload]
    return result


@composed(
    ref=_average,
    samples=(
        Sample(lambda f, x, w: f(x, 1, w), ((2, 3), (3,))),
        Sample(lambda f, x, w: f(x, (0, 1), w, True), ((2, 3), (2, 3))),
        Sample(lambda f, x: f(x), ((2, 3),)),
    ),
    domain=(0.5, 2.0),
)
def average(x: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Variable:
    """The mean over axes, each element with its weight: sum(x * weights) / sum(weights).

    weights: of x's shape, or a vector along the one axis; None for the plain mean.  Integers are
    averaged in float64.
    Raises: ArgumentError for an axis that is not there or stands twice; ShapeError for weights of
    another rank.
    """
    x = as_variable(x)
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    axes, weights = normal_axes("average", axis, x.ndim), as_variable(weights)
    if weights.ndim == 1 and len(axes) == 1:
        order = tuple(0 if k == axes[0] else "x" for k in range(x.ndim))
        weights = call("dimshuffle", weights, order=order)
    elif weights.ndim != x.ndim:
        what = f"average: weights of {weights.ndim} axes do not fit x, which has {x.ndim}."
        fix = "pass weights of x's shape, or a vector and the axis it goes along."
        raise ShapeError(message(what, [shown(x), shown(weights)], fix))
    kind = promote(_kind(x, None), _kind(weights, None))
    if kind == _HALF:
        return cast(average(cast(x, "float32"), axes, cast(weights, "float32"), keepdims), _HALF)
    weights = broadcast_like(cast(weights, kind), x)
    total = sum(cast(x, kind) * weights, axis=axes, keepdims=keepdims)
    return true_div(total, sum(weights, axis=axes, keepdims=keepdims))


def _var(
    x: Array, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Any:
    return np.var(x, axis, ddof=ddof, keepdims=keepdims)


@composed(ref=_var, samples=_USES)
def var(
    x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False,
    *, where: Any = None,
) -> Variable:  # fmt: skip
    """The variance over axes: the sum of abs(x - mean)^2, divided by n - ddof; a float.

    The mean is taken first, so nothing cancels.  Integers are averaged in float64.
    corrected: take the rounding error of the mean out again (Chan, Golub, LeVeque 1983, eq. 1.7).
    where: bools of x's shape (or that stretch to it), which elements are looked at.
    Raises: ArgumentError for an axis that is not there or stands twice.
    """
    x = as_variable(x)
    if x.dtype == _HALF:
        single = cast(x, "float32")
        return cast(var(single, axis, ddof, keepdims, corrected, where=where), _HALF)
    axes = normal_axes("var", axis, x.ndim)
    dtype = _kind(x, None)
    off = cast(x, dtype) - mean(x, axis=axes, keepdims=True, where=where)
    kept = keepdims or where is not None
    if where is not None:
        off = chosen("var", off, where, 0.0)
    part = dtype_info(dtype).part.name
    n = _count(x, axes, part) if where is None else _chosen_count(x, where, axes, part)
    total = sum(length_squared(off), axis=axes, keepdims=kept)
    if corrected:
        total = total - length_squared(sum(off, axis=axes, keepdims=kept)) / n
    found = true_div(total, n - float(ddof) if ddof else n)
    return drop_axes(found, axes) if kept and not keepdims else found


def _std(
    x: Array, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
) -> Any:
    return np.std(x, axis, ddof=ddof, keepdims=keepdims)


@composed(ref=_std, samples=_USES)
def std(
    x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False,
    *, where: Any = None,
) -> Variable:  # fmt: skip
    """The standard deviation over axes: the root of var, which has the same parameters.

    Gradient: 0 where all elements are equal, as that of a norm at 0.
    """
    x = as_variable(x)
    if x.dtype == _HALF:
        single = cast(x, "float32")
        return cast(std(single, axis, ddof, keepdims, corrected, where=where), _HALF)
    variance = var(x, axis, ddof, keepdims, corrected, where=where)
    return switch(eq(variance, 0), 0.0, sqrt(variance))


@composed(ref=np.ptp, samples=_USES)
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The greatest element less the least, over axes."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def max_and_argmax(x: Any, axis: Any = None, keepdims: bool = False) -> tuple[Variable, Variable]:
    """The greatest element over axes, and its place."""
    return max(x, axis, keepdims), argmax(x, axis, keepdims)
