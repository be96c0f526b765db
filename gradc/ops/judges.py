"""Special functions in numpy's long double: what the interpreter computes, and the tests' judge.

By series, recurrences and Newton's steps that are slow and plain, and share nothing with the C of
csrc/inline.  Those that go on for dozens of terms take arrays in long double, of doubles, and
`on_arrays` makes references of them; the rest take one number, and `table` does.
Sources: DLMF chapters 5, 7 and 25.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "betaln", "digamma", "erfcinv", "erfcx", "erfinv", "gamma", "gammaln", "on_arrays",
    "polygamma", "sinc_slope", "table",
]  # fmt: skip

Array = npt.NDArray[Any]
Long = np.longdouble

PI = Long("3.141592653589793238462643383279503")
_HIGH = 13  # ten terms of Stirling's series leave 1e-21 there
_ROWS = 1 << 12  # numbers whose terms are laid out at once
_HALF_ROOT = math.sqrt(math.pi) / 2


def table(function: Callable[..., Any]) -> Callable[..., Array]:
    """The function element by element, on arrays that stretch; the result has their dtype."""
    each = np.vectorize(lambda *x: Long(function(*map(float, x))), otypes=[Long])

    def ref(*operands: Array) -> Array:
        with np.errstate(all="ignore"):
            found: Array = each(*operands).astype(operands[-1].dtype)
        return found

    return ref


def on_arrays(function: Callable[..., Array]) -> Callable[..., Array]:
    """As `table`, of a function of columns of numbers in long double, which gives a column.

    So it may lay out the terms of its series along an axis, which takes far fewer calls of numpy.
    """

    def ref(*operands: Array) -> Array:
        shape = np.broadcast_shapes(*(np.shape(each) for each in operands))
        doubles = [np.broadcast_to(np.asarray(each, "float64"), shape) for each in operands]
        columns = [each.reshape(-1, 1).astype(Long) for each in doubles]
        found = np.empty((columns[0].size, 1), operands[-1].dtype)
        with np.errstate(all="ignore"):
            for k in range(0, found.size, _ROWS):
                found[k : k + _ROWS] = function(*(each[k : k + _ROWS] for each in columns))
        return found.reshape(shape)

    return ref


def total(terms: Array) -> Array:
    """The sum of each row."""
    found: Array = np.sum(terms, axis=1, keepdims=True)
    return found


# The numbers B_2, B_4, ... B_28 (DLMF table 24.2.1).
_BERNOULLI = (
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510),
    (43867, 798), (-174611, 330), (854513, 138), (-236364091, 2730), (8553103, 6),
    (-23749461029, 870),
)  # fmt: skip


@functools.cache
def bernoulli(count: int) -> Array:
    """The numbers B_2k / (2k)! for k = 1 .. count."""
    return np.array(
        [
            Long(above) / Long(below * math.factorial(2 * k))
            for k, (above, below) in enumerate(_BERNOULLI[:count], 1)
        ]
    )


def is_pole(x: Array) -> Array:
    """Where Gamma has a pole: at 0 and the negative whole numbers."""
    found: Array = (x <= 0) & (x == np.floor(x))
    return found


def gamma(x: float) -> float:
    """Gamma; at 0 inf with its sign, nan at the other poles."""
    if x == 0:
        return math.copysign(math.inf, x)
    if x == -math.inf or (x < 0 and x == math.floor(x)):
        return math.nan
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf


def climb(x: Array, to: Any) -> tuple[Array, Array, Array]:
    """The numbers x, x + 1, ... of each row from 0 up, where they are below `to`, and the next."""
    count = np.where((x >= 0) & (x < to), np.ceil(to - x), Long(0))
    steps = np.arange(np.max(count), dtype=Long)
    return x + steps, steps < count, x + count


def powers(x: Array, count: int) -> Array:
    """The powers x, x^2, ... in each row."""
    return np.cumprod(np.broadcast_to(x, (len(x), count)), axis=1)


@functools.cache
def _stirling(less: int) -> Array:
    """The numbers B_2k (2k - less)! / (2k)! for k = 1 .. 10."""
    return bernoulli(10) * [math.factorial(2 * k - less) for k in range(1, 11)]


def gammaln(x: Array) -> Array:
    """log|Gamma|, inf at poles: the recurrence up to 13, then Stirling's series (DLMF 5.11.1)."""
    steps, low, y = climb(np.abs(x), _HIGH)
    product = np.prod(np.where(low, steps, 1), axis=1, keepdims=True)
    found: Array = (y - 0.5) * np.log(y) - y + np.log(2 * PI) / 2 - np.log(product)
    found += total(_stirling(2) * powers(1 / y**2, 10)) * y
    found[(x == 1) | (x == 2)] = 0
    mirrored = np.log(PI / np.abs(x * np.sin(PI * (x - np.rint(x))))) - found
    found = np.where(x < 0, mirrored, found)
    found[np.isinf(x) | is_pole(x)] = math.inf
    return found


def betaln(a: Array, b: Array) -> Array:
    """The logarithm of Beta: both raised to 13, then Stirling's series without what cancels."""
    a, b = np.where(a < b, a, b), np.where(a < b, b, a)
    steps, low, small = climb(a, _HIGH)
    raised = total(np.where(low, np.log1p(b / steps), 0))
    steps, low, large = climb(b, _HIGH)
    raised += total(np.where(low, np.log1p(small / steps), 0))
    found: Array = np.log(2 * PI / large) / 2 - large * np.log1p(small / large)
    found -= (small - 0.5) * np.log1p(large / small)
    for sign, each in ((1, small), (1, large), (-1, small + large)):
        found += sign * each * total(_stirling(2) * powers(1 / each**2, 10))
    found += raised
    found = np.where((a == 1) | (b == 1), -np.log(a * b), found)
    found[b == math.inf] = -math.inf
    found[a == 0] = math.inf
    found[~((a >= 0) & (b >= 0)) | ((a == 0) & (b == math.inf))] = math.nan
    return found


def digamma(x: Array) -> Array:
    """By the recurrence up to 13, then the asymptotic series (DLMF 5.11.2)."""
    steps, low, y = climb(np.abs(x), _HIGH)
    found = np.log(y) - 1 / (2 * y) - total(np.where(low, 1 / steps, 0))
    found -= total(_stirling(1) * powers(1 / y**2, 10))
    off = PI * (x - np.rint(x))
    found = np.where(x < 0, found - 1 / x - PI * np.cos(off) / np.sin(off), found)
    found[is_pole(x)] = math.nan
    return np.where(x == 0, np.copysign(math.inf, -x), found)


@functools.cache
def factorials() -> Array:
    """The products 1 .. n, for n from 0 to 170."""
    return np.cumprod([Long(max(n, 1)) for n in range(171)])


def zeta_sum(n: Array, x: Array) -> Array:
    """The sum n! zeta(n + 1, x) for n, x > 0, by Euler and Maclaurin (DLMF 25.11.7)."""
    s = n + 1
    steps, low, y = climb(x, s + 10)
    found = total(np.where(low, steps**-s, 0))
    found += y ** (1 - s) / n + y**-s / 2
    twice = 2 * np.arange(1, 15)
    pairs = (s + (twice - 3)) * (s + (twice - 2))
    rising = s * np.cumprod(np.where(twice > 2, pairs, 1), axis=1)
    found += total(bernoulli(14) * rising * powers(1 / y**2, 14)) * y ** (1 - s)
    result: Array = factorials()[n.astype(int)] * found
    return result


def polygamma(order: Array, x: Array) -> Array:
    """The derivative of digamma of this order, 0 to 170."""
    is_order = (order >= -0.5) & (order <= 170.5) & ~np.isnan(x)
    n = np.where(is_order, np.rint(order), 0)
    is_odd = n % 2 == 1
    pole = np.where(is_odd, math.inf, np.where(x == 0, np.copysign(math.inf, -x), math.nan))
    found = np.where(is_pole(x), pole, Long(0))
    found[x == -math.inf] = math.nan
    is_sum = (n > 0) & np.isfinite(x) & ~is_pole(x)
    if is_sum.any():
        rows = is_sum[:, 0]
        found[rows] = _off_poles(n[rows], x[rows])
    if (n == 0).any():
        found = np.where(n == 0, digamma(x), found)
    return np.where(is_order, found, math.nan)


def _off_poles(n: Array, x: Array) -> Array:
    """Below 0 the sum over all poles, less its right half."""
    sign = np.where(n % 2 == 1, Long(1), Long(-1))
    found = np.where(x > 0, sign, -1) * zeta_sum(n, np.where(x > 0, x, 1 - x))
    below = x[:, 0] < 0
    if below.any():
        n, behind = n[below], -x[below] - np.floor(-x[below])
        found[below] += sign[below] * zeta_sum(n, 1 - behind) + zeta_sum(n, behind)
    return found


def erfcinv(q: float) -> Any:
    """By Halley's steps on the logarithm, from Abramowitz and Stegun 26.2.23."""
    if not 0 < q < 2:
        return {0.0: math.inf, 2.0: -math.inf}.get(q, math.nan)
    if q > 0.5:
        return erfinv(1 - q) if q < 1.5 else -erfcinv(2 - q)
    t = math.sqrt(-2 * (math.log(q) - math.log(2)))  # the half of the least float is 0
    top, bottom = 2.515517 + t * (0.802853 + t * 0.010328), 1.432788 + t * (0.189269 + t * 0.001308)
    x = (t - top / (1 + t * bottom)) / math.sqrt(2)
    if q < 1e-290:  # erfc has few digits there, its logarithm has them all
        return _far_erfcinv(q, x)
    for _ in range(4):
        step = Long(math.erfc(x) - q) * _HALF_ROOT * np.exp(Long(x) ** 2)
        x = float(x + step / (1 - x * step))
    return x


def _far_erfcinv(q: float, x: float) -> Any:
    """By Newton's steps on log erfc(x) = log erfcx(x) - x^2, from a value that is near."""
    far = Long(x)
    for _ in range(6):
        scaled = _far_erfcx(far)
        far += (np.log(scaled) - far**2 - np.log(Long(q))) * scaled * _HALF_ROOT
    return far


def erfinv(x: float) -> Any:
    """By Halley's steps; from erfcinv where 1 - |x| is exact."""
    if not abs(x) < 0.5:
        return math.copysign(1, x) * erfcinv(1 - abs(x))
    y = x * _HALF_ROOT
    for _ in range(5):
        step = (x - math.erf(y)) * _HALF_ROOT * math.exp(y * y)
        y += step / (1 - y * step)
    return y


def erfcx(x: float) -> Any:
    """The product exp(x^2) erfc(x); above 20 the asymptotic series (DLMF 7.12.1)."""
    if x < 20 or math.isnan(x):
        return np.exp(Long(x) ** 2) * math.erfc(x)
    return _far_erfcx(Long(x))


def _far_erfcx(x: Any) -> Any:
    total = term = Long(1)
    for k in range(1, 16):
        term *= -(2 * k - 1) / (2 * x**2)
        total += term
    return total / (x * np.sqrt(PI))


def sinc_slope(x: float) -> Any:
    """The slope of sinc: its series below 1/2, else (cos(pi x) - sinc(x)) / x."""
    if math.isinf(x):
        return 0.0
    z = (PI * Long(x)) ** 2
    if abs(x) < 0.5:
        terms = ((-1) ** k * 2 * k * z**k / math.factorial(2 * k + 1) for k in range(1, 15))
        return sum(terms) / Long(x) if abs(x) > 1e-100 else -(float(PI) ** 2) * x / 3
    off = Long(x) - 2 * np.rint(Long(x) / 2)
    return (np.cos(PI * off) - np.sin(PI * off) / (PI * x)) / x
