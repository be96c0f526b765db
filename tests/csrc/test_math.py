"""Vector math within 2 ulp: float64 against mpmath, float32 against float64."""

import numpy as np
import pytest

from tests.csrc.drivers import TARGETS
from tests.csrc.functions import FUNCTIONS, Function, arguments
from tests.csrc.ulps import Long, errors32, errors64, exact

BOUND = 2.0
UNARY = tuple(f for f in FUNCTIONS if f.arity == 1)


@pytest.fixture(scope="session")
def judged(exhaustive) -> dict[str, tuple[tuple[np.ndarray, ...], Long]]:
    """Arguments and true results of every function, computed once for all targets."""
    return {f.name: _judge(f, 1_000_000 if exhaustive else 5000) for f in FUNCTIONS}


def _judge(f: Function, count: int):
    x = arguments(f, np.float64, count)
    return x, exact(f.exact, x)


def _worst(errors: np.ndarray, x: tuple[np.ndarray, ...]) -> str:
    at = int(np.argmax(errors))
    point = ", ".join(float(a[at]).hex() for a in x)
    return f"{errors[at]:.3f} ulp at {point}"


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_float64_is_within_two_ulp(driver, judged, f):
    x, true = judged[f.name]
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


@pytest.mark.slow
@pytest.mark.parametrize("f", UNARY, ids=lambda f: f.name)
def test_every_float32_is_within_two_ulp(driver, f, exhaustive):
    if not exhaustive:
        pytest.skip("by --exhaustive only: 2^32 arguments")
    for start in range(0, 2**32, 2**23):
        x = np.arange(start, start + 2**23, dtype=np.uint64).astype(np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            true = f.wide(x.astype(np.float64))
            rounded = true.astype(np.float32)
        got = driver(f.name, x)
        # bits one apart are less than 1.5 ulp apart: only the others need the long way
        far = np.abs(got.view(np.int32) - rounded.view(np.int32)) > 1
        errors = errors32(got[far], true[far])
        assert errors.max(initial=0.0) <= BOUND, _worst(errors, (x[far],))
