"""x[...]: numpy's indexing, read as a list of items.

Takes a variable and a key as users write it; gives a Reading (in reading.py), which says how the
elements are read and how others are put in their place.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    IndexBoundsError,
    message,
    printable,
)
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.choosing import positions
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import call
from gradc.ops.index import Cut, Entry, Value
from gradc.ops.masking import Masked, masked
from gradc.ops.reading import Group, Reading, remember
from gradc.ops.stepped import places_of

__all__: list[str] = []

_Item = Any  # an int, a slice, None, a variable of integers or bools, _GAP
_GAP = Ellipsis  # stands for no axis, but parts the index arrays at its sides


def getitem(x: Any, key: Any) -> Variable:
    """x[key] as numpy has it: ints, slices, None, Ellipsis, arrays of integers and of bools.

    Raises: ArgumentError for too many indices; IndexBoundsError for a place that is out of bounds
    while building, or a mask of another length; ArgumentTypeError for what is no index.
    """
    reading = reading_of(as_variable(x), key)
    return remember(reading.read(), reading)


def reading_of(x: Variable, key: Any) -> Reading:
    """How x[key] is read; raises as getitem."""
    is_several = isinstance(key, tuple) or _has_slices(key)
    items = _expanded(x, list(key) if is_several else [key])
    if any(_is_advanced(each) or _is_stepped(each) for each in items):
        return _advanced(x, items)
    return _basic(x, items)


# -- items -----------------------------------------------------------------------------------


def _has_slices(key: Any) -> bool:
    """A list with a slice is no array of places: in Theano it stands for a tuple."""
    return isinstance(key, list) and any(isinstance(each, slice) for each in key)


def _expanded(x: Variable, items: list[_Item]) -> list[_Item]:
    """Normal items, for all axes of x; Ellipsis and missing axes filled in."""
    items = [_normal(each) for each in items]
    dots = [k for k, each in enumerate(items) if each is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError(message("x[...]: at most one ... can stand in an index."))
    count = sum(map(_width, items))
    if count > x.ndim:
        what = f"x[...]: {count} indices for an array of {x.ndim} axes."
        raise ArgumentError(message(what, [where(x)], "leave some out."))
    place = dots[0] if dots else len(items)
    full: list[_Item] = [slice(None)] * (x.ndim - count)
    return items[:place] + (full or [_GAP] * len(dots)) + items[place + 1 :]


def _normal(item: Any) -> _Item:
    if isinstance(item, slice):
        is_open = isinstance(item.step, Variable)
        return slice(item.start, item.stop, _normal(item.step)) if is_open else item
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, (bool, np.bool_)):
        return Constant(np.asarray(item))
    if isinstance(item, range):
        item = list(item)
    if isinstance(item, (list, tuple, np.ndarray, Variable)):
        empty = isinstance(item, (list, tuple)) and np.size(np.empty(np.shape(item))) == 0
        found = Constant(np.empty(np.shape(item), "int64")) if empty else as_variable(item)
        if dtype_info(found.dtype).is_integer:
            number = static_int(found) if found.ndim == 0 else None
            return found if number is None else number
        if found.dtype == "bool":
            return found
        what = f"x[...]: an index has integers or bools, got {found.type}."
        raise ArgumentTypeError(message(what, [where(found)], "cast it to integers."))
    return _whole(item)


def _whole(item: Any) -> int:
    try:
        return operator.index(item)
    except TypeError:
        what = f"x[...]: {printable(repr(item), 60)} is no index."
        raise ArgumentTypeError(
            message(what, fix="use ints, slices, None, ... or arrays of integers or bools.")
        ) from None


def _is_advanced(item: _Item) -> bool:
    return isinstance(item, Variable) and (item.ndim > 0 or item.dtype == "bool")


def _is_stepped(item: _Item) -> bool:
    """Whether it is a slice whose step only the call knows."""
    return isinstance(item, slice) and isinstance(item.step, Variable)


def _width(item: _Item) -> int:
    """How many axes of the array an item stands for."""
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if isinstance(item, Variable) and item.dtype == "bool" else 1


# -- slices and places -------------------------------------------------------------------------


def _basic(x: Variable, items: Sequence[_Item]) -> Reading:
    items = [each for each in items if each is not _GAP]
    values: list[Variable] = []
    entries = [_entry(each, values) for each in items if each is not None]
    for axis, entry in enumerate(entries):
        if isinstance(entry, int):
            _check_place(x, axis, entry)
    kept = iter(range(x.ndim))
    order = tuple(
        "x" if each is None else next(kept)
        for each in items
        if each is None or isinstance(each, slice)
    )
    return Reading(x, tuple(entries), tuple(values), (), (), order)


def _entry(item: _Item, values: list[Variable]) -> Entry:
    if not isinstance(item, slice):
        end = _end(item, values)
        assert end is not None
        return end
    step = 1 if item.step is None else _whole(item.step)
    if step == 0:
        raise ArgumentError(message("x[...]: the step of a slice must not be 0."))
    return Cut(_end(item.start, values), _end(item.stop, values), step)


def _end(item: Any, values: list[Variable]) -> int | Value | None:
    if item is None:
        return None
    found = _normal(item)
    if isinstance(found, int):
        return found
    if not isinstance(found, Variable) or found.ndim or found.dtype == "bool":
        raise ArgumentTypeError(message(f"x[...]: {found} is no place in an axis."))
    known = [k for k, each in enumerate(values) if each is found]
    if not known:
        values.append(found if found.dtype == "int64" else call("cast", found, dtype="int64"))
    return Value(known[0] if known else len(values) - 1)


def _check_place(x: Variable, axis: int, place: int) -> None:
    n = x.type.shape[axis]
    if n is not None and not -n <= place < n:
        what = f"x[...]: index {place} is out of bounds for axis {axis} with length {n}."
        fix = f"use one from {-n} to {n - 1}." if n else "an axis without elements has no places."
        raise IndexBoundsError(message(what, [where(x)], fix))


# -- arrays ------------------------------------------------------------------------------------


def _advanced(x: Variable, items: Sequence[_Item]) -> Reading:
    """Slices first, then index arrays: places beside them count as such, and masks by the places
    where they are true.

    Where the arrays stand side by side their axes take their place, else they come first (numpy).
    Slices whose step only the call knows are index arrays too, each along an axis of its own.
    """
    values: list[Variable] = []
    entries: list[Entry] = []
    groups: list[Group] = []
    for item in items:
        if item is None or item is _GAP:
            continue
        axes = tuple(range(len(entries), len(entries) + _width(item)))
        if _is_stepped(item):
            entries.append(Cut(None, None))
            groups.append(Group(axes, places_of(x, axes[0], item)))
        elif isinstance(item, slice):
            entries.append(_entry(item, values))
            groups.append(Group(axes))
        else:
            entries.extend([Cut(None, None)] * len(axes))
            groups.append(Group(axes, _index_array(x, item, axes)))
    stepped = [k for k, each in enumerate(_kept(items)) if _is_stepped(each)]
    ranks = [
        each.index.ndim
        for k, each in enumerate(groups)
        if k not in stepped and each.index is not None
    ]
    rank = max(ranks, default=0)
    whole = rank + len(stepped)
    for k, group in enumerate(groups) if stepped else ():
        if group.index is not None:
            own = rank + stepped.index(k) if k in stepped else None
            groups[k] = Group(group.axes, _spread(group.index, whole, rank, own))
    order = _order(items, rank, len(stepped))
    front = tuple(range(whole))
    mask = _mask(x, items)
    return Reading(x, tuple(entries), tuple(values), tuple(groups), front, order, mask)


def _mask(x: Variable, items: Sequence[_Item]) -> Masked | None:
    """The mask of x[mask], x[:, mask] and kin, where nothing else is asked for."""
    kept = [each for each in items if each is not _GAP and each != slice(None)]
    if len(kept) != 1 or not isinstance(kept[0], Variable) or kept[0].dtype != "bool":
        return None
    return masked(x, kept[0], next(k for k, each in enumerate(items) if each is kept[0]))


def _kept(items: Sequence[_Item]) -> list[_Item]:
    """Those that stand for axes, one a group."""
    return [each for each in items if not (each is None or each is _GAP)]


def _spread(index: Variable, whole: int, rank: int, own: int | None) -> Variable:
    """An index array among `whole` axes: on the axis that is its own, or on the first `rank`."""
    if own is None:
        lead = rank - index.ndim
        order: list[int | str] = ["x"] * lead + [*range(index.ndim)] + ["x"] * (whole - rank)
    else:
        order = [0 if axis == own else "x" for axis in range(whole)]
    return call("dimshuffle", index, order=tuple(order))


def _index_array(x: Variable, item: int | Variable, axes: tuple[int, ...]) -> Variable:
    """Positions along the group of axes that an item stands for."""
    if isinstance(item, Variable) and item.dtype == "bool":
        return positions(item, x, axes)
    (axis,) = axes
    found = as_variable(item)
    if isinstance(found, Constant):
        for place in (found.data.min(), found.data.max()) if found.data.size else ():
            _check_place(x, axis, int(place))
    return found


def _order(items: Sequence[_Item], rank: int, stepped: int) -> tuple[int | str, ...]:
    """Where the axes of the gathered elements come to stand.

    These are: `rank` of the arrays, one for each slice with a computed step, those that are left.
    """
    is_array = [not (each is None or each is _GAP or isinstance(each, slice)) for each in items]
    axes = [k for k, yes in enumerate(is_array) if yes] if rank else [0]
    together = axes[-1] - axes[0] == len(axes) - 1
    first = axes[0] if together else 0
    order: list[int | str] = []
    own, kept = rank, rank + stepped
    for k, item in enumerate(items):
        if k == first:
            order.extend(range(rank))
        if item is None:
            order.append("x")
        elif _is_stepped(item):
            order.append(own)
            own += 1
        elif isinstance(item, slice):
            order.append(kept)
            kept += 1
    return tuple(order)
