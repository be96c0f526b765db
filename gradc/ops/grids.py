"""Evenly spaced numbers, and grids of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from gradc.dtypes import check_dtype, dtype_info, promote
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.axes import moveaxis, swapaxes
from gradc.ops.compare import eq, lt, maximum, switch
from gradc.ops.convert import as_variable, is_weak, static_int
from gradc.ops.create import arange, iota
from gradc.ops.declare import insert_axes, normal_axis
from gradc.ops.elemwise import cast, true_div
from gradc.ops.elemwise import pow as power
from gradc.ops.lengths import broadcast_to, length, lengths_of
from gradc.ops.math import log10
from gradc.ops.stacking import stack
from gradc.options import config

__all__ = [
    "geomspace",
    "indices",
    "linspace",
    "logspace",
    "meshgrid",
    "mgrid",
    "ogrid",
]


# -- evenly spaced -------------------------------------------------------------------------------


def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Variable:
    """`num` evenly spaced numbers from start to stop, which is the last, or would be the next.

    start, stop: numbers or arrays, which broadcast; the new axis stands at `axis`.  num: an int or
    integer scalar.  dtype: a float by default, floatX for Python numbers.
    Gradient: to start and stop.
    """
    return _spaced(np.linspace, _linear, (start, stop), num, endpoint, dtype, axis)


def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: float = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Variable:  # fmt: skip
    """Base ** linspace(start, stop, num)."""

    def made(*ends: Variable, count: Variable, endpoint: bool) -> Variable:
        exponents = _linear(*ends, count=count, endpoint=endpoint)
        return power(as_variable(base, dtype=exponents.dtype), exponents)

    known = partial(np.logspace, base=base)
    return _spaced(known, made, (start, stop), num, endpoint, dtype, axis)


def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Variable:
    """`num` numbers from start to stop whose quotients are alike.

    Both ends have the same sign, and none is 0: else the result is nan.
    """
    return _spaced(np.geomspace, _geometric, (start, stop), num, endpoint, dtype, axis)


def _spaced(
    known: Any, made: Any, ends: Sequence[Any], num: Any, endpoint: bool, dtype: Any, axis: int
) -> Variable:
    kind = check_dtype(dtype) if dtype is not None else _float_dtype(ends)
    (count,) = lengths_of("linspace", num)
    number = static_int(count)
    if number is not None and number < 0:
        raise ArgumentError(message(f"linspace: the number of points is {number}, below 0."))
    if number is not None and not any(isinstance(each, Variable) for each in ends):
        return Constant(np.asarray(known(*ends, number, endpoint=endpoint, axis=axis)).astype(kind))
    inner = kind if dtype_info(kind).is_float else "float64"
    first, last = (as_variable(each, dtype=inner) for each in ends)
    result: Variable = made(first, last, count=count, endpoint=endpoint)
    place = normal_axis("linspace", axis, result.ndim)
    return cast(moveaxis(result, 0, place), kind)


def _float_dtype(ends: Sequence[Any]) -> str:
    strong = [as_variable(each).dtype for each in ends if not is_weak(each)]
    kind = promote(*strong) if strong else config.floatX
    return kind if dtype_info(kind).is_float else "float64"


def _linear(start: Variable, stop: Variable, *, count: Variable, endpoint: bool) -> Variable:
    """The points along a new first axis."""
    rank = max(start.ndim, stop.ndim)
    places = iota(maximum(count, 0))
    parts = maximum(count - 1, 1) if endpoint else maximum(count, 1)
    step = true_div(stop - start, cast(parts, start.dtype))
    along = insert_axes(places, tuple(range(1, rank + 1)))
    points = cast(along, start.dtype) * step + start
    if not endpoint:
        return points
    is_last = eq(along, count - 1)
    return switch(is_last & (along > 0), stop, points)  # the last is exactly what was asked for


def _geometric(start: Variable, stop: Variable, *, count: Variable, endpoint: bool) -> Variable:
    one, ten = (as_variable(number, dtype=start.dtype) for number in (1, 10))
    sign = switch(lt(start, 0), -one, one)
    ends = (log10(start * sign), log10(stop * sign))
    points = power(ten, _linear(*ends, count=count, endpoint=endpoint))
    along = insert_axes(iota(maximum(count, 0)), tuple(range(1, points.ndim)))
    points = switch(eq(along, 0), start, points * sign)
    return switch(eq(along, count - 1) & (along > 0), stop, points) if endpoint else points


# -- grids -----------------------------------------------------------------------------------------


def meshgrid(*xi: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True
             ) -> list[Variable]:  # fmt: skip
    """Coordinate arrays of a grid from coordinate vectors.

    indexing: "xy", the first vector runs along axis 1 as in plots, or "ij", along axis 0.
    sparse: leave the axes that do not matter at length 1.  copy: as numpy's; nothing is shared.
    """
    if indexing not in ("xy", "ij"):
        what = f"meshgrid: indexing is 'xy' or 'ij', got {indexing!r}."
        raise ArgumentError(message(what))
    vectors = [as_variable(each) for each in xi]
    odd = next((each for each in vectors if each.ndim > 1), None)
    if odd is not None:
        raise ArgumentError(message("meshgrid: takes vectors.", [where(odd)], "flatten it first."))
    vectors = [insert_axes(each, (0,)) if not each.ndim else each for each in vectors]
    grids = _crossed(vectors, sparse)
    if indexing == "xy" and len(vectors) > 1:
        return [swapaxes(each, 0, 1) for each in grids]
    return grids


def _crossed(vectors: Sequence[Variable], sparse: bool) -> list[Variable]:
    """Vector k along axis k, stretched over the others unless sparse."""
    count = len(vectors)
    opened = [
        insert_axes(each, tuple(axis for axis in range(count) if axis != k))
        for k, each in enumerate(vectors)
    ]
    lengths = [length(each, 0) for each in vectors]
    return opened if sparse else [broadcast_to(each, lengths) for each in opened]


def indices(dimensions: Any, dtype: Any = "int64", sparse: bool = False) -> Any:
    """The places of a grid of these lengths: stacked along a first axis, or, sparse, a tuple."""
    kind = check_dtype(dtype)
    vectors = [iota(n, kind) for n in lengths_of("indices", dimensions)]
    grids = _crossed(vectors, sparse)
    return tuple(grids) if sparse else stack(grids)


class _Grid:
    """What indexing by slices gives: see mgrid and ogrid."""

    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, key: Any) -> Any:
        """The grid over the ranges of one slice an axis."""
        if not isinstance(key, tuple):
            return _range(key)
        vectors = [_range(each) for each in key]
        kind = promote(*(each.dtype for each in vectors))
        return _crossed([cast(each, kind) for each in vectors], self.sparse)


def _range(key: Any) -> Variable:
    if not isinstance(key, slice) or key.stop is None:
        what = "mgrid, ogrid: an axis is a slice with an end, such as 0:5 or -1:1:9j."
        raise ArgumentTypeError(message(what))
    start = 0 if key.start is None else key.start
    step = 1 if key.step is None else key.step
    if isinstance(step, complex):
        return linspace(start, key.stop, int(abs(step)))
    return arange(start, key.stop, step)


mgrid = _Grid(sparse=False)
ogrid = _Grid(sparse=True)
