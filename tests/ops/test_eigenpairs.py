"""Eigenvalues and eigenvectors of general matrices, against numpy and against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import DTypeError, LinAlgError, ShapeError

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(8)
REAL = RNG.normal(size=(3, 4, 4))
COMPLEX = REAL + 1j * RNG.normal(size=(3, 4, 4))
ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "int64"])
def test_pairs_are_numpys_on_stacks(dtype: str) -> None:
    values = (COMPLEX if dtype.startswith("c") else 3 * REAL).astype(dtype)
    x = T.tensor3("x", dtype)
    f = gradc.function([x], [*T.linalg.eig(x), T.nlinalg.eigvals(x), np.linalg.eigvals(x[0])])
    for each in (values, values[::-1, :, ::-1], values[:1], values[:0], values[:, :0, :0]):
        if not len(each):
            assert f(np.ones((1, 4, 4), dtype))[0].shape == (1, 4)
            continue
        w, v, alone, first = f(each)
        kind = np.result_type(each, np.complex64)
        assert {one.dtype for one in (w, v, alone, first)} == {kind}
        tiny = 50 * np.finfo(kind).eps
        wanted, vectors = np.linalg.eig(each)
        np.testing.assert_allclose(w, wanted, tiny, tiny)
        signs = np.sign(np.sum(np.real(v * np.conj(vectors)), axis=-2, keepdims=True))
        np.testing.assert_allclose(v * signs, vectors, tiny * 10, tiny * 10)
        np.testing.assert_allclose(np.sort_complex(alone), np.sort_complex(w), tiny, tiny)
        np.testing.assert_allclose(np.sort_complex(first), np.sort_complex(w[0]), tiny, tiny)
        np.testing.assert_allclose(each @ v, v * w[..., None, :], tiny * 10, tiny * 10)


def test_what_cannot_be_is_said() -> None:
    x, z = T.dmatrix("x"), T.zmatrix("z")
    w, v = np.linalg.eig(x)
    f, g = gradc.function([x], [w, v]), gradc.function([z], T.eigvals(z))
    np.testing.assert_allclose(sorted(f(ROTATION)[0].imag), [-1, 1])
    for bad in (np.nan, np.inf):
        with pytest.raises(LinAlgError, match="nan or infinite"):
            f(np.array([[1, bad], [0, 1.0]]))
        with pytest.raises(LinAlgError, match="nan or infinite"):
            g(np.array([[1, bad * 1j], [0, 1.0]]))
    with pytest.raises(ShapeError, match="square"):
        T.eig(T.dmatrix(shape=(2, 3)))
    with pytest.raises(ShapeError, match="takes a matrix"):
        T.eigvals(T.dvector())


def _cost(w: Any, v: Any, words: Any) -> Any:
    """Depends on all parts of all results."""
    factors = np.arange(1, 5)
    return words.sum(words.real(w) * factors + words.imag(w) ** 2 * factors) + words.sum(
        (words.real(v) - 0.3 * words.imag(v)) ** 3 * factors
    )


@pytest.mark.parametrize("at", [REAL[:2], COMPLEX[:2], COMPLEX[0], np.triu(REAL[1])])
def test_gradients_are_the_slopes(at: Array) -> None:
    x, t = (T.tensor(at.dtype.name, (None,) * at.ndim) for _ in range(2))
    w, v = T.eig(x)
    cost, alone = _cost(w, v, T), (T.real(T.eigvals(x)) * T.abs(T.eigvals(x))).sum()
    g = gradc.grad(cost, x)
    slope = T.sum(T.real(g * np.conj(1 + at))) if at.ndim == 2 else T.sum(T.real(g))
    f = gradc.function(
        [x, t],
        [cost, alone, slope, g, gradc.grad(alone, x), gradc.grad(slope, x),
         gradc.jvp(cost, x, t), gradc.jvp(alone, x, t)],
    )  # fmt: skip
    way = RNG.normal(size=at.shape) + (1j * RNG.normal(size=at.shape) if at.dtype == complex else 0)
    if not np.tril(at, -1).any():  # another sign would be chosen
        way = np.triu(way)
    h = 1e-6
    up, down, here = f(at + h * way, way), f(at - h * way, way), f(at, way)
    for k in range(3):
        slope_there = (up[k] - down[k]) / (2 * h)
        by_grad = np.sum(np.real(np.conj(here[3 + k]) * way))
        np.testing.assert_allclose(by_grad, slope_there, 2e-6, err_msg=f"grad {k}")
        if k < 2:
            np.testing.assert_allclose(here[6 + k], slope_there, 2e-6, err_msg=f"jvp {k}")
    assert here[3].dtype == at.dtype


def test_batches_and_half() -> None:
    x = T.dtensor3("x")
    f = gradc.function([x], gradc.vmap(lambda a: T.eig(a)[0])(x))
    np.testing.assert_allclose(f(REAL), np.linalg.eig(REAL)[0], 1e-12)
    with pytest.raises(DTypeError, match="float16"):
        T.eig(T.matrix("h", "float16"))
