"""Draws that try until one fits: Gamma, Poisson and binomial numbers of 64 random bits.

The bits of an element are its own key of Philox, under which attempt t reads block t: so elements
know nothing of each other.  Parameters out of range give nan, or the count -1, as nothing that is
computed element by element can fail.
The slope of a Gamma number by its shape is that of the quantile it is: which attempt fits jumps
with the shape, the law does not, so means have the slopes that they should.
Source: csrc/inline/gradc/rejection.h has the methods; Figurnov, Mohamed, Mnih 2018 the slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import dtype_info
from gradc.errors import message
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges_incomplete
from gradc.ops.declare import Operation, Sample, call, declared, elemwise
from gradc.ops.elemwise import cast
from gradc.ops.judges import table
from gradc.ops.kinds import Routine
from gradc.ops.philox import random_bits
from gradc.ops.randomness import normal_number, open_unit_of
from gradc.ops.rules import Refused

__all__: list[str] = []

Array = npt.NDArray[Any]

_MOST = 2.0**62
_COST = 500


def _rule(result: str) -> Callable[[tuple[str, ...]], tuple[tuple[str, ...], str]]:
    """Bits, then parameters as float64."""

    def rule(dtypes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        if any(dtype_info(each).is_complex for each in dtypes) or dtype_info(dtypes[0]).is_float:
            raise Refused(message("random bits are whole numbers, parameters real ones."))
        return ("uint64", *("float64",) * (len(dtypes) - 1)), result

    return rule


def _each(function: Callable[..., Any], kind: str) -> Callable[..., Array]:
    """The function element by element, on arrays that stretch."""

    def ref(bits: Array, *params: Array) -> Array:
        found = np.vectorize(
            lambda b, *p: function(int(b), *map(float, p)), otypes=[np.dtype(kind)]
        )(bits, *params)
        return np.asarray(found)

    return ref


def _number(bits: int, stream: int, k: int) -> int:
    return int(random_bits(bits, stream, k))


def _uniform(bits: int, k: int, stream: int = 0) -> float:
    return open_unit_of(_number(bits, stream, k), 64)


# -- Gamma ---------------------------------------------------------------------------------------


def _gamma(bits: int, a: float) -> float:
    if not 0 < a < math.inf:
        return a if a in (0.0, math.inf) else math.nan
    d = (a + 1 if a < 1 else a) - 1 / 3
    t, value = 0, 0.0
    while not value:
        x = float(normal_number(64, _number(bits, 0, 2 * t)))
        v, u = (1 + x / math.sqrt(9 * d)) ** 3, _uniform(bits, 2 * t + 1)
        if d > 1e15 or (v > 0 and math.log(u) < x * x / 2 + d - d * v + d * math.log(v)):
            value = d * v
        t += 1
    return value if a >= 1 else value * math.exp(math.log(_uniform(bits, 0, 1)) / a)


_ONCE = "a Gamma draw has one derivative by its shape, not two"

_gamma_move: Operation = elemwise(
    "drawn_gamma_slope",
    doc="How a Gamma number y moves with its shape x where the chance of less stays what it is;\n"
    "nan where y is no number that is drawn.",
    dtype=lambda dtypes: (("float64", "float64"), "float64"),
    c=scalar_fn(float="gc_gammainc_move", cost=1500, vectorizes=False),
    ref=table(judges_incomplete.gammainc_move),
    pullback=lambda cts, outs, a, x: (Undefined(a.type, _ONCE), Undefined(x.type, _ONCE)),
    arity=2,
    domain=((0.6, 6.0), (0.3, 8.0)),
    is_slope=False,
)

drawn_gamma = elemwise(
    "drawn_gamma",
    doc="A Gamma number of shape y and scale 1 of 64 random bits x; 0 for shape 0, nan below.\n"
    "Gradient by the shape: of the number that has the same chance of less, once.",
    dtype=_rule("float64"),
    c=scalar_fn("gc_drawn_gamma", cost=_COST, vectorizes=False),
    ref=_each(_gamma, "float64"),
    pullback=lambda cts, outs, bits, a: (None, cts[0] * _gamma_move(a, outs[0])),
    arity=2,
    domain=((0.0, 100.0), (0.3, 6.0)),
    is_slope=False,
)


# -- Poisson -------------------------------------------------------------------------------------


def _small_poisson(bits: int, mean: float) -> int:
    product, count = _uniform(bits, 0), 0
    while product > math.exp(-mean):
        count += 1
        product *= _uniform(bits, count)
    return count


def _proposed(bits: int, t: int, a: float, b: float, middle: float) -> tuple[float, float, float]:
    """A proposal of transformed rejection: the count, how central it is, and a uniform number."""
    u, v = _uniform(bits, 2 * t) - 0.5, _uniform(bits, 2 * t + 1)
    us = 0.5 - abs(u)
    return math.floor((2 * a / us + b) * u + middle), us, v


def _large_poisson(bits: int, mean: float) -> int:
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    scale, quick = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    t = 0
    while True:
        k, us, v = _proposed(bits, t, a, b, mean + 0.43)
        t += 1
        if us >= 0.07 and v <= quick:
            return int(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        bound = k * math.log(mean) - mean - math.lgamma(k + 1)
        if math.log(v * scale / (a / us**2 + b)) <= bound:
            return int(k)


def _poisson(bits: int, mean: float) -> int:
    if not 0 <= mean <= _MOST:
        return -1
    return _small_poisson(bits, mean) if mean < 10 else _large_poisson(bits, mean)


drawn_poisson = elemwise(
    "drawn_poisson",
    doc="A Poisson number of mean y of 64 random bits x, as int64; -1 for a mean that is nan or\n"
    "below 0, or above 2^62.",
    dtype=_rule("int64"),
    c=scalar_fn("gc_drawn_poisson", cost=_COST, vectorizes=False),
    ref=_each(_poisson, "int64"),
    pullback=lambda cts, outs, bits, mean: (None, None),
    arity=2,
    domain=((0.0, 100.0), (0.3, 30.0)),
)


# -- binomial ------------------------------------------------------------------------------------


def _small_binomial(bits: int, n: float, p: float) -> int:
    t = 0
    while True:
        u = (_number(bits, 0, t) >> 11) * 2.0**-53
        chance, k = math.exp(n * math.log1p(-p)), 0.0
        while u > chance and k < n and k < 110:
            u -= chance
            chance *= (n - k) / (k + 1) * (p / (1 - p))
            k += 1
        if k < 110 or k == n:
            return int(k)
        t += 1


def _large_binomial(bits: int, n: float, p: float) -> int:
    q, mode = 1 - p, math.floor((n + 1) * p)
    root = math.sqrt(n * p * q)
    b = 1.15 + 2.53 * root
    a, quick, scale = -0.0873 + 0.0248 * b + 0.01 * p, 0.92 - 4.2 / b, (2.83 + 5.1 / b) * root
    top = math.lgamma(mode + 1) + math.lgamma(n - mode + 1)
    t = 0
    while True:
        k, us, v = _proposed(bits, t, a, b, n * p + 0.5)
        t += 1
        if us >= 0.07 and v <= quick:
            return int(k)
        if not 0 <= k <= n:
            continue
        rest = math.lgamma(k + 1) + math.lgamma(n - k + 1) - (k - mode) * math.log(p / q)
        if math.log(v * scale / (a / us**2 + b)) <= top - rest:
            return int(k)


def _binomial(bits: int, n: float, p: float) -> int:
    if not (0 <= n <= _MOST and 0 <= p <= 1):
        return -1
    low = 1 - p if p > 0.5 else p
    k = (_small_binomial if n * low < 10 else _large_binomial)(bits, n, low)
    return int(n - k) if p > 0.5 else k


def _no_slopes(cts: Any, outs: Any, *inputs: Variable) -> tuple[None, ...]:
    return (None,) * len(inputs)


drawn_binomial = elemwise(
    "drawn_binomial",
    doc="How many of y trials of chance z succeed, by 64 random bits x, as int64; -1 for y below\n"
    "0 or above 2^62, or z outside [0, 1].",
    dtype=_rule("int64"),
    c=scalar_fn("gc_drawn_binomial", cost=_COST, vectorizes=False),
    ref=_each(_binomial, "int64"),
    pullback=_no_slopes,
    arity=3,
    domain=((0.0, 100.0), (1.0, 60.0), (0.1, 0.9)),
)


# -- multinomial ---------------------------------------------------------------------------------


def _multinomial_row(chances: Array, trials: float, bits: Any) -> Array:
    rest, left = 0.0, float(trials)
    for each in chances:
        rest += float(each)
    found = []
    for j, each in enumerate(map(float, chances)):
        p = min(each / rest, 1.0) if rest > 0 else 0.0
        last = j == len(chances) - 1
        found.append(int(left) if last else _binomial(_number(int(bits), 2, j), left, p))
        if found[-1] < 0:
            return np.full(len(chances), -1, "int64")
        left, rest = left - found[-1], rest - each
    return np.array(found, "int64")


def _multinomial_ref(chances: Array, trials: Array, bits: Array) -> Array:
    rows = np.vectorize(_multinomial_row, otypes=["int64"], signature="(k),(),()->(k)")
    result: Array = rows(chances, trials, bits)
    return result


@declared(
    Routine,
    signature="(k),(),()->(k)",
    c=RoutineFn("multinomial", "multinomial.h"),
    dtypes=lambda dtypes: ("float64", ("int64",)),
    work=lambda letters: letters["k"] * _COST,
    ref=_multinomial_ref,
    pullback=_no_slopes,
    samples=(
        Sample(lambda f, p, n, b: f(cast(p, "float64"), cast(n, "float64"), b), ((2, 3), (), (2,)),
               ("int64", "int64", "uint64"), high=9),
    ),
)  # fmt: skip
def drawn_multinomial(chances: Variable, trials: Variable, bits: Variable) -> Variable:
    """How often each outcome comes in a number of trials, by 64 random bits a row, as int64.

    chances: float64 [..., k], in proportion; trials: float64; -1 for what is no chance or count.
    """
    return call("drawn_multinomial", chances, trials, bits)
