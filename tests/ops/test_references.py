"""The judges judged: references of real functions against mpmath at 60 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gradc.graph.op import DECLARATIONS

HARD = (0.0, 1e-300, 1e-20, 1e-8, 1e-4, 0.3, 0.5, 1.0, 1.5, 2.0, 5.0, 20.0, 36.5, 100.0, 700.0)
FUNCTIONS = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.mpf(2) ** x, "expm1": mpmath.expm1,
    "log": mpmath.log, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
    "log1p": mpmath.log1p, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh, "erf": mpmath.erf, "erfc": mpmath.erfc, "sqrt": mpmath.sqrt,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "deg2rad": mpmath.radians, "rad2deg": mpmath.degrees, "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x, "log_erfc": lambda x: mpmath.log(mpmath.erfc(x)),
    "log1mexp": lambda x: mpmath.log1p(-mpmath.exp(x)), "digamma": mpmath.digamma,
    "gammaln": lambda x: mpmath.log(abs(mpmath.gamma(x))), "trigamma": lambda x: mpmath.psi(1, x),
    "j0": mpmath.j0, "j1": mpmath.j1, "i0": lambda x: mpmath.besseli(0, x),
    "i1": lambda x: mpmath.besseli(1, x),
    "i0e": lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x),
    "i1e": lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_reference_has_its_digits(name: str, dtype: str) -> None:
    points = np.array([*HARD, *(-x for x in HARD)], dtype)
    with np.errstate(all="ignore"):
        got = np.asarray(DECLARATIONS[name].ref(points))
    assert got.dtype == dtype
    limits = np.finfo(dtype)
    for x, y in zip(points, got, strict=True):
        expected = exact(name, x)
        if expected is None or not limits.tiny < abs(expected) < limits.max / 2:
            continue
        error = abs(mpmath.mpf(float(y)) - expected) / abs(expected)
        assert error <= 6 * limits.eps, (x, y, expected)


def exact(name: str, x: np.floating) -> mpmath.mpf | None:
    """The value, or None where it is not real."""
    try:
        with mpmath.workdps(60 if name != "log_erfc" else 400):
            found = FUNCTIONS[name](mpmath.mpf(float(x)))
    except (ValueError, ZeroDivisionError):
        return None
    return found if isinstance(found, mpmath.mpf) and mpmath.isfinite(found) else None


def test_what_rounds_to_zero_keeps_its_sign() -> None:
    """As C's round: the fuzzer found a reference that said 0.0 of -0.2."""
    x = np.array([-0.2, 0.2, -0.0, -0.5, 0.5, -2.5, np.inf, np.nan])
    got = DECLARATIONS["round_half_away_from_zero"].ref(x)
    np.testing.assert_array_equal(got, [-0.0, 0.0, -0.0, -1.0, 1.0, -3.0, np.inf, np.nan])
    np.testing.assert_array_equal(np.signbit(got[:6]), [True, False, True, True, False, True])


def test_places_in_nothing_are_none() -> None:
    """The fuzzer found references that could not take rows of length 0."""
    zero = np.array(0, "int64")
    for name in ("nonzero_flat", "repeated_places"):
        for shape in ((0,), (3, 0)):
            got = DECLARATIONS[name].ref(np.zeros(shape, "int64"), zero)
            assert got.shape == (*shape[:-1], 0)
