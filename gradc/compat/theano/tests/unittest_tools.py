"""theano.tests.unittest_tools: seeds, gradients and arrays in tests of programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.compat.theano import gradient
from gradc.compat.theano.settings import config
from gradc.errors import GradientError
from gradc.graph.variable import Variable

__all__ = ["WrongValue", "assert_allclose", "fetch_seed", "seed_rng", "verify_grad"]


def fetch_seed(pseed: Any = None) -> int | None:
    """The seed given, or config.unittests.rseed; "random" is None, which numpy takes as such."""
    seed = pseed or config.unittests.rseed
    return None if seed in ("random", "", None) else int(seed)


def seed_rng(pseed: Any = None) -> int | None:
    """Seed numpy's global generator by fetch_seed."""
    seed = fetch_seed(pseed)
    np.random.seed(seed)  # noqa: NPY002  # that is what it is for
    return seed


def verify_grad(
    op: Callable[..., Variable], pt: Sequence[Any], n_tests: int = 2, rng: Any = None,
    *args: Any, **kwargs: Any,
) -> None:  # fmt: skip
    """theano.gradient.verify_grad, with a generator that is seeded by fetch_seed."""
    random = np.random.RandomState(fetch_seed()) if rng is None else rng
    gradient.verify_grad(op, pt, n_tests, random, *args, **kwargs)


verify_grad.E_grad = GradientError  # type: ignore[attr-defined]


class WrongValue(AssertionError):
    """Two arrays that should be close are not."""


def assert_allclose(
    expected: Any, value: Any, rtol: float | None = None, atol: float | None = None
) -> None:
    """Raise WrongValue unless the arrays are close: 1e-5 in float32, 1e-9 in float64."""
    dtypes = {np.asarray(expected).dtype.name, np.asarray(value).dtype.name}
    relative = rtol if rtol is not None else (1e-5 if "float32" in dtypes else 1e-9)
    try:
        np.testing.assert_allclose(value, expected, relative, relative if atol is None else atol)
    except AssertionError as error:
        raise WrongValue(str(error)) from None
