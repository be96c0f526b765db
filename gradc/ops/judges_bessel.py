"""Bessel functions in numpy's long double: what the interpreter computes, and the tests' judge.

Near 0 their series, then Bessel's integral by the trapezoidal rule (which converges faster than any
power, the integrand being periodic), above 50 the asymptotic series of Hankel.  Nothing is shared
with the C of csrc/inline.  Source: DLMF 10.2.2, 10.9.1, 10.17.3, 10.25.2, 10.32.1, 10.40.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradc.ops.judges import PI, Long

__all__ = ["i0", "i0e", "i1", "i1e", "j0", "j1"]


def _series(order: int, x: Any, sign: int) -> Any:
    """The power series, for |x| <= 1."""
    z = sign * x * x / 4
    terms = (z**k / (math.factorial(k) * math.factorial(k + order)) for k in range(14))
    return (x / 2) ** order * sum(terms)


def _hankel(order: int, x: Any) -> list[Any]:
    """The terms a_k(order) / x^k of DLMF 10.17.1."""
    found = [Long(1)]
    for k in range(1, 31):
        found.append(found[-1] * (4 * order**2 - (2 * k - 1) ** 2) / (k * 8 * x))
    return found


def _first_kind(order: int, x: float) -> Any:
    a, flip = Long(abs(x)), -1 if order and x < 0 else 1
    if math.isinf(x):
        return 0.0
    if a <= 1:
        return flip * _series(order, a, -1)
    if a <= 50:
        turns = 2 * PI * np.arange(160) / 160
        return flip * np.mean(np.cos(order * turns - a * np.sin(turns)))
    terms = _hankel(order, a)
    even = sum((-1) ** (k // 2) * terms[k] for k in range(0, 30, 2))
    odd = sum((-1) ** (k // 2) * terms[k] for k in range(1, 30, 2))
    both, apart = np.sin(a) + np.cos(a), np.sin(a) - np.cos(a)
    wave = even * apart + odd * both if order else even * both - odd * apart
    return flip * wave / np.sqrt(PI * a)


def _scaled(order: int, x: float) -> Any:
    """The modified function times exp(-|x|)."""
    a, flip = Long(abs(x)), -1 if order and x < 0 else 1
    if math.isinf(x):
        return 0.0
    if a <= 1:
        return flip * _series(order, a, 1) * np.exp(-a)
    if a <= 50:
        turns = 2 * PI * np.arange(160) / 160
        return flip * np.mean(np.exp(a * (np.cos(turns) - 1)) * np.cos(order * turns))
    alternating = sum((-1) ** k * term for k, term in enumerate(_hankel(order, a)))
    return flip * alternating / np.sqrt(2 * PI * a)


def j0(x: float) -> Any:
    """J0."""
    return _first_kind(0, x)


def j1(x: float) -> Any:
    """J1."""
    return _first_kind(1, x)


def i0e(x: float) -> Any:
    """exp(-|x|) I0."""
    return _scaled(0, x)


def i1e(x: float) -> Any:
    """exp(-|x|) I1."""
    return _scaled(1, x)


def i0(x: float) -> Any:
    """I0."""
    return math.inf if math.isinf(x) else _scaled(0, x) * np.exp(Long(abs(x)))


def i1(x: float) -> Any:
    """I1."""
    return x if math.isinf(x) else _scaled(1, x) * np.exp(Long(abs(x)))
