"""vectorize and vectorize_graph: forms, axes, nesting, what is shared, what is refused.

What each operation does in a batch is tested by tests/ops/test_modes.py.
"""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import grad, vectorize, vectorize_graph, vmap
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, VectorizeError
from gradc.graph.evaluate import evaluate
from gradc.graph.walk import toposort

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(8)


def value(variable, values):
    return evaluate([variable], values)[0]


def test_axes_in_and_out():
    a, b = T.dmatrix("a"), T.dmatrix("b")
    dots = vmap(T.dot, in_axes=(0, 1), out_axes=0)(a, b)
    x, y = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 4))
    np.testing.assert_allclose(value(dots, {a: x, b: y}), np.sum(x * y.T, axis=1))
    outer = vmap(lambda v, w: v * w, in_axes=(None, 0), out_axes=1)(a[0], b[0])
    np.testing.assert_allclose(value(outer, {a: x, b: y}), x[0][:, None] * y[0][None, :])
    last = vmap(T.cumsum, in_axes=-1, out_axes=-1)(a)
    np.testing.assert_allclose(value(last, {a: x}), np.cumsum(x, axis=0))


def test_trees():
    a, b = T.dmatrix("a"), T.dvector("b")

    def f(pair, table):
        return {"sum": pair[0].sum() + table["b"], "all": [pair[1] * 2, table["c"]]}

    c = T.dscalar("c")
    found = vectorize(f, in_axes=((0, 0), {"b": 0, "c": None}))((a, b), {"b": b, "c": c})
    values = {a: RNG.normal(size=(3, 2)), b: RNG.normal(size=3), c: 7.0}
    np.testing.assert_allclose(value(found["sum"], values), values[a].sum(1) + values[b])
    np.testing.assert_allclose(value(found["all"][0], values), values[b] * 2)
    assert value(found["all"][1], values).tolist() == [7, 7, 7]
    once = vectorize(f, (0, {"b": 0, "c": None}), {"sum": 0, "all": [0, None]})
    assert once((a, b), {"b": b, "c": c})["all"][1] is c


def test_shared_variables_are_the_same_for_all():
    w = gradc.shared(np.eye(3) * 2, "w")
    x = T.dmatrix("x")
    rows = vectorize(lambda row: T.tanh(T.dot(row, w)))(x)
    f = gradc.function([x], rows)
    at = RNG.normal(size=(5, 3))
    np.testing.assert_allclose(f(at), np.tanh(2 * at), rtol=1e-14)
    products = [line for line in str(f.stages.program).splitlines() if "gemm " in line]
    assert len(products) == 1


def test_a_gradient_per_row():
    w, x, y = T.dvector("w"), T.dmatrix("x"), T.dvector("y")

    def loss(row, target):
        return grad(T.softplus(-target * T.dot(row, w)), w)

    at = {w: RNG.normal(size=3), x: RNG.normal(size=(6, 3)), y: np.sign(RNG.normal(size=6))}
    found = value(vectorize(loss)(x, y), at)
    margin = at[y] * (at[x] @ at[w])
    expected = (-at[y] / (1 + np.exp(margin)))[:, None] * at[x]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_nested():
    a, b = T.dmatrix("a"), T.dmatrix("b")
    inner = lambda v, w: T.sum(T.exp(v - w))  # noqa: E731
    table = vmap(lambda v: vmap(lambda w: inner(v, w))(b))(a)
    at = {a: RNG.normal(size=(2, 3)), b: RNG.normal(size=(4, 3))}
    expected = np.exp(at[a][:, None] - at[b][None]).sum(axis=2)
    np.testing.assert_allclose(value(table, at), expected, rtol=1e-13)
    both = grad(T.sum(table**2), a)
    np.testing.assert_allclose(
        value(both, at),
        (2 * expected[:, :, None] * np.exp(at[a][:, None] - at[b][None])).sum(1),
        rtol=1e-12,
    )


def test_a_graph_with_several_batch_axes():
    x, y = T.dvector("x"), T.dscalar("y")
    out = T.sum(x * y) + x[0]
    bx, by = T.dtensor3("bx"), T.dvector("by")
    found = vectorize_graph([out, y * 2, T.dscalar("z") * 1.0], {x: bx, y: by})
    assert [each.ndim for each in found] == [2, 1, 0]
    at = {bx: RNG.normal(size=(2, 4, 3)), by: RNG.normal(size=4)}
    expected = (at[bx] * at[by][None, :, None]).sum(2) + at[bx][..., 0]
    np.testing.assert_allclose(value(found[0], at), expected, rtol=1e-13)
    one = T.matrix("one", dtype="float64", shape=(1, None))
    wide = vectorize_graph(T.sum(x) * y, {x: one, y: by})
    assert value(wide, {one: [[1.0, 2.0]], by: [1.0, 10.0]}).tolist() == [3, 30]


def test_what_is_replaced_may_be_computed_or_shared():
    x = T.dvector("x")
    h = T.exp(x)
    out = T.sum(h * x)
    bh = T.dmatrix("bh")
    at = {x: RNG.normal(size=3), bh: RNG.normal(size=(2, 3))}
    np.testing.assert_allclose(value(vectorize_graph(out, {h: bh}), at), at[bh] @ at[x])
    s = gradc.shared(np.ones(3), "s")
    np.testing.assert_allclose(value(vectorize(T.sum(s * 2), {s: bh}), at), at[bh].sum(1) * 2)


def test_what_does_not_depend_on_the_batch_stays_itself():
    x, y = T.dvector("x"), T.dvector("y")
    kept = T.exp(y)
    found = vectorize_graph(T.sum(x) + T.sum(kept), {x: T.dmatrix("bx")})
    assert kept.owner in toposort([found])


def test_lengths_of_a_batch():
    x = T.dmatrix("x")
    counts = vectorize(lambda row: row.sum() / row.shape[0] + T.zeros((row.shape[0],)))(x)
    assert value(counts, {x: [[1.0, 3.0], [2.0, 4.0]]}).tolist() == [[2, 2], [3, 3]]
    f = gradc.function([x], vectorize(T.softmax)(x))
    assert f(np.empty((0, 3))).shape == (0, 3)


def test_a_length_that_would_differ_is_refused():
    k = T.lvector("k")
    message = "vectorize: the lengths of iota follow from"
    with pytest.raises(VectorizeError, match=message) as found:
        vectorize(lambda n: T.arange(n).sum())(k)
    assert "rows of one array cannot differ in length" in str(found.value)
    assert "leave" in found.value.hint
    with pytest.raises(VectorizeError):
        vectorize(lambda n: T.zeros((3,))[:n])(k)


def test_each_element_reads_and_writes_at_its_own_place():
    x, k = T.dmatrix("x"), T.lvector("k")
    at = {x: RNG.normal(size=(3, 4)), k: [2, -1, 0]}
    rows, picked = np.arange(3), at[x][[0, 1, 2], at[k]]
    np.testing.assert_array_equal(value(vectorize(lambda v, i: v[i])(x, k), at), picked)
    shared = vectorize(lambda i: x[i, 1:])(k)
    np.testing.assert_array_equal(value(shared, at), at[x][at[k], 1:])
    put = vectorize(lambda v, i: T.set_subtensor(v[i], 7.0))(x, k)
    expected = at[x].copy()
    expected[rows, at[k]] = 7
    np.testing.assert_array_equal(value(put, at), expected)
    slope = vectorize(lambda v, i: grad(v[i] ** 2, v))(x, k)
    expected = np.zeros((3, 4))
    expected[rows, at[k]] = 2 * picked
    f = gradc.function([x, k], slope)
    np.testing.assert_allclose(f(at[x], np.array(at[k])), expected)


def test_wrong_use_is_explained():
    x, s = T.dmatrix("x"), T.dscalar("s")
    with pytest.raises(ArgumentError, match="in_axes has 1 entries for 2 arguments"):
        vectorize(T.dot, in_axes=(0,))(x, x)
    with pytest.raises(ArgumentError, match="no argument has a batch"):
        vectorize(T.exp, in_axes=None)(x)
    with pytest.raises(ShapeError, match="the scalar s has no axis 0"):
        vectorize(T.exp)(s)
    with pytest.raises(ArgumentError, match="differs from element to element"):
        vectorize(T.exp, out_axes=None)(x)
    with pytest.raises(ShapeError, match="is no batch of x"):
        vectorize_graph(T.exp(x), {x: T.dvector("v")})
    with pytest.raises(ArgumentTypeError, match="is not a variable"):
        vectorize_graph(T.exp(x), {"x": x})
    y = T.dvector("y")
    two = T.matrix(dtype="float64", shape=(2, None))
    with pytest.raises(ShapeError, match="batches have lengths 2 and 3"):
        vectorize_graph(y * x[0], {y: two, x: T.tensor3(dtype="float64", shape=(3, None, None))})


def test_rows_searched_for_numbers_of_their_own() -> None:
    x, v = T.matrix("x"), T.matrix("v")
    both = gradc.vectorize(lambda row, wanted: T.searchsorted(T.sort(row), wanted))
    same = gradc.vectorize(lambda row: T.searchsorted(T.sort(row), row))
    f = gradc.function([x, v], [both(x, v), same(x)])
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4))
    rows = np.sort(a, axis=1)
    for found, wanted in zip(f(a, b), (b, a), strict=True):
        expected = [np.searchsorted(row, each) for row, each in zip(rows, wanted, strict=True)]
        np.testing.assert_array_equal(found, expected)


def test_elements_flattened_by_minus_one() -> None:
    x = T.tensor3("x")
    flat = vectorize(lambda each: each.reshape((-1,)))(x)
    one = vectorize(vectorize(vectorize(lambda each: each.reshape((-1,)))))(x)
    pairs = vectorize(lambda each: T.stack([each, each]).reshape((-1, each.shape[1])))(x)
    a = np.arange(12.0).reshape(3, 2, 2)
    found = gradc.function([x], [flat, one, pairs])(a)
    np.testing.assert_array_equal(found[0], a.reshape(3, 4))
    np.testing.assert_array_equal(found[1], a[..., None])
    np.testing.assert_array_equal(found[2], np.tile(a, (1, 2, 1)))
