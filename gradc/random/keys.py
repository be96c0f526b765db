"""Keys: what the numbers of a draw follow from, and how many keys are made of one.

A key is a vector of two uint64: the key of Philox 4x32-10, and the stream, the high half of its
counter.  The low half is counted: blocks 0, 1, 2, ... are the draw's; blocks from 2^62 on make
`split`, from 2^62 + 2^61 on `fold_in`, so nothing is read twice.  New keys are 128 bits of the
cipher: that two of them agree is as likely as for random numbers.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops import philox
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import cast
from gradc.ops.lengths import counts_of
from gradc.ops.randomness import places, random_bits
from gradc.ops.stacking import stack

__all__ = ["as_key", "fold_in", "key", "split", "words_of"]

Key = npt.NDArray[np.uint64]

_SPLIT, _FOLD = 1 << 63, 3 << 62  # elements of 64 bits: block 2^62 and block 2^62 + 2^61
_MOST = 1 << 61


def key(seed: Any) -> Any:
    """The key of a seed: its numbers are Philox's blocks 0, 1, 2, ... under that key.

    seed: an int, of which 64 bits count, or an integer scalar.  Gives uint64[2]: numpy's for a
    number (to be passed to functions, or to stand in expressions), a variable for a variable.
    Raises: ArgumentTypeError for what is no whole number.
    """
    if isinstance(seed, Variable):
        if seed.ndim or not dtype_info(seed.dtype).is_integer:
            what = f"key: a seed is an integer scalar, got {seed.type}."
            raise ArgumentTypeError(message(what, [where(seed)], "pass an int, or one number."))
        return stack([cast(seed, "uint64"), Constant(np.zeros((), "uint64"))])
    return np.array([_whole("key", seed, "a seed") % (1 << 64), 0], "uint64")


def split(key: Any, num: Any = 2) -> Any:
    """The keys of `num` draws that have nothing to do with each other, nor with the key's own.

    Gives uint64[num, 2], numpy's for a numpy key and an int, else a variable: unpack it, or take
    keys[i].  A draw under the old key stays what it was.
    Raises: ArgumentTypeError for what is no key or no whole number, ShapeError for one below 0.
    """
    if isinstance(key, Variable) or isinstance(num, Variable):
        (count,) = counts_of("split", num)
        return _children("split", key, np.uint64(_SPLIT) + places((count, 2)))
    whole = _whole("split", num, "num")
    counts_of("split", whole)
    numbers = np.arange(2 * whole, dtype="uint64").reshape(-1, 2)
    return _eager("split", key, np.uint64(_SPLIT) + numbers)


def fold_in(key: Any, data: Any) -> Any:
    """The key that a number makes of a key, such as the number of a step.

    data: an int from 0 to 2^61, or an integer scalar, of which 61 bits count.
    Gives uint64[2]: numpy's for numpy's, else a variable.
    Raises: ArgumentTypeError for what is no key or no whole number, ArgumentError out of range.
    """
    if isinstance(key, Variable) or isinstance(data, Variable):
        number = as_variable(data)
        if number.ndim or not dtype_info(number.dtype).is_integer:
            what = f"fold_in: the data is an integer scalar, got {number.type}."
            raise ArgumentTypeError(message(what, [where(number)], "pass one whole number."))
        low = cast(number, "uint64") % np.uint64(_MOST)
        return _children("fold_in", key, low * 2 + np.uint64(_FOLD) + places((2,)))
    whole = _whole("fold_in", data, "the data")
    if not 0 <= whole < _MOST:
        what = f"fold_in: the data is {whole}, outside 0 to 2^61 - 1."
        raise ArgumentError(message(what, fix="count steps from 0, or fold in parts of it."))
    first = _FOLD + 2 * whole
    return _eager("fold_in", key, np.array([first, first + 1], "uint64"))


def as_key(name: str, key: Any) -> Variable:
    """The variable of a key. Raises: ArgumentTypeError for what is none."""
    try:
        found = as_variable(key)
    except (TypeError, ValueError):
        found = None
    is_pair = found is not None and found.ndim == 1 and found.type.shape[0] in (2, None)
    if found is not None and is_pair and found.dtype == "uint64":
        return found
    shown = key.type if isinstance(key, Variable) else printable(repr(key), 60)
    what = f"{name}: a key is a uint64 vector of two, got {shown}."
    fix = "make one with gradc.random.key(seed); take keys[i] of what split gives, or vmap."
    raise ArgumentTypeError(message(what, fix=fix))


def words_of(name: str, key: Any) -> tuple[Variable, Variable]:
    """Key and stream, as scalars."""
    found = as_key(name, key)
    return found[0], found[1]


def _children(name: str, key: Any, numbers: Variable) -> Variable:
    return random_bits(*words_of(name, key), numbers)


def _eager(name: str, key: Any, numbers: Any) -> Key:
    found = as_key(name, key)
    assert isinstance(found, Constant)
    return philox.random_bits(found.data[0], found.data[1], numbers)


def _whole(name: str, value: Any, word: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        what = f"{name}: {word} is a whole number, got {printable(repr(value), 60)}."
        raise ArgumentTypeError(message(what, fix="pass an int.")) from None
