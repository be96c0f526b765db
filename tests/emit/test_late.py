"""Narrow results of wide loops are stored by a loop of their own, with the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T


def costly(x: Any) -> Any:
    return T.tanh(x) * T.exp(-x * x) + T.log1p(T.exp(x))


def loops_of(function: Any) -> int:
    return str(function.stages.source.text).count("#pragma omp simd")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [1, 5, 64, 1024, 2500])
def test_bytes_beside_vector_functions(dtype: str, n: int) -> None:
    x = T.vector("x", dtype=dtype)
    y = costly(x)
    outputs = [y > 0.5, y, y.sum(), T.and_(y > 0.2, x < 1), y < x]
    f = gradc.function([x], outputs)
    assert "[GC_TILE];" in f.stages.source.text
    value = np.linspace(-3, 3, n).astype(dtype)
    wide = value.astype("float64")
    expected = np.tanh(wide) * np.exp(-wide * wide) + np.log1p(np.exp(wide))
    got = f(value)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(got[1], expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got[2], expected.sum(), rtol=10 * tolerance, atol=tolerance)
    np.testing.assert_array_equal(got[0], got[1] > np.asarray(0.5, dtype))
    np.testing.assert_array_equal(got[3], (got[1] > np.asarray(0.2, dtype)) & (value < 1))
    np.testing.assert_array_equal(got[4], got[1] < value)


def test_rows_and_columns_with_bytes() -> None:
    x = T.matrix("x")
    y = costly(x)
    f = gradc.function([x], [y > 0.5, y.sum(axis=0), (y / y.sum(axis=1, keepdims=True)) > 0.2])
    value = np.random.default_rng(0).standard_normal((7, 1500))
    y_value = np.tanh(value) * np.exp(-value * value) + np.log1p(np.exp(value))
    mask, columns, shares = f(value)
    np.testing.assert_array_equal(mask, y_value > 0.5)
    np.testing.assert_allclose(columns, y_value.sum(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(shares, y_value / y_value.sum(axis=1, keepdims=True) > 0.2)


def test_a_cheap_loop_stays_one() -> None:
    x = T.vector("x")
    f = gradc.function([x], [x > 0.5, x * 2])
    assert loops_of(f) == 1
    assert "GC_TILE" not in f.stages.source.text


def test_a_byte_that_others_read_stays_where_it_is() -> None:
    x = T.vector("x")
    y = costly(x)
    mask = y > 0.5
    f = gradc.function([x], [mask, mask.sum(), T.switch(mask, y, 0.0)])
    value = np.linspace(-2, 2, 3000)
    got = f(value)
    assert got[1] == got[0].sum()
    np.testing.assert_array_equal(got[2] != 0, got[0])
