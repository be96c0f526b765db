"""Incomplete Gamma functions in numpy's long double: the interpreter's answer, the tests' judge.

By the power series, and Legendre's continued fraction from behind with a fixed number of levels;
for a above 2 10^5 by two terms of Temme's expansion, whose error is below 10^-15 there.
Source: DLMF 8.11.4, 8.9.2, 8.12.3 to 8.12.12; Boost's table of c_1's coefficients.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from gradc.ops import judges
from gradc.ops.judges import PI, Long

__all__ = ["gammainc", "gammainc_move", "gammainc_slope", "gammaincc"]


def gammaln(a: Any) -> Any:
    """The judge of arrays, of one number."""
    return judges.gammaln(np.full((1, 1), a, Long))[0, 0]


def digamma(a: Any) -> Any:
    """The judge of arrays, of one number."""
    return judges.digamma(np.full((1, 1), a, Long))[0, 0]


def _front(a: Any, x: Any) -> Any:
    """The factor x^a exp(-x) / Gamma(a), of whose exponent the large parts cancel for large a."""
    if a < 25:
        return np.exp(a * np.log(x) - x - gammaln(a))
    terms = judges.bernoulli(10) * [
        math.factorial(2 * k - 2) / a ** (2 * k - 1) for k in range(1, 11)
    ]
    return np.sqrt(a / (2 * PI)) * np.exp(-a * _deviance((x - a) / a) - np.sum(terms))


def _series(a: float, x: float) -> tuple[Any, Any]:
    """P and its derivative by a, for 0 < x <= a + 2."""
    log, psi = np.log(Long(x)), digamma(float(a)) + 1 / Long(a)
    term, total, slope = Long(1), Long(0), Long(0)
    for n in range(1, 9000):
        total += term
        slope += term * (log - psi)
        if term < 1e-24 * total:
            break
        psi += 1 / (Long(a) + n)
        term *= Long(x) / (Long(a) + n)
    first = _front(Long(a), Long(x)) / Long(a)
    return first * total, first * slope


def _fraction(a: float, x: float) -> tuple[Any, Any]:
    """Q and its derivative by a, for x > a + 1/2."""
    # Terms until 64 bits stay as they are: the most are needed near x = 1, and near a large a.
    count = min(900, int(60 + 250 / x + 2.6 * a**0.5))
    below, slope = Long(x) + 2 * count + 1 - Long(a), Long(-1)
    for i in range(count, 0, -1):
        top = i * (Long(a) - i)
        slope = i / below - top * slope / below**2 - 1
        below = Long(x) + 2 * i - 1 - Long(a) + top / below
    value = _front(Long(a), Long(x)) / below
    if value == 0:
        return value, value
    return value, value * (np.log(Long(x)) - digamma(a) - slope / below)


@functools.lru_cache(1 << 14)  # three functions, and the judge of random graphs several times
def _parts(a: float, x: float) -> tuple[Any, Any, Any]:
    """P, Q and the derivative of P by a."""
    if not (a >= 0 and x >= 0) or (a == x and a in (0, math.inf)):
        return math.nan, math.nan, math.nan
    if x == 0 or a == math.inf:
        return 0.0, 1.0, 0.0
    if x == math.inf:
        return 1.0, 0.0, 0.0
    if a == 0:
        return 1.0, 0.0, _parts(1e-300, x)[2]
    if a > 2e5 and x > 1e-3 * a:
        return _uniform(Long(a), Long(x))
    if x > 1e6 + 2 * a:
        return 1.0, 0.0, 0.0
    if x <= a + 0.5 and a >= 1:
        low, slope = _series(a, x)
        return low, 1 - low, slope
    if x > 1 and x > a + 0.5:
        high, slope = _fraction(a, x)
        return 1 - high, high, -slope
    return (_series(a, x)[0], *_small(a, x))


def _uniform(a: Any, x: Any) -> tuple[Any, Any, Any]:
    """P, Q and the derivative of P by a: erfc(-u) / 2 - R, u^2 = x - a - a log(x / a)."""
    mu = (x - a) / a
    power = a * _deviance(mu)
    if power > 12000:  # below the least long double
        return (Long(0), Long(1), Long(0)) if mu < 0 else (Long(1), Long(0), Long(0))
    u = np.sign(mu) * np.sqrt(power)
    eta = u * np.sqrt(2 / a)
    tail = _half_erfc(abs(u))
    density, log = np.exp(-power) / np.sqrt(2 * PI * a), np.log1p(mu)
    rise = 1 / (1 + mu / 2) if abs(mu) < 1e-9 else log / eta  # log(x / a) / eta
    correction = np.polyval(_C1, eta) / a
    total = (_c0(eta, mu) + correction) * density
    eta_slope = -rise / a - eta / (2 * a)
    c_slope = (_c0_slope(eta, mu) + np.polyval(_C1_SLOPE, eta) / a) * eta_slope - correction / a
    slope = -density * rise - total * (log - 1 / (2 * a)) - density * c_slope
    low, high = (tail - total, 1 - tail + total) if mu < 0 else (1 - tail - total, tail + total)
    return low, high, slope


def _deviance(mu: Any) -> Any:
    """The difference mu - log(1 + mu)."""
    if abs(mu) > 0.1:
        return mu - np.log1p(mu)
    return sum((-mu) ** k / k for k in range(24, 1, -1))


def _half_erfc(u: Any) -> Any:
    """The half of erfc for u >= 0, from the double nearest to u."""
    near = float(u)
    slope = np.exp(-(Long(near) ** 2)) / np.sqrt(PI)
    return Long(math.erfc(near)) / 2 - (u - near) * slope


# Coefficients of powers of eta, the highest first.
_C0 = np.array([Long(1) / 2835, Long(1) / 864, Long(-2) / 135, Long(1) / 12, Long(-1) / 3])
_C1 = np.array(
    [-1.8098550334489978e-5, -4.0187757201646091e-7, 2.0576131687242798e-4,
     -9.9022633744855967e-4, Long(1) / 378, Long(-1) / 288, Long(-1) / 540],
)  # fmt: skip
_C1_SLOPE = np.polyder(_C1)


def _c0(eta: Any, mu: Any) -> Any:
    return np.polyval(_C0, eta) if abs(eta) < 1e-3 else 1 / mu - 1 / eta


def _c0_slope(eta: Any, mu: Any) -> Any:
    if abs(eta) < 0.01:
        return np.polyval(np.polyder(_C0), eta)
    return 1 / eta**2 - eta * (1 + mu) / mu**3  # d mu / d eta = eta (1 + mu) / mu


def _small(a: float, x: float) -> tuple[Any, Any]:
    """Q, and the derivative of P by a, for a < 1, x <= 3/2: by powers of -x (DLMF 8.7.1)."""
    b, log = Long(a), np.log(Long(x))
    parts = [(-Long(x)) ** n / (math.factorial(n) * (b + n)) for n in range(1, 40)]
    total = sum(parts)
    slope = -sum(part / (b + n) for n, part in enumerate(parts, 1))
    rise = log - (gammaln(a + 1) / b if a > 1e-3 else _log_rise(b))
    power = np.exp(b * rise)
    high = -np.expm1(b * rise) - power * b * total
    off = log - digamma(a + 1)
    return high, power * (off * (1 + b * total) + total + b * slope)


def _log_rise(a: Any) -> Any:
    """The quotient log Gamma(1 + a) / a for a small, by its Taylor series (DLMF 5.7.3)."""
    zeta = [sum(Long(n) ** -k for n in range(1, 60)) for k in range(2, 9)]
    tails = [Long(59.5) ** (1 - k) / (k - 1) - k * Long(59.5) ** (-k - 1) / 24
             for k in range(2, 9)]  # fmt: skip
    euler = Long("0.577215664901532860606512090082402431")
    terms = zip(range(2, 9), zeta, tails, strict=True)
    return -euler + sum((-a) ** (k - 1) * -(z + t) / k for k, z, t in terms)


def gammainc_move(a: float, x: float) -> Any:
    """How x moves with a where P stays; nan where P hardly changes with x."""
    if x == 0 and a >= 0:
        return 0.0
    inside = 0 < a < math.inf and 0 < x < math.inf
    density = _front(Long(a), Long(x)) if inside else math.nan
    return -_parts(a, x)[2] / density * Long(x) if density > 1e-290 else math.nan


def gammainc(a: float, x: float) -> Any:
    """P."""
    return _parts(a, x)[0]


def gammaincc(a: float, x: float) -> Any:
    """Q."""
    return _parts(a, x)[1]


def gammainc_slope(a: float, x: float) -> Any:
    """The derivative of P by a."""
    return _parts(a, x)[2]
