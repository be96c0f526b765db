"""Special functions within the bound that each states, against mpmath; float32 within one ulp.

The bounds of docs/accuracy-special.md were measured with more points a row; here a few hundred.
"""

import ctypes
import functools
import subprocess
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.csrc.drivers import FLAGS, INCLUDE, TARGETS, Driver, Target
from tests.csrc.special import ROWS, Row, points

HEADERS = (
    *("bessel.h", "bessel_modified.h", "beta.h", "digamma.h", "erfinv.h", "gamma.h"),
    *("gammainc.h", "sinc.h"),
)
ARITY = {row.name: 1 if row.order is None else 2 for row in ROWS}


@pytest.fixture(scope="module", params=TARGETS[:2], ids=str)
def special(request, tmp_path_factory) -> Driver:
    return driver(request.param, tmp_path_factory.mktemp("special"))


def driver(target: Target, folder: Path) -> Driver:
    """A loop for each function."""
    text = [f'#include "gradc/{name}"' for name in HEADERS]
    for name, arity in ARITY.items():
        for c_type, suffix in (("double", "f64"), ("float", "f32")):
            params = "".join(f"const {c_type} *x{k}, " for k in range(arity))
            call = ", ".join(f"x{k}[i]" for k in range(arity))
            text.append(f"void run_{name}_{suffix}({params}{c_type} *out, int64_t n) {{")
            text.append(f"for (int64_t i = 0; i < n; i++) out[i] = gc_{name}_{suffix}({call}); }}")
    source, library = folder / "special.c", folder / "special.so"
    source.write_text("\n".join(text))
    flags = [flag for flag in FLAGS if flag != "-O3"]
    command = [target.compiler, "-O1", *flags, *target.flags, f"-I{INCLUDE}"]
    subprocess.run([*command, str(source), "-o", str(library), "-lm"], check=True)
    return Driver(target, ctypes.CDLL(str(library)), frozenset())


@functools.cache
def judged(row: Row, dtype: type, count: int) -> tuple[np.ndarray, list[mpf]]:
    """Arguments and true results, computed once for all targets."""
    if dtype is np.float64:
        x = points(row, count)
    else:
        with np.errstate(all="ignore"):
            x = points(row, count // 2, seed=1).astype(np.float32)
        x = x[np.isfinite(x) & (x != 0) & (x != np.rint(x))]
    with mp.workprec(180):
        return x, [row.exact(mpf(v)) for v in x.tolist()]


def units(got: np.ndarray, true: list[mpf], digits: int, least: int, absolute: bool) -> np.ndarray:
    """Errors in ulp of the true result, or in eps of 1; where it is out of range, none for inf."""
    found = []
    for g, t in zip(got.tolist(), true, strict=True):
        huge = mp.isinf(t) or abs(t) >= mpf(2) ** (1024 if digits == 53 else 128)
        if huge or mp.isinf(g):
            near = abs(t) > mpf(2) ** (1023 if digits == 53 else 127)
            found.append(0.0 if near and mp.isinf(g) and g * mp.sign(t) > 0 else np.inf)
            continue
        exponent = -digits + 1 if absolute else max(mp.frexp(t)[1] - digits, least)
        found.append(float(abs(mpf(g) - t) / mpf(2) ** exponent))
    return np.array(found)


def run(special: Driver, row: Row, x: np.ndarray) -> np.ndarray:
    first = () if row.order is None else (np.full_like(x, row.order),)
    return special(row.name, *first, x)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_float64_is_within_its_bound(special, row, thorough):
    x, true = judged(row, np.float64, row.count if thorough else row.count // 2)
    errors = units(run(special, row, x), true, 53, -1074, row.absolute)
    at = int(np.argmax(errors))
    assert errors[at] <= row.bound, f"{errors[at]:.3f} at {float(x[at]).hex()}"


@pytest.mark.parametrize("row", [r for r in ROWS if not r.absolute], ids=lambda row: row.label)
def test_float32_is_within_an_ulp(special, row, thorough):
    x, true = judged(row, np.float32, row.count if thorough else row.count // 2)
    errors = units(run(special, row, x), true, 24, -149, row.absolute)
    at = int(np.argmax(errors))
    assert errors[at] <= 1, f"{errors[at]:.3f} at {float(x[at]).hex()}"


INF, NAN = np.inf, np.nan
POINTS = {
    "gamma": [(0.0, INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (1.0, 1.0),
              (5.0, 24.0), (172.0, INF), (-1e300, NAN), (NAN, NAN)],
    "gammaln": [(0.0, INF), (-1.0, INF), (INF, INF), (-INF, INF), (1.0, 0.0), (2.0, 0.0),
                (NAN, NAN)],
    "digamma": [(0.0, -INF), (-0.0, INF), (-1.0, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)],
    "trigamma": [(0.0, INF), (-2.0, INF), (INF, 0.0), (-INF, NAN), (NAN, NAN)],
    "erfinv": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (1.5, NAN), (INF, NAN),
               (NAN, NAN)],
    "erfcinv": [(0.0, INF), (2.0, -INF), (1.0, 0.0), (-1.0, NAN), (2.5, NAN), (INF, NAN),
                (NAN, NAN)],
    "erfcx": [(INF, 0.0), (-INF, INF), (-30.0, INF), (NAN, NAN)],
    "sinc": [(0.0, 1.0), (3.0, 0.0), (1e300, 0.0), (INF, 0.0), (-INF, 0.0), (NAN, NAN)],
    "j0": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 0.0), (NAN, NAN)],
    "j1": [(0.0, 0.0), (-0.0, -0.0), (INF, 0.0), (-INF, -0.0), (NAN, NAN)],
    "i0": [(0.0, 1.0), (INF, INF), (-INF, INF), (800.0, INF), (NAN, NAN)],
    "i1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (-800.0, -INF), (NAN, NAN)],
    "i0e": [(0.0, 1.0), (INF, 0.0), (-INF, 0.0), (NAN, NAN)],
    "i1e": [(0.0, 0.0), (-0.0, -0.0), (INF, 0.0), (-INF, -0.0), (NAN, NAN)],
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_points(special, name, dtype):
    with np.errstate(over="ignore"):
        x, want = np.array(POINTS[name]).T.astype(dtype)
    np.testing.assert_array_equal(special(name, x), want)


@pytest.mark.parametrize("n", [2.0, 3.0])
def test_corners_of_polygamma(special, n):
    x = np.array([0.0, -1.0, INF, -INF, NAN])
    want = [-INF, NAN, 0.0, NAN, NAN] if n == 2.0 else [INF, INF, 0.0, NAN, NAN]
    np.testing.assert_array_equal(special("polygamma", np.full_like(x, n), x), want)
    for order in (-1.0, 171.0, NAN, INF):
        assert np.isnan(special("polygamma", np.array([order]), np.array([2.0]))).all()


def test_corners_of_betaln(special):
    x = np.array([0.0, 0.0, INF, INF, -1.0, NAN, 1.0, 1.0, 5e-324])
    y = np.array([2.0, INF, 2.0, INF, 2.0, 1.0, 1.0, 2.0, 1e300])
    want = [INF, NAN, -INF, -INF, NAN, NAN, 0.0, -np.log(2), -np.log(5e-324)]
    np.testing.assert_allclose(special("betaln", x, y), want, rtol=4e-16)
    np.testing.assert_array_equal(special("betaln", x, y), special("betaln", y, x))


def test_corners_of_the_incomplete_gamma_functions(special):
    a = np.array([0.0, 0.0, 2.0, 2.0, INF, INF, -1.0, 2.0, NAN, 1.0])
    x = np.array([0.0, 3.0, 0.0, INF, 3.0, INF, 2.0, -1.0, 2.0, NAN])
    low = np.array([NAN, 1.0, 0.0, 1.0, 0.0, NAN, NAN, NAN, NAN, NAN])
    np.testing.assert_array_equal(special("gammainc", a, x), low)
    np.testing.assert_array_equal(special("gammaincc", a, x), 1 - low)
    slope = special("gammainc_slope", a, x)
    np.testing.assert_array_equal(slope[2:5], 0.0)
    np.testing.assert_allclose(slope[1], -float(mp.e1(3)), rtol=1e-15)
    far = special("gammainc_slope", np.array([1e-300, 1e-10]), np.array([700.0, 700.0]))
    np.testing.assert_allclose(far, -float(mp.e1(700)), rtol=1e-8)  # where Q itself is no number
