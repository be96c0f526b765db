"""Vector math within 2 ulp: float64 against mpmath and long double, float32 against float64.

With --exhaustive: all 2^32 float32 arguments, 1e7 of float64.
"""

import functools
from collections.abc import Callable

import numpy as np
import pytest

from tests.csrc.drivers import TARGETS, Target
from tests.csrc.functions import FUNCTIONS, Function, arguments
from tests.csrc.judge import Judge, build_judge
from tests.csrc.ulps import Long, errors32, errors64, exact

BOUND = 2.0
UNARY = tuple(f for f in FUNCTIONS if f.arity == 1)


@functools.cache
def judged(f: Function, count: int) -> tuple[tuple[np.ndarray, ...], Long]:
    """Arguments and true results of a function, computed once for all targets."""
    x = arguments(f, np.float64, count)
    return x, exact(f.exact, x)


@pytest.fixture(scope="session")
def judges(tmp_path_factory) -> Callable[[Target | None], Judge]:
    """One for all, or that of a target, which holds its functions too."""

    @functools.cache
    def made(target: Target | None) -> Judge:
        folder = tmp_path_factory.mktemp("judge")
        return build_judge(target or TARGETS[0], FUNCTIONS, folder, every=target is not None)

    return made


@pytest.fixture
def judge(driver, exhaustive, judges) -> Judge:
    return judges(driver.target if exhaustive else None)


def _worst(errors: np.ndarray, x: tuple[np.ndarray, ...]) -> str:
    at = int(np.argmax(errors))
    point = ", ".join(float(a[at]).hex() for a in x)
    return f"{errors[at]:.3f} ulp at {point}"


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_float64_is_within_two_ulp(driver, f, thorough):
    x, true = judged(f, 2000 if thorough else 1000)
    errors = errors64(driver(f.name, *x), true)
    assert errors.max() <= BOUND, _worst(errors, x)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_float32_is_within_two_ulp(driver, f):
    # other arguments for each target: a million in all
    x = arguments(f, np.float32, 350_000, seed=TARGETS.index(driver.target))
    with np.errstate(all="ignore"):
        true = f.wide(*(a.astype(np.float64) for a in x))
    errors = errors32(driver(f.name, *x), true)
    assert errors.max() <= BOUND, _worst(errors, x)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double has no more digits")
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_many_float64_are_within_two_ulp(driver, judge, f, exhaustive):
    for seed in range(10 if exhaustive else 1):
        # other arguments for each target, and none of those that mpmath has judged
        seeds = 1 + seed * len(TARGETS) + TARGETS.index(driver.target)
        x = arguments(f, np.float64, 1_000_000 if exhaustive else 40_000, seed=seeds)
        errors = judge.errors(f, driver(f.name, *x), *x)
        assert errors.max() <= BOUND, _worst(errors, x)


@pytest.mark.slow
@pytest.mark.parametrize("f", UNARY, ids=lambda f: f.name)
def test_every_float32_is_within_two_ulp(judge, f, exhaustive):
    if not exhaustive:
        pytest.skip("by --exhaustive only: 2^32 arguments")
    for start in range(0, 2**32, 2**28):
        worst, at = judge.every(f, start, 2**28)
        assert worst <= BOUND, f"{worst:.3f} ulp at {at.hex()}"
