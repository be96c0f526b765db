"""Bessel functions in numpy's long double: what the interpreter computes, and the tests' judge.

Near 0 their series, then Bessel's integral by the trapezoidal rule (which converges faster than any
power, the integrand being periodic), above 50 the asymptotic series of Hankel.  Nothing is shared
with the C of csrc/inline.  Source: DLMF 10.2.2, 10.9.1, 10.17.3, 10.25.2, 10.32.1, 10.40.1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from gradc.ops.judges import PI, Array, Long, powers, total

__all__ = ["i0", "i0e", "i1", "i1e", "j0", "j1"]


def _series(order: int, x: Array, sign: int) -> Array:
    """The power series, for |x| <= 1."""
    below = [math.factorial(n) * math.factorial(n + order) for n in range(1, 15)]
    terms = powers(sign * x * x / 4, 14) / np.array(below, Long)
    found: Array = (x / 2) ** order * (1 + total(terms))
    return found


@functools.cache
def _turn() -> tuple[Array, Array]:
    """Cosines and sines all around."""
    turns = 2 * PI * np.arange(160) / 160
    return np.cos(turns), np.sin(turns)


def _wave(order: int, x: Array) -> Array:
    """The mean of cos(order t - x sin t), for x <= 50."""
    sines = _turn()[1]
    values = np.sin(x * sines) * sines if order else np.cos(x * sines)
    found: Array = np.mean(values, axis=1, keepdims=True)
    return found


def _growth(order: int, x: Array) -> Array:
    """The mean of exp(x (cos t - 1)) cos(order t), for x <= 50."""
    cosines = _turn()[0]
    values = np.exp(x * (cosines - 1))
    found: Array = np.mean(values * cosines if order else values, axis=1, keepdims=True)
    return found


def _hankel(order: int, x: Array) -> Array:
    """The terms a_k(order) / x^k of DLMF 10.17.1, for k from 0 to 30."""
    k = np.arange(1, 31)
    ratios = (4 * order**2 - (2 * k - 1) ** 2) / (k * 8 * x)
    return np.cumprod(np.insert(ratios, 0, 1, axis=1), axis=1)


def _far_wave(order: int, a: Array) -> Array:
    terms = _hankel(order, a)[:, :30]
    terms[:, 2::4] *= -1
    terms[:, 3::4] *= -1
    even, odd = total(terms[:, ::2]), total(terms[:, 1::2])
    both, apart = np.sin(a) + np.cos(a), np.sin(a) - np.cos(a)
    wave = even * apart + odd * both if order else even * both - odd * apart
    found: Array = wave / np.sqrt(PI * a)
    return found


def _far_growth(order: int, a: Array) -> Array:
    found: Array = total(_hankel(order, -a)) / np.sqrt(2 * PI * a)
    return found


def _joined(order: int, x: Array, pieces: Sequence[Callable[[int, Array], Array]]) -> Array:
    """A function that is one for |x| <= 1, another up to 50, a third above, and 0 at infinity."""
    a = np.abs(x)
    found = np.where(np.isnan(x), x, Long(0))
    for low, high, piece in zip((-1, 1, 50), (1, 50, math.inf), pieces, strict=True):
        rows = ((a > low) & (a <= high) & np.isfinite(a))[:, 0]
        if rows.any():
            found[rows] = piece(order, a[rows])
    return np.where((x < 0) & np.isfinite(x), -found, found) if order else found


def _first_kind(order: int, x: Array) -> Array:
    def near(order: int, a: Array) -> Array:
        return _series(order, a, -1)

    return _joined(order, x, (near, _wave, _far_wave))


def _scaled(order: int, x: Array) -> Array:
    """The modified function times exp(-|x|)."""

    def near(order: int, a: Array) -> Array:
        return _series(order, a, 1) * np.exp(-a)

    return _joined(order, x, (near, _growth, _far_growth))


def j0(x: Array) -> Array:
    """J0."""
    return _first_kind(0, x)


def j1(x: Array) -> Array:
    """J1."""
    return _first_kind(1, x)


def i0e(x: Array) -> Array:
    """exp(-|x|) I0."""
    return _scaled(0, x)


def i1e(x: Array) -> Array:
    """exp(-|x|) I1."""
    return _scaled(1, x)


def i0(x: Array) -> Array:
    """I0."""
    return np.where(np.isinf(x), np.abs(x), _scaled(0, x) * np.exp(np.abs(x)))


def i1(x: Array) -> Array:
    """I1."""
    return np.where(np.isinf(x), x, _scaled(1, x) * np.exp(np.abs(x)))
