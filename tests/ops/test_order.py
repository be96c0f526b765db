"""Sorting, running folds and their kin against numpy: dtypes, nan, -0.0, ties, empty rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.kernel.check import check_program
from gradc.ops.order import nonzero_flat
from gradc.ops.prefix import fold
from tests.emit.test_emit import compile_to, limit_threads

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint64", "bool", "float32", "float64")


def drawn(dtype: str, shape: tuple[int, ...], seed: int = 0) -> Array:
    """Numbers with ties, and for floats nan, infinities and both zeros."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if not dtype.startswith("float"):
        limits = np.iinfo(dtype)
        x = rng.integers(max(limits.min, -20), 20, shape).astype(dtype)
        x.reshape(-1)[:2] = [limits.min, limits.max][: x.size]
        return x
    x = np.round(rng.normal(size=shape) * 4).astype(dtype) / 2
    special = [np.nan, np.inf, -np.inf, -0.0, 0.0, np.nan]
    flat = x.reshape(-1)
    flat[rng.permutation(x.size)[: len(special)]] = special[: x.size]
    return x


def bits_agree(got: Sequence[Array], expected: Sequence[Array]) -> None:
    """Dtype, shape and every bit, the sign of zero too (nan is nan)."""
    for k, (one, other) in enumerate(zip(got, expected, strict=True)):
        other = np.asarray(other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape), k
        np.testing.assert_array_equal(one, other, err_msg=str(k))
        if one.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(one[one == 0]), np.signbit(other[other == 0]))


def test_sorting_agrees_with_numpy_in_every_dtype(tmp_path: Path) -> None:
    inputs, outputs, values, expected = [], [], [], []
    for k, dtype in enumerate(DTYPES):
        x = Input(TensorType(dtype, (None, None)))
        a = drawn(dtype, (5, 61), k)
        inputs.append(x)
        values.append(a)
        outputs += [T.sort(x), T.sort(x, 0), T.sort(x, None), T.argsort(x), T.argsort(x[::-1], 0)]
        outputs += [T.sort(x[:0]), T.argsort(x[:, :0]), T.sort(x[:, :1])]
        expected += [np.sort(a, axis, kind="stable") for axis in (-1, 0, None)]
        expected += [np.argsort(a, -1, kind="stable"), np.argsort(a[::-1], 0, kind="stable")]
        expected += [a[:0], np.empty((5, 0), "int64"), a[:, :1]]
    f = gradc.function(inputs, outputs)
    bits_agree(f(*values), expected)
    check_program(f.stages.program)
    compile_to(tmp_path / "order.so", f.stages.source)


def test_a_long_row_is_sorted_whatever_its_order() -> None:
    x = T.vector("x")
    f = gradc.function([x], [T.sort(x), T.argsort(x)])
    rng = np.random.default_rng(3)
    for n in (1, 2, 11, 12, 13, 24, 25, 26, 1000, 4097):
        up = np.arange(n, dtype="float64")
        saw = up % 17
        for a in (up, up[::-1], rng.permutation(n) * 1.0, saw, np.zeros(n), np.full(n, np.nan)):
            bits_agree(f(a), [np.sort(a, kind="stable"), np.argsort(a, kind="stable")])


def test_the_same_bits_for_any_number_of_threads() -> None:
    x = T.matrix("x")
    f = gradc.function([x], [T.argsort(x), T.sort(x), T.cumsum(x, 1), T.cumprod(x, 1)])
    a = np.random.default_rng(1).normal(size=(300, 2000))
    results = []
    for count in (1, 2, 8):
        with limit_threads(count):
            results.append(f(a))
    for other in results[1:]:
        bits_agree(other, results[0])


def test_running_folds_agree_with_numpy(tmp_path: Path) -> None:
    inputs, outputs, values, expected = [], [], [], []
    for k, dtype in enumerate(DTYPES):
        x = Input(TensorType(dtype, (None,) * 3))
        a = drawn(dtype, (3, 4, 5), k)
        inputs.append(x)
        values.append(a)
        for function, judge in ((T.cumsum, np.cumsum), (T.cumprod, np.cumprod)):
            for axis in (0, 1, 2, None):
                outputs.append(function(x, axis))
                with np.errstate(all="ignore"):
                    expected.append(judge(a, axis))
            outputs.append(function(x[:, :0], 1))
            expected.append(judge(a[:, :0], 1))
    f = gradc.function(inputs, outputs)
    with np.errstate(all="ignore"):
        bits_agree(f(*values), expected)
    check_program(f.stages.program)
    compile_to(tmp_path / "prefix.so", f.stages.source)


def test_a_running_fold_in_an_asked_dtype() -> None:
    x = T.vector("x", dtype="int8")
    a = np.array([100, 100, -3], "int8")
    f = gradc.function([x], [T.cumsum(x, dtype="int8"), T.cumsum(x, dtype="float32")])
    bits_agree(f(a), [np.cumsum(a, dtype="int8"), np.cumsum(a, dtype="float32")])


def slope(cost: Callable[[Variable], Variable], at: Array) -> Array:
    x = Input(TensorType("float64", (None,) * at.ndim), "x")
    result: Array = gradc.function([x], T.grad(cost(x), x))(at)
    return result


def test_the_gradient_of_a_running_product_with_zeros() -> None:
    """Each stage is a product; slopes by leaving one factor out."""
    weights = np.array([0.5, -1.0, 2.0, 3.0, 1.5])
    for a in ([1.0, 2, 3, 4, 5], [2.0, 0, 3, 4, 5], [2.0, 0, 3, 0, 5], [0.0] * 5):
        expected = [
            sum(weights[i] * np.prod(np.delete(a[: i + 1], j)) for i in range(j, 5))
            for j in range(5)
        ]
        got = slope(lambda x: (T.cumprod(x) * weights).sum(), np.array(a))
        np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_second_derivatives_of_a_running_product_with_zeros() -> None:
    """The cross terms are what is left without both factors."""
    a = np.array([2.0, 0.0, 3.0, 0.0])
    way = np.array([1.0, 10.0, 100.0, 1000.0])
    got = slope(lambda x: (T.grad(T.cumprod(x)[-1], x) * way).sum(), a)
    expected = [
        sum(way[j] * np.prod(np.delete(a, [i, j])) for j in range(4) if j != i) for i in range(4)
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_a_fold_leaves_its_own_element_out() -> None:
    x = T.vector("x")
    outputs = [fold("cumsum", x, 0, reverse, True) for reverse in (False, True)]
    up, down = gradc.function([x], outputs)(np.array([1.0, 2.0, 4.0]))
    bits_agree([up, down], [np.array([0.0, 1.0, 3.0]), np.array([6.0, 4.0, 0.0])])


def test_places_of_a_mask_have_the_length_of_its_count() -> None:
    x = T.vector("x")
    mask = T.gt(x, 0)
    f = gradc.function([x], [nonzero_flat(mask, mask.sum()), x[nonzero_flat(mask, mask.sum())]])
    for a in (np.array([-1.0, 2, 3, -4, 5]), np.zeros(4), np.ones(4), np.empty(0)):
        places = np.flatnonzero(a > 0)
        bits_agree(f(a), [places, a[places]])


def test_sorting_says_what_it_cannot_do() -> None:
    x = T.vector("x")
    with pytest.raises(ArgumentError, match="there is no axis 1"):
        T.sort(x, 1)
    with pytest.raises(ArgumentError, match="there is no kind 'bogo' of sorting"):
        T.argsort(x, kind="bogo")
    with pytest.raises(ArgumentError, match="names fields"):
        T.sort(x, order="f")
