"""Products reach their kernels as they lie: what is copied, stacked and packed, counted."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Product

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(0)


def steps_of(f):
    """(products, nests) of a compiled function, its Program checked."""
    check_program(f.stages.program)
    steps = [step for segment in f.stages.program.segments for step in segment.steps]
    nests = [step for step in steps if isinstance(step, Nest)]
    inside = [nest.product for nest in nests if nest.product is not None]
    return [*(s for s in steps if isinstance(s, Product)), *inside], nests


def copies_of(f) -> int:
    """How many nests only move numbers."""
    return sum("copy" in nest.title for nest in steps_of(f)[1])


def taken_as_it_lies(f, *arrays) -> None:
    """The result is numpy's, whatever the order of the arguments."""
    expected = f(*(np.ascontiguousarray(a) for a in arrays))
    np.testing.assert_allclose(f(*arrays), expected, rtol=1e-12)


def test_attention_copies_nothing() -> None:
    q, k, v = (T.tensor4(name) for name in "qkv")  # batch, time, head, feature
    heads = [x.transpose(0, 2, 1, 3) for x in (q, k, v)]
    weights = T.softmax(heads[0] @ heads[1].transpose(0, 1, 3, 2))
    out = (weights @ heads[2]).transpose(0, 2, 1, 3)
    f = gradc.function([q, k, v], [out, *T.grad(T.sum(out**2), [q, k, v])])
    products, _ = steps_of(f)
    assert len(products) == 6
    assert copies_of(f) == 0
    assert all(port.units == (1, 3) for port in f.stages.program.interface.args)
    arrays = [RNG.normal(size=(2, n, 3, 4)) for n in (5, 7, 7)]
    a, b, c = arrays
    scores = np.exp(np.einsum("bqhd,bkhd->bhqk", a, b))
    expected = np.einsum("bhqk,bkhd->bqhd", scores / scores.sum(-1, keepdims=True), c)
    straight = f(*arrays)
    np.testing.assert_allclose(straight[0], expected, rtol=1e-12)
    for order in ((0, 2, 1, 3), (2, 0, 1, 3), (0, 2, 3, 1)):
        back = np.argsort(order)
        strided = [np.ascontiguousarray(x.transpose(order)).transpose(back) for x in arrays]
        for got, wanted in zip(f(*strided), straight, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_arguments_of_products_are_not_packed() -> None:
    x, y, v = T.matrix("x"), T.matrix("y"), T.vector("v")
    f = gradc.function([x, y, v], T.dot(T.dot(x, y[:, 1:]), v))
    assert [port.units for port in f.stages.program.interface.args] == [(0, 1), (0, 1), ()]
    a, b, c = RNG.normal(size=(30, 20)), RNG.normal(size=(20, 16)), RNG.normal(size=15)
    for left in (a, a.copy("F"), RNG.normal(size=(40, 50))[3:33, 5:25], np.ones((60, 20))[::2]):
        for right in (b, b.T.copy().T, RNG.normal(size=(25, 30)).T[:20, :16]):
            taken_as_it_lies(f, left, right, c)
    for odd in (a[::-1], a[:, ::-1], np.ones((30, 40))[:, ::2], np.broadcast_to(a[:1], (30, 20))):
        taken_as_it_lies(f, odd, b, c)
    for empty in (np.ones((0, 20)), np.ones((20, 0)).T):
        taken_as_it_lies(f, empty, b, c)


def test_what_a_loop_reads_as_well_stays_contiguous() -> None:
    x, y, s = T.matrix("x"), T.matrix("y"), T.tensor3("s")
    f = gradc.function([x, y, s], [T.dot(x, y), T.exp(x), T.dot(s, y)])
    assert [port.units for port in f.stages.program.interface.args] == [(), (0, 1), ()]
    a, b = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4)).T
    np.testing.assert_allclose(f(a.copy("F"), b, np.ones((2, 3, 4)))[0], a @ b, rtol=1e-12)


def test_a_shared_variable_in_fortran_order_and_an_output_over_an_argument() -> None:
    x = T.matrix("x")
    w = gradc.shared(RNG.normal(size=(4, 4)).copy("F"))
    f = gradc.function([x], T.dot(x, w), updates=[(w, T.dot(w, w) + T.dot(x.T, x))])
    before, a = w.get_value(), RNG.normal(size=(4, 4))
    expected = a.T @ before
    f(a.T, out=a)
    np.testing.assert_allclose(a, expected, rtol=1e-12)


@pytest.mark.parametrize("rows", [20, 4])
def test_parts_of_larger_arrays_become_stacks(rows: int) -> None:
    x, w = T.tensor3("x", shape=(None, rows + 4, 16)), T.matrix("w", shape=(16, None))
    f = gradc.function([x, w], T.dot(T.tanh(x)[:, 2 : rows + 2], w))
    products, _ = steps_of(f)
    assert len(products) == 1
    assert len(products[0].batch) == (rows >= 16)  # a few rows are packed with their neighbours
    a, b = RNG.normal(size=(3, rows + 4, 16)), RNG.normal(size=(16, 7))
    np.testing.assert_allclose(f(a, b), np.tanh(a)[:, 2 : rows + 2] @ b, rtol=1e-12)


def test_axes_of_a_stack_become_one_where_they_can() -> None:
    x, y = T.tensor4("x"), T.tensor4("y")
    f = gradc.function([x, y], T.tanh(x) @ T.tanh(y))
    assert len(steps_of(f)[0][0].batch) == 1
    a, b = RNG.normal(size=(2, 3, 4, 5)), RNG.normal(size=(2, 3, 5, 6))
    np.testing.assert_allclose(f(a, b), np.tanh(a) @ np.tanh(b), rtol=1e-12)


def test_a_batched_jacobian_is_one_product() -> None:
    """What batching by kind makes: a letter more on one operand is one product, not m."""
    x, w = T.tensor3("x"), T.matrix("w")
    f = gradc.function([x, w], T.einsum("sbi,io->sbo", T.tanh(x), w))
    (product,), _ = steps_of(f)
    assert not product.batch


def test_a_length_that_is_a_difference_is_a_stride() -> None:
    """What is left of a row behind n elements: their number is a stride of what is made of them."""
    x, n = T.matrix("x"), T.scalar("n", dtype="int16")
    y = T.tanh(T.split(x, [n, x.shape[1] - n], 2, axis=1)[1])
    f = gradc.function([x, n], [T.dot(y, y.T), T.dot(y.T, y)])
    a = RNG.normal(size=(4, 6))
    b = np.tanh(a[:, 2:])
    for got, expected in zip(f(a, 2), [b @ b.T, b.T @ b], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("fixed", [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
@pytest.mark.parametrize("moving", [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])
def test_sums_over_two_axes_wherever_they_stand_accumulate(
    fixed: tuple[int, int], moving: tuple[int, int]
) -> None:
    x, y, c = T.tensor3("x"), T.tensor3("y"), T.matrix("c")
    product = T.tensordot(x, y, (fixed, moving))
    a = RNG.normal(size=(3, 4, 5))
    lengths = np.full(3, 6)
    lengths[list(moving)] = [a.shape[axis] for axis in fixed]
    b = RNG.normal(size=lengths)
    expected = np.tensordot(a, b, (fixed, moving))
    base = RNG.normal(size=expected.shape)
    f = gradc.function([x, y, c], 0.5 * c - 0.1 * product)
    assert "gemm" in str(f.stages.optimized)
    np.testing.assert_allclose(f(a, b, base), 0.5 * base - 0.1 * expected, rtol=1e-12, atol=1e-12)


def test_a_layer_of_two_inputs_has_one_gradient() -> None:
    weights = gradc.shared(RNG.normal(size=(3, 3)), name="weights")
    inputs = [T.tensor3(name) for name in "vw"]
    cost = sum(T.tanh(T.tensordot(each, weights, [[1], [0]])).sum() for each in inputs)
    f = gradc.function(inputs, T.grad(cost, weights))
    values = [RNG.normal(size=(4, 3, 5)) for _ in inputs]
    rows = np.concatenate([np.moveaxis(v, 1, 2).reshape(-1, 3) for v in values])
    expected = rows.T @ (1 - np.tanh(rows @ weights.get_value()) ** 2)
    np.testing.assert_allclose(f(*values), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("inner", "columns"), [(256, 256), (256, 257), (1024, 64), (1025, 63), (102, 100)]
)
def test_whichever_kernel_takes_a_product(inner: int, columns: int, dtype: str) -> None:
    """Around each count of rows and elements that decides who multiplies, by what lies how."""
    x, y, c = (T.matrix(name, dtype=dtype) for name in "xyc")
    function = gradc.function([x, y, c], [T.dot(x, y), c - 0.5 * T.dot(x, y)])
    draw = np.random.default_rng(5)
    b = draw.normal(size=(inner, columns)).astype(dtype)
    for rows in (1, 16, 17, 63, 64, 65):
        a = draw.normal(size=(rows, inner)).astype(dtype)
        rest = draw.normal(size=(rows, columns)).astype(dtype)
        expected = a.astype("float64") @ b.astype("float64")
        limit = 4 * inner * np.finfo(dtype).eps
        for left in (a, np.asfortranarray(a)):
            for right in (b, np.asfortranarray(b)):
                product, added = function(left, right, rest)
                np.testing.assert_allclose(product, expected, rtol=0, atol=limit)
                np.testing.assert_allclose(added, rest - 0.5 * expected, rtol=0, atol=limit)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("inner", "columns"), [(700, 751), (700, 3001), (1030, 8200)])
def test_products_by_matrices_that_outgrow_a_cache(inner: int, columns: int, dtype: str) -> None:
    """In place, in panels, or by BLAS in few blocks; accumulated too."""
    x, y = (T.matrix(name, dtype=dtype) for name in "xy")
    c = gradc.shared(np.zeros((2, columns), dtype))
    step = gradc.function([x, y], T.dot(x, y), updates=[(c, c - 0.5 * T.dot(x, y))])
    draw = np.random.default_rng(6)
    b = draw.normal(size=(inner, columns)).astype(dtype)
    for rows in (3, 16, 40, 130):
        a = draw.normal(size=(rows, inner)).astype(dtype)
        c.set_value(np.ones((rows, columns), dtype))
        product = step(a, b)
        some = np.unique(draw.integers(columns, size=40))
        expected = a.astype("float64") @ b[:, some].astype("float64")
        limit = 4 * inner * np.finfo(dtype).eps
        np.testing.assert_allclose(product[:, some], expected, rtol=0, atol=limit)
        np.testing.assert_allclose(c.get_value()[:, some], 1 - 0.5 * expected, rtol=0, atol=limit)
