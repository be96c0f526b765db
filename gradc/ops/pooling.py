"""Pooling: the greatest, the sum or the mean of windows that slide over the last axes.

Of elements that equal a window's greatest each gets the whole gradient, as of `max`.  Users' words
(T.signal.pool.pool_2d) stand in gradc/tensor/signal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ShapeError, message
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.convert import as_variable
from gradc.ops.convolution import last_lengths, three
from gradc.ops.declare import Sample, call, declared
from gradc.ops.elemwise import cast
from gradc.ops.kinds import Pool
from gradc.ops.lengths import zeros_like

__all__: list[str] = []

Array = npt.NDArray[Any]
Cts = Sequence[Variable]
Index = tuple[Any, ...]


def _options(
    window: Sequence[int], stride: Sequence[int] | None = None, low: Sequence[int] | None = None,
    whole: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The parameters of pooling, one entry an axis."""
    return {
        "window": tuple(window), "stride": tuple(stride or window),
        "low": tuple(low or (0,) * len(window)), "whole": whole,
    }  # fmt: skip


# -- references: one window after the other ------------------------------------------------------


def _places(x: Sequence[int], options: dict[str, Any]) -> tuple[int, ...]:
    """How many windows there are along each of the last axes."""
    found = []
    steps = zip(x, options["window"], options["stride"], options["low"], strict=True)
    for n, window, stride, low in steps:
        padded = n + 2 * low
        if options["whole"]:
            starts = range(0, padded - window + 1, stride)
            found.append(len(starts))
        else:
            covered = (p for p in range(1, padded + 1) if (p - 1) * stride + window >= padded)
            least = (p for p in range(1, padded + 1) if p * stride >= padded)
            found.append(next(covered if stride < window else least, 0))
    return tuple(found)


def _windows(x: Sequence[int], options: dict[str, Any]) -> Iterator[tuple[Index, Index]]:
    """Each window's place, and where it lies in x."""
    for p in np.ndindex(*_places(x, options)):
        begins = [k * s - low for k, s, low in
                  zip(p, options["stride"], options["low"], strict=True)]  # fmt: skip
        ends = zip(begins, options["window"], x, strict=True)
        yield (..., *p), (..., *(slice(max(b, 0), min(b + w, n)) for b, w, n in ends))


def _last(x: Array, options: dict[str, Any]) -> tuple[int, ...]:
    return x.shape[-len(options["window"]) :]


def _folded(x: Array, fold: Any, options: dict[str, Any]) -> Array:
    last = _last(x, options)
    out = np.zeros((*x.shape[: -len(last)], *_places(last, options)), x.dtype)
    axes = tuple(range(-len(last), 0))
    for p, window in _windows(last, options):
        out[p] = fold(x[window], axis=axes)
    return out


def _checked(y: Array, last: tuple[int, ...], options: dict[str, Any]) -> None:
    """Raises: ShapeError unless y has a place for each window on axes of the last lengths."""
    got, wanted = y.shape[-len(last) :], tuple(_places(last, options))
    if got != wanted:
        what = f"pooling: the last lengths of one array are {got}, the others give {wanted}."
        raise ShapeError(message(what, fix="pass arrays that belong to one pooling."))


def _alike(one: Array, other: Array) -> None:
    if one.shape != other.shape:
        what = f"pooling: one array has the shape {one.shape}, another {other.shape}."
        raise ShapeError(message(what, fix="pass arrays that belong to one pooling."))


def _greatest(x: Array, y: Array, p: Index, window: Index) -> Array:
    d = len(p) - 1
    found: Array = x[window] == y[p].reshape(*y[p].shape, *(1,) * d)
    return found


def _ref_along(x: Array, y: Array, t: Array, **options: Any) -> Array:
    last = _last(x, options)
    _checked(y, last, options)
    _alike(t, x)
    out = np.zeros_like(y)
    for p, window in _windows(last, options):
        kept = np.where(_greatest(x, y, p, window), t[window], 0)
        out[p] = kept.sum(axis=tuple(range(-len(last), 0)))
    return out


def _ref_back(x: Array, y: Array, ct: Array, **options: Any) -> Array:
    last = _last(x, options)
    _checked(y, last, options)
    _alike(ct, y)
    out = np.zeros_like(x)
    for p, window in _windows(last, options):
        whole = ct[p].reshape(*ct[p].shape, *(1,) * (len(p) - 1))
        out[window] += np.where(_greatest(x, y, p, window), whole, 0)
    return out


def _ref_spread(ct: Array, *lengths: Array, **options: Any) -> Array:
    d = len(options["window"])
    last = tuple(int(n) for n in lengths)[-d:]
    _checked(ct, last, options)
    out = np.zeros((*ct.shape[:-d], *last), ct.dtype)
    for p, window in _windows(last, options):
        out[window] += ct[p].reshape(*ct[p].shape, *(1,) * d)
    return out


# -- declarations ----------------------------------------------------------------------------------


def _function(mode: str) -> RoutineFn:
    name = f"pool_{mode}"
    return RoutineFn(name, "pool.h", listed=True, macros=(("GC_POOL", f"GC_{mode.upper()}"),))


_USES = (
    {"window": (2,), "stride": (1,)},
    {"window": (2, 2)},
    {"window": (3, 2), "stride": (2, 2), "low": (1, 1)},
    {"window": (2, 3, 2), "stride": (2, 2, 1), "whole": False},
)
_SHAPES = ((2, 5), (3, 4, 4), (2, 2, 4, 5), (1, 3, 4, 3))


@declared(
    Pool,
    reads=("x",),
    into="y",
    signature="(x)->(y)",
    c=_function("max"),
    ref=lambda x, **options: _folded(x, np.max, options),
    pullback=lambda cts, outs, x, **options: (
        call("pool_back", x, outs[0], cast(cts[0], x.dtype), **options),
    ),
    pushforward=lambda tangents, outs, x, **options: (
        call("pool_along", x, outs[0], cast(tangents[0], x.dtype), **options),
    ),
    samples=tuple(
        Sample(lambda f, x, uses=uses: f(x, **uses), (shape,))
        for uses, shape in zip(_USES, _SHAPES, strict=True)
    ),
)
def pool_max(x: Any, **options: Any) -> Variable:
    """The greatest element of each window over the last axes, as many as `window` has entries.

    stride: from window to window, by default their length.  low: padding on both sides, which
    windows may reach into but do not count.  whole: windows that do not lie in the padded array are
    left out; else they are cut at its end.
    nan is greater than any number.  Gradient: to all elements that equal the greatest.
    """
    return call("pool_max", as_variable(x), **_options(**options))


@declared(
    Pool,
    reads=("x", "y", "y"),
    into="x",
    signature="(x),(y),(z)->(t)",
    c=_function("back"),
    ref=_ref_back,
    pullback=lambda cts, outs, x, y, ct, **options: (
        zeros_like(x),
        zeros_like(y),
        call("pool_along", x, y, cast(cts[0], x.dtype), **options),
    ),
    samples=(
        Sample(
            lambda f, x, ct: f(x, pool_max(x, window=(2, 2), stride=(1, 2)), ct, window=(2, 2),
                               stride=(1, 2)),
            ((2, 3, 4), (2, 2, 2)),
        ),
    ),
)  # fmt: skip
def pool_back(x: Variable, y: Variable, ct: Variable, **options: Any) -> Variable:
    """To each element of x the sum of ct over the windows whose greatest, in y, it equals."""
    return call("pool_back", x, y, ct, **_options(**options))


@declared(
    Pool,
    reads=("x", "y", "x"),
    into="y",
    signature="(x),(y),(z)->(t)",
    c=_function("along"),
    ref=_ref_along,
    pullback=lambda cts, outs, x, y, t, **options: (
        zeros_like(x),
        zeros_like(y),
        call("pool_back", x, y, cast(cts[0], x.dtype), **options),
    ),
    samples=(
        Sample(
            lambda f, x, t: f(x, pool_max(x, window=(2, 2), low=(1, 1)), t, window=(2, 2),
                              low=(1, 1)),
            ((2, 3, 4), (2, 3, 4)),
        ),
    ),
)  # fmt: skip
def pool_along(x: Variable, y: Variable, t: Variable, **options: Any) -> Variable:
    """For each window the sum of t over the elements of x that equal its greatest, in y."""
    return call("pool_along", x, y, t, **_options(**options))


@declared(
    Pool,
    reads=("x",),
    into="y",
    signature="(x)->(y)",
    c=_function("sum"),
    ref=lambda x, **options: _folded(x, np.sum, options),
    pullback=lambda cts, outs, x, **options: (
        call("pool_spread", cts[0], *last_lengths(x, len(options["window"])), **options),
    ),
    samples=tuple(
        Sample(lambda f, x, uses=uses: f(x, **uses), (shape,))
        for uses, shape in zip(_USES, _SHAPES, strict=True)
    ),
)
def pool_sum(x: Any, **options: Any) -> Variable:
    """The sum of each window over the last axes; the rest is pool_max's."""
    return call("pool_sum", as_variable(x), **_options(**options))


@declared(
    Pool,
    reads=("y",),
    into="x",
    signature="(y),h,i,j->(x)",
    c=_function("spread"),
    ref=_ref_spread,
    pullback=lambda cts, outs, y, *lengths, **options: (
        call("pool_sum", cts[0], **options), None, None, None,
    ),
    samples=(
        Sample(lambda f, y: f(y, (4, 5), window=(2, 2)), ((3, 2, 2),)),
        Sample(lambda f, y: f(y, (4,), window=(3,), stride=(2,), low=(1,)), ((2, 2),)),
    ),
)  # fmt: skip
def pool_spread(y: Variable, lengths: Sequence[Any], **options: Any) -> Variable:
    """At each place of an array of these last lengths the sum of y over the windows it is in."""
    given = three([cast(as_variable(n), "int64") for n in lengths])
    return call("pool_spread", y, *given, **_options(**options))
