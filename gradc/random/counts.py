"""Draws of whole numbers under a key: bits, integers, coins, choices, permutations.

Takes what laws.py takes.  The gradient through whole numbers is 0, as everywhere.
"""

from __future__ import annotations

from typing import Any

from gradc.dtypes import check_dtype
from gradc.errors import ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import lt, minimum
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import cast
from gradc.ops.index import gather
from gradc.ops.lengths import length, product_of
from gradc.ops.math import log
from gradc.ops.order import argsort, searchsorted
from gradc.ops.prefix import cumsum
from gradc.ops.randomness import below, open_unit, places, random_bits, random_word, unit
from gradc.random.frames import float_dtype, frame, parameter, whole_dtype
from gradc.random.keys import words_of
from gradc.random.laws import bits_for

__all__ = ["bernoulli", "bits", "choice", "permutation", "randint"]


def bits(key: Any, shape: Any = None, dtype: Any = "uint64") -> Variable:
    """Random bits, as uint32 or uint64."""
    kind = check_dtype(dtype)
    if kind not in ("uint32", "uint64"):
        what = f"bits: bits come by 32 or 64, {kind} was asked for."
        raise ArgumentTypeError(message(what, fix='ask for "uint32" or "uint64", and cast them.'))
    made = random_word if kind == "uint32" else random_bits
    return made(*words_of("bits", key), places(frame("bits", shape)))


def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: Any = "int64") -> Variable:
    """Whole numbers from minval up to but not including maxval.

    Each as likely as the others but for a part in 2^64 / (maxval - minval).  Where maxval is not
    above minval the numbers are minval.
    """
    kind = whole_dtype("randint", dtype)
    low, high = (cast(as_variable(each), "int64") for each in (minval, maxval))
    lengths = frame("randint", shape, (low, high))
    found = random_bits(*words_of("randint", key), places(lengths))
    return cast(low + cast(below(found, cast(high - low, "uint64")), "int64"), kind)


def bernoulli(key: Any, p: Any = 0.5, shape: Any = None) -> Variable:
    """True with probability p, as bool; p is compared with 53 (float32: 24) random bits."""
    kind = float_dtype("bernoulli", None, p)
    chance = parameter(p, kind)
    return lt(unit(bits_for("bernoulli", key, frame("bernoulli", shape, (chance,)), kind)), chance)


def permutation(key: Any, x: Any, shape: Any = ()) -> Variable:
    """The numbers 0, 1, ... x-1 in random order, or x with its first axis in random order.

    shape: that many permutations of numbers, [*shape, x].
    By sorting 64 random bits each: of a million numbers two get the same bits once in 37 million
    times, and then keep their order.
    """
    array = as_variable(x)
    count = length(array, 0) if array.ndim else cast(array, "int64")
    front = frame("permutation", shape)
    order = argsort(random_bits(*words_of("permutation", key), places([*front, count])), axis=-1)
    return gather(array, order) if array.ndim else order


def choice(key: Any, a: Any, shape: Any = (), replace: bool = True, p: Any = None) -> Variable:
    """Elements of the first axis of `a`, or of 0, 1, ... a-1, with probabilities p (alike).

    Without replacement the elements come in the order of n draws, of which more than there are
    raises ShapeError when the function is called.
    p: a vector; what it sums to counts as 1.
    """
    array = as_variable(a)
    count = length(array, 0) if array.ndim else cast(array, "int64")
    lengths = frame("choice", shape)
    if replace:
        chosen = _with_replacement(key, lengths, count, p)
    else:
        rank = _race(key, count, p)
        chosen = rank[: product_of(lengths)].reshape(tuple(lengths), ndim=len(lengths))
    return gather(array, chosen) if array.ndim else chosen


def _with_replacement(key: Any, lengths: list[Variable], count: Variable, p: Any) -> Variable:
    if p is None:
        return randint(key, lengths, 0, count)
    total = cumsum(_chances("choice", p))
    last = length(total, 0) - 1
    u = unit(random_bits(*words_of("choice", key), places(lengths)))
    return minimum(searchsorted(total, u * total[-1], side="right"), last)


def _race(key: Any, count: Variable, p: Any) -> Variable:
    """Everything in the order of draws without replacement: who waits shortest comes first."""
    if p is None:
        return permutation(key, count)
    chances = _chances("choice", p)
    return argsort(waiting("choice", key, chances), axis=-1)


def waiting(name: str, key: Any, chances: Variable) -> Variable:
    """Waiting times of these rates, inf for a rate of 0."""
    found = random_bits(*words_of(name, key), places(frame(name, None, (chances,))))
    return -log(open_unit(found)) / chances


def _chances(name: str, p: Any) -> Variable:
    found = as_variable(p)
    if found.ndim != 1:
        what = f"{name}: the probabilities are a vector, got {found.type}."
        raise ArgumentTypeError(message(what, [where(found)], "pass one probability an element."))
    return cast(found, "float64")
