"""Arrays with a margin around them: numpy's pad.

A margin of a number, of edges or of a statistic is joined on, so that the array and its margin are
computed straight into the result; one that mirrors or repeats the array is read by index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.averages import mean
from gradc.ops.compare import maximum, minimum
from gradc.ops.convert import as_variable, static_int
from gradc.ops.create import iota
from gradc.ops.declare import is_float
from gradc.ops.elemwise import cast, mod
from gradc.ops.grids import linspace
from gradc.ops.joining import joined, window
from gradc.ops.lengths import broadcast_to, length, lengths_of, shape_tuple
from gradc.ops.reduce import max as max_of
from gradc.ops.reduce import min as min_of
from gradc.ops.subscript import getitem

__all__ = ["pad"]

Margin = tuple[Variable, Variable]  # before and behind
_OPTIONS = {"constant": "constant_values", "linear_ramp": "end_values"}


def pad(x: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Variable:
    """The array with a margin around it.

    pad_width: an int or integer scalar; a pair, before and behind; or a pair an axis; or a dict
    from axes to these.  mode: "constant" (constant_values=0), "edge", "linear_ramp" (end_values=0),
    "maximum", "mean", "minimum", "reflect", "symmetric", "wrap".
    Gradient: to the array, wherever an element of the margin comes from it.
    Raises: ArgumentError for another mode; IndexBoundsError at the call where the margin of an
    empty axis would be read.
    """
    array = as_variable(x)
    if mode not in (*_JOINED, *_READ):
        known = ", ".join(sorted((*_JOINED, *_READ)))
        what = f"pad: there is no mode {mode!r}."
        raise ArgumentError(message(what, fix=f"use one of {known}."))
    if set(options) - {_OPTIONS.get(mode)}:
        what = f"pad: mode {mode!r} takes no {', '.join(options)}."
        raise ArgumentTypeError(message(what))
    widths = [_margin(pair) for pair in _pairs("pad_width", pad_width, array.ndim, fill=0)]
    values = _pairs(_OPTIONS.get(mode, ""), next(iter(options.values()), 0), array.ndim, fill=0)
    for axis, (margin, value) in enumerate(zip(widths, values, strict=True)):
        if all(static_int(each) == 0 for each in margin):
            continue
        if mode in _READ:
            array = _read(array, axis, margin, _READ[mode])
        else:
            array = _joined(array, axis, margin, value, _JOINED[mode])
    return array


def _pairs(name: str, given: Any, ndim: int, fill: Any) -> list[tuple[Any, Any]]:
    """A pair an axis from one number, a pair, a pair an axis, or a dict of axes."""
    if isinstance(given, dict):
        table = {axis % ndim: _pairs(name, each, 1, fill)[0] for axis, each in given.items()}
        return [table.get(axis, (fill, fill)) for axis in range(ndim)]
    if not isinstance(given, (tuple, list)) and not hasattr(given, "tolist"):
        return [(given, given)] * ndim
    listed = list(given) if isinstance(given, (tuple, list)) else given.tolist()
    rows = listed if isinstance(listed, list) else [listed]
    if all(isinstance(each, (tuple, list)) for each in rows):
        found = [tuple(each) * (2 // len(each)) if len(each) in (1, 2) else () for each in rows]
        found = found * ndim if len(found) == 1 else found
    else:
        found = [tuple(rows) * (2 // len(rows)) if len(rows) in (1, 2) else ()] * ndim
    if len(found) != ndim or any(len(each) != 2 for each in found):
        what = f"pad: {name} is one number, a pair, or a pair for each of {ndim} axes."
        raise ArgumentError(message(what))
    return [(before, behind) for before, behind in found]


def _margin(pair: Sequence[Any]) -> Margin:
    before, behind = lengths_of("pad", list(pair))
    for each in (before, behind):
        number = static_int(each)
        if number is not None and number < 0:
            what = f"pad: a margin is not negative, got {number}."
            raise ArgumentError(message(what, fix="cut with a slice: x[1:-1]."))
    return before, behind


# -- margins that are joined on ------------------------------------------------------------------

Side = Callable[[Variable, int, Variable, Any, bool], Variable]  # x, axis, width, value, is behind


def _joined(
    x: Variable, axis: int, margin: Margin, values: tuple[Any, Any], side: Side
) -> Variable:
    parts = [x]
    if static_int(margin[0]) != 0:
        parts.insert(0, side(x, axis, margin[0], values[0], False))
    if static_int(margin[1]) != 0:
        parts.append(side(x, axis, margin[1], values[1], True))
    return joined("pad", axis, parts)


def _stretched(value: Variable, x: Variable, axis: int, width: Variable) -> Variable:
    """A margin of one number, or of one number a row."""
    lengths = list(shape_tuple(x))
    lengths[axis] = width
    return broadcast_to(value, lengths)


def _constant(x: Variable, axis: int, width: Variable, value: Any, behind: bool) -> Variable:
    return _stretched(as_variable(value, dtype=x.dtype), x, axis, width)


def _edge_of(x: Variable, axis: int, behind: bool) -> Variable:
    return window(x, length(x, axis) - 1 if behind else 0, 1, axis)


def _edge(x: Variable, axis: int, width: Variable, value: Any, behind: bool) -> Variable:
    return _stretched(_edge_of(x, axis, behind), x, axis, width)


def _ramp(x: Variable, axis: int, width: Variable, value: Any, behind: bool) -> Variable:
    if not is_float(x.dtype):
        what = f"pad: a linear ramp of {x.dtype} would be rounded."
        raise DTypeError(message(what, [where(x)], "cast the array to a float dtype first."))
    edge = _edge_of(x, axis, behind).dimshuffle(*(k for k in range(x.ndim) if k != axis))
    ramp = linspace(value, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
    return getitem(ramp, (slice(None),) * axis + (slice(None, None, -1),)) if behind else ramp


def _statistic(fold: Callable[..., Variable]) -> Side:
    def side(x: Variable, axis: int, width: Variable, value: Any, behind: bool) -> Variable:
        found = fold(x, axis=axis, keepdims=True)
        if found.dtype != x.dtype:
            found = cast(found.round() if is_float(found.dtype) else found, x.dtype)
        return _stretched(found, x, axis, width)

    return side


_JOINED: dict[str, Side] = {
    "constant": _constant,
    "edge": _edge,
    "linear_ramp": _ramp,
    "maximum": _statistic(max_of),
    "mean": _statistic(mean),
    "minimum": _statistic(min_of),
}


# -- margins that are read by index --------------------------------------------------------------


def _read(
    x: Variable, axis: int, margin: Margin, place: Callable[[Variable, Variable], Variable]
) -> Variable:
    n = length(x, axis)
    index = place(iota(margin[0] + n + margin[1]) - margin[0], n)
    return getitem(x, (slice(None),) * axis + (index,))


def _reflected(i: Variable, n: Variable) -> Variable:
    last = n - 1
    return _mirrored(mod(i, maximum(last * 2, 1)), last * 2)


def _symmetric(i: Variable, n: Variable) -> Variable:
    return _mirrored(mod(i, maximum(n * 2, 1)), n * 2 - 1)


def _mirrored(i: Variable, last: Variable) -> Variable:
    return minimum(i, last - i)


def _wrapped(i: Variable, n: Variable) -> Variable:
    return mod(i, maximum(n, 1))


_READ: dict[str, Callable[[Variable, Variable], Variable]] = {
    "reflect": _reflected,
    "symmetric": _symmetric,
    "wrap": _wrapped,
}
