"""x[...]: numpy's indexing, taken apart into views and gathers.

Takes a variable and a key as users write it; gives a subtensor (slices and places), a dimshuffle
(None) and a gather (integer arrays), as far as each is needed.
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
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import call
from gradc.ops.index import Cut, Entry, Value, gather

__all__: list[str] = []

_Item = Any  # an int, a slice, None, an integer scalar or array


def getitem(x: Any, key: Any) -> Variable:
    """x[key] as numpy has it: ints, slices, None, Ellipsis, integer scalars and arrays.

    Raises: ArgumentError for too many indices; IndexBoundsError for a place that is out of bounds
    while building; ArgumentTypeError for what is no index.
    """
    x = as_variable(x)
    items = _expanded(x, list(key) if isinstance(key, tuple) else [key])
    if any(isinstance(each, Variable) and each.ndim for each in items):
        return _mixed(x, items)
    return _basic(x, items)


def _expanded(x: Variable, items: list[_Item]) -> list[_Item]:
    """Normal items, one an axis of x but for None; Ellipsis and missing axes filled in."""
    items = [_normal(each) for each in items]
    dots = [k for k, each in enumerate(items) if each is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError(message("x[...]: at most one ... can stand in an index."))
    count = len([each for each in items if each is not None and each is not Ellipsis])
    if count > x.ndim:
        what = f"x[...]: {count} indices for an array of {x.ndim} axes."
        raise ArgumentError(message(what, [where(x)], "leave some out."))
    place = dots[0] if dots else len(items)
    full = [slice(None)] * (x.ndim - count)
    return items[:place] + full + items[place + 1 :]


def _normal(item: Any) -> _Item:
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, (list, np.ndarray, Variable)):
        found = as_variable(item)
        if dtype_info(found.dtype).is_integer:
            number = static_int(found) if found.ndim == 0 else None
            return found if number is None else number
        what = f"x[...]: an index has integers, got {found.type}."
        fix = "cast it, or for a mask use T.switch(mask, x, y)."
        raise ArgumentTypeError(message(what, [where(found)], fix))
    return _whole(item)


def _whole(item: Any) -> int:
    try:
        if not isinstance(item, (bool, np.bool_)):
            return operator.index(item)
    except TypeError:
        pass
    what = f"x[...]: {printable(repr(item), 60)} is no index."
    raise ArgumentTypeError(
        message(what, fix="use ints, slices, None, ... or integer arrays.")
    ) from None


def _basic(x: Variable, items: Sequence[_Item]) -> Variable:
    values: list[Variable] = []
    entries = [_entry(each, values) for each in items if each is not None]
    for axis, entry in enumerate(entries):
        _check_place(x, axis, entry)
    if any(entry != Cut(None, None) for entry in entries):
        result = call("subtensor", x, *values, index=tuple(entries))
    else:
        result = x
    kept = iter(range(result.ndim))
    order = tuple(
        "x" if each is None else next(kept)
        for each in items
        if each is None or isinstance(each, slice)
    )
    return call("dimshuffle", result, order=order) if "x" in order else result


def _entry(item: _Item, values: list[Variable]) -> Entry:
    if not isinstance(item, slice):
        end = _end(item, values)
        assert end is not None
        return end
    step = 1 if item.step is None else _normal(item.step)
    if not isinstance(step, int) or step == 0:
        what = f"x[...]: the step of a slice must be a number other than 0, got {step}."
        raise ArgumentError(message(what))
    return Cut(_end(item.start, values), _end(item.stop, values), step)


def _end(item: Any, values: list[Variable]) -> int | Value | None:
    if item is None:
        return None
    found = _normal(item)
    if isinstance(found, int):
        return found
    if not isinstance(found, Variable) or found.ndim:
        raise ArgumentTypeError(message(f"x[...]: {found} is no place in an axis."))
    known = [k for k, each in enumerate(values) if each is found]
    if not known:
        values.append(found if found.dtype == "int64" else call("cast", found, dtype="int64"))
    return Value(known[0] if known else len(values) - 1)


def _check_place(x: Variable, axis: int, entry: Entry) -> None:
    n = x.type.shape[axis]
    if isinstance(entry, int) and n is not None and not -n <= entry < n:
        what = f"x[...]: index {entry} is out of bounds for axis {axis} with length {n}."
        raise IndexBoundsError(message(what, [where(x)]))


def _mixed(x: Variable, items: Sequence[_Item]) -> Variable:
    """Slices and None first; then the axes of integer arrays in front, gathered, and moved back.

    Scalars beside integer arrays count as arrays; where all of these stand together their axes
    take their place, else they come first (numpy's rule).
    """
    is_array = [not (each is None or isinstance(each, slice)) for each in items]
    sliced = _basic(
        x, [slice(None) if yes else each for yes, each in zip(is_array, items, strict=True)]
    )
    axes = [k for k, yes in enumerate(is_array) if yes]
    indices = [as_variable(items[k]) for k in axes]
    others = [k for k in range(sliced.ndim) if k not in axes]
    front = call("dimshuffle", sliced, order=(*axes, *others))
    result = gather(front, *indices)
    together = axes[-1] - axes[0] == len(axes) - 1
    if not together or axes[0] == 0:
        return result
    rank, first = max(each.ndim for each in indices), axes[0]
    order = (*range(rank, rank + first), *range(rank), *range(rank + first, result.ndim))
    return call("dimshuffle", result, order=order)
