"""einsum is numpy's, for subscripts drawn at random and for each corner of the grammar."""

from __future__ import annotations

import random

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from gradc.graph.walk import toposort
from tests.differentiate.numeric import slope

pytestmark = pytest.mark.usefixtures("quickly")

LENGTHS = dict(zip("abcdef", (2, 3, 4, 1, 5, 2), strict=True))
GRAMMAR = [
    ("ij,jk", (2, 3), (3, 4)),
    ("ij , jk -> ki", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iij->ji", (2, 2, 3)),
    ("iijk->", (2, 2, 3, 4)),
    ("i,i", (3,), (3,)),
    ("i,j", (3,), (2,)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij,ji->i", (2, 3), (3, 2)),
    (",ij->ji", (), (2, 3)),
    ("->", ()),
    ("i->", (4,)),
    ("ij->j", (2, 3)),
    ("...ij,...jk->...ik", (4, 2, 3), (3, 5)),
    ("...ij,jk", (4, 2, 2, 3), (3, 5)),
    ("i...,i...", (3, 2), (3, 4, 2)),
    ("...,...", (2, 3), (4, 1, 3)),
    ("...->...", (2, 3)),
    ("a...b->b...", (2, 3, 4, 5)),
    ("ij...,jk...->ik...", (2, 3, 4), (3, 5, 4)),
    ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
    ("bhqk,bkhd->bqhd", (2, 2, 3, 5), (2, 5, 2, 4)),
    ("ij,jk,kl,lm->im", (2, 3), (3, 4), (4, 5), (5, 2)),
    ("i,i,i->i", (3,), (3,), (3,)),
    ("i,j,k->kji", (2,), (3,), (4,)),
    ("abc,cd,be,bd->ae", (2, 3, 4), (4, 5), (3, 2), (3, 5)),
    ("Ab,bZ->ZA", (2, 3), (3, 4)),
    ("ijk,ilm,njm,nlk,abc->", (2, 3, 2), (2, 4, 3), (2, 3, 3), (2, 4, 2), (1, 2, 3)),
    ("ij,jk->ik", (2, 1), (3, 4)),
    ("ij,ij->ij", (1, 3), (2, 3)),
]


def _drawn(seed: int) -> tuple:
    """Subscripts of one to four operands of up to four axes, any letters kept."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdef", k=rng.randint(0, 4))) for _ in range(rng.randint(1, 4))]
    used = sorted(set("".join(words)))
    out = rng.sample(used, rng.randint(0, min(4, len(used))))
    text = ",".join(words) + (f"->{''.join(out)}" if rng.random() < 0.8 else "")
    return (text, *(tuple(LENGTHS[c] for c in word) for word in words))


def _operands(shapes, rng, dtype="float64", static=False):
    arrays = [np.asarray(rng.integers(-3, 4, shape), dtype) for shape in shapes]
    inputs = [
        Input(TensorType(dtype, tuple(n if static or n == 1 else None for n in a.shape)))
        for a in arrays
    ]
    return inputs, arrays


def test_many_in_one_compiled_function() -> None:
    rng = np.random.default_rng(0)
    cases = [*GRAMMAR, *map(_drawn, range(60))]
    inputs, arrays, outputs = [], [], []
    for text, *shapes in cases:
        xs, values = _operands(shapes, rng)
        outputs.append(T.einsum(text, *xs))
        inputs.extend(xs)
        arrays.extend(values)
    compiled = gradc.function(inputs, outputs, mode="FAST_COMPILE")(*arrays)
    start = 0
    for (text, *shapes), got in zip(cases, compiled, strict=True):
        values = arrays[start : start + len(shapes)]
        start += len(shapes)
        expected = np.einsum(text, *values)
        assert np.shape(got) == expected.shape, text
        np.testing.assert_array_equal(got, expected, err_msg=text)  # whole numbers: exact


@pytest.mark.parametrize("dtype", ["float32", "int16", "bool"])
def test_types_and_static_lengths(dtype: str) -> None:
    rng = np.random.default_rng(1)
    for text, *shapes in GRAMMAR:
        xs, values = _operands(shapes, rng, dtype, static=True)
        out = T.einsum(text, *xs)
        (got,) = evaluate([out], dict(zip(xs, values, strict=True)))
        expected = np.einsum(text, *values)
        assert out.type.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected, err_msg=text)


def test_lists_of_axes() -> None:
    rng = np.random.default_rng(2)
    (x, y), (a, b) = _operands([(2, 3), (3, 4)], rng)
    values = {x: a, y: b}
    for last in ([], [[2, 0]], [[]]):
        (got,) = evaluate([T.einsum(x, [0, 1], y, [1, 2], *last)], values)
        np.testing.assert_array_equal(got, np.einsum(a, [0, 1], b, [1, 2], *last))
    (got,) = evaluate([T.einsum(x, [..., 1], y, [1, 2], [2, ...])], values)
    np.testing.assert_array_equal(got, np.einsum(a, [..., 1], b, [1, 2], [2, ...]))


def test_gradients_of_both_orders() -> None:
    rng = np.random.default_rng(3)
    for text, *shapes in [GRAMMAR[k] for k in (1, 5, 10, 16, 23, 27)]:
        xs, _ = _operands(shapes, rng)
        values = {x: rng.normal(size=shape) for x, shape in zip(xs, shapes, strict=True)}
        cost = T.sum(T.sin(T.einsum(text, *xs)))
        first = T.grad(cost, xs)
        total = T.add(*(T.sum(g**2) for g in first), 0.0)
        for of, slopes in ((cost, first), (total, T.grad(total, xs))):
            for x, got in zip(xs, evaluate(slopes, values), strict=True):
                np.testing.assert_allclose(got, slope(of, x, values), rtol=1e-6, atol=1e-7)


def test_the_order_multiplies_the_small_ones_first() -> None:
    x, y, v = (T.tensor("float64", shape=s) for s in ((500, 400), (400, 300), (300,)))
    out = T.einsum("ij,jk,k->i", x, y, v)
    assert [n.outputs[0].type.shape for n in toposort([out])] == [(400,), (500,)]


def test_mistakes_are_named() -> None:
    x, y = T.matrix("x", shape=(2, 3)), T.matrix("y", shape=(4, 5))
    with pytest.raises(ShapeError, match=r"letter 'j' stands for lengths 3 and 4"):
        T.einsum("ij,jk", x, y)
    for text, pattern in (
        ("ij", "are for 1 operands, got 2"),
        ("ij,jkl", "'jkl' names 3 axes of an array of 2"),
        ("i,jk", "'i' names 1 axes of an array of 2"),
        ("ij,kl->im", "has one that no operand has"),
        ("ij,kl->ii", "repeats a letter"),
        ("...j,kl->jkl", "leaves out the axes of '...'"),
        ("i1,kl", "something else than letters"),
    ):
        with pytest.raises(ArgumentError, match=pattern):
            T.einsum(text, x, y)
    with pytest.raises(ArgumentTypeError, match="is no list of axes"):
        T.einsum(x, "ab?", y, [0, 1])


def test_lengths_of_a_diagonal_are_checked_at_the_call() -> None:
    x = T.matrix("x")
    f = gradc.function([x], T.einsum("ii", x))
    assert f(np.eye(3)) == 3
    with pytest.raises(ArgumentError, match="length"):
        f(np.ones((2, 3)))


def test_stacks_of_many_open_axes() -> None:
    """Which product of the stack it is follows from lengths that are products themselves."""
    rng, types = (
        np.random.default_rng(5),
        [TensorType("float64", (None,) * n) for n in (5, 5, 6, 6)],
    )
    a, b, c, d = (each() for each in types)
    outputs = [T.matmul(a, b), T.matmul(c, d), T.einsum("gpqcn,gpqno->gpqoc", a, b)]
    x, y = rng.normal(size=(2, 3, 4, 5, 2)), rng.normal(size=(2, 3, 4, 2, 6))
    v, w = rng.normal(size=(2, 3, 4, 2, 5, 2)), rng.normal(size=(2, 3, 4, 2, 2, 6))
    found = gradc.function([a, b, c, d], outputs)(x, y, v, w)
    wanted = [x @ y, v @ w, np.swapaxes(x @ y, -1, -2)]
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)
