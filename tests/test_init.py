"""First values of parameters: their laws, shapes and dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc import init
from gradc.errors import ArgumentError, ArgumentTypeError

SHAPE = (300, 200)
FILTERS = (50, 40, 3, 5)


@pytest.mark.parametrize(
    ("name", "variance", "of_filters"),
    [
        ("glorot", 2 / 500, 2 / (50 * 15 + 40 * 15)),
        ("he", 2 / 300, 2 / (40 * 15)),
        ("lecun", 1 / 300, 1 / (40 * 15)),
    ],
)
@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_variances(name: str, variance: float, of_filters: float, law: str) -> None:
    draw = getattr(init, f"{name}_{law}")
    for shape, wanted in ((SHAPE, variance), (FILTERS, of_filters)):
        found = draw(shape, 1, gain=2.0, dtype="float32")
        assert (found.shape, found.dtype) == (shape, "float32")
        np.testing.assert_allclose(found.var(), 4 * wanted, rtol=0.03)
        assert abs(found.mean()) < 0.02 * np.sqrt(wanted) * 2
        tails = np.mean(np.abs(found) > np.sqrt(3 * 4 * wanted))
        assert (tails == 0) if law == "uniform" else (0.06 < tails < 0.11)
    np.testing.assert_array_equal(draw(SHAPE, 1), draw(SHAPE, np.random.default_rng(1)))
    vector = draw(4000, 2, fans=(10, 30))
    np.testing.assert_allclose(
        vector.var(), {"glorot": 2 / 40, "he": 2 / 10, "lecun": 1 / 10}[name], rtol=0.1
    )


def test_generators_move_on() -> None:
    rng = np.random.default_rng(0)
    assert not np.array_equal(init.normal(3, rng), init.normal(3, rng))
    np.testing.assert_allclose(init.uniform(10000, rng, 1.0, 3.0).mean(), 2.0, rtol=0.02)
    np.testing.assert_allclose(init.normal(10000, rng, 0.5, 3.0).std(), 0.5, rtol=0.03)


def test_orthogonal() -> None:
    for shape in ((6, 4), (4, 6), (3, 2, 5), (4, 4)):
        found = init.orthogonal(shape, 1, gain=2.0)
        flat = found.reshape(shape[0], -1)
        product = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
        assert found.shape == shape
    signs = [init.orthogonal((2, 2), seed)[0, 0] > 0 for seed in range(40)]
    assert 8 < sum(signs) < 32  # drawn evenly, whatever signs LAPACK prefers


def test_constants_and_defaults() -> None:
    assert init.zeros((2, 3)).tolist() == [[0.0] * 3] * 2
    assert init.ones(2, "float32").dtype == "float32"
    assert init.constant((1,), 0.5).dtype == gradc.config.floatX


def test_wrong_arguments() -> None:
    cases = [
        (lambda: init.he_normal(5, 1), ArgumentError, "does not say what goes in"),
        (lambda: init.he_normal((5, 5), None), ArgumentTypeError, "he_normal: rng has to be"),
        (lambda: init.normal("ab", 1), ArgumentTypeError, "is no shape"),
        (lambda: init.normal((2, -1), 1), ArgumentError, "below 0"),
        (lambda: init.normal(2, 1, dtype="int64"), ArgumentError, "float32 or float64"),
        (lambda: init.orthogonal(3, 1), ArgumentError, "a matrix is needed"),
        (lambda: init.orthogonal((3, 3), 1, "x"), ArgumentTypeError, "gain has to be a number"),
        (lambda: init.he_normal((3, 3), -1), ArgumentTypeError, "he_normal: rng has to be"),
        (lambda: init.he_normal((3, 3), 1, fans=3), ArgumentTypeError, "fans has to be a pair"),
        (lambda: init.glorot_uniform((3, 3), 1, np.nan), ArgumentError, "gain has to be a finite"),
        (lambda: init.uniform(3, 1, 2.0, 1.0), ArgumentError, "low=2.0 is above high=1.0"),
        (lambda: init.normal(3, 1, std=-1.0), ArgumentError, "std has to be a finite number from"),
        (lambda: init.constant(3, None), ArgumentTypeError, "value has to be a number"),
        (lambda: init.zeros(2.5), ArgumentTypeError, "is no shape"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=text):
            call()
