"""Pooling: the greatest, the sum or the mean of windows of images."""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import maximum, minimum
from gradc.ops.create import arange
from gradc.ops.declare import drop_axes, is_float, one_of
from gradc.ops.elemwise import cast, mul, true_div
from gradc.ops.lengths import length
from gradc.ops.pooling import pool_back, pool_max, pool_sum
from gradc.tensor.windows import array_of, whole_numbers

__all__ = ["max_pool_2d_same_size", "pool_1d", "pool_2d", "pool_3d"]

_MODES = ("max", "max_deterministic", "sum", "average_inc_pad", "average_exc_pad")


def pool_2d(
    input: Any, ws: Any = None, ignore_border: bool | None = None, stride: Any = None,
    pad: Any = None, mode: str = "max", ds: Any = None, st: Any = None, padding: Any = None,
) -> Variable:  # fmt: skip
    """One number for each window of rows and columns, the last two axes.

    ws: the window's lengths.  stride: from window to window; by default they do not overlap.
    ignore_border: True leaves out windows that do not lie in the padded image; False (also if it is
    not given, as in Theano) cuts them at its end, and takes no padding.
    pad: padding on both sides of an axis, smaller than the window; it does not count.
    mode: "max"; "sum"; "average_exc_pad", the mean of what lies in the image; "average_inc_pad",
    in which padding counts as zeros.  ds, st, padding: old names of ws, stride, pad.
    dtype: the input's; means of integers become float64.
    Gradient of "max": all elements that equal a window's greatest get its whole gradient.
    Raises: ArgumentError or ArgumentTypeError, naming the argument, for windows and strides below
    1, padding that is negative or not smaller than the window, and other modes.
    """
    return _pool("pool_2d", 2, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def pool_1d(
    input: Any, ws: Any = None, ignore_border: bool | None = None, stride: Any = None,
    pad: Any = None, mode: str = "max",
) -> Variable:  # fmt: skip
    """As pool_2d, along the last axis."""
    return _pool("pool_1d", 1, input, ws, ignore_border, stride, pad, mode, None, None, None)


def pool_3d(
    input: Any, ws: Any = None, ignore_border: bool | None = None, stride: Any = None,
    pad: Any = None, mode: str = "max", ds: Any = None, st: Any = None, padding: Any = None,
) -> Variable:  # fmt: skip
    """As pool_2d, along the last three axes."""
    return _pool("pool_3d", 3, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def max_pool_2d_same_size(input: Any, patch_size: Any) -> Variable:
    """The input with 0 in the place of all elements that are not the greatest of their window.

    patch_size: the lengths of windows, which do not overlap; those that are cut off have 0.
    """
    x = _array("max_pool_2d_same_size", input, 2)
    options = {"window": whole_numbers("max_pool_2d_same_size", "patch_size", patch_size, 2, 1)}
    rows = _with_rows(x, 2)
    greatest = pool_max(rows, **options)
    return _without_rows(pool_back(rows, greatest, greatest, **options), x)


def _pool(
    word: str, d: int, input: Any, ws: Any, ignore_border: bool | None, stride: Any, pad: Any,
    mode: str, ds: Any, st: Any, padding: Any,
) -> Variable:  # fmt: skip
    x = _array(word, input, d)
    if not isinstance(mode, str) or mode not in _MODES:
        what = f"{word}: there is no mode {printable(repr(mode), 40)}."
        raise ArgumentError(message(what, fix=f"use one of {', '.join(_MODES)}."))
    window = whole_numbers(word, "ws", one_of(word, ws=ws, ds=ds), d, 1)
    given = stride if st is None else one_of(word, stride=stride, st=st)
    steps = window if given is None else whole_numbers(word, "stride", given, d, 1)
    margins = _margins(word, pad, padding, window, bool(ignore_border))
    options = {"window": window, "stride": steps, "low": margins, "whole": bool(ignore_border)}
    if mode.startswith("max"):
        return _without_rows(pool_max(_with_rows(x, d), **options), x)
    x = x if mode == "sum" or is_float(x.dtype) else cast(x, "float64")
    total = _without_rows(pool_sum(_with_rows(x, d), **options), x)
    if mode == "sum":
        return total
    if mode == "average_inc_pad" and ignore_border:
        size = 1
        for n in window:
            size *= n
        return true_div(total, float(size))
    return true_div(total, _counts(x, total, options))


def _margins(
    word: str, pad: Any, padding: Any, window: tuple[int, ...], whole: bool
) -> tuple[int, ...]:
    d = len(window)
    given = [whole_numbers(word, "pad", each, d, 0) for each in (pad, padding) if each is not None]
    some = [each for each in given if any(each)]
    if len(some) > 1:
        what = f"{word}: pad and padding are one argument, both were given."
        raise ArgumentError(message(what, fix="give pad alone."))
    if not some:
        return (0,) * d
    if not whole:
        what = f"{word}: pad={some[0]} goes with ignore_border=True only."
        raise ArgumentError(message(what, fix="pass ignore_border=True, or pad with T.pad."))
    if any(n >= k for n, k in zip(some[0], window, strict=True)):
        what = f"{word}: pad={some[0]} is not smaller than the window {window}."
        raise ArgumentError(message(what, fix="pad less: a window would see padding alone."))
    return some[0]


def _counts(x: Variable, total: Variable, options: dict[str, Any]) -> Variable:
    """How many elements of x lie in each window."""
    d, found = len(options["window"]), []
    steps = zip(options["window"], options["stride"], options["low"], strict=True)
    for k, (window, stride, low) in enumerate(steps):
        axis = x.ndim - d + k
        first = arange(length(total, axis)) * stride - low
        count = minimum(first + window, length(x, axis)) - maximum(first, 0)
        order = ["x"] * k + [0] + ["x"] * (d - 1 - k)
        found.append(cast(count, x.dtype).dimshuffle(*order))
    return mul(*found) if d > 1 else found[0]


def _array(word: str, input: Any, d: int) -> Variable:
    x = array_of(word, "input", input)
    if x.ndim < d:
        what = f"{word}: input has {x.ndim} axes, windows slide over {d}."
        raise ShapeError(message(what, [where(x)], "add axes by dimshuffle, or x[None]."))
    return x


def _with_rows(x: Variable, d: int) -> Variable:
    return x.dimshuffle("x", *range(d)) if x.ndim == d else x


def _without_rows(found: Variable, x: Variable) -> Variable:
    return drop_axes(found, (0,)) if found.ndim > x.ndim else found
