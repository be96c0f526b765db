"""Counting, searching, medians against numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, IndexBoundsError, ShapeError
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.kernel.check import check_program
from tests.emit.test_emit import compile_to
from tests.ops.test_order import DTYPES, bits_agree, drawn, slope

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]


def vector(dtype: str, ndim: int = 1) -> Input:
    return Input(TensorType(dtype, (None,) * ndim))


def extremes(a: Array, k: int) -> Array:
    """The places of the k greatest (k < 0: least), first come first served, nan greatest."""
    wide = a.astype("float64")
    keys = [(2, 0.0) if v != v else (1, v) for v in wide]
    sign = -1 if k > 0 else 1
    order = sorted(range(len(a)), key=lambda i: (sign * keys[i][0], sign * keys[i][1], i))
    return np.array(order[: abs(k)], "int64")


def test_the_first_of_an_order_in_every_dtype(tmp_path: Path) -> None:
    inputs, outputs, values, expected = [], [], [], []
    for n, dtype in enumerate(DTYPES):
        x, a = vector(dtype, 2), drawn(dtype, (3, 31), n)
        inputs.append(x)
        values.append(a)
        for k in (1, 4, 31, -1, -5, -31):
            places = np.array([extremes(row, k) for row in a])
            best, where = T.topk_and_argtopk(x, k)
            outputs += [best, where, T.topk(x, k), T.argtopk(x, k, idx_dtype="int32")]
            found = np.take_along_axis(a, places, 1)
            expected += [found, places, found, places.astype("int32")]
        outputs += [T.topk(x, 2, axis=0), T.argtopk(x, 3, axis=None)]
        first = np.array([extremes(column, 2) for column in a.T]).T
        expected += [np.take_along_axis(a, first, 0), extremes(a.reshape(-1), 3)]
    f = gradc.function(inputs, outputs)
    bits_agree(f(*values), expected)
    check_program(f.stages.program)
    compile_to(tmp_path / "topk.so", f.stages.source)


@pytest.mark.parametrize("mode", ["FAST_RUN", "REFERENCE"])
def test_nan_is_above_infinity(mode: str) -> None:
    x = T.vector("x")
    f = gradc.function([x], [T.argtopk(x, 4), T.argtopk(x, -4)], mode=mode)
    greatest, least = f(np.array([np.inf, np.nan, 1.0, np.nan, -np.inf, np.inf]))
    np.testing.assert_array_equal(greatest, [1, 3, 0, 5])
    np.testing.assert_array_equal(least, [4, 2, 0, 5])


def test_more_elements_than_there_are() -> None:
    x, k = T.vector("x"), T.lscalar("k")
    f = gradc.function([x, k], T.topk(x, k), name="f")
    np.testing.assert_array_equal(f(np.array([1.0, 3.0, 2.0]), 2), [3, 2])
    with pytest.raises(ArgumentError, match="4 elements of an axis of length 3"):
        f(np.zeros(3), 4)
    with pytest.raises(ArgumentError, match="negative length -1"):
        f(np.zeros(3), -1)
    with pytest.raises(ArgumentError, match="kth must not be 0"):
        T.topk(x, 0)


def test_searching_in_every_dtype(tmp_path: Path) -> None:
    inputs, outputs, values, expected = [], [], [], []
    for n, dtype in enumerate(DTYPES):
        x, v = vector(dtype), vector(dtype, 2)
        a, b = np.sort(drawn(dtype, (40,), n)), drawn(dtype, (5, 9), n + 50)
        inputs += [x, v]
        values += [a, b]
        outputs += [T.searchsorted(x, v), T.searchsorted(x, v, "right"), T.searchsorted(x[:0], v)]
        outputs.append(T.searchsorted(x[::-1], v, sorter=T.argsort(x[::-1])))
        expected += [np.searchsorted(a, b), np.searchsorted(a, b, "right"), b.astype("int64") * 0
                     if b.dtype.kind != "f" else np.zeros(b.shape, "int64")]  # fmt: skip
        expected.append(np.searchsorted(a, b))
    f = gradc.function(inputs, outputs)
    bits_agree(f(*values), expected)
    compile_to(tmp_path / "search.so", f.stages.source)
    with pytest.raises(ShapeError, match="must be a vector"):
        T.searchsorted(T.matrix(), 1.0)
    with pytest.raises(ArgumentError, match='"left" or "right"'):
        T.searchsorted(T.vector(), 1.0, side="up")


def test_differing_elements_in_every_dtype(tmp_path: Path) -> None:
    inputs, outputs, values, expected = [], [], [], []
    for n, dtype in enumerate(DTYPES):
        x, a = vector(dtype, 2), drawn(dtype, (4, 12), n)
        inputs.append(x)
        values.append(a)
        outputs += [T.unique(x), *T.unique(x, True, True, True), *T.Unique(False, False, True)(x)]
        full = np.unique(a, True, True, True)
        expected += [full[0], full[0], full[1], full[2].reshape(a.shape), full[3], full[0], full[3]]
    f = gradc.function(inputs, outputs)
    got = f(*values)
    for one, other in zip(got, expected, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)
    for size in (0, 1):
        few = [a[:size] for a in values]
        for one, other in zip(f(*few)[::7], [np.unique(a) for a in few], strict=True):
            np.testing.assert_array_equal(one, other)
    check_program(f.stages.program)
    compile_to(tmp_path / "unique.so", f.stages.source)
    with pytest.raises(ArgumentError, match="there is no axis 2"):
        T.unique(T.matrix(), axis=2)


def test_differing_slices() -> None:
    x, y, z = T.dmatrix("x"), T.itensor3("y"), T.dmatrix("z")
    what = {"return_index": True, "return_inverse": True, "return_counts": True}
    outputs = [
        *T.unique(x, axis=0, **what), *T.unique(x, axis=1, **what), *T.unique(y, axis=1, **what),
        T.unique(y > 0, axis=-1), T.unique(z, axis=0), T.grad(T.sum(T.unique(x, axis=0) ** 2), x),
    ]  # fmt: skip
    f = gradc.function([x, y, z], outputs)
    rng = np.random.default_rng(3)
    nan = np.array([[np.nan, 1.0], [0.0, np.nan], [np.nan, 1.0], [0.0, 2.0]])
    for shape in ((40, 3), (1, 3), (4, 1)):
        a = rng.integers(0, 2, shape).astype("float64")
        b = rng.integers(-1, 1, (2, 20, 3)).astype("int32")
        got = f(a, b, nan)
        wanted = [
            *np.unique(a, axis=0, **what), *np.unique(a, axis=1, **what),
            *np.unique(b, axis=1, **what), np.unique(b > 0, axis=-1),
            [[0, 2], [0, np.nan], [np.nan, 1]],
        ]  # fmt: skip
        for one, other in zip(got, wanted, strict=False):
            np.testing.assert_array_equal(one, np.reshape(other, one.shape))
        assert got[-1].sum() == 2 * got[0].sum()
    assert f(np.empty((0, 3)), np.empty((2, 0, 3), "int32"), nan)[0].shape == (0, 3)


def test_counting_numbers() -> None:
    x, w, k = T.lvector("x"), T.vector("w"), T.lscalar("k")
    small = vector("uint8")
    outputs = [T.bincount(x), T.bincount(x, minlength=7), T.bincount(x, w, k), T.bincount(small)]
    outputs.append(T.bincount(x, x))
    f = gradc.function([x, w, k, small], outputs, name="f")
    a, b = np.array([3, 1, 1, 5, 0, 3]), np.arange(6) / 4
    counted = np.bincount
    s = np.array([200, 7, 7], "uint8")
    bits_agree(f(a, b, 9, s), [counted(a), counted(a, minlength=7), counted(a, b, 9), counted(s),
                               counted(a, a)])  # fmt: skip
    none = np.empty(0, "int64")
    bits_agree(f(none, b[:0], 2, s[:0])[:3], [none, np.zeros(7, "int64"), np.zeros(2)])
    a[4] = -2
    with pytest.raises(ArgumentError) as error:
        f(a, b, 9, s)
    assert "x holds -2 at place 4; it counts numbers from 0 on" in str(error.value)
    huge = np.where(a < 0, np.iinfo(np.int64).max, a)
    with pytest.raises((ValueError, MemoryError), match=r"too big|Unable to allocate"):
        f(huge, b, 9, s)
    with pytest.raises(ArgumentTypeError, match="counts whole numbers"):
        T.bincount(w)
    with pytest.raises(ArgumentError, match="axis 0 of one operand has length 6, axis 0 of anoth"):
        f(np.abs(a), b[:3], 9, s)
    np.testing.assert_array_equal(
        slope(lambda v: (T.bincount(T.constant(np.abs(a)), v) ** 2).sum(), b),
        2 * counted(np.abs(a), b)[np.abs(a)],
    )


def test_rows_with_a_one() -> None:
    y = T.ivector("y")
    f = gradc.function([y], [T.to_one_hot(y, 4), T.to_one_hot(y, 4, "int8")])
    bits_agree(f(np.array([0, 3, -1, 2], "int32")), [np.eye(4)[[0, 3, 3, 2]],
               np.eye(4, dtype="int8")[[0, 3, 3, 2]]])  # fmt: skip
    with pytest.raises(IndexBoundsError, match="4 is out of bounds for axis 1 with length 4"):
        f(np.array([4], "int32"))


def test_differences_and_counts() -> None:
    x, b = T.matrix("x"), vector("bool")
    f = gradc.function([x, b], [T.diff(x, 2), T.diff(x, 0), T.diff(x, 1, 0), T.diff(b),
                                T.count_nonzero(x, 1), T.count_nonzero(b)])  # fmt: skip
    a, m = drawn("float64", (4, 6)), drawn("bool", (9,))
    with np.errstate(invalid="ignore"):
        expected = [np.diff(a, 2), a, np.diff(a, 1, 0), np.diff(m), np.count_nonzero(a, 1),
                    np.int64(np.count_nonzero(m))]  # fmt: skip
    bits_agree(f(a, m), expected)


def quantiles(x: Variable, n: Variable) -> list[Variable]:
    return [
        T.median(x), T.median(x, 0), T.median(x, (1, 2)), T.median(x, -1, keepdims=True),
        T.quantile(x, 0.3), T.quantile(x, [0, 0.25, 1], 1), T.percentile(x, 70, (0, 2), True),
        T.quantile(x, [[0.1, 0.5]], 2, keepdims=True), T.median(n), T.quantile(n, 0.75, 0),
    ]  # fmt: skip


def judged(a: Array, n: Array) -> list[Array]:
    return [
        np.median(a), np.median(a, 0), np.median(a, (1, 2)), np.median(a, -1, keepdims=True),
        np.quantile(a, 0.3), np.quantile(a, [0, 0.25, 1], 1),
        np.percentile(a, 70, (0, 2), keepdims=True),
        np.quantile(a, [[0.1, 0.5]], 2, keepdims=True), np.median(n), np.quantile(n, 0.75, 0),
    ]  # fmt: skip


def test_medians_and_quantiles() -> None:
    rng = np.random.default_rng(2)
    n = vector("int16", 2)
    for dtype in ("float64", "float32"):
        x = vector(dtype, 3)
        f = gradc.function([x, n], quantiles(x, n))
        for shape in ((2, 3, 4), (1, 1, 1), (3, 2, 5)):
            a = rng.normal(size=shape).astype(dtype)
            b = rng.integers(-9, 9, shape[1:]).astype("int16")
            for one, other in zip(f(a, b), judged(a, b), strict=True):
                assert one.shape == other.shape
                np.testing.assert_allclose(one, other, rtol=8 * np.finfo(dtype).eps)
            a[0, 0, -1] = np.nan
            for one, other in zip(f(a, b), judged(a, b), strict=True):
                np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    with pytest.raises(ArgumentError, match="q lies between 0 and 100"):
        T.percentile(T.vector(), 101)
    q = T.scalar("q")
    outside = gradc.function([q], T.quantile(T.constant([1.0, 2.0]), q))
    assert np.isnan([outside(-0.1), outside(1.1)]).all()
    assert outside(0.25) == 1.25


def test_slopes_go_where_elements_came_from() -> None:
    a = np.array([3.0, -1.0, 7.0, 5.0, 0.0])
    weights = np.arange(1.0, 6.0)
    ranks = np.empty(5)
    ranks[np.argsort(a)] = weights
    np.testing.assert_array_equal(slope(lambda x: (T.sort(x) * weights).sum(), a), ranks)
    got = slope(lambda x: (T.topk(x, 2) * T.constant([1.0, 10.0])).sum(), a)
    np.testing.assert_array_equal(got, [0, 0, 1, 10, 0])
    np.testing.assert_array_equal(slope(lambda x: T.median(x), a), [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(slope(lambda x: T.median(x), a[:4]), [0.5, 0, 0, 0.5])
    got = slope(lambda x: (T.unique(x) * weights).sum(), a)
    np.testing.assert_array_equal(got, ranks)
    np.testing.assert_allclose(slope(lambda x: T.quantile(x, 0.7), a), [0.2, 0, 0, 0.8, 0])
