"""The table of stabilised forms, by value, in every context; forward and gradient.

Contexts: raw and canonical spelling, the inner term also an output, both float types, scalar to
matrix, behind a dimshuffle.  Values: exact ones, or of longer precision (mpmath, 40 digits).
Source of the rows: forms that Theano, PyTensor or JAX compute wrongly somewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import gradc.ops as T
from gradc.differentiate import grad
from gradc.graph.evaluate import evaluate
from gradc.graph.graph import seal
from gradc.rewrite import optimize, stabilized
from tests.rewrite.spelling import FLOATS, tensor


@dataclass(frozen=True)
class Row:
    """Elementwise: f(g(x)) where g(x) may be an output too; value and slope at x."""

    name: str
    inner: Callable
    outer: Callable
    at: float
    value: float
    slope: float
    looser: float = 1.0  # how much more than 16 eps the slope may be off


def _sigmoid_by_hand(x):
    return 1 / (1 + T.exp(-x))


TINY = 1.9287498479639178e-22  # exp(-50), and sigmoid(-50) to the last digit

ROWS = [
    Row("log(1+x)", lambda x: 1 + x, T.log, 1e-20, 1e-20, 1),
    Row("log(x+1)", lambda x: x + 1, T.log, 1e-20, 1e-20, 1),
    Row("exp(x)-1", T.exp, lambda e: e - 1, 1e-20, 1e-20, 1),
    Row("1+expm1(x)", T.expm1, lambda e: 1 + e, -50, TINY, TINY),
    Row("log1p(expm1(x))", T.expm1, T.log1p, -700, -700, 1),
    Row("1-exp(x)", T.exp, lambda e: 1 - e, 1e-20, -1e-20, -1),
    Row("-1+exp(x)", T.exp, lambda e: -1 + e, 1e-20, 1e-20, 1),
    Row("log(sigmoid)", T.sigmoid, T.log, -1000, -1000, 1),
    Row("log(sigmoid by hand)", _sigmoid_by_hand, T.log, -1000, -1000, 1),
    Row("log(exp/(1+exp))", lambda x: T.exp(x) / (1 + T.exp(x)), T.log, -1000, -1000, 1),
    Row("log(sigmoid) right", T.sigmoid, T.log, 1000, 0, 0),
    Row("log(1-sigmoid)", T.sigmoid, lambda s: T.log(1 - s), 1000, -1000, -1),
    Row("log(1-sigmoid by hand)", _sigmoid_by_hand, lambda s: T.log(1 - s), 1000, -1000, -1),
    Row("log1p(-sigmoid)", T.sigmoid, lambda s: T.log1p(-s), 1000, -1000, -1),
    Row("log(-1*sigmoid+1)", T.sigmoid, lambda s: T.log(-1.0 * s + 1), 1000, -1000, -1),
    Row("log(1+exp)", T.exp, lambda e: T.log(1 + e), 1000, 1000, 1),
    Row("log(exp+1)", T.exp, lambda e: T.log(e + 1), 1000, 1000, 1),
    Row("log1p(exp)", T.exp, T.log1p, 1000, 1000, 1),
    Row("log(1+exp) left", T.exp, lambda e: T.log(1 + e), -50, TINY, TINY),
    Row("log(exp)", T.exp, T.log, 1000, 1000, 1),
    Row("log(2 exp)", T.exp, lambda e: T.log(2 * e), 1000, 1000 + np.log(2), 1),
    Row("1-sigmoid", T.sigmoid, lambda s: 1 - s, 50, TINY, -TINY),
    Row("1-sigmoid by hand", _sigmoid_by_hand, lambda s: 1 - s, 50, TINY, -TINY),
    Row("log(1-exp)", T.exp, lambda e: T.log(1 - e), -1e-20, -46.051701859880914, -1e20),
    Row("log1p(-exp)", T.exp, lambda e: T.log1p(-e), -1e-20, -46.051701859880914, -1e20),
    Row("log(1-exp) far", T.exp, lambda e: T.log(1 - e), -50, -TINY, -TINY),
    Row("1-erf", T.erf, lambda e: 1 - e, 5, 1.5374597944280349e-12, -1.5670866531017335e-11),
    Row("log(1-erf)", T.erf, lambda e: T.log(1 - e), 30, -903.974117110644, -60.0332963987562, 500),
    Row("x*log(x)", lambda x: x * T.log(x), lambda e: 1 * e, 0, 0, 0),
]  # fmt: skip

CONTEXTS = {
    "scalar": (0, lambda x: x, lambda v: v),
    "vector": (1, lambda x: x, lambda v: np.full(3, v)),
    "matrix": (2, lambda x: x, lambda v: np.full((2, 3), v)),
    "row of a matrix": (1, lambda x: x.dimshuffle("x", 0), lambda v: np.full(3, v)),
    "column of a matrix": (1, lambda x: x.dimshuffle(0, "x"), lambda v: np.full(3, v)),
    "part of a vector": (1, lambda x: x[1:], lambda v: np.full(3, v)),
}


def canonical(inputs, outputs):
    return optimize(seal(inputs, outputs))[0].outputs


def raw(inputs, outputs):
    return stabilized(outputs)[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("spelling", [raw, canonical])
def test_value(row, dtype, spelling):
    for context, (ndim, view, fill) in CONTEXTS.items():
        for inner_is_an_output in (False, True):
            x = tensor(ndim, dtype)
            inner = view(row.inner(x))
            result = row.outer(inner)
            outputs = spelling([x], [result, inner] if inner_is_an_output else [result])
            got = evaluate(outputs, {x: fill(row.at)})[0]
            assert got.dtype == np.dtype(dtype)
            label = f"{context}, {'inner is an output' if inner_is_an_output else 'alone'}"
            close(got, row.value, dtype, label=label)


def close(got, wanted, dtype, looser=1, label=""):
    tolerance = 16 * looser * np.finfo(dtype).eps
    wanted = np.asarray(wanted, dtype)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=0, err_msg=label)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("dtype", FLOATS)
def test_gradient(row, dtype):
    for context in ("scalar", "vector", "column of a matrix"):
        ndim, view, fill = CONTEXTS[context]
        for inner_in_the_cost in (False, True):
            x = tensor(ndim, dtype)
            cost = T.sum(row.outer(view(row.inner(x))))
            if inner_in_the_cost:
                cost = cost + 0 * T.sum(view(x))
            gradient = grad(cost, x)
            slope = evaluate([gradient], {x: fill(row.at)})[0]
            label = f"{context}, {'inner in the cost' if inner_in_the_cost else 'alone'}"
            close(slope, np.full(slope.shape, row.slope), dtype, row.looser, label)
            again = evaluate(canonical([x], [gradient]), {x: fill(row.at)})[0]
            close(again, np.full(slope.shape, row.slope), dtype, row.looser, label)


# -- exponentials that are summed --------------------------------------------------------------


def _less_peak(v, k):
    return v - v.max(axis=k, keepdims=True)


SOFTMAX = [
    lambda v, k: T.exp(v) / T.exp(v).sum(axis=k, keepdims=True),
    lambda v, k: T.exp(v) * (1 / T.exp(v).sum(axis=k, keepdims=True)),
    lambda v, k: T.exp(_less_peak(v, k)) / T.exp(_less_peak(v, k)).sum(axis=k, keepdims=True),
    lambda v, k: T.softmax(v, axis=k),
]  # fmt: skip
V = np.array([[1000.0, 0.0], [0.0, 2000.0]])


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("spelling", [raw, canonical])
def test_softmax(softmax, dtype, spelling):
    v = tensor(2, dtype)
    for axis in (0, 1):
        p = softmax(v, axis)
        outputs = spelling([v], [p, T.log(p), T.log(p)[:, 1], T.log(p[:, 1]), T.log(p.T)])
        values = evaluate(outputs, {v: V})
        shifted = V - V.max(axis=axis, keepdims=True)  # differences of 1000 and more: exact
        np.testing.assert_array_equal(values[0], (shifted == 0).astype(dtype))
        np.testing.assert_array_equal(values[1], shifted)
        np.testing.assert_array_equal(values[2], shifted[:, 1])
        np.testing.assert_array_equal(values[3], shifted[:, 1])
        np.testing.assert_array_equal(values[4], shifted.T)


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("spelling", [raw, canonical])
def test_log_softmax_behind_a_gather(softmax, spelling):
    z, y = tensor(2), tensor(1, "int64", "y")
    p = softmax(z, 1)
    rows = T.arange(z.shape[0])
    for loss in (-T.log(p)[rows, y], -T.log(p[rows, y])):
        (got,) = evaluate(spelling([z, y], [loss]), {z: V, y: [1, 1]})
        np.testing.assert_array_equal(got, [1000, 0])
        slope = grad(loss.sum(), z)
        for outputs in ([slope], canonical([z, y], [slope])):
            (got,) = evaluate(outputs, {z: V, y: [1, 1]})
            np.testing.assert_array_equal(got, [[1, -1], [0, 0]])


@pytest.mark.parametrize("softmax", SOFTMAX)
def test_cross_entropy_with_a_distribution(softmax):
    z, t = tensor(2), tensor(2, name="t")
    loss = -(t * T.log(softmax(z, 1))).sum()
    target = np.array([[0.0, 1.0], [0.0, 1.0]])
    for outputs in (raw([z, t], [loss]), canonical([z, t], [loss])):
        assert evaluate(outputs, {z: V, t: target})[0] == 1000
    slope = grad(loss, z)
    for outputs in ([slope], canonical([z, t], [slope])):
        (got,) = evaluate(outputs, {z: V, t: target})
        np.testing.assert_array_equal(got, [[1, -1], [0, 0]])


@pytest.mark.parametrize("axes", [0, 1, (0, 1), None])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", FLOATS)
def test_log_of_sum_of_exp(axes, keepdims, dtype):
    v = tensor(2, dtype)
    data = np.array([[1000.0, 0.0], [-3000.0, 998.0]], dtype)
    forms = [
        T.log(T.exp(v).sum(axis=axes, keepdims=keepdims)),
        T.log(T.sum(T.exp(v), axis=axes, keepdims=True)),
        T.logsumexp(v, axis=axes, keepdims=keepdims),
        T.log(T.exp(v).mean(axis=axes)),
    ]
    wanted = np.logaddexp.reduce(
        data.astype("longdouble"), axis=axes if axes is not None else (0, 1)
    )
    count = data.size // wanted.size
    for spelling in (raw, canonical):
        values = evaluate(spelling([v], forms), {v: data})
        for value, less in zip(values, (1, 1, 1, count), strict=True):
            np.testing.assert_allclose(
                value.reshape(wanted.shape), wanted - np.log(less), rtol=4 * np.finfo(dtype).eps
            )
    slope = grad(forms[0].sum(), v)
    (got,) = evaluate([slope], {v: data})
    assert np.all(np.isfinite(got))
    np.testing.assert_allclose(got.sum(), wanted.size, rtol=1e-5)


def test_log_of_sum_of_exp_of_infinities_and_of_nothing():
    v = tensor(1)
    for spelling in (raw, canonical):
        (form,) = spelling([v], [T.log(T.exp(v).sum())])
        for data, wanted in (
            ([], -np.inf), ([-np.inf, -np.inf], -np.inf), ([np.inf, 1.0], np.inf),
            ([np.nan, 1.0], np.nan),
        ):  # fmt: skip
            np.testing.assert_array_equal(evaluate([form], {v: np.array(data, float)})[0], wanted)


def test_a_shifted_softmax_is_not_shifted_again():
    v = tensor(2)
    outputs = canonical([v], [T.log(T.softmax(v, axis=1)), T.logsumexp(v, axis=1)])
    peaks = [node for node in seal([v], outputs).nodes if node.op.name in ("max", "peak")]
    assert len(peaks) == 1


# -- entropies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("t", [0.0, 1.0])
@pytest.mark.parametrize("by_hand", [False, True])
def test_binary_cross_entropy(z, t, by_hand):
    x, target = tensor(1), tensor(1, name="t")
    p = _sigmoid_by_hand(x) if by_hand else T.sigmoid(x)
    loss = -(target * T.log(p) + (1 - target) * T.log(1 - p))
    known = {x: [z], target: [t]}
    wanted = max(z, 0) - z * t  # softplus(z) - z t
    for outputs in (raw([x, target], [loss]), canonical([x, target], [loss])):
        np.testing.assert_array_equal(evaluate(outputs, known)[0], [wanted])
    slope = grad(loss.sum(), x)
    for outputs in ([slope], canonical([x, target], [slope])):
        np.testing.assert_array_equal(evaluate(outputs, known)[0], [(z > 0) - t])


def test_product_with_log_of_zero():
    t, p = tensor(1, name="t"), tensor(1, name="p")
    known = {t: [0.0, 0.0, 2.0, 0.0, 0.0], p: [0.0, 0.5, 0.5, np.nan, -1.0]}
    wanted = [0, 0, 2 * np.log(0.5), np.nan, np.nan]
    for entropy, at in ((t * T.log(p), known), (-(-T.log(p) * t), known)):
        for outputs in (raw([t, p], [entropy]), canonical([t, p], [entropy])):
            np.testing.assert_allclose(evaluate(outputs, at)[0], wanted, rtol=1e-15)
        by_t, by_p = grad(entropy.sum(), [t, p])
        for outputs in ([by_t, by_p], canonical([t, p], [by_t, by_p])):
            first, second = evaluate(outputs, at)
            np.testing.assert_allclose(first, [0, np.log(0.5), np.log(0.5), np.nan, np.nan])
            np.testing.assert_allclose(second, [0, 0, 4, np.nan, 0])


def test_what_the_user_wrote_stays():
    x = tensor(1)
    data = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 2.0])
    for form in (x * 0, x - x, x / x, x + 0.0, T.exp(T.log(x)), T.sqrt(x * x), x * 0 + 1):
        (old,) = evaluate([form], {x: data})
        (new,) = evaluate(canonical([x], [form]), {x: data})
        np.testing.assert_array_equal(new, old)
        np.testing.assert_array_equal(np.signbit(new), np.signbit(old))


def test_sigmoid_keeps_its_slope_cheap():
    x = tensor(2)
    slope = grad(T.sigmoid(x).sum(), x)
    graph, _ = optimize(seal([x], [T.sigmoid(x), slope]))
    assert [node.op.name for node in graph.nodes].count("sigmoid") == 1


def test_the_slope_of_expm1_keeps_its_digits() -> None:
    """exp(x) - 1 becomes expm1, whose slope is exp(x): expm1(x) + 1 is 0 below -37."""
    x = tensor(1)
    slope = grad(T.sum(T.exp(x) - 1), x)
    points = np.array([-100.0, -40.0, -1e-3, 2.0])
    (got,) = evaluate([slope], {x: points})
    np.testing.assert_allclose(got, np.exp(points), rtol=1e-15)
