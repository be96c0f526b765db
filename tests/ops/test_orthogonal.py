"""QR, singular values, eigenvalues, least squares, powers: against numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, LinAlgError, NullTypeGradError
from gradc.graph.variable import Variable

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(8)
SHAPES = ((4, 3), (3, 4), (5, 5), (1, 1), (1, 6), (40, 30), (30, 40), (0, 3), (3, 0), (0, 0))


def close(got: Any, wanted: Any, digits: float = 1e-10) -> None:
    np.testing.assert_allclose(got, wanted, rtol=digits, atol=digits)


def test_factors_multiply_to_the_matrix() -> None:
    a, c = T.dmatrix("a"), T.dmatrix("c")
    b = c + c.T
    u, s, vt = T.svd(a, full_matrices=False)
    left, _, right = T.svd(a)
    q, r = T.qr(a)
    whole, rest = T.qr(a, "complete")
    w, v = T.eigh(b)
    units = [left @ left.T, right @ right.T, whole @ whole.T, v @ v.T, q.T @ q, vt @ vt.T]
    f = gradc.function(
        [a, c],
        [
            (u * s) @ vt, q @ r, whole @ rest, (v * w) @ v.T, T.qr(a, "r") - r, *units,
            s - T.svd(a, compute_uv=False), w - T.eigvalsh(b), T.eigh(b, "U")[0] - w,
            s, r, rest, w,
        ],
    )  # fmt: skip
    for m, n in SHAPES:
        x, y = RNG.normal(size=(m, n)), RNG.normal(size=(n, n))
        product, qr, complete, eigen, difference, *found = f(x, y)
        for each in (product, qr, complete):
            close(each, x)
        close(eigen, y + y.T)
        close(difference, np.zeros_like(difference))
        for each in found[:6]:
            close(each, np.eye(len(each)))
        for each in found[6:9]:
            close(each, np.zeros_like(each))
        k = min(m, n)
        close(found[9], np.linalg.svd(x, compute_uv=False) if k else np.zeros(0))
        close(found[10], np.linalg.qr(x)[1])
        close(found[11], np.linalg.qr(x, "complete")[1])
        close(found[12], np.linalg.eigvalsh(y + y.T))


def test_least_squares_and_pseudo_inverses() -> None:
    a, b = T.dmatrix("a"), T.dmatrix("b")
    f = gradc.function(
        [a, b], [*T.lstsq(a, b), T.lstsq(a, b[:, 0])[0], T.pinv(a), T.matrix_rank(a)]
    )
    for m, n in ((6, 3), (3, 6), (4, 4)):
        x, y = RNG.normal(size=(m, n)), RNG.normal(size=(m, 2))
        for each in (x, np.outer(x[:, 0], x[0])):  # and one of rank 1
            found = f(each, y)
            solution, residuals, rank, values = np.linalg.lstsq(each, y, rcond=None)
            close(found[0], solution, 1e-8)
            if residuals.size:
                close(found[1], residuals)
            assert found[2] == rank == found[6]
            close(found[3], values)
            close(found[4], solution[:, 0], 1e-8)
            close(found[5], np.linalg.pinv(each), 1e-8)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exponentials_and_powers(dtype: str) -> None:
    a = T.matrix("a", dtype)
    f = gradc.function([a], [T.expm(a), T.matrix_power(a, 5), T.matrix_power(a, 0)])
    digits = 1e-11 if dtype == "float64" else 2e-4
    for n in (0, 1, 2, 7, 40):
        for scale in (1e-3, 0.1, 0.9, 3.0, 20.0):
            x = (RNG.normal(size=(n, n)) * scale / max(n, 1)).astype(dtype)
            found = f(x)
            wanted = [scipy.linalg.expm(x.astype("float64")) if n else x]
            wanted += [np.linalg.matrix_power(x.astype("float64"), 5), np.eye(n)]
            for one, other in zip(found, wanted, strict=True):
                largest = np.abs(other).max(initial=1.0)
                assert one.dtype == dtype
                np.testing.assert_allclose(one / largest, other / largest, atol=digits)
    assert np.isnan(f(np.full((2, 2), np.inf, dtype))[0]).all()


def test_general_symmetric_eigenvalues() -> None:
    a, b = T.dmatrix("a"), T.dmatrix("b")
    x = RNG.normal(size=(5, 5))
    y = x @ x.T + np.eye(5)
    f = gradc.function([a, b], [T.slinalg.eigvalsh(a, b), T.linalg.eigvalsh(a, b, lower=False)])
    for each in f(x + x.T, y):
        close(each, scipy.linalg.eigvalsh(x + x.T, y))


def test_norms_of_singular_values() -> None:
    a = T.dtensor3("a")
    x = RNG.normal(size=(3, 4, 5))
    orders: list[Any] = [2, -2, "nuc"]
    for axes in ((1, 2), (2, 0), (-1, -2)):
        outs = [T.norm(a, p, axes, keepdims=k) for p in orders for k in (False, True)]
        wanted = [np.linalg.norm(x, p, axes, keepdims=k) for p in orders for k in (False, True)]
        for one, other in zip(gradc.function([a], outs)(x), wanted, strict=True):
            close(one, other)


def slope(f: Callable[[np.ndarray], float], x: np.ndarray) -> np.ndarray:
    found = np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[at] = 1e-6
        found[at] = (f(x + step) - f(x - step)) / 2e-6
    return found


@pytest.mark.parametrize("shape", [(4, 3), (3, 5), (4, 4)])
def test_gradients_of_unknown_lengths(shape: tuple[int, int]) -> None:
    """Where the type does not say whether a matrix is tall."""
    a = T.dmatrix("a")
    w = np.linspace(0.5, 2.0, shape[0] * shape[1]).reshape(shape)
    u, s, vt = T.svd(a, full_matrices=False)
    q, r = T.qr(a)
    costs = [
        T.sum((q**2) @ (r**2) * w), T.sum(s**3), T.sum((u * s**2) @ vt * w),
        T.sum(T.pinv(a) * w.T), T.norm(a, "nuc"), T.sum(T.svd(a)[1] ** 2),
    ]  # fmt: skip
    x = RNG.normal(size=shape)
    value = gradc.function([a], costs)
    gradients = gradc.function([a], [T.grad(cost, a) for cost in costs])(x)
    ways = gradc.function([a], [T.Rop(cost, a, T.constant(w)) for cost in costs])(x)
    for k, (gradient, way) in enumerate(zip(gradients, ways, strict=True)):
        wanted = slope(lambda x, k=k: float(value(x)[k]), x)  # type: ignore[misc]
        np.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(way, np.sum(wanted * w), rtol=1e-5, atol=1e-6)


def test_a_pseudo_inverse_has_a_gradient_where_values_coincide() -> None:
    a = T.dmatrix("a")
    f = gradc.function([a], T.grad(T.sum(T.pinv(a) * np.arange(9.0).reshape(3, 3)), a))
    close(f(np.eye(3)), -np.arange(9.0).reshape(3, 3))


def test_vectors_that_are_not_determined_have_no_gradient() -> None:
    a = T.dmatrix("a")
    left, _, _ = T.svd(a)
    whole, _ = T.qr(a, "complete")
    for each in (left, whole):
        with pytest.raises(NullTypeGradError, match="not determined: use"):
            T.grad(T.sum(each), a)
        with pytest.raises(NullTypeGradError, match="not determined: use"):
            T.Rop(each, a, a)
    square = T.matrix("square", shape=(3, 3))
    assert T.grad(T.sum(T.svd(square)[0]), square).type.shape == (3, 3)


def test_numbers_without_end_are_named() -> None:
    a = T.dtensor3("a")
    x = np.stack([np.eye(3)] * 3)
    x[2, 1, 0] = np.nan
    for build in (lambda a: T.svd(a)[1], T.linalg.pinv, lambda a: T.eigh(a)[0], T.linalg.eigvalsh):
        f = gradc.function([a], build(a))
        with pytest.raises(LinAlgError, match="matrix 2 of the stack has nan or infinite elements"):
            f(x)


def test_stacks_and_batches() -> None:
    a, xs = T.dmatrix("a"), T.dtensor3("xs")
    outs = [T.svd(a)[1], T.qr(a)[1], T.eigh(a @ a.T)[0], T.pinv(a), T.expm(a @ a.T * 0.1)]
    x = RNG.normal(size=(4, 3, 5))
    f = gradc.function([xs], gradc.vectorize_graph(outs, {a: xs}))
    square = x @ np.swapaxes(x, 1, 2)
    wanted = [
        np.linalg.svd(x, compute_uv=False), np.linalg.qr(x)[1], np.linalg.eigvalsh(square),
        np.linalg.pinv(x), scipy.linalg.expm(square * 0.1),
    ]  # fmt: skip
    for one, other in zip(f(x), wanted, strict=True):
        close(one, other)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: T.qr(np.eye(2), "raw"), ArgumentError, "no mode 'raw'"),
        (lambda: T.eigh(np.eye(2), "X"), ArgumentError, 'UPLO is "L" or "U"'),
        (lambda: T.matrix_power(np.eye(2), 0.5), ArgumentTypeError, "whole number"),
        (lambda: T.norm(np.eye(2), "max"), ArgumentError, "no norm of order 'max'"),
    ],
)
def test_mistakes(build: Callable[[], Variable], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        build()
