"""Selecting by conditions: where a mask is true, and the elements that stand there.

How many those are is known when the mask has been computed: the program is cut there, and what
needs the count is planned then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, ArgumentTypeError, IndexBoundsError, message
from gradc.graph.describe import where as row
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import neq, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import call, insert_axes, normal_axis
from gradc.ops.elemwise import int_div, mod
from gradc.ops.index import gather, gather_along
from gradc.ops.joining import join
from gradc.ops.lengths import shape_tuple
from gradc.ops.order import nonzero_flat
from gradc.ops.promises import lengths_fit
from gradc.ops.relabel import flatten

__all__ = [
    "argwhere",
    "compress",
    "extract",
    "flatnonzero",
    "nonzero",
    "nonzero_values",
    "where",
]


def positions(mask: Variable, array: Variable, axes: Sequence[int]) -> Variable:
    """Where a mask is true, counted through these axes of `array` as one; a vector.

    Raises: IndexBoundsError if a static length of the mask is not the array's.
    """
    pairs = list(zip(axes, mask.type.shape, (array.type.shape[k] for k in axes), strict=True))
    for axis, n, wanted in pairs:
        if None not in (n, wanted) and n != wanted:
            what = f"x[...]: axis {axis} has length {wanted}, that of the mask {n}."
            fix = "index with a mask of the array's own lengths."
            raise IndexBoundsError(message(what, [row(array), row(mask)], fix))
    found = flatnonzero(mask)
    if all(n is not None and n == wanted for _, n, wanted in pairs):
        return found
    return lengths_fit(found, mask, array, tuple(axes), "indexing")


# -- what is not 0 ---------------------------------------------------------------------------------


def _is_true(a: Any) -> Variable:
    a = as_variable(a)
    return a if a.dtype == "bool" else neq(a, 0)


def flatnonzero(a: Any) -> Variable:
    """The places of the elements of a that are not 0, counted in C order: an int64 vector.

    Its length is known when a has been computed; all that needs it is planned then.  No gradient.
    """
    a = as_variable(a)
    if isinstance(a, Constant):
        return Constant(np.flatnonzero(a.data))
    mask = flatten(_is_true(a))
    return nonzero_flat(mask, call("sum", mask, axes=(0,)))


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """The places of the elements that are not 0: a tuple of int64 vectors, one an axis.

    return_matrix: the vectors as the rows of a matrix.  Shapes: their length is known when a has
    been computed.  x[a.nonzero()] and x[a] for an array of bools are the same.  No gradient.
    Raises: ArgumentError for a scalar.
    """
    a = as_variable(a)
    if not a.ndim:
        what = "nonzero: a scalar has no axes, so no places."
        raise ArgumentError(message(what, [row(a)], "use T.neq(x, 0)."))
    places = _unravelled(flatnonzero(a), shape_tuple(a))
    if not return_matrix:
        return places
    return join(0, *(insert_axes(each, (0,)) for each in places))


def _unravelled(places: Variable, lengths: Sequence[Variable]) -> tuple[Variable, ...]:
    """Places in C order as places in each axis."""
    found = [places]
    for n in reversed(lengths[1:]):
        found[:1] = [int_div(found[0], n), mod(found[0], n)]
    return tuple(found)


def argwhere(a: Any) -> Variable:
    """The places of the elements that are not 0, one a row: an int64 matrix. No gradient."""
    a = as_variable(a)
    if not a.ndim:
        return call("dimshuffle", flatnonzero(a), order=(0, "x"))[:, :0]
    places = nonzero(a)
    return join(1, *(insert_axes(each, (1,)) for each in places))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """X where the condition holds, else y: switch.  Of a condition alone: its places, nonzero.

    Raises: ArgumentTypeError for one of x and y without the other.
    """
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        what = "where: takes a condition and two values, or a condition alone."
        raise ArgumentTypeError(message(what, fix="say what stands where it does not hold."))
    return switch(condition, x, y)


def nonzero_values(a: Any) -> Variable:
    """The elements of a that are not 0, in C order: a vector. Gradient: to these elements."""
    a = as_variable(a)
    return gather(flatten(a), flatnonzero(a))


def compress(condition: Any, x: Any, axis: Any = None) -> Variable:
    """The slices of x along an axis where a vector of conditions is not 0.

    axis: None for all elements of x in C order.  The condition may be shorter than the axis.
    Gradient: to the slices that were kept.
    Raises: ArgumentError for a condition that is no vector; IndexBoundsError at the call if one
    beyond the axis is not 0.
    """
    x, condition = as_variable(x), as_variable(condition)
    if condition.ndim != 1:
        what = f"compress: the condition is a vector, got {condition.type}."
        raise ArgumentError(message(what, [row(condition)], "for a mask of x's shape use x[mask]."))
    if axis is None:
        return gather(flatten(x), flatnonzero(condition))
    place = normal_axis("compress", axis, x.ndim)
    return gather_along(x, flatnonzero(condition), place)


def extract(condition: Any, x: Any) -> Variable:
    """The elements of x, in C order, where a condition of as many elements is not 0: a vector."""
    return compress(flatten(condition), x)
