"""Joining, stacking, splitting and tiling as numpy and Theano name them: all compositions.

Takes arrays; gives joins, views of parts, and reshaped stretched arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import dimshuffle
from gradc.ops.compare import minimum
from gradc.ops.convert import as_variable, common_dtype, is_weak, static_int
from gradc.ops.declare import insert_axes, normal_axis, pad
from gradc.ops.elemwise import int_div
from gradc.ops.joining import alike, cut_at, joined, plus
from gradc.ops.lengths import broadcast_to, counts_of, length, lengths_of
from gradc.ops.promises import with_length
from gradc.ops.relabel import flatten, reshape

__all__ = [
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "column_stack",
    "concatenate",
    "dstack",
    "horizontal_stack",
    "hstack",
    "split",
    "stack",
    "stacklists",
    "tile",
    "vertical_stack",
    "vstack",
]


# -- joining -----------------------------------------------------------------------------------


def concatenate(tensor_list: Any, axis: int | None = 0) -> Variable:
    """Arrays one behind the other along an axis; None: flattened first, as in numpy.

    Shapes: all lengths equal but those along the axis, which add up.  dtype: promoted.
    Raises: ShapeError if they are not.
    """
    tensors = list(tensor_list)
    if axis is None:
        return joined("concatenate", 0, [flatten(each) for each in tensors])
    return joined("concatenate", axis, tensors)


def stack(*arrays: Any, axis: int = 0, dtype: Any = None, tensors: Any = None) -> Variable:
    """Arrays of one shape along a new axis, as a list or, as Theano once had it, one by one.

    axis: the place of the new axis in the result.  dtype: promoted, or the one asked for.
    tensors: the list, by its name in Theano.
    Raises: ShapeError if the shapes differ.
    """
    arrays = arrays if tensors is None else (tensors, *arrays)
    if arrays and isinstance(arrays[0], (tuple, list, np.ndarray)):
        if len(arrays) > 2:
            what = f"stack: takes a list and an axis, got {len(arrays)} operands."
            raise ArgumentTypeError(message(what))
        axis = arrays[1] if len(arrays) == 2 else axis
        arrays = tuple(arrays[0])
    pieces = alike("stack", arrays)
    if dtype is not None:
        pieces = [as_variable(each, dtype=dtype) for each in pieces]
    first = pieces[0]
    other = next((each for each in pieces if each.ndim != first.ndim), None)
    if other is not None:
        what = f"stack: the arrays have {first.ndim} and {other.ndim} axes."
        raise ShapeError(message(what, [where(first), where(other)], "give them one shape."))
    place = normal_axis("stack", axis, first.ndim + 1)
    return joined("stack", place, [insert_axes(each, (place,)) for each in pieces])


def stacklists(arg: Any, dtype: str | None = None) -> Variable:
    """Nested lists of arrays of one shape as one array, a new axis a level of nesting.

    dtype: promoted; Python numbers take the dtype of what they meet.
    """
    kind = dtype or _common_dtype(arg)
    if not isinstance(arg, (tuple, list)):
        return as_variable(arg, dtype=kind)
    return stack([stacklists(each, kind) for each in arg])


def _common_dtype(nested: Any) -> str:
    strong: list[str] = []
    weak, stack_ = [], [nested]
    while stack_:
        each = stack_.pop()
        if isinstance(each, (tuple, list)):
            stack_.extend(each)
        elif is_weak(each):
            weak.append(each)
        else:
            strong.append(as_variable(each).dtype)
    return common_dtype(strong, weak)


def horizontal_stack(*args: Any) -> Variable:
    """Matrices side by side (Theano's; hstack is numpy's)."""
    return joined("horizontal_stack", 1, _matrices("horizontal_stack", args))


def vertical_stack(*args: Any) -> Variable:
    """Matrices one below the other (Theano's; vstack is numpy's)."""
    return joined("vertical_stack", 0, _matrices("vertical_stack", args))


def _matrices(name: str, args: Sequence[Any]) -> list[Variable]:
    found = [as_variable(each) for each in args]
    odd = next((each for each in found if each.ndim != 2), None)
    if odd is not None or len(found) < 2:
        what = f"{name}: takes two matrices or more."
        raise ArgumentError(message(what, [] if odd is None else [where(odd)]))
    return found


def hstack(tup: Any) -> Variable:
    """Arrays one behind the other along axis 1, vectors and scalars along axis 0."""
    found = [atleast_1d(each) for each in tup]
    return joined("hstack", 0 if found and found[0].ndim == 1 else 1, found)


def vstack(tup: Any) -> Variable:
    """Arrays one behind the other along axis 0, vectors as rows."""
    return joined("vstack", 0, [atleast_2d(each) for each in tup])


def dstack(tup: Any) -> Variable:
    """Arrays one behind the other along axis 2, those of lower rank as numpy's atleast_3d."""
    return joined("dstack", 2, [atleast_3d(each) for each in tup])


def column_stack(tup: Any) -> Variable:
    """Arrays one behind the other along axis 1, vectors as columns."""
    found = [as_variable(each) for each in tup]
    columns = [insert_axes(atleast_1d(x), (1,)) if x.ndim < 2 else x for x in found]
    return joined("column_stack", 1, columns)


def atleast_1d(*arys: Any) -> Any:
    """The array, a scalar as a vector of one element; several arrays give a list."""
    return _each(lambda x: pad(x, 1), arys)


def atleast_2d(*arys: Any) -> Any:
    """The array, one of lower rank with axes of length 1 in front; several arrays give a list."""
    return _each(lambda x: pad(x, 2), arys)


def atleast_3d(*arys: Any) -> Any:
    """The array, one of lower rank with axes of length 1: a vector becomes [1, n, 1], a matrix
    [m, n, 1]; several arrays give a list.
    """  # fmt: skip
    return _each(lambda x: pad(x, 3) if x.ndim in (0, 3) else _deep(x), arys)


def _deep(x: Variable) -> Variable:
    return dimshuffle(x, "x", 0, "x") if x.ndim == 1 else insert_axes(x, (2,)) if x.ndim == 2 else x


def _each(change: Any, arys: Sequence[Any]) -> Any:
    found = [change(as_variable(each)) for each in arys]
    return found[0] if len(found) == 1 else found


# -- splitting -----------------------------------------------------------------------------------


def split(
    x: Any, splits_size: Any, n_splits: int | None = None, axis: int = 0
) -> list[Variable]:  # fmt: skip
    """The array cut along an axis into parts of these lengths: views.

    splits_size: ints or integer scalars, or a vector of n_splits lengths; their sum is the axis'
    length, which is checked at the call.  Gradient: each part's cotangent in its place.
    Raises: ShapeError if the sum is known to differ; ArgumentError if n_splits is not their number.
    """
    array = as_variable(x)
    number = normal_axis("split", axis, array.ndim)
    counts = counts_of("split", splits_size, n_splits)
    if n_splits is not None and len(counts) != n_splits:
        what = f"split: n_splits is {n_splits}, but there are {len(counts)} lengths."
        raise ArgumentError(message(what, [where(array)], "give as many, or leave n_splits out."))
    total: Variable = as_variable(0)
    for count in counts:
        total = plus(total, count)
    whole = with_length("split", array, number, total)
    return list(cut_at(whole, counts, number))


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    """The array cut along an axis into a number of parts, or at places: numpy's array_split.

    indices_or_sections: an int, the number of parts, of which the first are longer by one where
    the length is no multiple; or a list of places, ints that do not fall, clipped to the axis.
    """
    array = as_variable(ary)
    number = normal_axis("array_split", axis, array.ndim)
    n = length(array, number)
    if isinstance(indices_or_sections, (tuple, list, np.ndarray)):
        places = [operator.index(each) for each in indices_or_sections]
        ends: list[Any] = [minimum(n, each) if each >= 0 else each + n for each in places]
    else:
        parts = operator.index(indices_or_sections)
        if parts < 1:
            what = f"array_split: the number of parts is at least 1, got {parts}."
            raise ArgumentError(message(what))
        each = int_div(n, parts)
        longer = n - each * parts
        ends = [each * k + minimum(longer, k) for k in range(1, parts)]
    cuts = [slice(a, b) for a, b in zip([None, *ends], [*ends, None], strict=True)]
    return [array[(slice(None),) * number + (cut,)] for cut in cuts]


# -- repeating -----------------------------------------------------------------------------------


def tile(x: Any, reps: Any, ndim: int | None = None) -> Variable:
    """The array repeated as a whole, reps times along each axis.

    reps: an int or integer scalar, or one an axis, the last ones first: axes of length 1 are added
    in front of what is shorter, x or reps.  ndim: the rank of the result, if it shall be higher.
    Gradient: the sum over the copies.
    """
    array = as_variable(x)
    counts = counts_of("tile", reps)
    rank = max(array.ndim, len(counts))
    if ndim is not None and ndim < rank:
        what = f"tile: ndim is {ndim}, but the result has {rank} axes."
        raise ArgumentError(message(what, [where(array)]))
    rank = max(rank, ndim or 0)
    padded = pad(array, rank)
    counts = [*lengths_of("tile", [1] * (rank - len(counts))), *counts]
    return repeated(padded, counts, in_front=True)


def repeated(x: Variable, counts: Sequence[Variable], in_front: bool) -> Variable:
    """The array stretched along new axes, each in front of its own or behind, and these joined."""
    pattern: list[Any] = []
    wide: list[Any] = []
    merged: list[Any] = []
    for axis, count in enumerate(counts):
        n = length(x, axis)
        if static_int(count) == 1:
            new: list[tuple[Any, Any]] = [(axis, n)]
        elif static_int(n) == 1:
            new = [(axis, count)]
        else:
            new = [("x", count), (axis, n)] if in_front else [(axis, n), ("x", count)]
        pattern += [each for each, _ in new]
        wide += [size for _, size in new]
        merged.append(new[0][1] if len(new) == 1 else n * count)
    stretched = broadcast_to(dimshuffle(x, *pattern), wide)
    return stretched if len(wide) == len(merged) else reshape(stretched, merged)
