"""Arrays rolled, flipped and turned: views, and joins of two parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.axes import swapaxes
from gradc.ops.compare import minimum
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import call, normal_axes, normal_axis
from gradc.ops.elemwise import int_div
from gradc.ops.index import Cut
from gradc.ops.joining import join, window
from gradc.ops.lengths import length, lengths_of, shape_tuple
from gradc.ops.relabel import flatten, reshape

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


def roll(x: Any, shift: Any, axis: Any = None) -> Variable:
    """Elements moved on by `shift` places along an axis; what leaves at the end enters in front.

    shift: an int or integer scalar, of any sign and size, or one an axis.  axis: None, the
    flattened array, an int, or a tuple, in which an axis may stand twice.
    Gradient: rolled back.
    """
    array = as_variable(x)
    if axis is None:
        flat = flatten(array)
        for each in _shifts(shift, 1):
            flat = _rolled(flat, each, 0)
        return reshape(flat, shape_tuple(array)) if array.ndim != 1 else flat
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts = _shifts(shift, len(axes))
    if len(axes) == 1:
        axes = tuple(axes) * len(shifts)
    if len(shifts) != len(axes):
        what = f"roll: {len(shifts)} shifts for {len(axes)} axes."
        raise ArgumentError(message(what, [where(array)], "give one shift, or one an axis."))
    for each, number in zip(shifts, axes, strict=True):
        array = _rolled(array, each, normal_axis("roll", number, array.ndim))
    return array


def _shifts(shift: Any, count: int) -> list[Variable]:
    if isinstance(shift, Variable) and not dtype_info(shift.dtype).is_integer:
        raise ArgumentTypeError(message(f"roll: a shift is an integer, got {shift.type}."))
    found = lengths_of("roll", shift)
    return found * count if len(found) == 1 else found


def _rolled(x: Variable, shift: Variable, axis: int) -> Variable:
    n, places = length(x, axis), static_int(shift)
    known = static_int(n)
    if places == 0 or known in (0, 1) or (known and places is not None and places % known == 0):
        return x
    if known and places is not None:
        moved: Variable = Constant(np.asarray(places % known))
        rest: Variable = Constant(np.asarray(known - places % known))
    else:
        # shift modulo n, as a polynomial in lengths; 0 where n is, which divides nothing
        moved = (shift - int_div(shift, n) * n) * minimum(n, 1)
        rest = n - moved
    return join(axis, window(x, rest, moved, axis), window(x, 0, rest, axis))


def flip(m: Any, axis: Any = None) -> Variable:
    """The array with axes in reverse order: all of them, an int or a tuple. A view."""
    array = as_variable(m)
    axes = normal_axes("flip", axis, array.ndim)
    if not axes:
        return array
    index = tuple(Cut(None, None, -1 if k in axes else 1) for k in range(array.ndim))
    return call("subtensor", array, index=index)


def flipud(m: Any) -> Variable:
    """The array with axis 0 in reverse order."""
    return _flipped("flipud", m, 0)


def fliplr(m: Any) -> Variable:
    """The array with axis 1 in reverse order."""
    return _flipped("fliplr", m, 1)


def _flipped(name: str, m: Any, axis: int) -> Variable:
    array = as_variable(m)
    if array.ndim <= axis:
        what = f"{name}: takes {axis + 1} axes or more."
        raise ArgumentError(message(what, [where(array)]))
    return flip(array, axis)


def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Variable:
    """The array turned by k quarters in the plane of two axes, from the first to the second."""
    array = as_variable(m)
    if len(axes) != 2:
        raise ArgumentError(message(f"rot90: a plane has two axes, got {tuple(axes)}."))
    first, second = (normal_axis("rot90", axis, array.ndim) for axis in axes)
    if first == second:
        raise ArgumentError(message(f"rot90: the axes {tuple(axes)} are one."))
    turns = k % 4
    if turns == 0:
        return array
    if turns == 2:
        return flip(array, (first, second))
    if turns == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)
