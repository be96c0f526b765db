"""What shares a sweep or a piece of memory with a product or a scatter, and what must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import gradc
import gradc.tensor as T
from gradc.errors import IndexBoundsError
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Pack, Product
from gradc.lower.tasks import Task, next_number

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(0)


def steps(function: Any, kind: type) -> list[Any]:
    program = function.stages.program
    check_program(program)
    return [each for part in program.segments for each in part.steps if isinstance(each, kind)]


def sweeps(function: Any) -> list[Nest]:
    """The nests over two axes or more, or over the product of two."""
    return [n for n in steps(function, Nest) if len(n.axes) > 1 or "*" in str(n.axes[:1])]


def crossentropy(scores: Any, labels: Any) -> Any:
    return -T.mean(T.log(T.softmax(scores))[T.arange(labels.shape[0]), labels])


@pytest.fixture
def loss() -> Any:
    z, y = T.matrix("z"), T.vector("y", dtype="int64")
    cost = crossentropy(z, y)
    return gradc.function([z, y], [cost, T.grad(cost, z)])


def expected(scores: Any, labels: Any) -> tuple[Any, Any]:
    n = len(labels)
    gradient = np.zeros_like(scores)
    gradient[:n] = softmax(scores[:n], axis=1) / n
    gradient[np.arange(n), labels] -= 1 / n
    return -log_softmax(scores, axis=1)[np.arange(n), labels].mean(), gradient


def test_crossentropy_and_gradient_are_one_sweep(loss: Any) -> None:
    assert len(sweeps(loss)) == 1
    scores, labels = 30 * RNG.standard_normal((40, 7)), RNG.integers(-7, 7, 40)
    for got, wanted in zip(loss(scores, labels), expected(scores, labels), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def test_fewer_labels_than_rows_leave_the_other_rows_alone(loss: Any) -> None:
    scores, labels = RNG.standard_normal((5, 3)), np.array([2, 0])
    for got, wanted in zip(loss(scores, labels), expected(scores, labels), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def test_labels_out_of_bounds_are_seen(loss: Any) -> None:
    for labels in ([0, 3], [0, -4], [0, 1, 2, 0]):
        with pytest.raises(IndexBoundsError):
            loss(np.zeros((3, 3)), np.array(labels))


def test_labels_are_looked_at_where_only_sums_are_left() -> None:
    z, y = T.matrix("z"), T.vector("y", dtype="int64")
    picked = z[T.arange(y.shape[0]), y].sum()
    sums = gradc.function([z, y], T.grad(picked, z).sum(axis=1))
    np.testing.assert_array_equal(sums(np.zeros((3, 2)), [1, 0]), [1, 1, 0])
    with pytest.raises(IndexBoundsError):
        sums(np.zeros((3, 2)), [1, 2])


def test_a_scatter_turns_its_base_into_its_result() -> None:
    x, i = T.matrix("x"), T.vector("i", dtype="int64")
    y = T.exp(x)
    cost = (x[i, 0] * 3).sum() + y.sum()
    gradient = gradc.function([x, i], T.grad(cost, x))
    assert not any("base" in nest.title for nest in steps(gradient, Nest))
    value = RNG.standard_normal((4, 2))
    wanted = np.exp(value)
    np.add.at(wanted, ([1, 3, 1], [0, 0, 0]), 3.0)
    np.testing.assert_allclose(gradient(value, [1, 3, 1]), wanted, rtol=1e-14)


def test_a_shared_variable_survives_a_scatter_that_fails() -> None:
    w, i = gradc.shared(np.ones((3, 2)), name="w"), T.vector("i", dtype="int64")
    cost = T.exp(w).sum() + w[i, 0].sum()
    step = gradc.function([i], updates={w: w + T.grad(cost, w)})
    with pytest.raises(IndexBoundsError):
        step([0, 5])
    np.testing.assert_array_equal(w.get_value(), np.ones((3, 2)))
    step([0])
    np.testing.assert_allclose(w.get_value(), 1 + np.e + np.array([[1, 0], [0, 0], [0, 0]]))


def momentum_step(w: Any, velocity: Any, gradient: Any) -> dict[Any, Any]:
    new = 0.9 * velocity - 0.1 * gradient
    return {velocity: new, w: w + new}


def test_a_gradient_goes_into_velocity_and_weights_in_one_step() -> None:
    x, d = T.matrix("x"), T.matrix("d")
    start = RNG.standard_normal((60, 40))
    w, velocity = gradc.shared(start, name="w"), gradc.shared(np.ones((60, 40)), name="v")
    step = gradc.function([x, d], updates=momentum_step(w, velocity, T.dot(x.T, d)))
    (nest,) = steps(step, Nest)
    assert nest.product is not None
    assert not steps(step, Product)
    a, b = RNG.standard_normal((30, 60)), RNG.standard_normal((30, 40))
    step(a, b)
    new = 0.9 - 0.1 * a.T @ b
    np.testing.assert_allclose(velocity.get_value(), new, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(w.get_value(), start + new, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("n", [5, 300])
def test_weights_that_the_product_reads_are_not_written_beneath_it(n: int) -> None:
    start = RNG.standard_normal((n, n)) / n
    w, velocity = gradc.shared(start, name="w"), gradc.shared(np.ones((n, n)), name="v")
    step = gradc.function([], updates=momentum_step(w, velocity, T.dot(w.T, w)))
    step()
    new = 0.9 - 0.1 * start.T @ start
    np.testing.assert_allclose(velocity.get_value(), new, rtol=1e-12)
    np.testing.assert_allclose(w.get_value(), start + new, rtol=1e-12, atol=1e-14)


def test_large_products_share_their_panels_and_small_ones_have_none() -> None:
    a, b = T.matrix("a"), T.matrix("b")
    f = gradc.function([a, b], T.tanh(T.dot(a, b)))
    assert len(steps(f, Pack)) == 1
    for m, k, n in [(1, 2, 3), (11, 50, 50), (12, 40, 40), (400, 3, 500), (30, 1200, 70)]:
        x, y = RNG.standard_normal((m, k)), RNG.standard_normal((k, n))
        np.testing.assert_allclose(f(x, y), np.tanh(x @ y), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("products", ["panels", "blas"])
def test_products_agree_whoever_multiplies(products: str) -> None:
    a, b = T.matrix("a"), T.matrix("b")
    with gradc.config.override(products=products):
        f = gradc.function([a, b], T.dot(a, b.T))
    x, y = RNG.standard_normal((130, 90)), RNG.standard_normal((70, 90))
    np.testing.assert_allclose(f(x, y), x @ y.T, rtol=1e-12, atol=1e-12)


def test_rows_of_several_axes_meet_what_follows_them() -> None:
    """But for what moves through one axis of the rows alone: then the product is done before."""
    x, w, b, m = T.tensor3("x"), T.matrix("w"), T.vector("b"), T.vector("m")
    found = T.tanh(T.dot(x, w) + b)
    f = gradc.function([x, w, b], [found, found.sum((0, 1))])
    g = gradc.function([x, w, m], T.tanh(T.dot(x, w) * m[:, None, None]))
    assert [each.product is not None for each in sweeps(f)] == [True]
    assert [each.product is not None for each in sweeps(g)] == [False]
    a, c = RNG.normal(size=(3, 7, 5)), RNG.normal(size=(5, 4))
    bias, scale = RNG.normal(size=4), RNG.normal(size=3)
    wanted = np.tanh(a @ c + bias)
    for got, want in zip(f(a, c, bias), (wanted, wanted.sum((0, 1))), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-13)
    np.testing.assert_allclose(g(a, c, scale), np.tanh(a @ c * scale[:, None, None]), atol=1e-13)


def test_nests_begun_apart_are_one_where_both_are_read() -> None:
    """A layer norm's gradient begins with w * gamma, its value with the mean of x."""
    x, w, gamma = T.matrix("x"), T.matrix("w"), T.vector("gamma")
    cost = T.mean(T.nnet.layer_norm(x, gamma) * w)
    f = gradc.function([x, w, gamma], [cost, *T.grad(cost, [x, gamma])])
    assert len(sweeps(f)) == 1
    a, b, g = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 5)), RNG.normal(size=5)
    root = np.sqrt(a.var(1, keepdims=True) + 1e-5)
    n, ct = (a - a.mean(1, keepdims=True)) / root, b * g / 30
    mean = ct.mean(1, keepdims=True) + n * (ct * n).mean(1, keepdims=True)
    expected = [(n * g * b).mean(), (ct - mean) / root, (b * n).sum(0) / 30]
    for got, wanted in zip(f(a, b, g), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-14)


def test_nests_with_something_between_stay_two() -> None:
    """The second nest needs a product of the first one's rows."""
    x, w = T.matrix("x"), T.matrix("w")
    first = T.softmax(x)
    second = T.softmax(T.dot(first, w))
    f = gradc.function([x, w], [first * second, first, second])
    assert len(sweeps(f)) == 2
    a, b = RNG.normal(size=(6, 5)), RNG.normal(size=(5, 5))
    one = softmax(a, axis=1)
    two = softmax(one @ b, axis=1)
    for got, wanted in zip(f(a, b), [one * two, one, two], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_numbers_are_not_given_twice() -> None:
    """A task that became a part of another one leaves a gap."""
    assert next_number([Task(0, "nest"), Task(3, "nest")]) == 4
    assert next_number([]) == 0


def test_updates_read_what_stood_before_though_nests_were_united() -> None:
    """Copies into shared variables come behind all their readers, however tasks are numbered."""
    x, g = T.matrix("x"), T.vector("g")
    start = [RNG.normal(size=(5, 5)) for _ in range(2)]
    a, b = (gradc.shared(each, name=name) for each, name in zip(start, "ab", strict=True))

    def sweep(p: Any, q: Any) -> Any:
        return T.nnet.layer_norm(p, g) * T.softmax(q)

    rows = sweep(x * a, b)
    more = sweep(T.dot(rows[::-1], x), a)
    new_a, new_b = b[::-1] + more, T.dot(rows, T.dot(a[:, ::-1], more.T)) + a.T
    f = gradc.function([x, g], [rows, more], updates={a: new_a, b: new_b})
    check_program(f.stages.program)
    u, v = RNG.normal(size=(5, 5)), RNG.normal(size=5)

    def swept(p: Any, q: Any) -> Any:
        off = p - p.mean(1, keepdims=True)
        return off / np.sqrt(p.var(1, keepdims=True) + 1e-5) * v * softmax(q, axis=1)

    one, two = start
    first = swept(u * one, two)
    then = swept(first[::-1] @ u, one)
    wanted = [first, then, two[::-1] + then, first @ (one[:, ::-1] @ then.T) + one.T]
    for got, want in zip([*f(u, v), a.get_value(), b.get_value()], wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
