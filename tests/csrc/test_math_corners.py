"""Values that users look at: zeros and their signs, infinities, nan, exact points, order."""

import itertools
import math

import numpy as np
import pytest

from tests.csrc.functions import FOLDS, FUNCTIONS, PI_2
from tests.csrc.ulps import errors64, exact

INF, NAN = math.inf, math.nan
DTYPES = (np.float64, np.float32)
BINARY = tuple(f for f in FUNCTIONS if f.arity == 2)

# function -> (argument, result), the result exact in both dtypes after rounding to them
POINTS = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e4, INF), (-1e4, 0.0)],
    "exp2": [(0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (-1e4, 0.0), (1e4, INF)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (-1e4, -1.0)],
    "log": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (-INF, NAN)],
    "log2": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN)],
    "log10": [(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (INF, INF), (-INF, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (NAN, NAN), (math.pi, -1.0)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (NAN, NAN)],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (1e4, INF)],
    "cosh": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (NAN, NAN), (-1e4, INF)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (30.0, 1.0)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.0, PI_2), (-1.0, -PI_2), (2.0, NAN), (INF, NAN)],
    "acos": [(1.0, 0.0), (0.0, PI_2), (-1.0, math.pi), (-2.0, NAN), (INF, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, PI_2), (-INF, -PI_2), (1.0, PI_2 / 2), (NAN, NAN)],
    "asinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN)],
    "acosh": [(1.0, 0.0), (0.5, NAN), (-1.0, NAN), (-INF, NAN), (INF, INF), (NAN, NAN)],
    "atanh": [(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (-INF, NAN)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (1e4, 1.0)],
    "softplus": [(INF, INF), (-INF, 0.0), (NAN, NAN), (1e3, 1e3), (-1e3, 0.0)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (7.0, 1.0)],
    "erfc": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (30.0, 0.0)],
    "cbrt": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (NAN, NAN), (-8.0, -2.0)],
}
CORNERS = (0.0, 5e-324, 1e-310, 1e-45, 1e-40, 1e-20, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 1e9, 3e38, INF)
SIGNED = (*CORNERS, *(-c for c in CORNERS), NAN)


def same(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Equal as numbers, zeros with their sign, nan as nan."""
    return ((got == want) & (np.signbit(got) == np.signbit(want))) | (
        np.isnan(got) & np.isnan(want)
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", POINTS)
def test_points(driver, name, dtype):
    x, want = np.array(POINTS[name]).T.astype(dtype)
    got = driver(name, x)
    assert same(got, want).all(), list(zip(x, got, want, strict=True))


def test_every_unary_function_has_points():
    assert set(POINTS) == {f.name for f in FUNCTIONS if f.arity == 1}


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_corners_are_those_of_numpy(driver, f, dtype):
    rows = np.array(list(itertools.product(SIGNED, repeat=f.arity)))
    with np.errstate(all="ignore"):
        x = rows.T.astype(dtype)
        want = f.wide(*x.astype(np.float64))
        got = driver(f.name, *x).astype(np.float64)
        rounded = want.astype(dtype)
        close = np.abs(got - rounded) <= 4 * np.spacing(np.abs(rounded))
    special = ~np.isfinite(want) | (want == 0)
    assert same(got, want)[special].all(), rows[special & ~same(got, want)]
    close |= same(got, rounded) | (np.isinf(rounded) & (np.abs(got) >= np.finfo(dtype).max))
    assert close.all(), rows[~close]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_whole_results_are_exact(driver, dtype):
    info = np.finfo(dtype)
    n = np.arange(info.minexp - info.nmant, info.maxexp).astype(dtype)
    powers = np.ldexp(dtype(1), n.astype(int))
    assert (driver("exp2", n) == powers).all()
    assert (driver("log2", powers) == n).all()
    assert (driver("pow", np.full_like(n, 2), n) == powers).all()
    tens = 10.0 ** np.arange(23 if dtype is np.float64 else 11)
    assert (driver("log10", tens.astype(dtype)) == np.arange(len(tens))).all()
    whole = np.arange(1, 200).astype(dtype)
    assert (driver("cbrt", whole**3) == whole).all()
    assert (driver("pow", whole, np.full_like(whole, 2)) == whole**2).all()
    assert (driver("pow", whole, np.ones_like(whole)) == whole).all()
    assert (driver("hypot", 3 * whole, 4 * whole) == 5 * whole).all()


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("sigmoid", -745.0),
        ("sigmoid", -709.9),
        ("softplus", -745.0),
        ("softplus", -720.0),
        ("exp", -745.1),
        ("exp", 709.782712893384),
        ("erfc", 27.22),
        ("sinh", 710.4758600739439),
        ("sin", math.ldexp(6381956970095103, 797)),
        ("cos", math.ldexp(6381956970095103, 797)),
        ("tan", math.ldexp(6381956970095103, 797)),
        ("log", 5e-324),
        ("log10", 5e-324),
        ("cbrt", 5e-324),
        ("acosh", 1 + 2**-52),
        ("log1p", -1 + 2**-53),
    ],
)
def test_float64_at_the_edge(driver, name, x):
    function = next(f for f in FUNCTIONS if f.name == name)
    point = (np.array([x]),)
    assert errors64(driver(name, *point), exact(function.exact, point, 400)).max() <= 1.5


# where the reduction of sigmoid and tanh goes from one k to the next, and their other seams
TURNS = (np.arange(-60, 60) + 0.5) * math.log(2)
SEAMS = np.concatenate([TURNS, TURNS / 2, [*FOLDS, 0.55, -0.55, 22.0, -22.0, 40.0, -40.0]])


@pytest.mark.parametrize(("name", "low"), [("sigmoid", 0.0), ("tanh", -1.0)])
def test_order_and_range_are_kept(driver, name, low):
    runs = [(np.int64(np.float64(c).view(np.int64)) + np.arange(-150, 150)) for c in SEAMS]
    runs = [np.sort(r.view(np.float64)) for r in runs]
    for x in (*runs, np.linspace(-745, 745, 200_001), np.linspace(-3, 3, 200_001)):
        y = driver(name, x)
        assert y.min() >= low
        assert y.max() <= 1.0
        assert (np.diff(y) >= 0).all(), x[:-1][np.diff(y) < 0]


def test_float32_order_is_kept(driver):
    start = np.arange(0, 0x7F800000, 2**21 + 12345, dtype=np.uint32)
    for name in ("sigmoid", "tanh"):
        for s in start:
            x = np.arange(s, min(s + 2**12, 0x7F800000), dtype=np.uint32).view(np.float32)
            assert (np.diff(driver(name, x)) >= 0).all()
            assert (np.diff(driver(name, -x)) <= 0).all()
