"""What indexing is made of: slices and places are views, integer arrays gather, gradients scatter.

x[1:n, None, -1] is a View; what may only be known at the call (n) is an operand, the rest stands in
the parameters.  x[rows, :, cols] with integer arrays is a Gather of their axes.  How x[...] is
taken apart into these is in subscript.py and reading.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import Affine, IndexMap, fixed
from gradc.dtypes import dtype_info
from gradc.errors import ArgumentTypeError, IndexBoundsError, message
from gradc.graph.describe import where
from gradc.graph.op import DECLARATIONS, Op, Shape
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, pad
from gradc.ops.entries import Cut as Cut
from gradc.ops.entries import Entry as Entry
from gradc.ops.entries import Value as Value
from gradc.ops.entries import apart
from gradc.ops.kinds import Gather, Scatter, View, indexed_axes
from gradc.ops.lengths import product_of, shape_tuple, zeros, zeros_like
from gradc.sizes import Size, ceil_div, maximum, minimum, size, wrap

__all__: list[str] = []

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


# -- slices and places: a view -----------------------------------------------------------------


def _number(entry: int | Value, values: Sequence[Size]) -> Size:
    return values[entry.k] if isinstance(entry, Value) else size(entry)


def _span(cut: Cut, n: Size, values: Sequence[Size]) -> tuple[Size, Size]:
    """First position and length of a slice.

    The first position is that of Python's slice wherever the length is not 0.
    """
    if cut.step > 0:
        start = size(0) if cut.start is None else maximum(_wrapped(cut.start, n, values), 0)
        if cut.stop is None:
            return start, _plain_rest(cut, n, start)
        stop = minimum(_wrapped(cut.stop, n, values), n)
        return start, ceil_div(maximum(stop - start, 0), cut.step)
    last = n - 1
    start = last if cut.start is None else minimum(_wrapped(cut.start, n, values), last)
    stop = size(-1) if cut.stop is None else maximum(_wrapped(cut.stop, n, values), -1)
    return start, ceil_div(maximum(start - stop, 0), -cut.step)


def _plain_rest(cut: Cut, n: Size, start: Size) -> Size:
    if cut.start is None:
        return ceil_div(n, cut.step)
    if isinstance(cut.start, int) and cut.start < 0:
        return ceil_div(minimum(n, -cut.start), cut.step)
    return ceil_div(maximum(n - start, 0), cut.step)


def _wrapped(entry: int | Value, n: Size, values: Sequence[Size]) -> Size:
    return wrap(_number(entry, values), n)


def _shape(lengths: Shape, *values: Size, index: tuple[Entry, ...]) -> list[Size]:
    return [
        _span(entry, n, values)[1]
        for entry, n in zip(index, lengths, strict=True)
        if isinstance(entry, Cut)
    ]


def _index(i: IndexMap, lengths: Shape, *values: Size, index: tuple[Entry, ...]) -> IndexMap:
    axes = iter(i)
    places: list[Affine] = []
    for entry, n in zip(index, lengths, strict=True):
        if isinstance(entry, Cut):
            places.append(next(axes) * entry.step + _span(entry, n, values)[0])
        else:
            places.append(fixed(_wrapped(entry, n, values)))
    return tuple(places)


def _bounds(
    lengths: Shape, *values: Size, index: tuple[Entry, ...]
) -> list[tuple[Size, Size, int]]:
    return [
        (_wrapped(entry, n, values), n, axis)
        for axis, (entry, n) in enumerate(zip(index, lengths, strict=True))
        if not isinstance(entry, Cut)
    ]


def _plain_index(index: tuple[Entry, ...], values: Sequence[Array]) -> tuple[Any, ...]:
    def number(entry: int | Value | None) -> Any:
        return int(values[entry.k]) if isinstance(entry, Value) else entry

    return tuple(
        slice(number(e.start), number(e.stop), e.step) if isinstance(e, Cut) else number(e)
        for e in index
    )


def _subtensor_ref(x: Array, *values: Array, index: tuple[Entry, ...]) -> Array:
    try:
        return np.asarray(x[_plain_index(index, values)])
    except IndexError as error:
        raise IndexBoundsError(message(f"subtensor: {error}.")) from None


_TURNS = (Cut(None, None), Cut(None, None, -1))


def _subtensor_pullback(
    cts: Cts, outs: Cts, x: Variable, *values: Variable, index: tuple[Entry, ...]
) -> tuple[Variable | None, ...]:
    ct = cts[0]
    if ct is not None and all(each in _TURNS for each in index):  # turned round once more
        return (call("subtensor", ct, index=index),)
    return (placed_through("subtensor", ct, x, *values, index=index), *(None for _ in values))


@declared(
    View,
    shape=_shape,
    index=_index,
    bounds=_bounds,
    lift=lambda *, index: {"index": (Cut(None, None), *index)},
    apart=apart,
    ref=_subtensor_ref,
    pullback=_subtensor_pullback,
    samples=(
        Sample(lambda f, x: x[1:, -1], ((4, 3),)),
        Sample(lambda f, x: x[::-2], ((5, 2),)),
        Sample(lambda f, x: x[..., -2:10, None, 0], ((2, 3, 4),)),
        Sample(lambda f, x: x[3:1], ((4,),)),
        Sample(lambda f, x, k: x[k, k:], ((3, 4), ()), ("float", "int64")),
        Sample(
            lambda f, x, i, j, k: x[i, j:, k, 1:],
            ((3, 3, 3, 2), (), (), ()),
            ("float", "int64", "int64", "int64"),
        ),
        Sample(lambda f, x, k: x[-k:k:1], ((4,), ()), ("float", "int64"), 9),
    ),
)
def subtensor(x: Variable, *values: Variable, index: tuple[Entry, ...]) -> Variable:
    """Slices and places of x, one entry an axis. Users write x[...], which gives this.

    A slice is limited to the axis, as Python's; a place out of bounds is an error before anything
    is written.  Gradient: scattered through the same view into zeros.
    """
    return call("subtensor", x, *values, index=index)


# -- scattering ----------------------------------------------------------------------------------


def placed_through(name: str, values: Variable, like: Variable, *scalars: Variable, **params: Any
                   ) -> Variable:  # fmt: skip
    """Zeros of the shape of `like`, with values added where the view reads: its gradient."""
    through = Op(DECLARATIONS[name], tuple(sorted(params.items())))
    zeros = zeros_like(like, dtype=values.dtype)
    return call("scatter", zeros, values, *scalars, mode="add", through=through)


def _scatter_ref(
    base: Array, values: Array, *places: Array, mode: str, through: Op | None = None,
    axes: tuple[int, ...] | None = None, distinct: bool = False,
) -> Array:  # fmt: skip
    result = np.array(base, order="C")
    if through is not None:
        numbers = np.arange(base.size).reshape(base.shape)
        flat = through.rule.ref(numbers, *places, **through.keywords)
        rest, given = result.reshape(-1), values.reshape(-1)
        index: Any = (np.asarray(flat).reshape(-1),)
    else:
        stands_for = tuple(range(len(places))) if axes is None else axes
        index = np.broadcast_arrays(*_checked("scatter", base, places, stands_for))
        rest, given = np.moveaxis(result, stands_for, range(len(places))), values
    if mode == "add":
        np.add.at(rest, tuple(index), given)
    else:
        rest[tuple(index)] = given
    return result


def _scatter_pullback(
    cts: Cts, outs: Cts, base: Variable, values: Variable, *places: Variable, mode: str,
    through: Op | None = None, axes: tuple[int, ...] | None = None, distinct: bool = False,
) -> tuple[Variable | None, ...]:  # fmt: skip
    ct = cts[0]
    if through is not None:
        read: Variable = through(ct, *places)
    else:
        read = call("gather", ct, *places, axes=axes)
    if mode == "add":
        return (ct, read, *(None for _ in places))
    if through is None and not distinct:
        stays = _stays(base, values, places, axes)
        read = call("switch", stays, read, zeros_like(read))
    kept = call(
        "scatter", ct, zeros_like(values, ct.dtype), *places, mode="set", through=through,
        axes=axes, distinct=distinct or None,
    )  # fmt: skip
    return (kept, read, *(None for _ in places))


def _stays(
    base: Variable, values: Variable, places: Sequence[Variable], axes: tuple[int, ...] | None
) -> Variable:
    """Of values that are put, those that stay: the last at each place; in the rank of values."""
    rank = places[0].ndim
    lengths = shape_tuple(values)[:rank]
    count = call("iota", product_of(lengths), dtype="int64")
    numbers = call("reshape", count, *lengths)
    space = shape_tuple(base)
    where = indexed_axes({} if axes is None else {"axes": axes}, len(places))
    last = zeros([space[k] for k in where], "int64")
    last = call("scatter", last, numbers, *places, mode="set")
    stays = call("eq", call("gather", last, *places), numbers)
    if values.ndim == rank:
        return stays
    order = (*range(rank), *("x",) * (values.ndim - rank))
    return call("dimshuffle", stays, order=order)


@declared(
    Scatter,
    ref=_scatter_ref,
    pullback=_scatter_pullback,
    samples=(
        Sample(
            lambda f, x, y, i: f(x, y, i), ((3, 2), (4, 2), (4,)), ("float", "float", "int64")
        ),
        Sample(
            lambda f, x, y, i, j: f(x, y, i, j), ((3, 2), (4,), (4,), (1,)),
            ("float", "float", "int64", "int64"), 2,
        ),
        Sample(lambda f, x, y, i: f(x, y, i - 3, mode="set"),
               ((3, 2), (7, 2), (7,)), ("float", "float", "int64")),
        Sample(lambda f, x, y, i, j: f(x, y, i, j, mode="set", axes=(0, 2)),
               ((2, 3, 2), (2, 4, 3), (2, 1), (4,)), ("float", "float", "int64", "int64"), 2),
        Sample(lambda f, x, y, i: f(x, y, i, axes=(1,)),
               ((2, 3), (0, 2), (0,)), ("float", "float", "int64")),
        Sample(lambda f, x, y: placed_through(
            "subtensor", y, x, index=(Cut(None, None, -2), 1)) + x, ((5, 2), (3,))),
        Sample(lambda f, x, y: call(
            "scatter", x, y, mode="set",
            through=Op(DECLARATIONS["subtensor"], (("index", (Cut(1, None, 2), Cut(None, None))),)),
        ), ((4, 2), (2, 2))),
        Sample(lambda f, x, y, k: call(
            "scatter", x, y, k, mode="add",
            through=Op(DECLARATIONS["subtensor"], (("index", (Cut(1, None), Value(0))),)),
        ), ((4, 3), (3,), ()), ("float", "float", "int64")),
    ),
)  # fmt: skip
def scatter(
    base: Any, values: Any, *indices: Any, mode: str = "add",
    axes: tuple[int, ...] | None = None, distinct: bool = False,
) -> Variable:  # fmt: skip
    """`base` with values added at the places of integer arrays for some of its axes.

    indices: of one rank after padding; they broadcast where statically 1.  axes: those they stand
    for, the first ones by default.  values: of the shape gather would give.  Duplicates accumulate
    in index order.  mode "set" puts instead of adding: where places repeat the last one stays, and
    it alone has a gradient.  distinct: none repeats, so the gradient need not look for that.
    Raises: IndexBoundsError at the call, before anything is written.
    """
    base, values, *places = map(as_variable, (base, values, *indices))
    return call(
        "scatter", base, values, *_index_arrays(places), mode=mode,
        axes=_axes(axes, len(places)), distinct=distinct or None,
    )  # fmt: skip


# -- integer arrays: a gather --------------------------------------------------------------------


def _checked(
    name: str, x: Array, indices: Sequence[Array], axes: Sequence[int]
) -> tuple[Array, ...]:
    if not math.prod(np.broadcast_shapes(*(index.shape for index in indices))):
        return tuple(index.astype("int64") for index in indices)  # numpy looks at none either
    for axis, index in zip(axes, indices, strict=True):
        n = x.shape[axis]
        wrong = index[(index < -n) | (index >= n)]
        if wrong.size:
            what = (
                f"{name}: index {wrong.flat[0]} is out of bounds for axis {axis} with length {n}."
            )
            raise IndexBoundsError(message(what))
    return tuple(index.astype("int64") for index in indices)


def _gather_ref(x: Array, *indices: Array, axes: tuple[int, ...] | None = None) -> Array:
    stands_for = tuple(range(len(indices))) if axes is None else axes
    index = _checked("gather", x, indices, stands_for)
    return np.asarray(np.moveaxis(x, stands_for, range(len(indices)))[index])


def _gather_pullback(
    cts: Cts, outs: Cts, x: Variable, *indices: Variable, axes: tuple[int, ...] | None = None
) -> tuple[Variable | None, ...]:
    zeros = zeros_like(x, dtype=cts[0].dtype)
    placed = call("scatter", zeros, cts[0], *indices, mode="add", axes=axes)
    return (placed, *(None for _ in indices))


@declared(
    Gather,
    ref=_gather_ref,
    pullback=_gather_pullback,
    samples=(
        Sample(lambda f, x, i: f(x, i), ((3, 2), (4,)), ("float", "int64")),
        Sample(lambda f, x, i, j: f(x, i, j), ((3, 3), (4, 1), (2,)),
               ("float", "int64", "int64")),
        Sample(lambda f, x, i: x[:, i], ((2, 3), (4,)), ("float", "int64")),
        Sample(lambda f, x, i: x[i, 0:2, 0], ((3, 4, 2), (2,)),
               ("float", "int64")),
        Sample(lambda f, x, i, j: f(x, i, j - 2, axes=(0, 2)), ((2, 3, 2), (4,), (1,)),
               ("float", "int64", "int64"), 2),
        Sample(lambda f, x, i: f(x, i, axes=(1,)), ((2, 3), (0,)), ("float", "int64")),
    ),
)  # fmt: skip
def gather(x: Any, *indices: Any, axes: tuple[int, ...] | None = None) -> Variable:
    """The elements of x at integer arrays for some axes; shape: theirs, then what is left of x.

    axes: those the arrays stand for, in order; the first ones by default, so x[i, j, ...].
    indices: padded to one rank; they broadcast where statically 1; negative ones count from the
    end.  Gradient: scattered, duplicates added in index order.
    Raises: IndexBoundsError at the call, before anything is written.
    """
    arrays = _index_arrays([as_variable(each) for each in indices])
    return call("gather", as_variable(x), *arrays, axes=_axes(axes, len(arrays)))


def gather_along(x: Variable, index: Variable, axis: int) -> Variable:
    """The elements of x at places of one axis; the axes of `index` take its place."""
    found = gather(x, index, axes=(axis,))
    rank = index.ndim
    order = (*range(rank, rank + axis), *range(rank), *range(rank + axis, found.ndim))
    return found if axis == 0 else call("dimshuffle", found, order=order)


def _axes(axes: tuple[int, ...] | None, count: int) -> tuple[int, ...] | None:
    """The axes as a parameter: the first ones go without saying."""
    return None if axes == tuple(range(count)) else axes


def _index_arrays(indices: Sequence[Variable]) -> list[Variable]:
    for each in indices:
        if not dtype_info(each.dtype).is_integer:
            what = f"an index array has integers, got {each.type}."
            fix = "cast it; a mask of bools stands in x[mask]."
            raise ArgumentTypeError(message(what, [where(each)], fix))
    ndim = max(each.ndim for each in indices)
    return [pad(each, ndim) for each in indices]
