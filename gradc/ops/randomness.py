"""Random bits by counting, and the laws that are one formula of them.

Takes a key, a stream and places; gives bits that depend on nothing else, so that the numbers are
the same for any number of threads, and the loop that uses a draw computes it.  `gradc.random` says
whose key and which places.  No gradient passes through bits: what is a formula of them and of
parameters (mean + std * normal) has the gradient of the formula.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import dtype_info
from gradc.errors import message
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges, philox
from gradc.ops.declare import Operation, Sample, call, declared, drop_axes, elemwise
from gradc.ops.kinds import Iota
from gradc.ops.lengths import counts_of
from gradc.ops.rules import Refused

__all__: list[str] = []

Array = npt.NDArray[Any]

_WHOLE = ("bool", "int", "uint")  # kinds of dtypes
_PHILOX = 20  # arithmetic instructions, where blocks are made in a row


def _count(lengths: tuple[Any, ...], dtype: str) -> Array:
    shape = [int(n) for n in lengths]
    return np.arange(math.prod(shape)).astype(dtype).reshape(shape)


@declared(
    Iota,
    ref=lambda *lengths, dtype: _count(lengths, dtype),
    pullback=lambda cts, outs, *lengths, dtype: (None,) * len(lengths),
    samples=(
        Sample(lambda f, n: f((n, 4)), ((),), ("int64",)),
        Sample(lambda f, n: f((1, n, 3)), ((),), ("int64",)),
    ),
)
def places(shape: Any, dtype: str = "uint64") -> Variable:
    """0, 1, 2, ... in C order, as an array of this shape. No gradient."""
    lengths = counts_of("places", shape)
    found = call("places", *(lengths or counts_of("places", 1)), dtype=dtype)
    return found if lengths else drop_axes(found, (0,))


# -- bits ----------------------------------------------------------------------------------------


def _counter(result: str) -> Callable[[tuple[str, ...]], tuple[tuple[str, ...], str]]:
    """Key, stream and place have 64 bits each."""

    def rule(dtypes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        if any(dtype_info(each).kind not in _WHOLE for each in dtypes):
            raise Refused(message("key, stream and place are whole numbers."))
        return ("uint64",) * len(dtypes), result

    return rule


random_bits = elemwise(
    "random_bits",
    doc="64 random bits, as uint64: half z % 2 of the block z / 2 of Philox 4x32-10 under the key\n"
    "x in the stream y.",
    dtype=_counter("uint64"),
    c=scalar_fn("gc_random_bits", cost=_PHILOX, run="gc_random_run_u64"),
    ref=philox.random_bits,
    pullback=lambda cts, outs, key, stream, place: (None, None, None),
    arity=3,
)
random_word = elemwise(
    "random_word",
    doc="32 random bits, as uint32: word z % 4 of the block z / 4 of Philox 4x32-10 under the key\n"
    "x in the stream y.",
    dtype=_counter("uint32"),
    c=scalar_fn("gc_random_word", cost=_PHILOX, run="gc_random_run_u32"),
    ref=philox.random_word,
    pullback=lambda cts, outs, key, stream, place: (None, None, None),
    arity=3,
)


def _whole_numbers(dtypes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    if any(dtype_info(each).kind not in _WHOLE for each in dtypes):
        raise Refused(message("random bits are whole numbers."))
    return ("uint64",) * len(dtypes), "uint64"


def _below_ref(bits: Array, n: Array) -> Array:
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    high, rest = bits >> half, bits & low
    inner = high * (n & low) + ((rest * (n & low)) >> half)
    outer = rest * (n >> half) + (inner & low)
    return np.asarray(high * (n >> half) + (inner >> half) + (outer >> half))


below = elemwise(
    "below",
    doc="The whole part of x * y / 2^64: of 64 random bits x a whole number below y.",
    dtype=_whole_numbers,
    c=scalar_fn("gc_below", cost=12),
    ref=_below_ref,
    pullback=lambda cts, outs, bits, n: (None, None),
    arity=2,
)


# -- laws of one formula -------------------------------------------------------------------------


def _floats(dtypes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """32 bits make a float32, all else is taken for 64 bits, which make a float64."""
    if any(dtype_info(each).kind not in _WHOLE for each in dtypes):
        raise Refused(message("random bits are whole numbers."))
    return (dtypes, "float32") if dtypes == ("uint32",) else (("uint64",), "float64")


def _law(name: str, doc: str, ref: Callable[[Array], Array], cost: int) -> Operation:
    """A float of random bits."""
    return elemwise(
        name, doc=doc, dtype=_floats, c=scalar_fn(f"gc_{name}", cost=cost), ref=ref,
        pullback=lambda cts, outs, bits: (None,),
    )  # fmt: skip


def _unit_ref(bits: Array) -> Array:
    if bits.dtype == np.uint32:
        return np.asarray((bits >> np.uint32(8)).astype("float32") * np.float32(2.0**-24))
    return np.asarray((bits >> np.uint64(11)).astype("float64") * 2.0**-53)


def open_unit_of(bits: int, width: int) -> float:
    """The number in (0, 1) of that many bits."""
    return min((2 * bits + 1) / (2 << width), math.nextafter(1.0, 0.0))


def _open_unit_ref(bits: Array) -> Array:
    wide = (bits.astype("longdouble") + 0.5) / np.longdouble(2) ** (8 * bits.itemsize)
    kind = np.dtype("float32" if bits.dtype == np.uint32 else "float64")
    return np.asarray(np.minimum(wide.astype(kind), np.nextafter(kind.type(1), kind.type(0))))


def normal_number(width: int, bits: int) -> Any:
    """The quantile at the middle of a cell; the first bit is the sign."""
    half = 1 << (width - 1)
    rest = bits % half
    tail, body = ((2 * each + 1) / (2 * half) for each in (rest, half - 1 - rest))
    size = judges.erfinv(body) if body < 0.5 else judges.erfcinv(tail)
    return math.sqrt(2) * size * (1 if bits < half else -1)


def _normal_ref(bits: Array) -> Array:
    number = functools.partial(normal_number, 8 * bits.itemsize)
    kind = "float32" if bits.dtype == np.uint32 else "float64"
    found = np.vectorize(lambda each: float(number(int(each))), otypes=["float64"])(bits)
    return np.asarray(found.astype(kind))


unit = _law(
    "unit", "The number in [0, 1) that the first 53 of 64 bits say (float64), or 24 of 32.",
    _unit_ref, 4,
)  # fmt: skip
open_unit = _law(
    "open_unit",
    "The number in (0, 1) that all 64 (32) bits say: the middle of its cell, so that its\n"
    "logarithm is finite, with all digits near 0.",
    _open_unit_ref, 8,
)  # fmt: skip
normal = _law(
    "normal",
    "The standard normal number of 64 (32) bits: the quantile at the middle of the cell that they\n"
    "say, so that 9.1 (6.3) standard deviations are reached.  Within 4 ulp.",
    _normal_ref, 70,
)  # fmt: skip
