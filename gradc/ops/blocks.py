"""Arrays put together and taken apart by numpy's other words: block, insert, delete, select."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.axes import moveaxis
from gradc.ops.choosing import compress
from gradc.ops.compare import switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import normal_axis, pad
from gradc.ops.elemwise import cast
from gradc.ops.lengths import broadcast_to, length, ones, shape_tuple
from gradc.ops.reading import set_subtensor
from gradc.ops.relabel import ravel
from gradc.ops.stacking import concatenate
from gradc.ops.taking import take

__all__ = ["append", "block", "delete", "insert", "select", "unstack"]


def block(arrays: Any) -> Variable:
    """An array made of nested lists of blocks: the innermost are joined along the last axis.

    Blocks get axes of length 1 in front, up to the rank of the deepest and of the nesting.
    Raises: ArgumentError for an empty list, or lists that are not nested alike; ShapeError where
    lengths differ.
    """
    depth = _depth(arrays)
    ndim = builtins.max(depth, *_ranks(arrays), 0)
    return _joined(arrays, ndim, ndim - depth)


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(each) for each in arrays}
    if len(depths) != 1:
        what = "block: a list is empty." if not depths else "block: lists are not nested alike."
        raise ArgumentError(message(what, fix="nest all blocks equally deep: [[a, b], [c, d]]."))
    return 1 + depths.pop()


def _ranks(arrays: Any) -> list[int]:
    if not isinstance(arrays, list):
        return [as_variable(arrays).ndim]
    return [rank for each in arrays for rank in _ranks(each)]


def _joined(arrays: Any, ndim: int, axis: int) -> Variable:
    if not isinstance(arrays, list):
        return pad(as_variable(arrays), ndim)
    return concatenate([_joined(each, ndim, axis + 1) for each in arrays], axis)


def append(arr: Any, values: Any, axis: int | None = None) -> Variable:
    """The values behind an array along an axis; axis None: behind all elements in C order."""
    parts = [as_variable(arr), as_variable(values)]
    if axis is None:
        return concatenate([ravel(each) for each in parts])
    return concatenate(parts, axis)


def unstack(x: Any, *, axis: int = 0) -> tuple[Variable, ...]:
    """The slices of an array along an axis of known length, which they do not have any more."""
    x = as_variable(x)
    place = normal_axis("unstack", axis, x.ndim)
    n = x.type.shape[place]
    if n is None:
        what = f"unstack: the length of axis {place} is not known."
        fix = "declare it with T.specify_shape(x, ...), or index what is needed: x[0]."
        raise ShapeError(message(what, [where(x)], fix))
    front = moveaxis(x, place, 0)
    return tuple(front[k] for k in range(n))


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Variable:
    """At each position the choice of the first condition that holds there, else the default.

    Conditions are bools, of shapes that stretch to each other's, as the choices do.
    Raises: ArgumentError if there are not as many choices as conditions, or none.
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        what = f"select: {len(condlist)} conditions for {len(choicelist)} choices."
        raise ArgumentError(message(what, fix="give one choice a condition."))
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        test = as_variable(condition)
        if test.dtype != "bool":
            what = f"select: a condition is bool, got {test.type}."
            raise ArgumentTypeError(message(what, [where(test)], "compare it: x > 0."))
        found = switch(test, choice, found)
    return as_variable(found)


# -- slices along an axis --------------------------------------------------------------------------


def _along(arr: Any, axis: int | None, name: str) -> tuple[Variable, int]:
    x = as_variable(arr)
    return (ravel(x), 0) if axis is None else (x, normal_axis(name, axis, x.ndim))


def delete(arr: Any, obj: Any, axis: int | None = None) -> Variable:
    """The array without slices of an axis; axis None: of all elements in C order.

    obj: which: an int, a slice, a list of ints or a mask; or a variable of integers or bools.
    Gradient: to what is left.
    Raises: IndexBoundsError for places that are not there.
    """
    x, place = _along(arr, axis, "delete")
    n = x.type.shape[place]
    if isinstance(obj, Constant):
        obj = obj.data
    if n is not None and not isinstance(obj, (Variable, slice)):
        listed = np.asarray(obj)
        chosen = listed if listed.size else listed.astype("int64")
        kept = np.ones(n, bool)
        kept[_checked(chosen, n, x)] = False
        return take(x, np.flatnonzero(kept), place)
    all_kept = ones((length(x, place),), "bool")
    key = obj if isinstance(obj, slice) else as_variable(obj)
    return compress(set_subtensor(all_kept[key], False), x, place)


def _checked(places: Any, n: int, x: Variable) -> Any:
    if places.dtype.kind in "iu" and places.size and not ((places >= -n) & (places < n)).all():
        what = f"delete: there is no place {places.ravel()[0]} in an axis of length {n}."
        raise ArgumentError(message(what, [where(x)]))
    return places


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Variable:
    """The array with values put in before places of an axis; axis None: of all in C order.

    obj: an int or integer scalar, before which all slices of `values` come; or a list of ints that
    are places of arr, with a slice of `values` each (or one for all).
    dtype: arr's.  Gradient: to both.
    Raises: ArgumentTypeError for other places.
    """
    x, place = _along(arr, axis, "insert")
    front = moveaxis(x, place, 0)
    values = cast(values, x.dtype)
    is_one = isinstance(obj, Variable) or np.ndim(obj) == 0
    if is_one and not isinstance(obj, slice):
        number = obj if isinstance(obj, Variable) else operator.index(obj)
        if isinstance(number, Variable) and (
            number.ndim or not dtype_info(number.dtype).is_integer
        ):
            what = f"insert: a place is an int or an integer scalar, got {number.type}."
            raise ArgumentTypeError(message(what, [where(number)], "pass a list of ints."))
        whole = pad(values, x.ndim)
        slices = whole if values.ndim == 0 or values.ndim == x.ndim else moveaxis(whole, 0, place)
        rows = moveaxis(slices, place, 0)
        fitted = broadcast_to(rows, (length(rows, 0), *shape_tuple(front)[1:]))
        return moveaxis(concatenate([front[:number], fitted, front[number:]]), 0, place)
    return moveaxis(_inserted(front, _places(obj, front), values, place), 0, place)


def _places(obj: Any, front: Variable) -> list[int]:
    n = front.type.shape[0]
    if isinstance(obj, slice):
        if n is None:
            what = "insert: a slice of an axis of unknown length."
            raise ArgumentTypeError(message(what, [where(front)], "pass an int or a list of ints."))
        obj = range(*obj.indices(n))
    found = np.asarray(obj)
    if found.ndim != 1 or found.dtype.kind not in "iu" or (n is None and (found < 0).any()):
        what = f"insert: places are ints from 0 on, got {obj!r}."
        raise ArgumentTypeError(message(what, [where(front)], "count them from the start."))
    return [int(each) + (n if each < 0 and n is not None else 0) for each in found]


def _inserted(front: Variable, places: list[int], values: Variable, place: int) -> Variable:
    """Cut at the places, in ascending order, with a slice of the values between the parts."""
    shape = shape_tuple(front)[1:]
    rows = moveaxis(pad(values, front.ndim), place, 0) if values.ndim else pad(values, front.ndim)
    fitted = broadcast_to(rows, (len(places), *shape))
    order = sorted(range(len(places)), key=places.__getitem__)
    parts, start = [], 0
    for k in order:
        parts += [front[start : places[k]], fitted[k : k + 1]]
        start = places[k]
    return concatenate([*parts, front[start:]])
