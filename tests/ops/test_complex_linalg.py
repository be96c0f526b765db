"""Linear algebra of complex matrices, against numpy and against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import LinAlgError

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(4)
LINALG = np.linalg


def draw(*shape: int) -> Array:
    return np.asarray(RNG.normal(size=shape) + 1j * RNG.normal(size=shape))


def positive(x: Any, words: Any) -> Any:
    """A Hermitian positive definite matrix; words: gradc.tensor, or numpy."""
    return x @ words.conj(words.swapaxes(x, -1, -2)) + 2 * words.eye(x.shape[-1])


def expected(a: Array, h: Array) -> dict[str, Any]:
    """What numpy says of a general matrix and a Hermitian one."""
    upper = np.conj(np.swapaxes(LINALG.cholesky(h), -1, -2))
    q, r = LINALG.qr(a)
    w, v = LINALG.eigh(h)
    u, s, vh = LINALG.svd(a)
    tall = a[..., :2]
    return {
        "det": LINALG.det(a), "sign": LINALG.slogdet(a)[0], "log": LINALG.slogdet(a)[1],
        "cholesky": LINALG.cholesky(h), "upper": upper, "q": q, "r": r, "w": w, "v": np.abs(v),
        "w alone": LINALG.eigvalsh(h), "from upper": w, "s": s, "s alone": s, "u": np.abs(u),
        "vh": np.abs(vh), "again": a, "thin": tall, "complete": LINALG.qr(tall, "complete")[0],
        "pinv": LINALG.pinv(tall), "positive": LINALG.solve(h, a), "rank": LINALG.matrix_rank(a),
        "adjoint": LINALG.solve(upper, a), "lower": LINALG.solve(LINALG.cholesky(h), a),
        "power": LINALG.matrix_power(a, -2), "nuc": s.sum(-1), "general w": w,
    }  # fmt: skip


def built(a: Any, h: Any) -> dict[str, Any]:
    """The same as expressions."""
    sign, log = T.slogdet(a)
    lower = T.cholesky(h)
    q, r = T.qr(a)
    w, v = T.eigh(h)
    u, s, vh = T.svd(a)
    tall = a[..., :2]
    u2, s2, vh2 = T.svd(tall, full_matrices=False)
    square = T.matmul(h, h)
    return {
        "det": T.det(a), "sign": sign, "log": log, "cholesky": lower,
        "upper": T.cholesky(h, lower=False), "q": q, "r": r, "w": w, "v": T.abs(v),
        "w alone": T.eigvalsh(h), "from upper": T.eigh(h, "U")[0], "s": s,
        "s alone": T.svd(a, compute_uv=False), "u": T.abs(u), "vh": T.abs(vh),
        "again": (u * s[..., None, :]) @ vh, "thin": (u2 * s2[..., None, :]) @ vh2,
        "complete": T.qr(tall, "complete")[0], "pinv": T.pinv(tall),
        "positive": T.solve(h, a, assume_a="pos"), "rank": T.linalg.matrix_rank(a),
        "adjoint": T.linalg.solve_triangular(lower, a, lower=True, trans="C"),
        "lower": T.linalg.solve_triangular(lower, a, lower=True),
        "power": T.linalg.matrix_power(a, -2), "nuc": T.linalg.norm(a, "nuc", (-2, -1)),
        "general w": T.eigvalsh(square, h),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_values_are_numpys_on_stacks(dtype: str) -> None:
    a, h = (T.tensor3(name, dtype) for name in "ah")
    found = built(a, h)
    f = gradc.function([a, h], list(found.values()))
    for values in (draw(3, 4, 4), draw(3, 4, 4)[::-1, :, ::-1]):
        at = values.astype(dtype)
        hermitian = positive(at, np).astype(dtype)
        for (name, wanted), got in zip(expected(at, hermitian).items(), f(at, hermitian),
                                       strict=True):  # fmt: skip
            room = 300 * np.finfo(dtype).eps
            assert got.dtype == wanted.dtype, name
            np.testing.assert_allclose(got, wanted, room, room, err_msg=name)
    empty = f(np.zeros((1, 0, 0), dtype), np.zeros((1, 0, 0), dtype))
    assert empty[0].tolist() == [1]
    bad = np.full((1, 2, 2), np.nan, dtype)
    with pytest.raises(LinAlgError, match=r"nan|not positive definite"):
        f(bad, bad)


def test_large_matrices_and_singular_ones() -> None:
    """Above one block of a factorisation; a determinant that is 0; what is not positive."""
    a = T.zmatrix("a")
    h = T.zmatrix("h")
    f = gradc.function([a, h], [*T.slogdet(a), T.cholesky(h), T.solve(a, h), T.matrix_inverse(a)])
    large = draw(150, 150)
    hermitian = positive(large, np)
    sign, log, factor, solved, inverse = f(large, hermitian)
    np.testing.assert_allclose(sign * np.exp(1j * log), np.multiply(
        *(lambda s, t: (s, np.exp(1j * t)))(*LINALG.slogdet(large))), 1e-9)  # fmt: skip
    np.testing.assert_allclose(factor @ factor.conj().T, hermitian, 1e-9, 1e-9)
    np.testing.assert_allclose(large @ solved, hermitian, 1e-7, 1e-7)
    np.testing.assert_allclose(large @ inverse, np.eye(150), 1e-9, 1e-9)
    g = gradc.function([a], [T.det(a), *T.slogdet(a), T.cholesky(a, on_error="nan")])
    det, sign, log, factor = g(np.ones((2, 2), complex) * 1j)
    assert (det, sign, log) == (0, 0, -np.inf)
    assert np.isnan(factor).all()
    with pytest.raises(LinAlgError, match=r"not positive definite: its leading part of 2 rows"):
        f(large[:2, :2], np.array([[1, 2j], [-2j, 1]]))
    with pytest.raises(LinAlgError, match="singular"):
        f(np.ones((2, 2), complex), np.eye(2, dtype=complex))


# -- gradients -------------------------------------------------------------------------------------

SQUARE: dict[str, Callable[[Any], list[Any]]] = {
    "det": lambda x: [T.det(x)],
    "slogdet": lambda x: list(T.slogdet(x)),
    "cholesky": lambda x: [T.cholesky(positive(x, T)), T.cholesky(positive(x, T), lower=False)],
    "solve": lambda x: [T.solve(positive(x, T), x * x, assume_a="pos")],
    "triangular": lambda x: [T.linalg.solve_triangular(x, x * x, trans="C")],
    "qr": lambda x: list(T.qr(x)),
    "eigvalsh": lambda x: [T.eigvalsh(positive(x, T))],
    "eigh": lambda x: [_rebuilt(*T.eigh(positive(x, T)), None)],
    "svd": lambda x: [_rebuilt(*T.svd(x, full_matrices=False)), T.svd(x, compute_uv=False)],
    "pinv": lambda x: [T.pinv(x)],
    "expm": lambda x: [T.linalg.expm(x)],
}
OBLONG = ("qr", "svd", "pinv")


def _rebuilt(*parts: Any) -> Any:
    """A function of vectors that their phases do not change."""
    first, second, third = parts
    if third is None:  # values and vectors
        return (second * T.sin(first)) @ T.conj(second.T) + T.abs(second) ** 2
    return (first * T.sin(second)) @ third + T.abs(first[:1, :1]) * T.abs(third[:1]) ** 2


def _cost(outputs: list[Any]) -> Any:
    total: Any = 0
    for k, each in enumerate(outputs):
        waves = T.cos(T.arange(each.size, dtype="int64").reshape(each.shape) * 1.7 + k)
        total = total + T.sum(T.real(each) * waves + T.imag(each) ** 2 * waves)
    return total


@pytest.mark.parametrize(("names", "shape"), [(tuple(SQUARE), (3, 3)), (OBLONG, (4, 2)),
                                              (OBLONG, (2, 3))])  # fmt: skip
def test_gradients_are_the_slopes(names: tuple[str, ...], shape: tuple[int, int]) -> None:
    x, t = (T.tensor("complex128", shape, name) for name in "xt")
    costs = [_cost(SQUARE[name](x)) for name in names]
    outputs = [(cost, gradc.grad(cost, x), gradc.jvp(cost, x, t)) for cost in costs]
    f = gradc.function([x, t], [each for row in outputs for each in row], on_unused_input="ignore")
    at, way, step = draw(*shape), draw(*shape), 1e-6
    here, ahead, behind = f(at, way), f(at + step * way, way), f(at - step * way, way)
    for k, name in enumerate(names):
        slope = (ahead[3 * k] - behind[3 * k]) / (2 * step)
        along = np.sum(np.real(np.conj(here[3 * k + 1]) * way))
        np.testing.assert_allclose(along, slope, 1e-5, 1e-7, err_msg=f"{name}: grad")
        np.testing.assert_allclose(here[3 * k + 2], slope, 1e-5, 1e-7, err_msg=f"{name}: jvp")
        assert here[3 * k + 1].dtype == np.complex128


def test_vectors_move_at_right_angles_to_themselves() -> None:
    """Phases of eigenvectors stay; of singular vectors the left ones turn, as JAX has it."""
    x, t = T.zmatrix("x"), T.zmatrix("t")
    _, v = T.eigh(x)
    u, s, vh = T.svd(x, full_matrices=False)
    weights = np.cos(np.arange(9).reshape(3, 3))
    turned = T.sum(T.real(v) * weights)
    f = gradc.function(
        [x, t],
        [T.jvp(v, x, t), v, *T.jvp([u, vh], [x], [t]), u, s, vh, T.grad(turned, x)],
    )
    at = positive(draw(3, 3), np)
    way = positive(draw(3, 3), np)
    dv, vectors, du, dvh, left, values, right, gradient = f(at, way)
    np.testing.assert_allclose(np.sum(np.conj(vectors) * dv, axis=0), np.zeros(3), atol=1e-12)
    np.testing.assert_allclose(np.sum(np.conj(right) * dvh, axis=1), np.zeros(3), atol=1e-12)
    inner = np.diagonal(left.conj().T @ way @ right.conj().T).imag
    np.testing.assert_allclose(np.sum(np.conj(left) * du, axis=0), 1j * inner / values, atol=1e-12)
    along = np.sum(np.real(np.conj(gradient) * way))
    np.testing.assert_allclose(along, np.sum(np.real(dv) * weights), 1e-10)
