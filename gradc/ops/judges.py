"""Special functions in numpy's long double: what the interpreter computes, and the tests' judge.

Takes one number (or two), gives one: by series, recurrences and Newton's steps that are slow and
plain, and share nothing with the C of csrc/inline.  `table` makes functions of arrays of them.
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
    "betaln", "digamma", "erfcinv", "erfcx", "erfinv", "gamma", "gammaln", "polygamma",
    "sinc_slope", "table",
]  # fmt: skip

Array = npt.NDArray[Any]
Long = np.longdouble

PI = Long("3.141592653589793238462643383279503")
_HALF_ROOT = math.sqrt(math.pi) / 2


def table(function: Callable[..., Any]) -> Callable[..., Array]:
    """The function element by element, on arrays that stretch; the result has their dtype."""
    each = np.vectorize(lambda *x: Long(function(*map(float, x))), otypes=[Long])

    def ref(*operands: Array) -> Array:
        with np.errstate(all="ignore"):
            found: Array = each(*operands).astype(operands[-1].dtype)
        return found

    return ref


# The numbers B_2, B_4, ... B_28 (DLMF table 24.2.1).
_BERNOULLI = (
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510),
    (43867, 798), (-174611, 330), (854513, 138), (-236364091, 2730), (8553103, 6),
    (-23749461029, 870),
)  # fmt: skip


@functools.cache
def bernoulli(count: int) -> tuple[Any, ...]:
    """The numbers B_2k / (2k)! for k = 1 .. count."""
    return tuple(
        Long(above) / Long(below * math.factorial(2 * k))
        for k, (above, below) in enumerate(_BERNOULLI[:count], 1)
    )


def is_pole(x: float) -> bool:
    """Whether Gamma has a pole there: 0 or a negative whole number."""
    return x <= 0 and x == math.floor(x)


def gamma(x: float) -> float:
    """Gamma; at 0 inf with its sign, nan at the other poles."""
    if x == 0:
        return math.copysign(math.inf, x)
    if x == -math.inf or (not math.isinf(x) and is_pole(x)):
        return math.nan
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf


def gammaln(x: float) -> Any:
    """log|Gamma|, inf at poles: the recurrence up to 25, then Stirling's series (DLMF 5.11.1)."""
    if math.isinf(x) or (x == x and is_pole(x)):
        return math.inf
    if x < 0:
        sine = np.sin(PI * (Long(x) - np.rint(Long(x))))
        return np.log(PI / abs(Long(x) * sine)) - gammaln(-x)
    if x in (1, 2):
        return 0.0
    y, product = Long(x), Long(1)
    while y < 25:
        product *= y
        y += 1
    total = (y - 0.5) * np.log(y) - y + np.log(2 * PI) / 2 - np.log(product)
    for k, number in enumerate(bernoulli(10), 1):
        total += number * math.factorial(2 * k - 2) / y ** (2 * k - 1)
    return total


def betaln(a: float, b: float) -> Any:
    """The logarithm of Beta: both raised to 25, then Stirling's series without what cancels."""
    a, b = (a, b) if a < b else (b, a)
    if not (a >= 0 and b >= 0) or (a == 0 and b == math.inf):
        return math.nan
    if a == 0 or b == math.inf:
        return math.inf if a == 0 else -math.inf
    if 1 in (a, b):
        return -np.log(Long(a) * Long(b))
    small, large, raised = Long(a), Long(b), Long(0)
    while small < 25:
        raised += np.log1p(large / small)
        small += 1
    while large < 25:
        raised += np.log1p(small / large)
        large += 1
    total = np.log(2 * PI / large) / 2 - large * np.log1p(small / large)
    total -= (small - 0.5) * np.log1p(large / small)
    for k, number in enumerate(bernoulli(10), 1):
        odd = 1 - 2 * k
        ends = small**odd + large**odd - (small + large) ** odd
        total += number * math.factorial(2 * k - 2) * ends
    return total + raised


def digamma(x: float) -> Any:
    """By the recurrence up to 25, then the asymptotic series (DLMF 5.11.2)."""
    if x == 0:
        return math.copysign(math.inf, -x)
    if math.isnan(x) or x == math.inf:
        return x
    if x == -math.inf or is_pole(x):
        return math.nan
    if x < 0:
        off = Long(x) - np.rint(Long(x))
        return digamma(-x) - 1 / Long(x) - PI * np.cos(PI * off) / np.sin(PI * off)
    y, total = Long(x), Long(0)
    while y < 25:
        total -= 1 / y
        y += 1
    total += np.log(y) - 1 / (2 * y)
    for k, number in enumerate(bernoulli(10), 1):
        total -= number * math.factorial(2 * k - 1) / y ** (2 * k)
    return total


def zeta_sum(n: int, x: Any) -> Any:
    """The sum n! zeta(n + 1, x) for x > 0, by Euler and Maclaurin (DLMF 25.11.7)."""
    s, y, total = n + 1, Long(x), Long(0)
    factorial = functools.reduce(lambda a, b: a * b, map(Long, range(1, n + 1)), Long(1))
    while y < s + 25:
        total += y**-s
        y += 1
    total += y ** (1 - s) / n + y**-s / 2
    rising = Long(s)
    for k, number in enumerate(bernoulli(14), 1):
        total += number * rising * y ** (1 - s - 2 * k)
        rising *= Long(s + 2 * k - 1) * (s + 2 * k)
    return factorial * total


def polygamma(order: float, x: float) -> Any:
    """The derivative of digamma of this order, 0 to 170."""
    if not -0.5 <= order <= 170.5 or math.isnan(x):
        return math.nan
    n = round(order)
    if n == 0:
        return digamma(x)
    sign = 1 if n % 2 else -1
    if x == 0:
        return math.inf if n % 2 else math.copysign(math.inf, -x)
    if math.isinf(x):
        return 0.0 if x > 0 else math.nan
    if x > 0:
        return sign * zeta_sum(n, x)
    if is_pole(x):
        return math.inf if n % 2 else math.nan
    behind = -Long(x) - np.floor(-Long(x))
    both = sign * zeta_sum(n, 1 - behind) + zeta_sum(n, behind)
    return both - zeta_sum(n, 1 - Long(x))


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
