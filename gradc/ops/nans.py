"""Numbers that are none: telling them, replacing them, and reductions that leave them out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import and_, eq, gt, isnan, le, or_, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, composed, elemwise, is_float, is_inexact
from gradc.ops.elemwise import abs, cast, floating, sqrt, square, true_div
from gradc.ops.reduce import all, any, max, min, prod, sum
from gradc.ops.rules import test

__all__ = [
    "allclose",
    "isclose",
    "isfinite",
    "nan_to_num",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]

Array = npt.NDArray[Any]

isfinite = elemwise(
    "isfinite",
    doc="Whether it is neither nan nor infinite.",
    dtype=test,
    c=scalar_fn("{x} == {x}", float="{x} - {x} == 0", complex="{x} - {x} == 0"),
    ref=np.isfinite,
    pullback=lambda cts, outs, x: (None,),
)


def isclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Variable:
    """Where abs(a - b) <= atol + rtol * abs(b), element by element; equal infinities are close.

    equal_nan: nan is close to nan.  dtype: bool.  No gradient.
    """
    a, b = as_variable(a), as_variable(b)
    near = le(abs(_signed(a) - _signed(b)), atol + rtol * abs(_signed(b)))
    close = or_(eq(a, b), and_(isfinite(b), near))
    return or_(close, and_(isnan(a), isnan(b))) if equal_nan else close


def _signed(x: Variable) -> Variable:
    """Numbers that may be subtracted."""
    return x if is_inexact(x.dtype) else cast(x, "float64")


def allclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Variable:
    """Whether all elements are close, as isclose says: one bool."""
    return all(isclose(a, b, rtol, atol, equal_nan))


def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Variable:
    """The array with numbers in the place of nan and the infinities: by default 0 and the largest.

    Integers stay as they are.  Gradient: 0 where a number was put.
    """
    x = array = as_variable(x)
    if not is_float(x.dtype):
        return array
    limits = np.finfo(x.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    known = switch(isnan(x), float(nan), x)
    known = switch(eq(x, math.inf), float(high), known)
    return switch(eq(x, -math.inf), float(low), known)


# -- reductions that leave nan out -------------------------------------------------------------


def _without(x: Variable, instead: float) -> Variable:
    return switch(isnan(x), instead, x) if is_float(x.dtype) else x


_USES = (
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: f(x, axis=(0, -1), keepdims=True), ((2, 3, 4),)),
)


@composed(ref=np.nansum, samples=_USES)
def nansum(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Variable:
    """The sum over axes, nan left out; 0 for none.  Gradient: 0 for nan."""
    return sum(_without(as_variable(x), 0.0), axis=axis, dtype=dtype, keepdims=keepdims)


@composed(ref=np.nanprod, samples=_USES)
def nanprod(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Variable:
    """The product over axes, nan left out; 1 for none.  Gradient: 0 for nan."""
    return prod(_without(as_variable(x), 1.0), axis=axis, dtype=dtype, keepdims=keepdims)


def _count(x: Variable, axis: Any, keepdims: bool) -> Variable:
    """How many elements over axes are numbers, in x's dtype."""
    return cast(sum(~isnan(x), axis=axis, keepdims=keepdims), x.dtype)


@composed(ref=np.nanmean, samples=_USES)
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The mean over axes, nan left out; nan for none.  Integers are averaged in float64."""
    x = floating(x)
    return true_div(nansum(x, axis, keepdims=keepdims), _count(x, axis, keepdims))


def _nanvar(x: Array, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.nanvar(x, axis, ddof=ddof, keepdims=keepdims)


@composed(ref=_nanvar, samples=_USES)
def nanvar(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
    """The variance over axes, nan left out; nan where at most ddof elements are left.

    An infinite element makes it nan, as its mean is infinite too.
    """
    x = floating(x)
    off = square(switch(isnan(x), 0.0, x - nanmean(x, axis, keepdims=True)))
    rest = _count(x, axis, keepdims) - float(ddof)
    spread = true_div(sum(off, axis=axis, keepdims=keepdims), rest)
    return switch(gt(rest, 0.0), spread, np.nan)


def _nanstd(x: Array, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.nanstd(x, axis, ddof=ddof, keepdims=keepdims)


@composed(ref=_nanstd, samples=_USES)
def nanstd(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Variable:
    """The standard deviation over axes, nan left out: the root of nanvar."""
    variance = nanvar(x, axis, ddof, keepdims)
    return switch(eq(variance, 0), 0.0, sqrt(variance))


@composed(ref=np.nanmax, samples=_USES)
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The greatest element over axes, nan left out; nan where there is nothing else."""
    return _extreme(max, -math.inf, as_variable(x), axis, keepdims)


@composed(ref=np.nanmin, samples=_USES)
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """The least element over axes, nan left out; nan where there is nothing else."""
    return _extreme(min, math.inf, as_variable(x), axis, keepdims)


def _extreme(function: Any, instead: float, x: Variable, axis: Any, keepdims: bool) -> Variable:
    result: Variable = function(_without(x, instead), axis=axis, keepdims=keepdims)
    if not is_float(x.dtype):
        return result
    return switch(any(~isnan(x), axis=axis, keepdims=keepdims), result, np.nan)
