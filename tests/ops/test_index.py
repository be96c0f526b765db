"""x[...] reads what numpy reads, with constants and with values known at the call only."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, IndexBoundsError
from gradc.graph.evaluate import evaluate
from gradc.graph.op import Operand
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from gradc.ops.kinds import static_operands
from gradc.sizes import size

X = np.arange(60.0).reshape(3, 4, 5)
ENDS = (None, 0, 1, 2, 5, 9, -1, -2, -9)
STEPS = (None, 1, 2, 3, -1, -2)
KEYS = [
    0,
    -1,
    (1, 2),
    (slice(None), 1),
    (Ellipsis, 0),
    (0, Ellipsis, slice(1, 3)),
    None,
    (None, 1, None, slice(None, None, -2)),
    (slice(2, 0, -1), None, Ellipsis, None),
    [0, 2, 0],
    ([0, 2], [1, 3]),
    ([[0, 2], [1, 1]], [1, 3]),
    (slice(None), [0, 3, 3]),
    (slice(None), slice(1, 3), [0, 3]),
    (0, slice(None), [0, 3]),
    ([0, 2], slice(None), [1, 3]),
    (slice(None), [0, 2], [1, 3]),
    (slice(None), 1, [1, 3]),
    (None, [0, 2], slice(1, 3)),
    (Ellipsis, [0, 2], None),
    ([0, 2], None, [1, 3]),
    (np.array([0, -3]), -1, slice(None, None, 2)),
    (),
]


def tensor(static: bool) -> Input:
    return Input(TensorType("float64", X.shape if static else (None,) * 3))


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("key", KEYS, ids=map(str, KEYS))
def test_keys(key, static: bool) -> None:
    x = tensor(static)
    out = x[key]
    (got,) = evaluate([out], {x: X})
    np.testing.assert_array_equal(got, X[key])
    if static:
        assert out.type.shape == X[key].shape


def test_every_slice_of_every_length() -> None:
    """Constants, and the same ends as operands; shapes by rule and by reference."""
    i, j = Input(TensorType("int64", ())), Input(TensorType("int64", ()))
    for n, step in itertools.product((0, 1, 2, 5), STEPS):
        x = Input(TensorType("float64", (None,)))
        array = np.arange(float(n))
        for start, stop in itertools.product(ENDS, ENDS):
            wanted = array[start:stop:step]
            check(x[start:stop:step], {x: array}, wanted)
            ends = (None if start is None else i, None if stop is None else j)
            values = {x: array, i: np.asarray(start or 0), j: np.asarray(stop or 0)}
            check(x[ends[0] : ends[1] : step], values, wanted)


def check(out, values, wanted) -> None:
    (got,) = evaluate([out], values)
    np.testing.assert_array_equal(got, wanted)
    node = out.owner
    if node is None:
        return
    inputs = evaluate(node.inputs, values)
    operands = [
        Operand(tuple(map(size, a.shape)), size(int(a)) if a.ndim == 0 else None) for a in inputs
    ]
    (lengths,) = node.op.rule.lengths(operands, node.op.keywords)
    assert tuple(n.constant for n in lengths) == wanted.shape
    (lengths,) = node.op.rule.lengths(static_operands(node.inputs), node.op.keywords)
    numbers = [
        n.evaluate(lambda at: int(inputs[at.index]) if at.group == "value" else len(inputs[0]))
        for n in lengths
    ]
    assert tuple(numbers) == wanted.shape


def test_lengths_that_must_agree_are_spelled_alike() -> None:
    """x[1:] - x[:-1] needs no check at the call."""
    x = T.vector("x")
    one, other = (
        each.owner.op.rule.lengths(static_operands([x]), each.owner.op.keywords)
        for each in (x[1:], x[:-1])
    )
    assert one == other


def test_a_minibatch() -> None:
    x, i = T.matrix("x"), T.lscalar("i")
    batch = x[i * 2 : (i + 1) * 2]
    for k in range(4):
        (got,) = evaluate([batch], {x: X[0], i: np.asarray(k)})
        np.testing.assert_array_equal(got, X[0][k * 2 : (k + 1) * 2])


def test_picking_one_a_row() -> None:
    p, y = T.matrix("p"), T.lvector("y")
    cost = T.sum(T.log(p)[T.arange(y.shape[0]), y])
    values = {p: np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]), y: np.array([1, 0, -1])}
    (got,) = evaluate([cost], values)
    assert got == pytest.approx(np.log(0.8) + np.log(0.5) + np.log(0.1))
    (slope,) = evaluate([T.grad(cost, p)], values)
    np.testing.assert_allclose(slope, [[0, 1 / 0.8], [2, 0], [0, 10]])


def test_duplicates_accumulate() -> None:
    w, i = T.matrix("w"), T.lvector("i")
    values = {w: np.zeros((3, 2)), i: np.array([1, 1, 2, 1])}
    (slope,) = evaluate([T.grad(T.sum(w[i]), w)], values)
    np.testing.assert_array_equal(slope, [[0, 0], [3, 3], [1, 1]])


@pytest.mark.parametrize("at", [4, -5])
def test_out_of_bounds_while_building(at: int) -> None:
    with pytest.raises(IndexBoundsError, match=f"index {at} is out of bounds for axis 1"):
        tensor(static=True)[0, at]


def test_out_of_bounds_at_the_call() -> None:
    x, i, rows = T.vector("x"), T.lscalar("i"), T.lvector("rows")
    for out, values in ((x[i], {i: np.asarray(3)}), (x[rows], {rows: np.array([0, -4])})):
        with pytest.raises(IndexError, match="out of bounds for axis 0 with"):
            evaluate([out], {x: np.zeros(3), **values})


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ((0, 0, 0, 0), ArgumentError, "4 indices for an array of 3 axes"),
        ((Ellipsis, Ellipsis), ArgumentError, "at most one"),
        (1.5, ArgumentTypeError, "1.5 is no index"),
        ("a", ArgumentTypeError, "'a' is no index"),
        (slice(None, None, 0), ArgumentError, "must not be 0"),
        (np.array([0.5]), ArgumentTypeError, "has integers or bools, got float64"),
    ],
)
def test_what_is_no_index(key, error, words: str) -> None:
    with pytest.raises(error, match=words):
        tensor(static=True)[key]


def test_a_length_by_the_least_integer() -> None:
    """The quotient of the least integer and -1 is none; processors trap."""
    a, b, x = T.lscalar("a"), T.lscalar("b"), T.dvector("x")
    f = gradc.function([a, b, x], x[: a // b])
    assert f(-(2**63), -1, np.ones(5)).shape == (0,)
    assert f(7, -2, np.ones(5)).shape == (1,)
