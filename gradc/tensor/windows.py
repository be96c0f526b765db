"""What convolutions and pooling ask of their arguments: whole numbers an axis, arrays of a rank.

Takes arguments as users write them; gives tuples of ints and variables, or errors that name the
function and the argument.
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
    GradcError,
    ShapeError,
    message,
    printable,
)
from gradc.graph.describe import given_text, where
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, static_index
from gradc.ops.promises import specify_shape

__all__ = [
    "array_of", "of_rank", "of_shape", "scalar_of", "shape_of", "whole_number", "whole_numbers",
]  # fmt: skip

_MOST = 2**31 - 1  # then what is computed of lengths and windows fits in 64 bits


def whole_number(word: str, name: str, given: Any, least: int) -> int:
    """An int, or a constant, that is not below `least`, and below 2 ** 31.

    Raises: ArgumentTypeError for anything else, ArgumentError for one out of that range.
    """
    number = static_index(given) if isinstance(given, Variable) else given
    try:
        found = operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        what = f"{word}: {name} takes whole numbers, got {given_text(given)}."
        fix = "pass ints: they are compiled into the loops."
        raise ArgumentTypeError(message(what, fix=fix)) from None
    if found < least:
        what = f"{word}: {name} has {found}, it must not be below {least}."
        raise ArgumentError(message(what, fix=f"pass {name}={least}, or more."))
    if found > _MOST:
        what = f"{word}: {name} has {printable(str(found), 40)}, more than any array is long."
        raise ArgumentError(message(what, fix=f"pass {name} below 2**31."))
    return found


def whole_numbers(word: str, name: str, given: Any, count: int, least: int) -> tuple[int, ...]:
    """One whole number an axis; one alone holds for all of them.

    Raises: as whole_number; ArgumentError for another count.
    """
    if isinstance(given, Constant) and given.ndim == 1:
        given = given.data
    is_list = isinstance(given, (tuple, list)) or (isinstance(given, np.ndarray) and given.ndim)
    listed = list(given) if is_list else [given] * count
    if len(listed) != count:
        what = f"{word}: {name} has {len(listed)} entries for {count} axes."
        raise ArgumentError(message(what, fix="give one an axis, or one number for all."))
    return tuple(whole_number(word, name, each, least) for each in listed)


def array_of(word: str, name: str, given: Any) -> Variable:
    """The argument as a variable.

    Raises: as as_variable, for what is no array.
    """
    try:
        return as_variable(given)
    except GradcError as error:
        what = f"{word}: {name}: {str(error).splitlines()[0]}"
        raise type(error)(message(what, fix=error.hint)) from None


def scalar_of(word: str, name: str, given: Any) -> Variable:
    """The argument as one real number.

    Raises: as array_of; ArgumentTypeError for an array or a complex number.
    """
    x = array_of(word, name, given)
    if x.ndim or dtype_info(x.dtype).is_complex:
        what = f"{word}: {name} is {x.type}, it has to be one number."
        raise ArgumentTypeError(message(what, [where(x)], "pass a number or a scalar."))
    return x


def of_rank(word: str, name: str, given: Any, ndim: int, axes: str) -> Variable:
    """The array, which has `ndim` axes: `axes` says which.

    Raises: as array_of; ShapeError for another rank.
    """
    x = array_of(word, name, given)
    if x.ndim != ndim:
        what = f"{word}: {name} has {x.ndim} axes, it must have {ndim}: {axes}."
        raise ShapeError(message(what, [where(x)], "add axes by dimshuffle, or x[None]."))
    return x


def of_shape(word: str, name: str, x: Variable, shape: Sequence[Any] | None) -> Variable:
    """The array with lengths that its user knows; None, or None for an axis, where that is not so.

    Raises: as shape_of and specify_shape.
    """
    if shape is None:
        return x
    listed = shape_of(word, name, shape, x.ndim)
    return x if all(n is None for n in listed) else specify_shape(x, listed)


def shape_of(word: str, name: str, shape: Any, ndim: int) -> list[Any]:
    """What a user says of the lengths of `ndim` axes: ints, integer scalars, or None.

    shape: a tuple or list, an array of integers, or a vector of known length such as x.shape.
    Raises: ArgumentTypeError for what is no such thing; ArgumentError for another count of lengths,
    or one below 0.
    """
    if isinstance(shape, Variable) and shape.ndim == 1:
        shape = [shape[k] for k in range(ndim)]
    if not isinstance(shape, (tuple, list, np.ndarray)):
        what = f"{word}: {name} takes one length an axis, got {given_text(shape)}."
        raise ArgumentTypeError(message(what, fix="pass a tuple, with None where it is open."))
    if len(shape) != ndim:
        what = f"{word}: {name} has {len(shape)} entries, the array {ndim} axes."
        raise ArgumentError(message(what, fix="give one an axis, None where it is open."))
    return [_length(word, name, each) for each in shape]


def _length(word: str, name: str, given: Any) -> Any:
    """One length: an int, an integer scalar, or None."""
    if isinstance(given, Variable) and not isinstance(given, Constant):
        if given.ndim or not dtype_info(given.dtype).is_integer:
            what = f"{word}: {name} has {given.type}, a length is one whole number."
            raise ArgumentTypeError(message(what, [where(given)], "pass an integer scalar."))
        return given
    return None if given is None else whole_number(word, name, given, 0)
