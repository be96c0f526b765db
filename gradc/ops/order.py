"""Sorting and its kin: what stands where when elements are in order.

Every order here is ascending with nan last, as numpy's, and stable: equal elements keep their own
order.  Routines sort the last axis; the functions move another one there and back, which is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype, promote
from gradc.errors import ArgumentError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.axes import moveaxis
from gradc.ops.convert import as_variable, static_int
from gradc.ops.create import iota
from gradc.ops.declare import Sample, call, declared, normal_axis
from gradc.ops.elemwise import cast
from gradc.ops.index import gather
from gradc.ops.kinds import Routine
from gradc.ops.lengths import length, lengths_of, zeros_like
from gradc.ops.relabel import ravel

__all__ = ["argsort", "argtopk", "searchsorted", "sort", "topk", "topk_and_argtopk"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]

_COMPARISONS = 60  # instructions an element of sorting takes
_KINDS = (None, "quicksort", "mergesort", "heapsort", "stable")


def row_places(places: Variable) -> list[Variable]:
    """Index arrays for all axes: `places` for the last one, each row's own for those before."""
    rows = []
    for axis in range(places.ndim - 1):
        order = tuple(0 if k == axis else "x" for k in range(places.ndim))
        rows.append(call("dimshuffle", iota(length(places, axis)), order=order))
    return [*rows, places]


def along(x: Variable, places: Variable) -> Variable:
    """Elements of x at places of its last axis, each row's own."""
    return gather(x, *row_places(places))


def _on_last_axis(
    name: str, x: Any, axis: Any, function: Callable[[Variable], Variable]
) -> Variable:
    """The function of rows, along any axis; along all elements for axis None."""
    x = as_variable(x)
    if axis is None:
        return function(ravel(x))
    place = normal_axis(name, axis, x.ndim)
    if place == x.ndim - 1:
        return function(x)
    return moveaxis(function(moveaxis(x, place, x.ndim - 1)), x.ndim - 1, place)


def _check_kind(name: str, kind: Any, order: Any) -> None:
    if kind not in _KINDS:
        what = f"{name}: there is no kind {kind!r} of sorting."
        raise ArgumentError(message(what, fix=f"leave it out, or use one of {_KINDS[1:]}."))
    if order is not None:
        what = f"{name}: order={order!r} names fields, and no array here has any."
        raise ArgumentError(message(what, fix="leave it out."))


_ROWS = (
    Sample(lambda f, x: f(x), ((2, 5),)),
    Sample(lambda f, x: f(x, 0), ((40, 3),)),
    Sample(lambda f, x: f(x, None), ((2, 9),)),
    Sample(lambda f, x: f(x), ((3, 0),)),
)


def _sort_pullback(cts: Cts, outs: Cts, x: Variable) -> tuple[Variable]:
    """Each cotangent goes where its element came from."""
    places = row_places(call("argsort", x))
    return (call("scatter", zeros_like(x, cts[0].dtype), cts[0], *places, mode="add"),)


@declared(
    Routine,
    signature="(n)->(n)",
    c=RoutineFn("sort", "sort.h"),
    dtypes=lambda dtypes: (dtypes[0], dtypes),
    scratch=lambda letters, dtype: ((dtype, letters["n"]),),
    work=lambda letters: letters["n"] * _COMPARISONS,
    ref=lambda x: np.sort(x, axis=-1, kind="stable"),
    pullback=_sort_pullback,
    pushforward=lambda tangents, outs, x: (along(tangents[0], call("argsort", x)),),
    samples=_ROWS,
)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Variable:
    """The elements along an axis in ascending order, nan last; all of them for axis None.

    kind: any of numpy's; the sort is a stable one, n log n at worst, for all of them.  order: None.
    Gradient: each cotangent goes to the element that it came from.
    Raises: ArgumentError for an axis or a kind that is not there.
    """
    _check_kind("sort", kind, order)
    return _on_last_axis("sort", a, axis, lambda x: call("sort", x))


@declared(
    Routine,
    signature="(n)->(n)",
    c=RoutineFn("argsort", "argsort.h"),
    dtypes=lambda dtypes: (dtypes[0], ("int64",)),
    scratch=lambda letters, dtype: (("uint8", letters["n"] * 32),),  # 2 n pairs of key and place
    work=lambda letters: letters["n"] * _COMPARISONS,
    ref=lambda x: np.argsort(x, axis=-1, kind="stable"),
    pullback=lambda cts, outs, x: (None,),
    samples=_ROWS,
)
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Variable:
    """The places of elements along an axis in ascending order, nan last, equal ones as they stand.

    kind, order: as sort's.  dtype: int64.  No gradient.
    Raises: ArgumentError for an axis or a kind that is not there.
    """
    _check_kind("argsort", kind, order)
    return _on_last_axis("argsort", a, axis, lambda x: call("argsort", x))


def _row_order_ref(x: Array) -> Array:
    """By each column from the last to the first, in a stable way."""
    rows = x.reshape(prod(x.shape[:-2]), *x.shape[-2:])
    found = np.empty(rows.shape[:2], "int64")
    for k, matrix in enumerate(rows):
        order = np.arange(len(matrix))
        for column in range(matrix.shape[1] - 1, -1, -1):
            order = order[np.argsort(matrix[order, column], kind="stable")]
        found[k] = order
    return found.reshape(x.shape[:-1])


@declared(
    Routine,
    signature="(n,k)->(n)",
    c=RoutineFn("row_order", "roworder.h"),
    dtypes=lambda dtypes: (dtypes[0], ("int64",)),
    scratch=lambda letters, dtype: (("uint8", letters["n"] * 48),),  # 2 n rows, widths and places
    work=lambda letters: letters["n"] * (_COMPARISONS + letters["k"]),
    ref=_row_order_ref,
    pullback=lambda cts, outs, x: (None,),
    samples=(
        Sample(lambda f, x: f(x), ((5, 3),)),
        Sample(lambda f, x: f(x > 0), ((40, 3),)),
        Sample(lambda f, x: f(x), ((2, 4, 1),)),
        Sample(lambda f, x: f(x), ((3, 0),)),
    ),
)
def row_order(x: Variable) -> Variable:
    """The places of a matrix's rows in lexicographic order, equal ones as they stand."""
    return call("row_order", x)


def _nonzero_ref(x: Array, k: Array) -> Array:
    rows = x.reshape(prod(x.shape[:-1]), x.shape[-1])
    found = [np.flatnonzero(row)[: int(k)] for row in rows]
    return np.array(found, "int64").reshape(*x.shape[:-1], int(k))


@declared(
    Routine,
    signature="(n),k->(k)",
    c=RoutineFn("nonzero", "nonzero.h"),
    dtypes=lambda dtypes: (dtypes[0], ("int64",)),
    work=lambda letters: letters["n"] * 4,
    ref=_nonzero_ref,
    pullback=lambda cts, outs, x, k: (None, None),
    samples=(Sample(lambda f, x, k: f(1 + x * x, k), ((9,), ()), ("float", "int64")),),
)
def nonzero_flat(x: Variable, count: Variable) -> Variable:
    """The places of the first `count` elements of a vector that are not 0; there must be so many.

    dtype: int64.  Where the count is computed, what reads the result is planned when it is known.
    """
    return call("nonzero_flat", x, count)


# -- the first of an order -------------------------------------------------------------------------


def _argtopk_ref(x: Array, k: Array, *, greatest: bool) -> Array:
    """By a stable sort, turned round for the greatest; nan is the greatest of all, as in a sort."""
    if k > x.shape[-1]:
        what = f"argtopk: {k} elements of an axis of length {x.shape[-1]}."
        raise ArgumentError(message(what, fix="ask for at most as many as there are."))
    order = np.argsort(x, axis=-1, kind="stable")
    if greatest:
        back = np.argsort(x[..., ::-1], axis=-1, kind="stable")
        order = (x.shape[-1] - 1 - back)[..., ::-1]
    return order[..., : int(k)]


@declared(
    Routine,
    name="argtopk",
    signature="(n),k->(k)",
    c=RoutineFn("argtopk", "topk.h"),
    dtypes=lambda dtypes: (dtypes[0], ("int64",)),
    numbers=("greatest",),
    scratch=lambda letters, dtype: (("uint8", letters["k"] * 16),),  # k pairs of key and place
    work=lambda letters: letters["n"] * 8 + letters["k"] * _COMPARISONS,
    at_most=(("k", "n"),),
    ref=_argtopk_ref,
    pullback=lambda cts, outs, x, k, *, greatest: (None, None),
    samples=(
        Sample(lambda f, x: f(x, 3), ((2, 7),)),
        Sample(lambda f, x: f(x, -2, 0), ((5, 3),)),
        Sample(lambda f, x, k: f(x, k, None), ((2, 4), ()), ("float", "int64"), 8),
    ),
)
def argtopk(
    x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: Any = "int64"
) -> Variable:
    """The places of the kth greatest elements along an axis; see topk.

    idx_dtype: of the places.  No gradient.
    """
    count, is_greatest = _how_many("argtopk", kth)
    places = _on_last_axis(
        "argtopk", x, axis, lambda row: call("argtopk", row, count, greatest=is_greatest)
    )
    return cast(places, check_dtype(idx_dtype))


def _how_many(name: str, kth: Any) -> tuple[Variable, bool]:
    """How many elements, and whether the greatest."""
    (count,) = lengths_of(name, kth)
    known = static_int(count)
    if known == 0:
        what = f"{name}: kth must not be 0."
        raise ArgumentError(message(what, fix="1 gives the greatest element, -1 the least."))
    if known is not None and known < 0:
        return as_variable(-known), False
    return count, True


def topk_and_argtopk(
    x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: Any = "int64"
) -> tuple[Variable, Variable]:
    """The kth greatest elements along an axis, and their places; see topk."""
    array = as_variable(x)
    if axis is None:
        array, axis = ravel(array), 0
    last = array.ndim - 1
    place = normal_axis("topk", axis, array.ndim)
    rows = array if place == last else moveaxis(array, place, last)
    places = argtopk(rows, kth, -1, sorted, "int64")
    values = along(rows, places)
    if place != last:
        values, places = moveaxis(values, last, place), moveaxis(places, last, place)
    return values, cast(places, check_dtype(idx_dtype))


def topk(
    x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: Any = "int64"
) -> Variable:
    """The kth greatest elements along an axis, in descending order; over all for axis None.

    kth: how many; -3 asks for the three least, in ascending order.  A computed integer scalar asks
    for the greatest.  nan counts as the greatest of all; of equal elements the first comes first.
    sorted: they are in order whether that is asked or not.
    Gradient: each cotangent goes to the element that it came from.
    Raises: ArgumentError for kth 0, at the call for more elements than there are.
    """
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[0]


# -- searching -------------------------------------------------------------------------------------


def _searchsorted_ref(x: Array, v: Array, *, right: bool) -> Array:
    rows = np.vectorize(np.searchsorted, otypes=["int64"], signature="(n),(),()->()")
    result: Array = rows(x, v, "right" if right else "left")
    return result


@declared(
    Routine,
    name="searchsorted",
    signature="(n),()->()",
    c=RoutineFn("searchsorted", "searchsorted.h"),
    dtypes=lambda dtypes: (dtypes[0], ("int64",)),
    numbers=("right",),
    work=lambda letters: 100,
    ref=_searchsorted_ref,
    pullback=lambda cts, outs, x, v, *, right: (None, None),
    samples=(
        Sample(lambda f, x, v: f(call("sort", x), v), ((7,), (2, 3))),
        Sample(lambda f, x, v: f(x, v, "right", argsort(x)), ((7,), ())),
    ),
)
def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Variable:
    """Where each number of v is to be put into the vector x so that x stays in ascending order.

    side: "left" puts it before its equals, "right" behind them.  sorter: places that bring x into
    order, such as argsort(x).  nan comes last.  dtype: int64; v's shape.  No gradient.
    Raises: ShapeError if x is no vector, ArgumentError for another side.
    """
    x, v = as_variable(x), as_variable(v)
    if x.ndim != 1:
        what = f"searchsorted: x has {x.ndim} axes, it must be a vector."
        raise ShapeError(message(what, [where(x)], "search its rows one by one, or x.flatten()."))
    if side not in ("left", "right"):
        what = f'searchsorted: side is "left" or "right", not {printable(repr(side), 40)}.'
        raise ArgumentError(message(what))
    common = promote(x.dtype, v.dtype)
    x, v = cast(x, common), cast(v, common)
    if sorter is not None:
        x = gather(x, sorter)
    return call("searchsorted", x, v, right=side == "right")
