"""ifelse: what it gives, what is not computed, in gradients too, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, IndexBoundsError
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Repeat

pytestmark = pytest.mark.usefixtures("quickly")

X = np.arange(6.0).reshape(2, 3) / 10
MODES = ["FAST_RUN", "FAST_COMPILE", "REFERENCE"]


@pytest.mark.parametrize("mode", MODES)
def test_values_and_gradients(mode):
    c, x, w = T.dscalar("c"), T.dmatrix("x"), T.dvector("w")
    hidden = T.tanh(T.dot(x, w))
    out = gradc.ifelse(c > 0, T.sum(T.exp(hidden) * 3), T.sum(w * w))
    first, second = gradc.ifelse(c, (x[:1], hidden), (x, hidden * 2))
    f = gradc.function([c, x, w], [out, *gradc.grad(out, [x, w]), first, second], mode=mode)
    value = np.array([0.2, -0.3, 0.5])
    h = np.tanh(X @ value)
    then = f(1.0, X, value)
    np.testing.assert_allclose(then[0], np.sum(3 * np.exp(h)))
    slope = 3 * np.exp(h) * (1 - h * h)
    np.testing.assert_allclose(then[1], np.outer(slope, value))
    np.testing.assert_allclose(then[2], X.T @ slope)
    np.testing.assert_array_equal(then[3], X[:1])
    other = f(0.0, X, value)
    np.testing.assert_allclose(other[0], value @ value)
    np.testing.assert_array_equal(other[1], np.zeros_like(X))
    np.testing.assert_allclose(other[2], 2 * value)
    np.testing.assert_array_equal(other[3], X)
    np.testing.assert_allclose(other[4], 2 * h)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_not_taken_is_not_computed(mode):
    """It would fail."""
    c, x, k = T.dscalar("c"), T.dvector("x"), T.lvector("k")
    out = gradc.ifelse(c > 0, T.sum(x[k]), T.sum(x))
    results = [out] if mode == "REFERENCE" else [out, gradc.grad(out, x)]
    f = gradc.function([c, x, k], results, mode=mode)
    for values, expected in (((-1.0, np.ones(2), [9]), [2, [1, 1]]),
                             ((1.0, np.ones(2), [1, 1]), [2, [0, 2]])):  # fmt: skip
        for got, wanted in zip(f(*values), expected, strict=False):
            np.testing.assert_array_equal(got, wanted)
    with pytest.raises(IndexBoundsError):
        f(1.0, np.ones(2), [9])


def test_the_work_of_a_branch_stands_in_its_loop():
    c, x, w = T.dscalar("c"), T.dmatrix("x"), T.dvector("w")
    hidden = T.tanh(T.dot(x, w))
    out = gradc.ifelse(c > 0, T.sum(T.exp(hidden)), T.sum(w))
    f = gradc.function([c, x, w], [out, *gradc.grad(out, [x, w])])
    check_program(f.stages.program)
    steps = [step for segment in f.stages.program.segments for step in segment.steps]
    outside = [step for step in steps if not isinstance(step, Repeat)]
    assert sum(isinstance(step, Repeat) for step in steps) == 2
    text = " ".join(step.title for step in outside if isinstance(step, Nest))
    assert "tanh" not in text
    assert "exp" not in text


def test_branches_in_loops_and_batches():
    x = T.dvector("x")

    def step(x, s):
        return gradc.ifelse(T.lt(x, 0), s * 0.5, s + x * x)

    rows, _ = gradc.scan(step, x, 1.0)
    f = gradc.function([x], [rows, gradc.grad(rows[-1], x)])
    rows, slope = f(np.array([1.0, -1.0, 2.0]))
    np.testing.assert_allclose(rows, [2, 1, 5])
    np.testing.assert_allclose(slope, [1, 0, 4])
    c, y = T.dscalar("c"), T.dvector("y")
    many, stack = T.dvector("many"), T.dmatrix("stack")
    out = gradc.ifelse(c > 0, T.sum(y), T.prod(y))
    batch = gradc.vectorize_graph(out, {c: many, y: stack})
    g = gradc.function([many, stack], batch)
    np.testing.assert_allclose(g([1.0, -1.0], X + 1), [np.sum(X[0] + 1), np.prod(X[1] + 1)])


def test_refused():
    x, y = T.dvector("x"), T.fvector("y")
    with pytest.raises(ArgumentTypeError, match="a condition is a scalar"):
        gradc.ifelse(x > 0, x, x)
    with pytest.raises(ArgumentError, match="2 expressions, the other 1"):
        gradc.ifelse(x[0], [x, x], [x])
    with pytest.raises(DTypeError, match="one branch gives"):
        gradc.ifelse(x[0], x, y)
