"""x.eval(): values without a function that somebody named."""

from __future__ import annotations

import numpy as np

import gradc
import gradc.tensor as T


def test_values_that_need_no_inputs() -> None:
    w = gradc.shared(np.ones((2, 3)), name="w")
    assert w.sum().eval() == 6
    assert T.constant(3.0).eval() == 3
    np.testing.assert_array_equal(w.shape.eval(), [2, 3])
    np.testing.assert_array_equal(T.constant(3.0).shape.eval(), [])


def test_lengths_of_inputs() -> None:
    x = T.dmatrix("x")
    found = x.T.shape.eval({x: np.zeros((4, 5))})
    np.testing.assert_array_equal(found, [5, 4])
    assert found.dtype == "int64"
