"""Values given at points: between them, their slopes, the area below, and polynomials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import moveaxis
from gradc.ops.compare import and_, clip, eq, gt, lt, maximum, switch
from gradc.ops.convert import as_variable
from gradc.ops.counting import diff
from gradc.ops.create import iota
from gradc.ops.declare import Sample, composed, is_float, normal_axes, normal_axis
from gradc.ops.elemwise import abs, cast, floating, mod
from gradc.ops.index import gather
from gradc.ops.lengths import length
from gradc.ops.order import argsort, searchsorted
from gradc.ops.prefix import cumsum
from gradc.ops.reduce import sum
from gradc.ops.relabel import ravel
from gradc.ops.stacking import concatenate

__all__ = ["ediff1d", "gradient", "interp", "polyval", "trapezoid", "unwrap", "vander"]

Array = npt.NDArray[Any]


def _vector(word: str, name: str, x: Any) -> Variable:
    found = as_variable(x)
    if found.ndim != 1:
        what = f"{word}: {name} has {found.ndim} axes, it must be a vector."
        raise ShapeError(message(what, [where(found)], f"pass {name}.flatten()."))
    return found


# -- between points ------------------------------------------------------------------------------

_POINTS = np.array([-1.0, 0.0, 0.5, 2.0], "float32")


@composed(
    ref=np.interp,
    samples=(
        Sample(lambda f, x, fp: f(x, _POINTS, fp), ((2, 3), (4,))),
        Sample(lambda f, x, fp: f(x, _POINTS[1:], fp, -1.0, 2.0), ((5,), (3,))),
    ),
)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Variable:
    """The values at x of the line through the points (xp, fp), whose xp ascend (not checked).

    xp, fp: vectors of one length.  left, right: the value before the first point and behind the
    last, fp[0] and fp[-1] if not given.  period: of x and xp, which then need no order.
    Shapes: x's.  Gradient: of x the line's slope (0 outside), and of xp, fp, left and right.
    Raises: ShapeError if xp or fp is no vector; ArgumentError for the period 0.
    """
    x, xp = floating(x), _vector("interp", "xp", floating(xp))
    fp = _vector("interp", "fp", floating(fp))
    if period is not None:
        return _periodic(x, xp, fp, period)
    last = length(xp, 0) - 1
    low = clip(searchsorted(xp, x, "right") - 1, 0, maximum(last - 1, 0))
    high = clip(low + 1, 0, last)
    x0, x1, y0, y1 = gather(xp, low), gather(xp, high), gather(fp, low), gather(fp, high)
    gap = x1 - x0
    slope = (y1 - y0) / switch(eq(gap, 0), 1.0, gap)
    inside = switch(gt(x - x0, x1 - x), y1 - slope * (x1 - x), y0 + slope * (x - x0))
    before, behind = fp[0] if left is None else left, fp[-1] if right is None else right
    return switch(lt(x, xp[0]), before, switch(gt(x, xp[-1]), behind, inside))


def _periodic(x: Variable, xp: Variable, fp: Variable, period: Any) -> Variable:
    if isinstance(period, (int, float)) and period == 0:
        raise ArgumentError(message("interp: the period is 0.", fix="give a number above 0."))
    period = abs(period)
    places = mod(xp, period)
    order = argsort(places)
    places, values = gather(places, order), gather(fp, order)
    around = concatenate([places[-1:] - period, places, places[:1] + period])
    return interp(mod(x, period), around, concatenate([values[-1:], values, values[:1]]))


# -- slopes and areas ------------------------------------------------------------------------------


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The slopes of values on a grid along its axes, by central differences; at its ends one-sided.

    varargs: nothing (unit steps), one step for all axes, or one an axis: a step, or a vector of
    coordinates.  axis: None for all, an int or a tuple.  edge_order: 1 or 2, of the differences at
    the ends.  One array, or a list with one an axis; integers become float64.  (The derivative of
    an expression is gradc.grad.)
    Raises: ArgumentError for a wrong number of steps or order; ShapeError for a length known to be
    at most edge_order.
    """
    f = floating(f)
    listed = axis if isinstance(axis, (tuple, list)) else None if axis is None else (axis,)
    normal_axes("gradient", axis, f.ndim)
    named = range(f.ndim) if listed is None else listed
    axes = [normal_axis("gradient", each, f.ndim) for each in named]
    steps = list(varargs) or [1.0]
    if len(steps) == 1:
        steps *= len(axes)
    if len(steps) != len(axes):
        what = f"gradient: {len(varargs)} steps for {len(axes)} axes."
        raise ArgumentError(message(what, [where(f)], "give one step, or one an axis."))
    if edge_order not in (1, 2):
        what = f"gradient: edge_order is 1 or 2, got {edge_order!r}."
        raise ArgumentError(message(what))
    found = [_slope(f, k, h, edge_order) for k, h in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else found


def _slope(f: Variable, axis: int, step: Any, edge_order: int) -> Variable:
    n = f.type.shape[axis]
    if n is not None and n <= edge_order:
        what = f"gradient: axis {axis} has length {n}, differences need {edge_order + 1} or more."
        raise ShapeError(message(what, [where(f)], "name other axes in axis=."))
    front = moveaxis(f, axis, 0)
    given = as_variable(step)
    if given.ndim == 0:
        found = _even(front, step, edge_order)
    else:
        gaps = diff(_vector("gradient", "the coordinates", floating(given)))
        shaped = gaps.dimshuffle(0, *("x",) * (f.ndim - 1))
        found = _uneven(front, shaped, edge_order)
    return moveaxis(found, 0, axis)


def _even(f: Variable, h: Any, edge_order: int) -> Variable:
    inside = (f[2:] - f[:-2]) / (2.0 * h)
    if edge_order == 1:
        ends = [(f[1:2] - f[:1]) / h, (f[-1:] - f[-2:-1]) / h]
    else:
        ends = [
            (-1.5 * f[:1] + 2.0 * f[1:2] - 0.5 * f[2:3]) / h,
            (0.5 * f[-3:-2] - 2.0 * f[-2:-1] + 1.5 * f[-1:]) / h,
        ]
    return concatenate([ends[0], inside, ends[1]])


def _uneven(f: Variable, h: Variable, edge_order: int) -> Variable:
    """By the parabola through three points (Fornberg 1988); h: the gaps between coordinates."""
    before, behind = h[:-1], h[1:]
    both = before + behind
    inside = (
        -behind / (before * both) * f[:-2]
        + (behind - before) / (before * behind) * f[1:-1]
        + before / (behind * both) * f[2:]
    )
    if edge_order == 1:
        ends = [(f[1:2] - f[:1]) / h[:1], (f[-1:] - f[-2:-1]) / h[-1:]]
    else:
        ends = [_end(f[:1], f[1:2], f[2:3], h[:1], h[1:2]),
                -_end(f[-1:], f[-2:-1], f[-3:-2], h[-1:], h[-2:-1])]  # fmt: skip
    return concatenate([ends[0], inside, ends[1]])


def _end(f0: Variable, f1: Variable, f2: Variable, h0: Variable, h1: Variable) -> Variable:
    both = h0 + h1
    return -(h0 + both) / (h0 * both) * f0 + both / (h0 * h1) * f1 - h0 / (h1 * both) * f2


def _trapezoid(y: Array, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    steps = dx if x is None else np.diff(x, axis=-1 if np.ndim(x) == 1 else axis)
    front = np.moveaxis(y, axis, -1)
    if np.ndim(steps) > 1:
        steps = np.moveaxis(np.asarray(steps), axis, -1)
    return np.sum(steps * (front[..., 1:] + front[..., :-1]) / 2, -1)


@composed(
    ref=_trapezoid,
    samples=(
        Sample(lambda f, y: f(y, None, 0.5), ((2, 4),)),
        Sample(lambda f, y, x: f(y, x, axis=0), ((4, 2), (4,))),
        Sample(lambda f, y, x: f(y, x, axis=1), ((2, 4), (2, 4))),
    ),
)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Variable:
    """The area below values along an axis, by straight lines between them.

    x: their coordinates, of y's shape or a vector along the axis; None for steps of dx.
    Raises: ArgumentError for an axis that is not there.
    """
    y = floating(y)
    place = normal_axis("trapezoid", axis, y.ndim)
    front = moveaxis(y, place, 0)
    steps = dx
    if x is not None:
        x = as_variable(x)
        gaps = diff(x, axis=0 if x.ndim == 1 else place)
        steps = (
            gaps.dimshuffle(0, *("x",) * (y.ndim - 1)) if x.ndim == 1 else moveaxis(gaps, place, 0)
        )
    return sum(steps * (front[1:] + front[:-1]) / 2.0, axis=0)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Variable:
    """Each element less the one before it, of all in C order, with other numbers around them."""
    parts = [diff(ravel(as_variable(ary)))]
    if to_begin is not None:
        parts.insert(0, ravel(as_variable(to_begin)))
    if to_end is not None:
        parts.append(ravel(as_variable(to_end)))
    return concatenate([cast(each, parts[to_begin is not None].dtype) for each in parts])


def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * math.pi) -> Variable:
    """Angles along an axis without jumps: multiples of the period are added behind each.

    discont: the least jump that counts, half the period if not given.  Gradient: the cotangent.
    """
    p = floating(p)
    front = moveaxis(p, normal_axis("unwrap", axis, p.ndim), 0)
    half, jump = period / 2, diff(front, axis=0)
    turned = mod(jump + half, period) - half
    turned = switch(and_(eq(turned, -half), gt(jump, 0)), half, turned)
    least = half if discont is None else maximum(discont, half)
    correction = switch(lt(abs(jump), least), 0.0, turned - jump)
    found = concatenate([front[:1], front[1:] + cumsum(correction, 0)])
    return moveaxis(found, 0, normal_axis("unwrap", axis, p.ndim))


# -- polynomials -----------------------------------------------------------------------------------


@composed(
    ref=np.polyval,
    samples=(
        Sample(lambda f, p, x: f(p, x), ((4,), (2, 3))),
        Sample(lambda f, x: f([1.0, -2.0, 0.5], x), ((3,),)),
    ),
)
def polyval(p: Any, x: Any) -> Variable:
    """The polynomial p[0] x^(n-1) + ... + p[n-1] at x; p is a vector, or a sequence of scalars.

    By Horner's scheme where the number of coefficients is known, else as a sum of powers.
    """
    x = as_variable(x)
    listed = _coefficients(p)
    if listed is None:
        vector = _vector("polyval", "p", p)
        n = length(vector, 0)
        powers = x[..., None] ** cast(n - 1 - iota(n), x.dtype if is_float(x.dtype) else "int64")
        return sum(vector * powers, axis=-1)
    total: Variable = x * 0 if not listed else x * 0 + listed[0]
    for each in listed[1:]:
        total = total * x + each
    return total


def _coefficients(p: Any) -> Sequence[Any] | None:
    if isinstance(p, (list, tuple)):
        return p
    vector = _vector("polyval", "p", p)
    (n,) = vector.type.shape
    return None if n is None else [vector[k] for k in range(n)]


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Variable:
    """The matrix of powers of a vector, in columns: x^(N-1), ..., x, 1, or in ascending order.

    N: how many columns, x's length if not given.
    """
    x = _vector("vander", "x", x)
    count = length(x, 0) if N is None else as_variable(N)
    powers = iota(count) if increasing else count - 1 - iota(count)
    found: Variable = x[:, None] ** cast(powers, x.dtype if is_float(x.dtype) else "int64")
    return found
