"""Matrix products reach BLAS: transposes, accumulation, the lecture's training step."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import gradc.ops as T
from gradc.differentiate import grad
from gradc.graph.evaluate import evaluate
from gradc.graph.graph import seal
from gradc.graph.variable import Constant
from gradc.ops.lengths import length
from gradc.rewrite import optimize
from tests.rewrite.spelling import FLOATS, tensor


def optimized(inputs, *outputs, updates=()):
    return optimize(seal(inputs, list(outputs), updates))


def kinds(graph):
    return Counter(node.op.kind for node in graph.nodes)


def check_values(old, graph, known, dtype="float64"):
    for a, b in zip(evaluate(old, known), evaluate(graph.results, known), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e3 * np.finfo(dtype).eps)


def data(dtype, *shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def test_transposes_become_letters():
    x, y = tensor(2), tensor(2)
    forms = [T.dot(x.T, y), T.dot(x, y.T), T.dot(x.T, y.T), T.dot(x, y).T, T.dot(x.T, y).T]
    for form in forms:
        graph, _ = optimized([x, y], form)
        assert kinds(graph) == {"Contract": 1}
        check_values([form], graph, dict(zip((x, y), data("float64", (4, 4), (4, 4)), strict=True)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_an_update_in_any_spelling_is_one_gemm(dtype):
    w, x, d = (tensor(2, dtype, name) for name in "wxd")
    lr, l2 = tensor(0, dtype, "lr"), 0.01
    n = T.cast(length(x, 0), dtype)
    product = T.dot(x.T, d)
    forms = [
        w - lr * (product / n + 2 * l2 * w),
        w - lr * product / n - lr * (2 * (l2 * w)),
        -(lr * (product / n)) + w - (2 * l2) * w * lr,
        w + (-lr) * (w * l2 + w * l2 + product * (1 / n)),
        w * (1 - 2 * l2 * lr) - (lr / n) * product,
        (-T.dot(d.T, x) * (lr / n)).T + w - lr * l2 * 2 * w,
    ]
    values = dict(zip((w, x, d, lr), data(dtype, (3, 4), (5, 3), (5, 4), ()), strict=True))
    for k, form in enumerate(forms):
        graph, _ = optimized([w, x, d, lr], form)
        found = [node for node in graph.nodes if node.op.kind in ("Gemm", "Contract")]
        assert [node.op.kind for node in found] == ["Gemm"], k
        assert graph.outputs[0].owner is found[0], k
        c, alpha, left, right, beta = found[0].inputs
        assert (c, {left, right}) == (w, {x, d}), k
        assert alpha.ndim == beta.ndim == 0
        assert alpha.dtype == beta.dtype == dtype
        check_values([form], graph, values, dtype)


def test_alpha_and_beta_of_constants_are_constants():
    c, x, y = tensor(2, name="c"), tensor(2), tensor(2)
    graph, _ = optimized([c, x, y], 0.5 * c - 3 * T.dot(x, y) * 0.25)
    (node,) = [node for node in graph.nodes if node.op.kind == "Gemm"]
    _, alpha, _, _, beta = node.inputs
    assert isinstance(alpha, Constant)
    assert alpha.data == -0.75
    assert isinstance(beta, Constant)
    assert beta.data == 0.5


def test_vectors_accumulate_too():
    c, m, v = tensor(1, name="c"), tensor(2), tensor(1)
    for product in (T.dot(m, v), T.dot(v, m), T.dot(m.T, v)):
        form = c - 0.1 * product
        graph, _ = optimized([c, m, v], form)
        assert kinds(graph) == {"Gemm": 1}
        check_values(
            [form], graph, dict(zip((c, m, v), data("float64", 3, (3, 3), 3), strict=True))
        )


def test_products_add_up_in_place():
    x, u, h, v = (tensor(2, name=name) for name in "xuhv")
    b = tensor(1, name="b")
    form = T.tanh(T.dot(x, u) + T.dot(h, v) + b)
    graph, _ = optimized([x, u, h, v, b], form)
    assert kinds(graph)["Contract"] == kinds(graph)["Gemm"] == 1
    known = dict(
        zip((x, u, h, v, b), data("float64", (5, 3), (3, 4), (5, 2), (2, 4), 4), strict=True)
    )
    check_values([form], graph, known)


def test_what_stays():
    c, x, y, b = tensor(2, name="c"), tensor(2), tensor(2), tensor(1, name="b")
    i, j, k = (tensor(2, "int64", name) for name in "ijk")
    product = T.dot(x, y)
    assert not kinds(optimized([c, x, y], product + c, product * 2)[0])["Gemm"]  # read twice
    assert not kinds(optimized([x, y, b], product + b)[0])["Gemm"]  # a bias stretches
    assert not kinds(optimized([x, y, c], product + T.exp(c))[0])["Gemm"]  # not in memory yet
    assert not kinds(optimized([i, j, k], T.dot(i, j) + k)[0])["Gemm"]  # BLAS knows no integers
    row = tensor(2, name="r", one=True)
    assert not kinds(optimized([x, y, row], product + row)[0])["Gemm"]
    s, t = tensor(3), tensor(3)
    assert not kinds(optimized([s, t], T.matmul(s, t) + s)[0])["Gemm"]  # a stack


def test_a_gradient_that_is_returned_is_kept():
    w, x, d = tensor(2, name="w"), tensor(2), tensor(2)
    g = T.dot(x.T, d) + 0.02 * w
    graph, _ = optimized([w, x, d], w - 0.1 * g, g)
    assert kinds(graph)["Gemm"] == 1
    assert graph.outputs[1].owner.op.kind == "Gemm"


def test_a_second_matrix_is_added_once():
    b, c, x, y = (tensor(2, name=name) for name in "bcxy")
    graph, trace = optimized([b, c, x, y], T.dot(x, y) - (b + c))
    assert kinds(graph)["Gemm"] == 1
    assert trace.counts["sum_with_product"] == 1


def test_a_scaled_product_that_is_read_twice_is_computed_once():
    w, x, d = tensor(2, name="w"), tensor(2), tensor(2)
    step = 0.1 * T.dot(x.T, d)
    graph, _ = optimized([w, x, d], w - step, step)
    assert kinds(graph)["Contract"] == 1
    assert not kinds(graph)["Gemm"]


def test_outer_products_join_the_loop():
    u, v, m = tensor(1, name="u"), tensor(1), tensor(2)
    graph, _ = optimized([u, v, m], m * T.outer(u, v))
    assert not kinds(graph)["Contract"]
    assert not kinds(graph)["Gemm"]


def lecture(dtype="float64"):
    """The training step of the lecture: graph, and its leaves."""
    x, y = tensor(2, dtype, "x"), tensor(1, dtype, "y")
    w_1, b_1 = tensor(2, dtype, "w_1"), tensor(1, dtype, "b_1")
    w_2, b_2 = tensor(1, dtype, "w_2"), tensor(0, dtype, "b_2")
    p_1 = T.sigmoid(-T.dot(T.sigmoid(-T.dot(x, w_1) - b_1), w_2) - b_2)
    prediction = p_1 > 0.5
    xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
    cost = xent.mean() + 0.01 * ((w_1**2).sum() + (w_2**2).sum())
    weights = [w_1, b_1, w_2, b_2]
    updates = [(w, w - 0.1 * g) for w, g in zip(weights, grad(cost, weights), strict=True)]
    return seal([x, y], [prediction, xent], updates), [x, y, *weights]


def test_the_lecture_step():
    graph, leaves = lecture()
    result, _ = optimize(graph)
    x, _, w_1, _, w_2, _ = leaves
    products = [node for node in result.nodes if node.op.kind in ("Contract", "Gemm")]
    matrix = [node for node in products if len(node.op.keywords["x"] + node.op.keywords["y"]) == 4]
    vector = [node for node in products if node not in matrix]
    assert [node.op.kind for node in matrix] == ["Contract", "Gemm"]
    assert len(vector) <= 2
    new = dict(result.updates)
    for old, operand, beta in ((w_1, x, 0.998), (w_2, None, 0.998)):
        node = new[old].owner
        assert node.op.kind == "Gemm"
        c, alpha, left, _, found = node.inputs
        assert c is old
        assert found.data == pytest.approx(beta)
        assert alpha.data in (0.1, -0.1)
        assert operand is None or left is operand
    assert not [node for node in result.nodes if node.op.name == "log"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_the_lecture_step_keeps_its_values(dtype, mode):
    graph, leaves = lecture(dtype)
    arrays = data(dtype, (7, 5), 7, (5, 3), 3, 3, ())
    arrays[1] = (arrays[1] > 0).astype(dtype)
    known = dict(zip(leaves, arrays, strict=True))
    check_values(graph.results, optimize(graph, mode)[0], known, dtype)
