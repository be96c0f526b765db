"""Sorting and its kin: what stands where when elements are in order.

Every order here is ascending with nan last, as numpy's, and stable: equal elements keep their own
order.  Routines sort the last axis; the functions move another one there and back, which is a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.axes import moveaxis
from gradc.ops.convert import as_variable
from gradc.ops.create import iota
from gradc.ops.declare import Sample, call, declared, normal_axis
from gradc.ops.index import gather
from gradc.ops.kinds import Routine
from gradc.ops.lengths import length, zeros_like
from gradc.ops.relabel import ravel

__all__ = ["argsort", "sort"]

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


def _nonzero_ref(x: Array, k: Array) -> Array:
    rows = x.reshape(-1, x.shape[-1])
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
    samples=(Sample(lambda f, x, k: f(x, k), ((9,), ()), ("float", "int64")),),
)
def nonzero_flat(x: Variable, count: Variable) -> Variable:
    """The places of the first `count` elements of a vector that are not 0; there must be so many.

    dtype: int64.  Where the count is computed, what reads the result is planned when it is known.
    """
    return call("nonzero_flat", x, count)
