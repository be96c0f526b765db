"""What convolutions and pooling ask of their arguments: whole numbers an axis, arrays of a rank.

Takes arguments as users write them; gives tuples of ints and variables, or errors that name the
function and the argument.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, static_index
from gradc.ops.promises import specify_shape

__all__ = ["of_rank", "of_shape", "whole_number", "whole_numbers"]


def whole_number(word: str, name: str, given: Any, least: int) -> int:
    """An int, or a constant, that is not below `least`.

    Raises: ArgumentTypeError for anything else, ArgumentError for one that is too small.
    """
    number = static_index(given) if isinstance(given, Variable) else given
    try:
        found = operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        what = f"{word}: {name} takes whole numbers, got {printable(repr(given), 60)}."
        fix = "pass ints: they are compiled into the loops."
        raise ArgumentTypeError(message(what, fix=fix)) from None
    if found < least:
        what = f"{word}: {name} has {found}, it must not be below {least}."
        raise ArgumentError(message(what, fix=f"pass {name}={max(least, 1)}, or more."))
    return found


def whole_numbers(word: str, name: str, given: Any, count: int, least: int) -> tuple[int, ...]:
    """One whole number an axis; one alone holds for all of them.

    Raises: as whole_number; ArgumentError for another count.
    """
    if isinstance(given, Constant) and given.ndim == 1:
        given = given.data
    listed = list(given) if hasattr(given, "__len__") else [given] * count
    if len(listed) != count:
        what = f"{word}: {name} has {len(listed)} entries for {count} axes."
        raise ArgumentError(message(what, fix="give one an axis, or one number for all."))
    return tuple(whole_number(word, name, each, least) for each in listed)


def of_rank(word: str, name: str, given: Any, ndim: int, axes: str) -> Variable:
    """The array, which has `ndim` axes: `axes` says which.

    Raises: ShapeError for another rank.
    """
    x = as_variable(given)
    if x.ndim != ndim:
        what = f"{word}: {name} has {x.ndim} axes, it must have {ndim}: {axes}."
        raise ShapeError(message(what, [where(x)], "add axes by dimshuffle, or x[None]."))
    return x


def of_shape(word: str, name: str, x: Variable, shape: Sequence[Any] | None) -> Variable:
    """The array with lengths that its user knows; None, or None for an axis, where that is not so.

    Raises: ArgumentError for another count of lengths; as specify_shape.
    """
    if shape is None:
        return x
    listed = list(shape)
    if len(listed) != x.ndim:
        what = f"{word}: {name} has {len(listed)} entries, the array {x.ndim} axes."
        raise ArgumentError(message(what, [where(x)], "give one an axis, None where it is open."))
    return x if all(n is None for n in listed) else specify_shape(x, listed)
