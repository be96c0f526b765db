"""The special functions under test: their bounds in ulp of float64, judges, and where to sample.

A row is sampled in its ranges: (low, high) evenly, ("log", low, high) evenly in the exponent,
("near", c) towards c and its neighbours.  Ranges end where a result is no longer conditioned (left
of 0, near the zeros there): those have rows of their own with an absolute bound in units of eps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf


@dataclass(frozen=True, slots=True)
class Row:
    """One function on some ranges; bound in ulp, or in eps of 1 if `absolute`."""

    name: str
    exact: Callable[..., mpf]
    ranges: tuple[tuple, ...]
    bound: float
    order: float | None = None  # a number that stands before x
    absolute: bool = False
    count: int = 400  # of points in tests

    @property
    def label(self) -> str:
        order = "" if self.order is None else f" {self.order}"
        return f"{self.name}{order}{' (absolute)' if self.absolute else ''}"


def _gamma(x):
    return mp.gamma(x) if x < 180 else mp.inf


def _gammaln(x):
    return mp.loggamma(x) if x > 0 else mp.log(abs(mp.gamma(x)))


def _psi(order):
    return lambda x: mp.psi(order, x)


def _inverse(q):
    """The x with erfc(x) = q <= 1, by Newton's steps on the logarithm."""
    if q == 0:
        return mp.inf
    x = mp.sqrt(-mp.log(q)) * mpf(0.9) if q < 0.5 else (1 - q) * mpf(0.886)
    for _ in range(30):
        e = mp.erfc(x)
        step = (mp.log(e) - mp.log(q)) * e * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
        x += step
        if abs(step) < mpf(2) ** -90 * abs(x):
            break
    return x


def _erfinv(x):
    return mp.erfinv(x) if abs(x) < 0.9 else mp.sign(x) * _inverse(1 - abs(x))


def _erfcinv(x):
    return _inverse(x) if x <= 1 else -_inverse(2 - x)


def _erfcx(x):
    if x < 100:
        return mp.exp(x * x) * mp.erfc(x)
    total = term = mpf(1)
    for k in range(1, 12):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mp.sqrt(mp.pi))


def _sinc(x):
    return mp.sinpi(x) / (mp.pi * x)


def _betaln(a):
    return lambda x: mp.loggamma(a) + mp.loggamma(x) - mp.loggamma(x + a)


def _scaled(order):
    return lambda x: mp.exp(-abs(x)) * mp.besseli(order, x)


def _first_kind(order):
    return lambda x: mp.besselj(order, x)


def _modified(order):
    return lambda x: mp.besseli(order, x)


def _lower(a):
    return lambda x: mp.gammainc(a, 0, x, regularized=True)


def _upper(a):
    return lambda x: mp.gammainc(a, x, mp.inf, regularized=True)


def _by_first(a):
    """The slope of P in a, by differences in 300 bits of whichever of P and Q is small."""

    def slope(x):
        with mp.workprec(300):
            h = mpf(a) * mpf(2) ** -40
            part, sign = (_lower, 1) if x <= a + 0.5 else (_upper, -1)
            near, far = (part(a + k * h)(x) - part(a - k * h)(x) for k in (1, 2))
            return sign * (8 * near - far) / (12 * h)

    return slope


INCOMPLETE = ((0.25, ((0.01, 3), ("log", -9, 2))), (2.5, ((0.01, 12), ("log", -9, 2))),
              (30.0, ((1, 90),)), (390.0, ((250, 600),)), (1000.0, ((700, 1400),)),
              (1e6, ((9.95e5, 1.005e6),)))  # fmt: skip

ZERO = 1.4616321449683622  # of digamma

ROWS = (
    Row("gamma", _gamma, ((0, 4), (3, 172), ("log", -300, 0)), 2),
    Row("gamma", _gamma, ((-8, 0), (-186, -3)), 4),
    Row(
        "gammaln",
        _gammaln,
        ((0, 4), (3, 30), ("near", 1.0), ("near", 2.0), ("log", -300, 0), ("log", 1, 305)),
        4.5,
    ),
    Row("gammaln", _gammaln, ((-8, 0),), 20, absolute=True),
    Row(
        "digamma", _psi(0), ((0, 4), (3, 30), ("near", ZERO), ("log", -300, 0), ("log", 1, 20)), 4.5
    ),
    Row("digamma", _psi(0), ((-8, -0.01),), 3000, absolute=True),
    Row("trigamma", _psi(1), ((0, 4), (3, 30), ("log", -150, 0), ("log", 1, 20)), 4.5),
    Row("trigamma", _psi(1), ((-8, 0),), 6),
    *(
        Row("polygamma", _psi(n), ((0.1, 40), ("log", -3, 3)), 6 + n / 5, n)
        for n in (2, 3, 5, 12, 40)
    ),
    Row("polygamma", _psi(3), ((-6, 0),), 6, 3),
    Row("erfinv", _erfinv, ((-1, 1), (0.9, 1), ("log", -300, 0)), 3),
    Row("erfcinv", _erfcinv, ((0, 1), (1, 1.99), ("log", -300, 0)), 3.5),
    Row("erfcx", _erfcx, ((0, 30), (-26.6, 0), ("log", 1, 308)), 3.5),
    Row("sinc", _sinc, ((-5, 5), (-1e6, 1e6), ("near", 1.0), ("log", -20, 20)), 3),
    Row("betaln", _betaln(0.25), ((0, 20), ("log", -300, 0), ("log", 3, 15)), 8, 0.25),
    Row("betaln", _betaln(2.5), ((0, 0.2), (1, 30), ("log", 1, 15)), 8, 2.5),
    Row("betaln", _betaln(10), ((0.5, 60), ("log", 1, 15)), 4, 10.0),
    Row("betaln", _betaln(1000), ((1, 3000), ("log", 1, 15)), 4, 1000.0),
    *(Row("gammainc", _lower(mpf(a)), ranges, 16, a, count=40) for a, ranges in INCOMPLETE),
    *(Row("gammaincc", _upper(mpf(a)), ranges, 16, a, count=40) for a, ranges in INCOMPLETE),
    *(
        Row("gammainc_slope", _by_first(mpf(a)), ranges, 30, a, count=16)
        for a, ranges in INCOMPLETE
    ),
    Row("j0", _first_kind(0), ((-8, 8), ("near", 2.404825557695773), ("log", -20, 0)), 8),
    Row("j0", _first_kind(0), ((8, 100), ("log", 1, 6)), 1, absolute=True),
    Row("j1", _first_kind(1), ((-8, 8), ("near", 3.8317059702075125), ("log", -300, 0)), 8),
    Row("j1", _first_kind(1), ((8, 100), ("log", 1, 6)), 1, absolute=True),
    Row("i0", _modified(0), ((-12, 12), (8, 713)), 5),
    Row("i1", _modified(1), ((-12, 12), (8, 713), ("log", -300, 0)), 5),
    Row("i0e", _scaled(0), ((-12, 12), (8, 100), ("log", 1, 4)), 4),
    Row("i1e", _scaled(1), ((-12, 12), (8, 100), ("log", -300, 4)), 4),
)


def points(row: Row, count: int, seed: int = 0) -> np.ndarray:
    """About `count` arguments in the ranges of a row."""
    rng = np.random.default_rng((seed, ROWS.index(row)))
    part, found = max(8, count // len(row.ranges)), []
    for each in row.ranges:
        if each[0] == "log":
            found.append(10.0 ** rng.uniform(each[1], each[2], part))
        elif each[0] == "near":
            away = 0.3 * 10.0 ** rng.uniform(-16, 0, part) * rng.choice([-1, 1], part)
            found.append(each[1] + away)
        else:
            found.append(rng.uniform(each[0], each[1], part))
    return np.concatenate(found)
