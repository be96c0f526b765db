"""The interpreter: values, wider floats, shapes checked, no recursion."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import gradc.tensor as T
from gradc.errors import MissingInputError, ShapeError
from gradc.graph.evaluate import evaluate


def test_several_outputs_share_what_they_depend_on() -> None:
    x = T.vector("x")
    y = T.exp(x)
    first, second, third = evaluate([y + 1, y * 2, x], {x: [0.0, 1.0]})
    np.testing.assert_allclose(first, np.exp([0.0, 1.0]) + 1)
    np.testing.assert_allclose(second, 2 * np.exp([0.0, 1.0]))
    np.testing.assert_array_equal(third, [0.0, 1.0])


def test_an_inner_variable_may_be_given() -> None:
    x = T.vector("x")
    y = T.exp(x)
    (got,) = evaluate([y * 2], {y: [3.0]})
    np.testing.assert_array_equal(got, [6.0])


def test_results_have_their_declared_dtype() -> None:
    x = T.vector("x", dtype="float32")
    i = T.vector("i", dtype="int8")
    results = evaluate([T.erf(x), T.mean(i), i + i], {x: [1.0], i: np.array([100], "int8")})
    assert [each.dtype.name for each in results] == ["float32", "float64", "int8"]
    assert results[2][0] == -56


def test_upcast_computes_in_longdouble() -> None:
    x = T.vector("x", dtype="float32")
    third = np.array([1], "longdouble") / 3
    outputs = [x + np.float32(1), T.sum(x, dtype="float32"), T.cast(x, "float32") * 2, x > 0]
    got = evaluate(outputs, {x: third}, upcast="longdouble")
    assert [each.dtype for each in got[:3]] == [np.dtype("longdouble")] * 3
    assert got[0][0] == third[0] + 1
    assert got[2][0] == third[0] * 2
    assert got[3].dtype == bool


def test_a_length_that_happens_to_be_1_does_not_stretch() -> None:
    x, y = T.vector("x"), T.vector("y")
    with pytest.raises(ShapeError) as caught:
        evaluate([x + y], {x: np.zeros(3), y: np.zeros(1)})
    rows = str(caught.value).splitlines()
    assert rows[0] == "add: axis 0 has lengths 3 and 1."
    assert "x : float64[?]" in rows[1]
    assert "y : float64[?]" in rows[2]
    assert rows[3].startswith("  Fix: pass arrays of one length, or declare the axis as 1")
    column = T.col("c")
    (got,) = evaluate([T.matrix("m") * column][:0] or [column + x], {column: [[1.0]], x: [1.0, 2]})
    assert got.shape == (1, 2)


def test_values_must_fit_their_types() -> None:
    x = T.matrix("x", shape=(None, 3))
    for wrong in (np.zeros(3), np.zeros((2, 4))):
        with pytest.raises(ShapeError, match=r"x is float64\[\?, 3\], its value has shape"):
            evaluate([x], {x: wrong})


def test_a_missing_value_is_named() -> None:
    x, y = T.vector("x"), T.vector("y")
    with pytest.raises(MissingInputError, match="y has no value"):
        evaluate([x + y], {x: [1.0]})


def test_a_long_chain_does_not_recurse() -> None:
    x = T.scalar("x")
    y = x
    for _ in range(4000):
        y = y + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        (got,) = evaluate([y], {x: 0.0})
    finally:
        sys.setrecursionlimit(limit)
    assert got == 4000
