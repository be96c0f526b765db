"""Factors, systems, inverses and determinants: sizes, layouts, threads, errors, structure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, LinAlgError, ShapeError
from gradc.graph.variable import Variable

pytestmark = pytest.mark.usefixtures("quickly")

SIZES = (0, 1, 2, 63, 64, 65, 129, 200, 333)
RNG = np.random.default_rng(4)


def positive(n: int, dtype: str = "float64") -> np.ndarray:
    x = RNG.normal(size=(n, n))
    return (x @ x.T / max(n, 1) + np.eye(n)).astype(dtype)


def close(got: Any, wanted: Any, dtype: str = "float64") -> None:
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(got, wanted, rtol=2e4 * eps, atol=2e3 * eps)


def operations(got: gradc.Function) -> list[str]:
    words = ("cholesky", "lu", "solve", "inverse", "logdet", "sign", "logabs")
    return [
        node.op.name
        for node in got.stages.optimized.nodes
        if node.op.name.endswith(words) and node.op.kind == "Routine"
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_sizes_of_blocks(dtype: str) -> None:
    a, b, v = T.matrix("a", dtype), T.matrix("b", dtype), T.vector("v", dtype)
    lower, upper = T.tril(a), T.triu(a)
    f = gradc.function(
        [a, b, v],
        [
            T.cholesky(a), T.cholesky(a, lower=False), T.solve(a, b), T.solve(a, v),
            T.solve(a, b, transposed=True), T.solve(a, b, assume_a="pos"),
            T.solve_triangular(lower, b, lower=True), T.solve_triangular(a, b, trans="T"),
            T.solve_triangular(upper, v, trans=0), T.solve_triangular(a, b, unit_diagonal=True),
            T.matrix_inverse(a), *T.slogdet(a), T.det(a / 2),
        ],
    )  # fmt: skip
    for n in SIZES:
        x, y, z = positive(n, dtype), RNG.normal(size=(n, 70)).astype(dtype), np.ones(n, dtype)
        factor = np.linalg.cholesky(x.astype("float64"))
        unit = np.triu(x, 1) + np.eye(n)
        wanted = [
            factor, factor.T, np.linalg.solve(x, y), np.linalg.solve(x, z),
            np.linalg.solve(x.T, y), np.linalg.solve(x, y),
            np.linalg.solve(np.tril(x), y), np.linalg.solve(np.triu(x).T, y),
            np.linalg.solve(np.triu(x), z),
            np.linalg.solve(unit, y) if n < 65 else None,  # it grows with n
            np.linalg.inv(x), *np.linalg.slogdet(x), np.linalg.det(x / 2),
        ]  # fmt: skip
        for one, other in zip(f(x, y, z), wanted, strict=True):
            assert one.dtype == dtype
            if other is not None:
                close(one, other, dtype)


def test_general_matrices_are_pivoted() -> None:
    a, b = T.dmatrix("a"), T.dmatrix("b")
    f = gradc.function([a, b], [T.solve(a, b), T.matrix_inverse(a), T.det(a), *T.slogdet(a)])
    for n in (2, 5, 64, 129, 257):
        x = RNG.normal(size=(n, n))
        x[0, 0] = 0.0
        y = RNG.normal(size=(n, 3))
        wanted = [np.linalg.solve(x, y), np.linalg.inv(x), np.linalg.det(x), *np.linalg.slogdet(x)]
        for one, other in zip(f(x, y), wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9)
    assert f(np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2))[2] == -1.0


def test_signs_of_a_stack_beside_its_factors() -> None:
    a = T.dtensor3("a")
    f = gradc.function([a], [T.cholesky(a), *T.slogdet(a)])
    assert "lu_" not in str(f.stages.optimized)
    x = np.stack([positive(3) for _ in range(4)])
    for one, other in zip(f(x), [np.linalg.cholesky(x), *np.linalg.slogdet(x)], strict=True):
        close(one, other)


def test_layouts_and_stacks() -> None:
    a, b = T.dtensor3("a"), T.dmatrix("b")
    stretched = T.solve(a[:, None], T.constant(RNG.normal(size=(1, 2, 3, 2))))
    outs = [T.solve(a, b), T.cholesky(a), T.matrix_inverse(a[:, ::-1, ::-1]), T.det(a), stretched]
    f = gradc.function([a, b], [*outs, T.solve(a[0].T, b), T.cholesky(a[1, ::2, ::2])])
    x = np.stack([positive(3) for _ in range(5)])
    y = RNG.normal(size=(3, 4))
    got = f(np.asfortranarray(x), y[:, ::-1][:, ::-1])
    close(got[0], np.linalg.solve(x, y))
    close(got[1], np.linalg.cholesky(x))
    close(got[2], np.linalg.inv(x[:, ::-1, ::-1]))
    close(got[3], np.linalg.det(x))
    assert got[4].shape == (5, 2, 3, 2)
    close(got[5], np.linalg.solve(x[0].T, y))
    close(got[6], np.linalg.cholesky(x[1, ::2, ::2]))
    assert [each.shape[0] for each in f(x[:2], y)[:4]] == [2] * 4


def test_one_matrix_gives_the_same_bits_on_any_number_of_threads() -> None:
    a, b = T.dmatrix("a"), T.dmatrix("b")
    f = gradc.function(
        [a, b],
        [T.cholesky(a), T.solve(a, b), T.matrix_inverse(a + b), T.solve(a, b, assume_a="pos")],
    )
    x, y = positive(300), RNG.normal(size=(300, 300))
    found = []
    for threads in (1, 2, 5):
        with gradc.config.override(threads=threads):
            found.append(f(x, y))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_matrix_that_is_not_positive_definite() -> None:
    k = T.dmatrix("k")
    w = gradc.shared(np.ones(2), "w")
    f = gradc.function([k], T.cholesky(k + 0.0), updates={w: w + 1}, name="f")
    bad = positive(200)
    bad[150, 150] = -5.0
    with pytest.raises(LinAlgError, match="leading part of 151 rows is not") as caught:
        f(bad)
    assert isinstance(caught.value, np.linalg.LinAlgError)
    text = str(caught.value)
    assert "test_solving.py" in text
    assert "f: cholesky" in text
    assert "Fix: add a little to its diagonal" in text
    np.testing.assert_array_equal(w.get_value(), np.ones(2))
    with pytest.raises(LinAlgError, match="leading part of 1 rows"):
        f(np.full((3, 3), np.nan))


def test_singular_matrices() -> None:
    a = T.dtensor3("a")
    f = gradc.function([a], T.solve(a, np.ones((3, 1))))
    x = np.stack([np.eye(3)] * 40)
    x[30, 1] = 0.0
    x[35] = 0.0
    with pytest.raises(LinAlgError, match=r"solve .*: matrix 30 of the stack is singular"):
        f(x)
    one = T.dmatrix("one")
    g = gradc.function([one], [T.det(one), *T.slogdet(one)])
    assert [float(each) for each in g(np.zeros((2, 2)))] == [0.0, 0.0, -np.inf]
    h = gradc.function([one], T.solve_triangular(one, np.ones(3), lower=True))
    with pytest.raises(LinAlgError, match="diagonal has a 0 at row 2"):
        h(np.diag([1.0, 0.0, 1.0]))


def test_nan_instead_of_an_error() -> None:
    a = T.dtensor3("a")
    f = gradc.function([a], T.linalg.cholesky(a, on_error="nan"))
    x = np.stack([np.eye(2), -np.eye(2)])
    np.testing.assert_array_equal(f(x), np.stack([np.eye(2), np.full((2, 2), np.nan)]))
    factor = T.slinalg.Cholesky(on_error="nan")(a[0])
    np.testing.assert_array_equal(gradc.function([a], factor)(x), np.eye(2))


def test_numbers_without_end_do_not_hang() -> None:
    a = T.dmatrix("a")
    f = gradc.function([a], [T.solve(a, np.ones(3)), T.det(a)])
    for bad in (np.nan, np.inf):
        x = np.eye(3)
        x[1, 2] = bad
        with contextlib.suppress(LinAlgError):  # as LAPACK sees it, a pivot may be 0
            assert not np.isfinite(f(x)[0]).all()


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: T.det(T.vector()), ShapeError, "takes a matrix"),
        (lambda: T.det(np.ones((2, 3))), ShapeError, "must be square, it has 2 rows"),
        (lambda: T.solve(np.eye(2), np.ones(3)), ShapeError, "has 2 rows, the right-hand side"),
        (lambda: T.solve(np.eye(2), 1.0), ShapeError, "is a scalar"),
        (lambda: T.solve(np.eye(2), np.ones(2), "odd"), ArgumentError, "no structure"),
        (lambda: T.solve_triangular(np.eye(2), np.ones(2), trans=3), ArgumentError, "trans=3"),
        (lambda: T.cholesky(np.eye(2), on_error="ignore"), ArgumentError, 'on_error is "raise"'),
        (lambda: T.cho_solve(np.eye(3), np.ones(3)), ArgumentError, "which triangle"),
        (lambda: T.tensorinv(np.ones((2, 2)), 2), ArgumentError, "number of axes"),
    ],
)
def test_mistakes(build: Callable[[], Variable], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build()


def test_lengths_are_checked_at_the_call() -> None:
    a = T.dmatrix("a")
    f = gradc.function([a], T.matrix_inverse(a))
    with pytest.raises(ArgumentError, match="axes 0 and 1 have lengths 2 and 3 where a square"):
        f(np.ones((2, 3)))


def test_tensors_as_matrices() -> None:
    a, b = T.dtensor4("a"), T.dmatrix("b")
    x, y = RNG.normal(size=(4, 6, 8, 3)), RNG.normal(size=(4, 6))
    f = gradc.function([a, b], [T.linalg.tensorinv(a), T.tensorsolve(a, b)])
    for one, other in zip(
        f(x, y), (np.linalg.tensorinv(x), np.linalg.tensorsolve(x, y)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    c, z = T.dtensor3("c"), RNG.normal(size=(2, 6, 3))
    got = gradc.function([c], T.tensorsolve(c, np.ones(6), axes=(0, 2)))(z)
    np.testing.assert_allclose(got, np.linalg.tensorsolve(z, np.ones(6), axes=(0, 2)), rtol=1e-8)


def likelihoods(k: Variable, y: Variable) -> list[Variable]:
    """The same likelihood as different people write it."""
    factor = T.cholesky(k)
    half = T.solve_triangular(factor, y, lower=True)
    logs = T.sum(T.log(T.diag(factor)))
    upper = T.cholesky(k, lower=False)
    return [
        0.5 * T.dot(y, T.cho_solve((factor, True), y)) + logs,
        0.5 * T.dot(half, half) + logs,
        0.5 * T.sum(half**2) + T.log(T.prod(T.diagonal(factor))),
        0.5 * T.dot(y, T.solve(k, y)) + 0.5 * T.slogdet(k)[1],
        0.5 * T.dot(y, T.dot(T.matrix_inverse(k), y)) + 0.5 * T.log(T.det(k)),
        0.5 * T.dot(y, T.solve(factor.T, T.solve(factor, y))) + logs,
        0.5 * T.dot(y, T.cho_solve((upper, False), y)) + T.sum(T.log(T.diag(upper))),
        0.5 * T.dot(y, T.solve(k, y)) + logs,
    ]


def test_a_likelihood_has_one_gradient_however_it_is_written() -> None:
    x, y, scale = T.dmatrix("x"), T.dvector("y"), T.dscalar("scale")
    distance = T.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=2)
    kernel = T.exp(-0.5 * distance / scale**2) + 0.1 * T.eye(x.shape[0])
    values = RNG.normal(size=(20, 2)), RNG.normal(size=20), 0.7
    outs: list[Variable] = []
    for cost in likelihoods(kernel, y):
        slope, plain = T.grad(cost, scale), T.grad(cost, scale, stabilize=False)
        outs += [cost, slope, plain, T.Rop(cost, scale, T.constant(1.0)), T.grad(slope, scale)]
    found = np.array(gradc.function([x, y, scale], outs)(*values)).reshape(-1, 5)
    np.testing.assert_allclose(found, found[:1].repeat(len(found), 0), rtol=1e-8)
    np.testing.assert_allclose(found[:, 2:4], found[:, 1:2].repeat(2, 1), rtol=1e-8)
    dense = np.exp(-0.5 * np.sum((values[0][:, None] - values[0]) ** 2, 2) / 0.49) + 0.1 * np.eye(
        20
    )
    _, logdet = np.linalg.slogdet(dense)
    wanted = 0.5 * values[1] @ np.linalg.solve(dense, values[1]) + 0.5 * logdet
    np.testing.assert_allclose(found[0, 0], wanted, rtol=1e-10)


def test_a_likelihood_and_its_gradient_share_one_factor() -> None:
    k, y = T.dmatrix("k"), T.dvector("y")
    for cost in likelihoods(k, y):
        f = gradc.function([k, y], [cost, T.grad(cost, k)])
        names = operations(f)
        assert names.count("cholesky") + names.count("lu") == 1, names
        assert "triangular_solve" not in names


def test_the_factor_itself_has_a_gradient_where_it_is_asked_for() -> None:
    k, y = T.dmatrix("k"), T.dvector("y")
    factor = T.cholesky(k)
    cost = T.dot(y, T.cho_solve((factor, True), y)) + T.sum(T.log(T.diag(factor)))
    f = gradc.function([k, y], T.grad(cost, factor))
    a, b = positive(3), np.array([1.0, -2.0, 0.5])
    low = np.linalg.cholesky(a)
    solution = np.linalg.solve(a, b)
    wanted = np.tril(-2 * np.outer(solution, scipy.linalg.solve_triangular(low, b, lower=True)))
    np.testing.assert_allclose(f(a, b), wanted + np.diag(1 / np.diag(low)), rtol=1e-10)


def test_batches_of_everything() -> None:
    a, b = T.dmatrix("a"), T.dvector("b")
    outs = [T.cholesky(a), T.solve(a, b), T.det(a), T.slogdet(a)[1], T.solve_triangular(a, b)]
    xs, ys = T.dtensor3("xs"), T.dmatrix("ys")
    f = gradc.function([xs, ys], gradc.vectorize(outs, {a: xs, b: ys}))
    x, y = np.stack([positive(4) for _ in range(3)]), RNG.normal(size=(3, 4))
    wanted = [
        np.linalg.cholesky(x), np.linalg.solve(x, y[..., None])[..., 0], np.linalg.det(x),
        np.linalg.slogdet(x)[1], np.linalg.solve(np.triu(x), y[..., None])[..., 0],
    ]  # fmt: skip
    for one, other in zip(f(x, y), wanted, strict=True):
        close(one, other)


def test_theanos_and_scipys_names() -> None:
    a, b = np.tril(positive(3)), np.ones(3)
    outs = [
        T.slinalg.solve_lower_triangular(a, b), T.slinalg.solve_upper_triangular(a.T, b),
        T.slinalg.Solve("lower_triangular")(a, b), T.slinalg.solve_symmetric(a + a.T, b),
        T.nlinalg.matrix_inverse(a), T.linalg.inv(a), T.nlinalg.det(a),
    ]  # fmt: skip
    solved = np.linalg.solve(a, b)
    wanted = [
        solved, np.linalg.solve(a.T, b), solved, np.linalg.solve(a + a.T, b), np.linalg.inv(a),
        np.linalg.inv(a), np.linalg.det(a),
    ]  # fmt: skip
    for one, other in zip(gradc.function([], outs)(), wanted, strict=True):
        close(one, other)


def test_lengths_that_do_not_fit_are_those_of_the_users_arrays() -> None:
    a, b = T.matrix("a"), T.vector("b")
    f = gradc.function([a, b], T.linalg.solve(a, b))
    with pytest.raises(ArgumentError, match="Fix: pass square"):
        f(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ArgumentError, match=r"b : float64\[\?\] +got float64\[2\]"):
        f(np.eye(3), np.ones(2))


def test_factors_of_a_stack_and_one_vector() -> None:
    factors = np.array([[[1.0, 0.0], [2.0, 3.0]], [[4.0, 0.0], [5.0, 6.0]]])
    c, b = T.dtensor3("c"), T.dvector("b")
    got = gradc.function([c, b], T.linalg.cho_solve((c, True), b))(factors, [1.0, 2.0])
    wanted = [np.linalg.solve(each @ each.T, [1.0, 2.0]) for each in factors]
    np.testing.assert_allclose(got, wanted, atol=1e-14)
