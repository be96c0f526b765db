"""A join's pieces are computed straight into their part of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, IndexBoundsError
from gradc.graph.evaluate import evaluate
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Product, Store
from gradc.ops.joining import window

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(0)


def stores(function: Any) -> list[Store]:
    """The stores of a checked program that has but nests."""
    program = function.stages.program
    check_program(program)
    found = []
    for part in program.segments:
        for step in part.steps:
            assert isinstance(step, Nest)
            bodies = [step.head, *(block.body for block in step.blocks)]
            found += [each for body in bodies for each in body if isinstance(each, Store)]
    return found


def buffers(function: Any) -> list[str]:
    return [each.place for each in function.stages.program.buffers]


def agree(function: Any, outputs: list[Any], values: dict[Any, Any]) -> None:
    results = function(*values.values())
    results = results if isinstance(results, list) else [results]
    for got, wanted in zip(results, evaluate(outputs, values), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-13)


def test_elementwise_pieces_need_no_memory_of_their_own() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    out = T.join(0, T.exp(x), T.tanh(x) * y, x + y)
    f = gradc.function([x, y], [out])
    assert len(stores(f)) == 3  # one sweep, three parts
    assert len(f.stages.program.segments[0].steps) == 1
    assert "work" not in buffers(f)
    agree(f, [out], {x: RNG.normal(size=(4, 3)), y: RNG.normal(size=(4, 3))})


def test_a_join_inside_a_join_lies_in_its_memory() -> None:
    x, y, z = T.matrix("x"), T.vector("y"), T.vector("z")
    inner = T.join(0, y + 1, T.sqrt(z))
    out = T.join(0, x, inner.dimshuffle("x", 0), T.join(1, x[:1, :2], x[:1, 2:] * 2))
    f = gradc.function([x, y, z], [out])
    assert "work" not in buffers(f)
    agree(f, [out], {x: RNG.normal(size=(2, 5)), y: RNG.random(3), z: RNG.random(2)})


def test_a_join_that_others_read_too_has_its_own_memory() -> None:
    x, y = T.vector("x"), T.vector("y")
    inner = T.join(0, x, y)
    out = [T.join(0, inner, y), inner, T.join(0, inner, inner)]
    f = gradc.function([x, y], out)
    agree(f, out, {x: RNG.random(3), y: RNG.random(2)})


def test_products_are_written_where_they_stand() -> None:
    x, y, v = T.matrix("x"), T.matrix("y"), T.vector("v")
    values = {x: RNG.normal(size=(3, 3)), y: RNG.normal(size=(3, 3)), v: RNG.normal(size=3)}
    for out, count in (
        (T.concatenate([T.dot(x, y), T.dot(y, x).T, x + y], axis=1), 2),
        (T.concatenate([T.dot(x, y), T.dot(y, x)]), 2),
        (T.stack([T.dot(x, y), T.dot(y, x)]), 2),
        (T.concatenate([T.dot(x, v), T.dot(v, y)]), 2),
        (T.stack([T.dot(x, v), T.dot(v, y)], axis=1), 2),
        (T.stack([T.dot(x, y), x], axis=2), 0),  # no unit stride: BLAS cannot
    ):
        f = gradc.function([x, y, v], out, on_unused_input="ignore")
        check_program(f.stages.program)
        agree(f, [out], values)
        program = f.stages.program
        products = [s for s in program.segments[0].steps if isinstance(s, Product)]
        there = [s for s in products if program.buffers[s.out.buffer].place == "out"]
        assert len(there) == count


def test_the_gradient_is_cut_by_views() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    cost = T.sum(T.join(1, x, y) ** 3)
    f = gradc.function([x, y], T.grad(cost, [x, y]))
    assert not any(check.rule == "index" for check in f.stages.program.segments[0].checks)
    assert all(each.mode == "set" for each in stores(f))
    agree(f, T.grad(cost, [x, y]), {x: RNG.normal(size=(2, 3)), y: RNG.normal(size=(2, 1))})


def test_pieces_of_every_kind_in_one_function() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    k = T.vector("k", dtype="int64")
    n = T.scalar("n", dtype="int64")
    b = T.join(0, x > 0, y < 1)
    pieces = [
        T.dot(x, y), y.sum(axis=0, keepdims=True), y[k], y[::-2], T.zeros((n, 4)),
        T.max(y, axis=1).dimshuffle("x", 0), T.arange(4).astype("float64")[None],
        T.softmax(y, axis=1), T.constant(np.ones((2, 4))), T.constant(np.full((1, 4), 2.0)),
        y.reshape((2, 8))[:, 4:], T.exp(T.dot(x, y)) + 1, y[:0],
    ]  # fmt: skip
    out = T.join(0, *pieces)
    outputs = [out, T.grad((out**2).sum(), y), b, T.join(0, k, k + 1, T.arange(n))]
    f = gradc.function([x, y, k, n], outputs)
    check_program(f.stages.program)
    values = {x: RNG.normal(size=(4, 4)), y: RNG.normal(size=(4, 4)), k: np.array([3, -1, 0])}
    agree(f, outputs, {**values, n: np.asarray(3)})
    agree(f, outputs, {**values, n: np.asarray(0)})
    with pytest.raises(IndexBoundsError, match="index 4 is out of bounds"):
        f(*[*list(values.values())[:2], np.array([4]), np.asarray(1)])


def test_lengths_computed_from_data() -> None:
    x = T.vector("x")
    n = T.cast(x.sum(), "int64")
    out = [T.join(0, x * 2, T.ones((n,)), T.exp(x)), T.join(0, x, x)[:n]]
    f = gradc.function([x], out)
    check_program(f.stages.program)
    agree(f, out, {x: np.array([1.0, 2.0])})
    agree(f, out, {x: np.array([0.0])})


def test_updates_that_are_joins() -> None:
    s = gradc.shared(np.arange(4.0), "s")
    x = T.vector("x")
    moved = T.join(0, s[x.shape[0] :], x)
    f = gradc.function([x], s.sum(), updates=[(s, moved)])
    check_program(f.stages.program)
    assert f(np.array([7.0, 8.0])) == 6
    np.testing.assert_array_equal(s.get_value(), [2, 3, 7, 8])


def test_the_gradient_of_what_was_split_is_one_sweep() -> None:
    z, h = T.matrix("z"), T.matrix("h")
    n = h.shape[1]
    i, f, o, g = T.split(z, [n] * 4, 4, axis=1)
    cell = T.sigmoid(i) * T.tanh(g) + T.sigmoid(f) * h
    gradient = T.grad(T.sum(T.sigmoid(o) * T.tanh(cell)), z)
    function = gradc.function([z, h], [gradient])
    assert len(stores(function)) == 4
    assert len(function.stages.program.segments[0].steps) == 1
    assert "work" not in buffers(function)
    agree(function, [gradient], {z: RNG.normal(size=(3, 8)), h: RNG.normal(size=(3, 2))})


def test_the_gradient_of_parts_read_at_an_index_of_another_axis() -> None:
    x = T.dmatrix("x")
    heads = x.reshape((x.shape[0], 1, 5)).dimshuffle(1, 0, 2)
    cost = T.sum(T.exp(heads[0, :, :2])) + T.sum(T.sin(heads[0, :, 2:]))
    values = RNG.normal(size=(4, 5))
    expected = np.concatenate([np.exp(values[:, :2]), np.cos(values[:, 2:])], axis=1)
    np.testing.assert_allclose(gradc.function([x], T.grad(cost, x))(values), expected)


def test_a_guard_is_cut_with_the_gradient() -> None:
    x, y = T.vector("x"), T.vector("y")
    cost = T.sum(T.switch(T.join(0, x, y) > 0, T.log(T.join(0, x, y)), 0.0))
    f = gradc.function([x, y], T.grad(cost, [x, y]))
    a, b = f(np.array([0.0, 2.0]), np.array([-1.0, 4.0]))
    np.testing.assert_array_equal(a, [0, 0.5])
    np.testing.assert_array_equal(b, [0, 0.25])


def test_lengths_that_clash_at_the_call_name_both_variables() -> None:
    a, b = T.matrix("a"), T.matrix("b")
    f = gradc.function([a, b], T.join(0, a, b))
    with pytest.raises(ArgumentError) as caught:
        f(np.ones((2, 3)), np.ones((2, 4)))
    text = str(caught.value)
    assert 'axis 1 of "b" has length 4, axis 1 of "a" has 3' in text
    assert "a : float64[?, ?]" in text
    assert "Fix: pass arrays whose other lengths are equal" in text


def test_a_window_never_runs_out() -> None:
    x, k = T.vector("x"), T.lscalar("k")
    f = gradc.function([x, k], window(x, k, 2, 0))
    np.testing.assert_array_equal(f(np.arange(4.0), 2), [2, 3])
    for wrong in (3, -1):
        with pytest.raises(IndexBoundsError):
            f(np.arange(4.0), wrong)
