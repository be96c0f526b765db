"""Philox 4x32-10 in numpy: what the interpreter computes, and keys that are numbers.

Takes key, stream and places as arrays of 64 bits that stretch; gives bits.  csrc/inline's random.h
says what an element is made of.
Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["philox", "random_bits", "random_word"]

Array = npt.NDArray[Any]

_ROUNDS = 10
_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], "uint64")
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], "uint64")  # golden ratio, sqrt(3) - 1
_LOW = np.array(0xFFFFFFFF, "uint64")
_HALF = np.array(32, "uint64")


def philox(key: Any, stream: Any, number: Any) -> tuple[Array, Array, Array, Array]:
    """The four words of a block, each in a uint64."""
    key, stream, number = (np.asarray(each).astype("uint64") for each in (key, stream, number))
    a, b, c, d = number & _LOW, number >> _HALF, stream & _LOW, stream >> _HALF
    one, other = key & _LOW, key >> _HALF
    for _ in range(_ROUNDS):
        left, right = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = (right >> _HALF) ^ b ^ one, right & _LOW
        c, d = (left >> _HALF) ^ d ^ other, left & _LOW
        one, other = (one + _WEYL[0]) & _LOW, (other + _WEYL[1]) & _LOW
    return a, b, c, d


def random_bits(key: Any, stream: Any, place: Any) -> Array:
    """Elements of 64 bits."""
    place = np.asarray(place).astype("uint64")
    a, b, c, d = philox(key, stream, place >> np.uint64(1))
    return np.asarray(np.where(place & np.uint64(1), d << _HALF | c, b << _HALF | a))


def random_word(key: Any, stream: Any, place: Any) -> Array:
    """Elements of 32 bits."""
    place = np.asarray(place).astype("uint64")
    words = np.stack(np.broadcast_arrays(*philox(key, stream, place >> np.uint64(2))))
    which = np.broadcast_to(place & np.uint64(3), words.shape[1:])
    found = np.take_along_axis(words, which[None].astype("int64"), 0)[0]
    return np.asarray(found.astype("uint32"))
