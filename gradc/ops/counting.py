"""Counting what stands in an array: differing elements, how often each occurs, places as vectors.

All of it is composed of sorting, running sums and scatters; the length of what is counted becomes
known when the counts are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype, dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.axes import moveaxis
from gradc.ops.compare import and_, eq, isnan, maximum, neq, or_, switch
from gradc.ops.convert import as_variable
from gradc.ops.create import iota
from gradc.ops.declare import Sample, call, composed, declared, is_float, normal_axis, reduction
from gradc.ops.elemwise import cast
from gradc.ops.index import gather
from gradc.ops.kinds import Routine
from gradc.ops.lengths import length, lengths_of, ones, product_of, shape_tuple, zeros
from gradc.ops.order import argsort, nonzero_flat, row_order, sort
from gradc.ops.prefix import cumsum, shift
from gradc.ops.reduce import any, sum
from gradc.ops.relabel import ravel, reshape
from gradc.ops.rules import Refused
from gradc.ops.subscript import getitem
from gradc.options import config

__all__ = ["Unique", "bincount", "count_nonzero", "diff", "to_one_hot", "unique"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


# -- what differs ----------------------------------------------------------------------------------


def _begins(ordered: Variable) -> Variable:
    """Where an element, or a row, differs from the one before it; all nan are alike."""
    before = shift(ordered, 0)
    differs = neq(ordered, before)
    if is_float(ordered.dtype):
        differs = and_(differs, ~and_(isnan(ordered), isnan(before)))
    if ordered.ndim == 2:
        differs = any(differs, axis=1)
    return or_(eq(iota(length(ordered, 0)), 0), differs)


def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: Any = None,
) -> Any:  # fmt: skip
    """The differing elements of an array in ascending order, as a vector; all nan count as one.

    return_index: also the place in x.flatten() where each is met first.  return_inverse: also an
    array of x's shape that says which of them each element is.  return_counts: also how often each
    occurs.  One variable, or a tuple in that order; places and counts are int64.
    axis: the slices along an axis instead, in lexicographic order; places are along the axis.
    Gradient: of the elements, through their first places if those are asked for, else through one
    of equal ones.
    Raises: ArgumentError for an axis that is not there.
    """
    x = as_variable(ar)
    if axis is not None:
        return _unique_slices(x, axis, (return_index, return_inverse, return_counts))
    flat = ravel(x)
    if not (return_index or return_inverse):
        ordered, order = sort(flat, -1), None
    else:
        order = argsort(flat, -1)
        ordered = gather(flat, order)
    found, inverse = _differing(ordered, order, (return_index, return_inverse, return_counts))
    if inverse is not None:
        found[1 + return_index] = reshape(inverse, shape_tuple(x))
    return tuple(found) if len(found) > 1 else found[0]


def _unique_slices(x: Variable, axis: Any, wanted: tuple[bool, bool, bool]) -> Any:
    place = normal_axis("unique", axis, x.ndim)
    front = moveaxis(x, place, 0)
    n, *lengths = shape_tuple(front)
    rows = reshape(front, [n, product_of(lengths)])
    order = row_order(rows)
    found, _ = _differing(gather(rows, order), order, wanted)
    found[0] = moveaxis(reshape(found[0], [length(found[0], 0), *lengths]), 0, place)
    return tuple(found) if len(found) > 1 else found[0]


def _differing(
    ordered: Variable, order: Variable | None, wanted: tuple[bool, bool, bool]
) -> tuple[list[Variable], Variable | None]:
    """What differs, its first places, its numbers and counts as they are wanted; and the numbers.

    order: where each element, or row, of `ordered` came from.
    """
    begins, n = _begins(ordered), length(ordered, 0)
    places = nonzero_flat(begins, sum(begins))
    found, inverse = [gather(ordered, places)], None
    if order is not None and wanted[0]:
        found.append(gather(order, places))
    if order is not None and wanted[1]:
        number = cumsum(begins, 0) - 1
        inverse = call("scatter", zeros((n,), "int64"), number, order, mode="set")
        found.append(inverse)
    if wanted[2]:
        is_last = eq(iota(length(places, 0)), length(places, 0) - 1)
        found.append(switch(is_last, n, shift(places, 0, True)) - places)
    return found, inverse


def Unique(  # noqa: N802  # Theano's name of an operation
    return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Callable[[Any], Any]:
    """A function: `unique` with these options, as Theano asks for it."""
    return partial(
        unique, return_index=return_index, return_inverse=return_inverse,
        return_counts=return_counts,
    )  # fmt: skip


def _diff(x: Array, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        ahead, behind = np.take(x, range(1, x.shape[axis]), axis), np.delete(x, -1, axis)
        x = ahead != behind if x.dtype == bool else ahead - behind
    return x


@composed(
    ref=_diff,
    samples=(
        Sample(lambda f, x: f(x), ((2, 5),)),
        Sample(lambda f, x: f(x, 2, 0), ((4, 3),)),
        Sample(lambda f, x: f(x, n=3), ((6,),)),
    ),
)
def diff(x: Any, n: int = 1, axis: int = -1) -> Variable:
    """Each element less the one before it along an axis, n times over: n elements fewer.

    Of bools: whether they differ.  Raises: ArgumentError for n < 0, or an axis that is not there.
    """
    result: Variable = as_variable(x)
    if n < 0:
        raise ArgumentError(message(f"diff: n is {n}; differences are taken 0 times or more."))
    place = normal_axis("diff", axis, result.ndim)
    front = (slice(None),) * place
    for _ in range(n):
        ahead = getitem(result, (*front, slice(1, None)))
        behind = getitem(result, (*front, slice(None, -1)))
        result = call("xor" if result.dtype == "bool" else "sub", ahead, behind)
    return result


# -- how often -------------------------------------------------------------------------------------


def count_nonzero(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """How many elements over axes are not 0, as int64."""
    return sum(neq(as_variable(x), 0), axis=axis, keepdims=keepdims)


def _no_slope(cts: Cts, outs: Cts, *inputs: Variable, **params: Any) -> tuple[None, ...]:
    return (None,) * len(inputs)


def _places_only(dtype: str) -> tuple[str, str]:
    if dtype != "int64":
        raise Refused(message(f"{dtype} counts no places.", fix="cast it to int64."))
    return dtype, dtype


def _bins(x: Array, *, axes: tuple[int, ...]) -> Array:
    greatest = np.maximum(np.max(x, axis=axes, initial=-1), -1)
    return np.asarray(greatest + (greatest < np.iinfo(np.int64).max))


bins = reduction(
    "bins",
    doc="One more than the greatest element over axes; 0 where there is none, or all are negative."
    " The greatest int64 has no more: it stays, and no memory holds as many.",
    init=("0",),
    step=("{x} >= {a0} ? ({T})({x} + ({x} < INT64_MAX)) : {a0}",),
    combine=("{b0} > {a0} ? {b0} : {a0}",),
    out=_places_only,
    ref=_bins,
    pullback=lambda cts, outs, x, *, axes: (None,),
)

_COMPLAINT = "x holds {v2} at place {v1}; it counts numbers from 0 on."
_CURE = "shift x, or keep what is not negative: x[x >= 0]."


def _counts(x: Array, k: Array) -> Array:
    return _weighted(x, np.ones_like(x), k)


def _weighted(x: Array, weights: Array, k: Array) -> Array:
    if (x < 0).any():
        raise ArgumentError(message(f"bincount: x holds {x[x < 0][0]}; it counts from 0 on."))
    x, weights = np.broadcast_arrays(x, weights)
    total = np.zeros((*x.shape[:-1], int(k)), weights.dtype)
    for row in np.ndindex(x.shape[:-1]):
        np.add.at(total[row], x[row], weights[row])
    return total


@declared(
    Routine,
    name="counts",
    signature="(n),k->(k)",
    c=RoutineFn("counts", "bincount.h", fails=True, macros=(("GC_WEIGHTED", "0"),)),
    dtypes=lambda dtypes: ("int64", ("int64",)),
    work=lambda letters: letters["n"] * 6 + letters["k"],
    complaint=_COMPLAINT,
    fix=_CURE,
    ref=_counts,
    pullback=_no_slope,
    samples=(Sample(lambda f, x: f(x, as_variable(4)), ((6,),), ("int64",)),),
)
def counts(x: Variable, k: Variable) -> Variable:
    """How often each of 0 .. k - 1 stands in x, an int64 vector."""
    return call("counts", x, k)


@declared(
    Routine,
    name="weighted_counts",
    signature="(n),(n),k->(k)",
    c=RoutineFn("weighted_counts", "bincount.h", fails=True, macros=(("GC_WEIGHTED", "1"),)),
    dtypes=lambda dtypes: (dtypes[1], (dtypes[1],)),
    work=lambda letters: letters["n"] * 8 + letters["k"],
    complaint=_COMPLAINT,
    fix=_CURE,
    ref=_weighted,
    pullback=lambda cts, outs, x, weights, k: (None, gather(cts[0], x), None),
    pushforward=lambda tangents, outs, x, weights, k: (call("weighted_counts", x, tangents[1], k),),
    samples=(
        Sample(lambda f, x, w: f(x, w, as_variable(4)), ((6,), (6,)), ("int64", "float")),
    ),
)  # fmt: skip
def weighted_counts(x: Variable, weights: Variable, k: Variable) -> Variable:
    """The sum of the weights where each of 0 .. k - 1 stands in x, in the order of x."""
    return call("weighted_counts", x, weights, k)


def bincount(
    x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = True
) -> Variable:
    """How often each number from 0 to the greatest stands in a vector of whole numbers.

    weights: add these instead of 1.  minlength: at least so many counts.  assert_nonneg: negative
    numbers raise whether that is asked or not.
    dtype: int64, or the weights' (float64 for integer weights).  Gradient: each weight gets its
    sum's.
    Raises: ArgumentTypeError for floats, ShapeError for other than a vector, ArgumentError at the
    call for a negative number.
    """
    x = as_variable(x)
    if dtype_info(x.dtype).is_float:
        what = f"bincount: counts whole numbers, got {x.type}."
        raise ArgumentTypeError(message(what, [where(x)], "cast it to int64."))
    if x.ndim != 1:
        what = f"bincount: x has {x.ndim} axes, it must be a vector."
        raise ShapeError(message(what, [where(x)], "pass x.flatten()."))
    x = cast(x, "int64")
    k = bins(x)
    if minlength is not None:
        (least,) = lengths_of("bincount", minlength)
        k = maximum(k, least)
    if weights is None:
        return counts(x, k)
    weights = as_variable(weights)
    return weighted_counts(x, weights if is_float(weights.dtype) else cast(weights, "float64"), k)


def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> Variable:
    """A row for each number of a vector, 1 at the place it names, 0 elsewhere; dtype: floatX.

    Negative numbers count from the end.  No gradient.
    Raises: ShapeError for other than a vector; IndexBoundsError at the call for a number that is no
    place of `nb_class`.
    """
    y = as_variable(y)
    if y.ndim != 1:
        what = f"to_one_hot: y has {y.ndim} axes, it must be a vector."
        raise ShapeError(message(what, [where(y)], "pass y.flatten()."))
    if not dtype_info(y.dtype).is_integer:
        what = f"to_one_hot: y names places, got {y.type}."
        raise ArgumentTypeError(message(what, [where(y)], "cast it to int64."))
    kind = check_dtype(dtype or config.floatX)
    n = length(y, 0)
    blank = zeros((n, *lengths_of("to_one_hot", nb_class)), kind)
    return call("scatter", blank, ones((n,), kind), iota(n), cast(y, "int64"), mode="set")
