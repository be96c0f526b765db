"""Products of every rank are numpy's; their gradients are contractions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradc.tensor as T
from gradc.errors import ArgumentError, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from gradc.graph.walk import toposort

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(0)
SHAPES = {0: (), 1: (3,), 2: (2, 3), 3: (4, 2, 3), 4: (2, 4, 2, 3)}


def pair(left: tuple[int, ...], right: tuple[int, ...], static: bool):
    rng = np.random.default_rng(len(left) + 10 * len(right))  # the same whichever tests came before
    arrays = [rng.normal(size=shape) for shape in (left, right)]
    variables = [
        Input(TensorType("float64", tuple(n if static or n == 1 else None for n in a.shape)))
        for a in arrays
    ]
    return variables, arrays


def agrees(ours, theirs, left, right) -> None:
    for static in (False, True):
        variables, arrays = pair(left, right, static)
        out = ours(*variables)
        (got,) = evaluate([out], dict(zip(variables, arrays, strict=True)))
        np.testing.assert_allclose(got, theirs(*arrays), rtol=1e-12)
        if static:
            assert out.type.shape == got.shape


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
def test_dot_of_every_rank(a: int, b: int) -> None:
    right = SHAPES[b]
    right = right[:-2] + right[:-3:-1] if b > 1 else right
    agrees(T.dot, np.dot, SHAPES[a], right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (1, 6, 3, 4)),
        ((1, 2, 3), (1, 3, 4)),
        ((6, 1, 2, 3), (5, 3, 4)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3,)),
    ],
)
def test_matmul(left, right) -> None:
    agrees(lambda x, y: x @ y, np.matmul, left, right)


def test_outer_inner_tensordot() -> None:
    agrees(T.outer, np.outer, (2, 2), (3,))
    agrees(T.inner, np.inner, (2, 3), (4, 3))
    agrees(T.tensordot, np.tensordot, (2, 3, 4), (3, 4, 5))
    agrees(
        lambda x, y: T.tensordot(x, y, [[1, 0], [0, 2]]),
        lambda x, y: np.tensordot(x, y, [[1, 0], [0, 2]]),
        (2, 3, 4), (3, 5, 2),
    )  # fmt: skip
    agrees(lambda x, y: T.tensordot(x, y, 0), lambda x, y: np.tensordot(x, y, 0), (2,), (3,))


def test_tensordot_axes() -> None:
    for axes, left, right in (
        (3, (2, 3, 4), (2, 3, 4)),
        (1, (2, 3), (3, 4, 5)),
        ((-1, 0), (2, 3), (3, 4)),
        ([[-1, 1], [-2, 0]], (2, 3, 4), (3, 4, 5)),
        ([(), ()], (2,), (3,)),
    ):
        agrees(
            lambda x, y, axes=axes: T.tensordot(x, y, axes),
            lambda x, y, axes=axes: np.tensordot(x, y, axes),
            left, right,
        )  # fmt: skip
    x, y = T.matrix("x"), T.matrix("y")
    for axes in (3, -1, [[0, 0], [0, 1]], [[0, 1], [0]], [[2], [0]], "01", [[0]]):
        with pytest.raises(ArgumentError, match="tensordot"):
            T.tensordot(x, y, axes)


@pytest.mark.parametrize(
    ("letters", "left", "right"),
    [
        ("b,b->b", (3,), (3,)),
        ("b,bk->bk", (3,), (3, 4)),
        ("bk,bk->b", (3, 4), (3, 4)),
        ("bmk,bk->bm", (3, 2, 4), (3, 4)),
        ("bk,bkn->bn", (3, 4), (3, 4, 2)),
        ("bmk,bkn->bmn", (3, 2, 4), (3, 4, 5)),
        ("bkn,b->bkn", (3, 4, 2), (3,)),
        ("bxmk,bykn->bxmyn", (3, 2, 2, 4), (3, 2, 4, 5)),
    ],
)
def test_batched_dot(letters: str, left, right) -> None:
    agrees(T.batched_dot, lambda x, y: np.einsum(letters, x, y), left, right)


def test_batched_tensordot() -> None:
    agrees(
        lambda x, y: T.batched_tensordot(x, y, [[1, 2], [3, -2]]),
        lambda x, y: np.einsum("bijk,blji->bkl", x, y),
        (2, 3, 4, 5), (2, 2, 4, 3),
    )  # fmt: skip
    agrees(
        lambda x, y: T.batched_tensordot(x, y, 2),
        lambda x, y: np.einsum("bijk,bjkl->bil", x, y),
        (2, 3, 4, 5), (2, 4, 5, 3),
    )  # fmt: skip
    x, y = T.tensor3("x"), T.tensor3("y")
    for axes in (3, [[0, 1], [0, 1]], [[1], [0]]):
        with pytest.raises(ArgumentError, match="batched_tensordot"):
            T.batched_tensordot(x, y, axes)


def test_kron_and_vdot() -> None:
    agrees(T.kron, np.kron, (2, 3), (4, 2))
    agrees(T.kron, np.kron, (3,), (2, 4))
    agrees(T.kron, np.kron, (2, 2, 2), (3,))
    agrees(T.vdot, np.vdot, (2, 3), (6,))
    agrees(T.vdot, np.vdot, (2, 3), (3, 2))


@pytest.mark.parametrize("last", [(2, 7), (2,)])
@pytest.mark.parametrize("first", [(5, 3), (3,)])
def test_multi_dot(first, last) -> None:
    shapes = [first, (3, 6), (6, 2), last]
    arrays = [RNG.normal(size=shape) for shape in shapes]
    for static in (False, True):
        chain = [T.tensor("float64", s if static else (None,) * len(s)) for s in shapes]
        out = T.multi_dot(chain)
        values = dict(zip(chain, arrays, strict=True))
        (got,), (other,) = evaluate([out], values), evaluate([T.matrix_dot(*chain)], values)
        np.testing.assert_allclose(got, np.linalg.multi_dot(arrays), rtol=1e-12)
        np.testing.assert_array_equal(got, other)


def test_multi_dot_multiplies_the_thin_ones_first() -> None:
    x, y, z = (T.tensor("float64", shape=s) for s in ((100, 100), (100, 100), (100, 1)))
    shapes = [node.outputs[0].type.shape for node in toposort([T.multi_dot([x, y, z])])]
    assert shapes == [(100, 1), (100, 1)]
    with pytest.raises(ArgumentError, match="at least two"):
        T.multi_dot([x])
    with pytest.raises(ShapeError, match="operand 1 has 1 axes"):
        T.multi_dot([x, T.vector(), y])


@pytest.mark.parametrize("dtype", ["int8", "uint64", "bool", "int32"])
def test_integers(dtype: str) -> None:
    a, b = (RNG.integers(0, 100, shape).astype(dtype) for shape in ((2, 3), (3, 4)))
    x, y = T.matrix(dtype=dtype), T.matrix(dtype=dtype)
    (got,) = evaluate([T.dot(x, y)], {x: a, y: b})
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.dot(a, b))


def test_gradients_write_no_transpose() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    gradients = T.grad(T.sum(T.dot(x, y) ** 2), [x, y])
    nodes = toposort(gradients)
    assert [node.op.kind for node in nodes].count("Contract") == 3
    assert not any(node.op.name == "dimshuffle" and node.inputs[0].ndim for node in nodes)


def test_lengths_that_clash() -> None:
    x, y = T.matrix("x", shape=(None, 3)), T.matrix("y", shape=(4, None))
    with pytest.raises(ShapeError, match=r"axis 1 of the left operand and axis 0 of the right one"):
        T.dot(x, y)
    with pytest.raises(ShapeError, match="a scalar has no axis"):
        T.matmul(T.scalar(), x)
