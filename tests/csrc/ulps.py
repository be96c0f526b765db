"""Errors in units in the last place of the true result."""

from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf


@dataclass(frozen=True, slots=True)
class Long:
    """True results, each (high + low) 2^exponent with |high| near 1; nan where not real."""

    exponent: np.ndarray
    high: np.ndarray
    low: np.ndarray


def exact(function, arguments, precision: int = 200) -> Long:
    """The function by mpmath on each row of arguments. 2^1024 and above counts as 2^1024."""
    exponents, high, low = [], [], []
    with mp.workprec(precision):
        for row in zip(*(a.tolist() for a in arguments), strict=True):
            value = _real(function, row)
            if abs(value) > mpf(2) ** 1024:
                value = mp.sign(value) * mpf(2) ** 1024
            exponent = 0 if mp.isnan(value) else max(mp.frexp(value)[1], -1074)
            scaled = mp.ldexp(value, -exponent)
            exponents.append(exponent)
            high.append(float(scaled))
            low.append(0.0 if mp.isnan(value) else float(scaled - mpf(high[-1])))
    return Long(np.array(exponents), np.array(high), np.array(low))


def _real(function, row):
    try:
        value = mp.mpmathify(function(*(mpf(v) for v in row)))
    except (ValueError, ZeroDivisionError):
        return mp.nan
    return value if isinstance(value, mpf) else mp.nan  # complex: outside the domain


def errors64(got: np.ndarray, true: Long) -> np.ndarray:
    """|got - true| in ulps of float64; 0 where both are nan, inf where one is."""
    with np.errstate(all="ignore"):
        scaled = np.ldexp(got, -true.exponent)
        scaled = np.where(np.isinf(got), np.ldexp(np.sign(got), 1024 - true.exponent), scaled)
        unit = np.ldexp(1.0, np.maximum(true.exponent - 53, -1074) - true.exponent)
        out = np.abs((scaled - true.high) - true.low) / unit
    out = np.where(np.isnan(got) == np.isnan(true.high), out, np.inf)
    return np.where(np.isnan(got) & np.isnan(true.high), 0.0, out)


def errors32(got: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The same for float32 against float64 results; 2^128 and above counts as 2^128."""
    with np.errstate(all="ignore"):  # a cast of a signalling nan is reported, too
        wide = got.astype(np.float64)
        wide = np.where(np.isinf(wide), np.copysign(2.0**128, wide), wide)
        capped = np.clip(true, -(2.0**128), 2.0**128)
        exponent = np.maximum(np.frexp(capped)[1] - 24, -149)
        out = np.abs(wide - capped) / np.ldexp(1.0, exponent)
    out = np.where(np.isnan(got) == np.isnan(true), out, np.inf)
    return np.where(np.isnan(got) & np.isnan(true), 0.0, out)
