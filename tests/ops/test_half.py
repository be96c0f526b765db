"""float16 as storage: exact casts, and arithmetic that is numpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.evaluate import evaluate

HALVES = np.arange(65536, dtype="uint16").view("float16")


def same_bits(got: Any, expected: Any) -> None:
    assert got.dtype == expected.dtype
    is_nan = np.isnan(got) & np.isnan(expected)
    np.testing.assert_array_equal(
        np.where(is_nan, 0, got.view("uint16")), np.where(is_nan, 0, expected.view("uint16"))
    )


def test_all_values_are_read_and_written_exactly() -> None:
    h, x, y = T.vector("h", "float16"), T.fvector("x"), T.dvector("y")
    f = gradc.function([h], [h.astype("float32"), h.astype("float64"), h.astype("bool")])
    with np.errstate(all="ignore"):
        for got, dtype in zip(f(HALVES), ("float32", "float64", "bool"), strict=True):
            np.testing.assert_array_equal(got, HALVES.astype(dtype))
        back = gradc.function([x, y], [x.astype("float16"), y.astype("float16")])
        for got in back(HALVES.astype("float32"), HALVES.astype("float64")):
            same_bits(got, HALVES)


def test_numbers_between_two_are_rounded_once() -> None:
    """Midpoints go to the even one, and what is a hair off them does not (float64: only once)."""
    exact = np.sort(HALVES[np.isfinite(HALVES)].astype("float64"))
    middle = (exact[1:] + exact[:-1]) / 2
    special = [np.inf, -np.inf, np.nan, 65519.99, 65520.0, 1e300, 5e-324, -0.0, 1e5]
    wide = np.concatenate(
        [middle, np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf), special]
    )
    y, x = T.dvector("y"), T.fvector("x")
    f = gradc.function([y, x], [y.astype("float16"), x.astype("float16")])
    with np.errstate(all="ignore"):
        narrow = np.concatenate([wide.astype("float32"), np.nextafter(middle.astype("f4"), np.inf)])
        narrow = narrow.astype("float32")
        doubles, singles = f(wide, narrow)
        same_bits(doubles, wide.astype("float16"))
        same_bits(singles, narrow.astype("float16"))


def test_whole_numbers_become_halves() -> None:
    for dtype in ("int8", "uint16", "int32", "int64", "uint64", "bool"):
        values = np.array([0, 1, 100, 1, 2, 3], dtype) if dtype == "int8" else np.array(
            [0, 1, 2049, 2051, 65503, 60000], "int64").astype(dtype)  # fmt: skip
        x = T.vector("x", dtype)
        same_bits(gradc.function([x], x.astype("float16"))(values), values.astype("float16"))


def test_arithmetic_is_numpys() -> None:
    """In float32, rounded once an operation: the same bits."""
    rng = np.random.default_rng(0)
    a, b = HALVES, rng.permutation(HALVES)
    x, y = T.vector("x", "float16"), T.vector("y", "float16")
    words = ("add", "sub", "mul", "true_div", "maximum", "minimum")
    outputs = [getattr(T, word)(x, y) for word in words]
    outputs += [x < y, T.eq(x, y), abs(x), -x, T.sqrt(x), x * 0.1, x + 1, x * y + x, x[::-1]]
    with np.errstate(all="ignore"):
        expected = [
            a + b, a - b, a * b, a / b, np.maximum(a, b), np.minimum(a, b), a < b, a == b,
            np.abs(a), -a, np.sqrt(a), a * 0.1, a + 1, a * b + a, a[::-1],
        ]  # fmt: skip
        got = gradc.function([x, y], outputs)(a, b)
        for one, other, want in zip(got, evaluate(outputs, {x: a, y: b}), expected, strict=True):
            assert one.dtype == want.dtype
            (same_bits if want.dtype == np.float16 else np.testing.assert_array_equal)(one, want)
            (same_bits if want.dtype == np.float16 else np.testing.assert_array_equal)(other, want)


def test_promotion() -> None:
    x = T.vector("x", "float16")
    assert (x + T.fvector("y")).dtype == "float32"
    assert (x + T.vector("i", "int8")).dtype == "float16"
    assert (x + T.lvector("i")).dtype == "float64"
    assert (x * 1j).dtype == "complex64"


def test_sums_products_and_movers() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(40, 30)).astype("f2"), rng.normal(size=(30, 20)).astype("f2")
    x, y = T.matrix("x", "float16"), T.matrix("y", "float16")
    outputs = [
        x.sum(), x.sum(0), x.max(1), x.argmax(1), T.dot(x, y), T.mean(x, 0), x.cumsum(1),
        T.sort(x, 0), T.concatenate([x, x]), x[[3, 1]], x.T, T.set_subtensor(x[1:3], 0.5),
        T.inc_subtensor(x[1:3], 0.5), T.exp(x), x.reshape((30, 40)), T.zeros_like(x),
        T.switch(x > 0, x, 0),
    ]  # fmt: skip
    got = gradc.function([x, y], outputs)(a, b)
    wide, zero = a.astype("f4"), a.copy()
    zero[1:3] = 0.5
    expected = [
        wide.sum(), wide.sum(0), a.max(1), a.argmax(1), wide @ b.astype("f4"), wide.mean(0),
        wide.cumsum(1), np.sort(a, 0), np.concatenate([a, a]), a[[3, 1]], a.T, zero, None,
        np.exp(wide), a.reshape(30, 40), np.zeros_like(a), np.where(a > 0, a, 0),
    ]  # fmt: skip
    for one, other in zip(got, expected, strict=True):
        if other is None:
            continue
        assert one.dtype == ("int64" if other.dtype.kind == "i" else "float16")
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)


def test_gradients_arrive_in_half() -> None:
    w = gradc.shared(np.array([1.0, 2.0, 3.0], "float16"), "w")
    x = T.vector("x", "float16")
    cost = T.sum(T.sqr(w * x)).astype("float32") + T.sum(w[[0, 0]])
    gradient = T.grad(cost, w)
    assert gradient.dtype == "float16"
    f = gradc.function([x], cost, updates={w: w - 0.5 * gradient})
    f(np.ones(3, "float16"))
    np.testing.assert_allclose(w.get_value(), [-1.0, 0.0, 0.0])
    assert w.get_value().dtype == np.float16


def test_what_does_not_go_through_float32_says_so() -> None:
    x = T.matrix("x", "float16")
    with pytest.raises(gradc.errors.GradcError, match="float16"):
        T.nlinalg.svd(x)


def test_averages_do_not_overflow() -> None:
    """A sum above 65504 has a mean below; numpy's var sums in float16, ours does not."""
    values = np.full((300, 4), 1000, "float16")
    values[::2] *= np.float16(1.5)
    x = T.matrix("x", "float16")
    outputs = [
        T.mean(x), T.mean(x, axis=0), T.mean(x, keepdims=True, where=x > 1200),
        T.mean(x, dtype="float32"), T.sum(x, dtype="float32"), T.average(x),
        T.average(x, 0, np.ones(300, "float16")), gradc.grad(T.mean(x * x), x)[0],
        T.var(x, axis=0), T.std(x),
    ]  # fmt: skip
    small = values.astype("float32")
    expected = [
        values.mean(), values.mean(0), np.mean(values, keepdims=True, where=values > 1200),
        values.mean(dtype="float32"), values.sum(dtype="float32"), np.average(values),
        small.mean(0).astype("float16"), (small[0] / 600).astype("float16"),
        small.var(0).astype("float16"), small.std().astype("float16"),
    ]  # fmt: skip
    got = gradc.function([x], outputs)(values)
    for k, (one, want) in enumerate(zip(got, expected, strict=True)):
        assert one.dtype == want.dtype, k
        np.testing.assert_array_equal(one, want, err_msg=str(k))
