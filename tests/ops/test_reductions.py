"""Reductions as users call them, and those that are composed of others, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ShapeError
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from tests.ops.test_order import DTYPES, drawn, slope

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]


def near(got: Any, expected: Any) -> None:
    """Same dtype and shape; floats within some units in the last place, nan and inf alike."""
    for k, (one, other) in enumerate(zip(got, expected, strict=True)):
        other = np.asarray(other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape), k
        if one.dtype.kind != "f":
            np.testing.assert_array_equal(one, other, err_msg=str(k))
            continue
        eps = np.finfo(one.dtype).eps
        np.testing.assert_allclose(one, other, rtol=16 * eps, atol=4 * eps, err_msg=str(k))


def test_axes_and_dtypes_as_users_write_them() -> None:
    inputs, outputs, values, expected = [], [], [], []
    for n, dtype in enumerate(DTYPES):
        x, a = Input(TensorType(dtype, (None,) * 3)), drawn(dtype, (2, 3, 4), n)
        a = np.nan_to_num(a, nan=1, posinf=2, neginf=-2) if a.dtype.kind == "f" else a
        inputs.append(x)
        values.append(a)
        for axis in (None, -1, (0, 2), (1,), ()):
            outputs += [x.sum(axis), x.prod(axis, keepdims=True), x.max(axis), x.any(axis)]
            kind = a.dtype if a.dtype.kind == "f" else None
            expected += [a.sum(axis, dtype=kind), a.prod(axis, keepdims=True), a.max(axis)]
            expected.append(a.any(axis))
        outputs += [x.sum(1, dtype="float64"), x.sum(1, acc_dtype="float64", dtype="float32")]
        expected += [a.sum(1, dtype="float64"), a.sum(1, dtype="float64").astype("float32")]
        outputs += [x.argmax(-1, keepdims=True), T.argmin(x, 0), T.all(x, (0, 1))]
        expected += [a.argmax(-1, keepdims=True), a.argmin(0), a.all((0, 1))]
        if dtype != "bool":  # it has no minus
            outputs.append(T.ptp(x + x, 1))
            expected.append(np.ptp(a + a, 1))
        best, where = T.max_and_argmax(x, 2)
        outputs += [best, where, T.prod(x, 0, no_zeros_in_input=True)]
        expected += [a.max(2), a.argmax(2), a.prod(0)]
    f = gradc.function(inputs, outputs)
    with np.errstate(all="ignore"):
        near(f(*values), expected)


def test_nan_counts_in_every_reduction() -> None:
    x = T.matrix("x")
    a = np.array([[1.0, np.nan, 3.0, np.nan], [np.inf, 1.0, -np.inf, 2.0], [-0.0, 0.0, 5.0, 5.0]])
    names = ("max", "min", "argmax", "argmin", "sum", "prod", "mean", "var", "median", "any", "all")
    outputs = [getattr(T, name)(x, axis=axis) for name in names for axis in (0, 1)]
    with np.errstate(all="ignore"):
        expected = [getattr(np, name)(a, axis=axis) for name in names for axis in (0, 1)]
        near(gradc.function([x], outputs)(a), expected)


NAN_FREE = ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin")


@pytest.mark.filterwarnings("ignore")
def test_reductions_that_leave_nan_out() -> None:
    inputs, outputs, values, expected = [], [], [], []
    for dtype in ("float64", "float32", "int16"):
        x = Input(TensorType(dtype, (None, None)))
        a = drawn("float64", (5, 6), 3)
        a[~np.isfinite(a) & ~np.isnan(a)] = 1
        a[2], a[:, 4] = np.nan, np.nan
        a = np.nan_to_num(a).astype(dtype) if dtype == "int16" else a.astype(dtype)
        inputs.append(x)
        values.append(a)
        for name in NAN_FREE:
            for axis in (None, 0, 1):
                outputs.append(getattr(T, name)(x, axis=axis))
                expected.append(getattr(np, name)(a, axis=axis))
        outputs.append(T.nanvar(x, 1, ddof=2, keepdims=True))
        expected.append(np.nanvar(a, 1, ddof=2, keepdims=True))
    wild = np.array([[np.inf, -np.inf, 0], [np.inf, 1, np.nan], [3, np.nan, 5], [-np.inf] * 3])
    inputs.append(T.matrix())
    values.append(wild)
    for name in NAN_FREE:
        outputs.append(getattr(T, name)(inputs[-1], axis=1))
        expected.append(getattr(np, name)(wild, axis=1))
    near(gradc.function(inputs, outputs)(*values), expected)
    a = np.array([2.0, np.nan, 4.0])
    np.testing.assert_allclose(slope(T.nanvar, a), [-1, 0, 1])
    np.testing.assert_array_equal(slope(T.nanstd, np.array([2.0, np.nan, 2.0])), 0)
    np.testing.assert_array_equal(slope(T.nanmean, a), [0.5, 0, 0.5])
    np.testing.assert_array_equal(slope(T.nanmax, a), [0, 0, 1])
    np.testing.assert_array_equal(slope(T.nanprod, a), [4, 0, 2])


VECTOR_NORMS = (None, 0, 1, 2, 3, 0.5, -1, np.inf, -np.inf)
MATRIX_NORMS = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


def test_norms() -> None:
    x, n = T.matrix("x"), T.lmatrix("n")
    a, b = np.random.default_rng(0).normal(size=(4, 3)), np.arange(-6, 6).reshape(4, 3)
    norm = np.linalg.norm
    outputs = [T.norm(x, p, 1) for p in VECTOR_NORMS]
    outputs += [T.norm(x, p, 0, keepdims=True) for p in VECTOR_NORMS]
    outputs += [T.norm(x, p) for p in MATRIX_NORMS]
    outputs += [T.norm(x, p, (1, 0), True) for p in MATRIX_NORMS]
    outputs += [T.norm(n), T.norm(n, 1, 1), x.norm(2), x.norm(3), x.norm(1, axis=0), x.norm(0)]
    expected = [norm(a, p, 1) for p in VECTOR_NORMS]
    expected += [norm(a, p, 0, keepdims=True) for p in VECTOR_NORMS]
    expected += [norm(a, p) for p in MATRIX_NORMS]
    expected += [norm(a, p, (1, 0), True) for p in MATRIX_NORMS]
    expected += [norm(b), norm(b, 1, 1), norm(a), norm(a.ravel(), 3), norm(a, 1, 0)]
    expected.append(np.float64(12))
    near(gradc.function([x, n], outputs)(a, b), expected)
    with pytest.raises(ArgumentError, match="no norm of order 'max'"):
        T.norm(x, "max", 1)
    with pytest.raises(ArgumentError, match="one axis or two, not 3"):
        T.norm(T.tensor3(), 2)


def test_a_norm_has_no_slope_at_zero() -> None:
    for p in (2, 3, 1, 0.5, 1.5):
        rows = np.array([[0.0, 0.0], [3.0, 0.0]])
        got = slope(lambda x, p=p: T.norm(x, p, 1).sum(), rows)
        assert np.isfinite(got).all(), p
        np.testing.assert_array_equal(got[0], 0)
    np.testing.assert_array_equal(slope(lambda x: T.norm(x, 2, 1).sum(), rows)[1], [1, 0])


def test_means_with_weights() -> None:
    x, w, v = T.matrix("x"), T.vector("w"), T.matrix("v")
    a, b, c = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 4.0]), np.ones((2, 3)) / 3
    c[0, 0] = 2
    n = T.lmatrix("n")
    outputs = [T.average(x), T.average(x, 1, w), T.average(x, weights=v), T.average(n, 0),
               T.average(n, -1, w, keepdims=True)]  # fmt: skip
    i = a.astype("int64")
    expected = [np.average(a), np.average(a, 1, b), np.average(a, weights=c), np.average(i, 0),
                np.average(i, -1, b, keepdims=True)]  # fmt: skip
    near(gradc.function([x, w, v, n], outputs)(a, b, c, i), expected)
    with pytest.raises(ShapeError, match="weights of 1 axes do not fit"):
        T.average(x, weights=w)


def others(a: Array, *left_out: int) -> float:
    return float(np.prod(np.delete(a, left_out)))


@pytest.mark.parametrize("a", [[2.0, 3, 4, 5], [2.0, 0, 4, 5], [0.0, 3, 0, 5], [0.0, 0, 0, 5]])
def test_both_slopes_of_a_product_with_zeros(a: list[float]) -> None:
    at, way = np.array(a), np.array([1.0, 10.0, 100.0, 1000.0])
    np.testing.assert_allclose(slope(T.prod, at), [others(at, i) for i in range(4)])
    second = [sum(way[j] * others(at, i, j) for j in range(4) if j != i) for i in range(4)]
    got = slope(lambda x: (T.grad(T.prod(x), x) * way).sum(), at)
    np.testing.assert_allclose(got, second, rtol=1e-14)
    square = slope(lambda x: T.prod(x.reshape((2, 2)), (0, 1)) ** 2, at)
    np.testing.assert_allclose(square, [2 * at.prod() * others(at, i) for i in range(4)])


def test_a_product_that_promises_no_zeros() -> None:
    x = T.matrix("x")
    cost = T.prod(x, 1, no_zeros_in_input=True).sum()
    f = gradc.function([x], T.grad(cost, x))
    a = np.array([[1.0, 2, 3], [4, 5, 6]])
    np.testing.assert_allclose(f(a), a.prod(1, keepdims=True) / a)
    assert np.isnan(f(np.array([[0.0, 2, 3]]))[0, 0])


@pytest.mark.filterwarnings("ignore")
def test_near_and_not_a_number() -> None:
    x, y = T.vector("x"), T.vector("y")
    special = np.array([0.0, -0.0, 1.0, 1 + 1e-9, 1.1, np.inf, -np.inf, np.nan, 1e300])
    a, b = (each.ravel() for each in np.meshgrid(special, special))
    outputs = [T.isclose(x, y), T.isclose(x, y, 0.2, 0), T.isclose(x, y, equal_nan=True),
               T.allclose(x, x), T.allclose(x, x, equal_nan=True), T.isfinite(x),
               T.nan_to_num(x), T.nan_to_num(x, 3.0, 7.0, -7.0), T.largest(x, y, 0.5),
               T.smallest(x, y, 0.5), *T.divmod(x, y)]  # fmt: skip
    expected = [np.isclose(a, b), np.isclose(a, b, 0.2, 0), np.isclose(a, b, equal_nan=True),
                np.bool_(np.allclose(a, a)), np.bool_(np.allclose(a, a, equal_nan=True)),
                np.isfinite(a), np.nan_to_num(a), np.nan_to_num(a, nan=3.0, posinf=7, neginf=-7),
                np.maximum(np.maximum(a, b), 0.5), np.minimum(np.minimum(a, b), 0.5),
                *np.divmod(a, b)]  # fmt: skip
    near(gradc.function([x, y], outputs)(a, b), expected)
    assert slope(lambda v: T.nan_to_num(v).sum(), np.array([np.nan, 2.0])).tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore")
def test_sums_of_logs() -> None:
    x, y = T.vector("x"), T.vector("y")
    special = np.array([0.0, 1.0, -800.0, 800.0, np.inf, -np.inf, np.nan])
    a, b = (each.ravel() for each in np.meshgrid(special, special))
    outputs = [T.logaddexp(x, y), T.logaddexp2(x, y), T.xlogy0(x, y), T.xlogx(x)]
    xlogy = np.where((a == 0) & (b == 0), 0, a * np.log(b))
    expected = [np.logaddexp(a, b), np.logaddexp2(a, b), xlogy, np.where(a == 0, 0, a * np.log(a))]
    near(gradc.function([x, y], outputs)(a, b), expected)
