"""The first thing to run: one short look into every room, in some seconds."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, GradError, UpdateError
from gradc.graph.evaluate import evaluate


def test_expressions_have_types_names_and_lines() -> None:
    x = T.fmatrix("x")
    y = x.sum(axis=1) * 2
    assert str(y.type) == "float32[?]"
    assert repr(x) == "<x : float32[?, ?]>"
    assert y.owner.op is gradc.get_operation(y)
    assert y.site.file.endswith("test_tiny.py")
    assert gradc.get_consumers(x, y) == gradc.get_inputs(y)[:1]


def test_the_interpreter_evaluates_expressions() -> None:
    x, y = T.vector("x"), T.scalar("y")
    (value,) = evaluate([T.dot(x, x) / y], {x: np.arange(4.0), y: np.array(2.0)})
    assert value == 7


def test_a_function_computes_what_numpy_does() -> None:
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=(5, 3)), rng.normal(size=3)
    x, b = T.matrix("x"), T.vector("b")
    f = gradc.function([x, b], [T.tanh(x + b).sum(axis=0), T.dot(x, b), x.T])
    sums, product, transposed = f(a, v)
    np.testing.assert_allclose(sums, np.tanh(a + v).sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(product, a @ v, rtol=1e-14)
    np.testing.assert_array_equal(transposed, a.T)


def test_a_gradient_is_an_expression_to_be_differentiated_again() -> None:
    x = T.scalar("x")
    first = T.grad(x**4, x)
    f = gradc.function([x], [first, T.grad(first, x)])
    assert [float(each) for each in f(2.0)] == [32, 48]


def test_one_operation_back_propagates_in_the_lectures_words() -> None:
    a, b, d = T.matrix("a"), T.matrix("b"), T.matrix("d")
    c = T.dot(a, b)
    op = gradc.get_operation(c)
    f = gradc.function([a, b, d], [op.bprop([a, b], a, d), op.bprop([a, b], b, d)])
    values = [np.arange(6.0).reshape(2, 3), np.ones((3, 4)), np.arange(8.0).reshape(2, 4)]
    to_a, to_b = f(*values)
    np.testing.assert_allclose(to_a, values[2] @ values[1].T)
    np.testing.assert_allclose(to_b, values[0].T @ values[2])


def test_updates_happen_at_once() -> None:
    a, b = gradc.shared(1.0, name="a"), gradc.shared(2.0, name="b")
    swap = gradc.function([], a + b, updates=[(a, b), (b, a)])
    assert swap() == 3
    assert (a.get_value(), b.get_value()) == (2, 1)


def test_rewriting_keeps_large_numbers_finite() -> None:
    x = T.vector("x")
    cost = T.log(1 + T.exp(x)).sum()
    f = gradc.function([x], [cost, T.grad(cost, x)])
    value, slope = f([1000.0, -1000.0])
    assert value == 1000
    np.testing.assert_array_equal(slope, [1, 0])
    assert "softplus" in str(f.stages.trace)


def test_training_a_line_finds_it() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(50, 2))
    target = points @ [2.0, -3.0] + 1
    x, y = T.matrix("x"), T.vector("y")
    w, b = gradc.shared(np.zeros(2), name="w"), gradc.shared(0.0, name="b")
    cost = ((T.dot(x, w) + b - y) ** 2).mean()
    gw, gb = T.grad(cost, [w, b])
    step = gradc.function([x, y], cost, updates={w: w - 0.2 * gw, b: b - 0.2 * gb})
    for _ in range(200):
        step(points, target)
    np.testing.assert_allclose(w.get_value(), [2, -3], atol=1e-6)
    assert step(points, target) < 1e-10


def test_every_stage_prints() -> None:
    x = T.vector("x")
    f = gradc.function([x], T.exp(x).sum(), name="total")
    stages = f.stages
    for stage in ("graph", "optimized", "trace", "program", "source", "library"):
        assert str(getattr(stages, stage)).strip()
    assert "exp" in str(stages.graph)
    assert "for (" in str(stages.source)
    assert "test_tiny.py" in str(stages.source)


def test_the_three_modes_agree() -> None:
    x = T.matrix("x")
    value = np.random.default_rng(2).normal(size=(6, 5))
    expression = T.softmax(T.dot(x, x.T), axis=1).max(axis=0)
    modes = ("FAST_RUN", "FAST_COMPILE", "REFERENCE")
    results = [gradc.function([x], expression, mode=mode)(value) for mode in modes]
    np.testing.assert_allclose(results[0], results[2], rtol=1e-12)
    np.testing.assert_allclose(results[1], results[2], rtol=1e-12)


def test_errors_speak_of_the_users_line() -> None:
    x, w = T.vector("x"), gradc.shared(np.zeros(3), name="w")
    with pytest.raises(GradError, match="must be a scalar"):
        T.grad(x * 2, x)
    with pytest.raises(UpdateError, match=r'the update of "w" must be float64\[\?\]'):
        gradc.function([x], [], updates={w: x.sum()})
    add = gradc.function([x], x + w)
    with pytest.raises(ArgumentError, match=r"made at test_tiny.py") as raised:
        add([1.0, 2.0])
    assert raised.value.hint
