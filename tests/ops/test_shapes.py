"""Axes, reshaping, stretching and filling are numpy's; mistakes are typed errors."""

from __future__ import annotations

import numpy as np
import pytest

import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input

X = np.arange(24.0).reshape(2, 3, 4)


def run(out, **values) -> np.ndarray:
    (got,) = evaluate([out], {v: values[v.name] for v in inputs_of(out)})
    return got


def inputs_of(out):
    from gradc.graph.walk import leaves

    return [v for v in leaves([out]) if not isinstance(v, Constant)]


@pytest.fixture(params=[True, False], ids=["static", "unknown"])
def x(request) -> Input:
    return Input(TensorType("float64", X.shape if request.param else (None,) * 3), "x")


CALLS = {
    "transpose": (lambda x: x.T, lambda x: x.T),
    "transpose of axes": (lambda x: x.transpose(2, 0, 1), lambda x: x.transpose(2, 0, 1)),
    "transpose of a tuple": (lambda x: T.transpose(x, (1, 0, -1)), lambda x: x.transpose(1, 0, 2)),
    "swapaxes": (lambda x: x.swapaxes(0, -1), lambda x: x.swapaxes(0, -1)),
    "moveaxis": (lambda x: T.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1)),
    "expand_dims": (lambda x: T.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
    "squeeze": (lambda x: T.expand_dims(x, 1).squeeze(), lambda x: x),
    "padleft": (lambda x: T.shape_padleft(x, 2), lambda x: x[None, None]),
    "padright": (lambda x: T.shape_padright(x), lambda x: x[..., None]),
    "padaxis": (lambda x: T.shape_padaxis(x, 1), lambda x: x[:, None]),
    "reshape": (lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1)),
    "reshape by shape": (
        lambda x: x.reshape((x.shape[0] * x.shape[1], x.shape[2])), lambda x: x.reshape(6, 4),
    ),
    "flatten": (lambda x: x.flatten(), lambda x: x.reshape(-1)),
    "flatten 2": (lambda x: x.flatten(2), lambda x: x.reshape(2, -1)),
    "ravel": (lambda x: T.ravel(x), lambda x: x.ravel()),
    "alloc": (lambda x: T.alloc(x[0, 0], x.shape[1], 4), lambda x: np.tile(x[0, 0], (3, 1))),
    "broadcast_like": (lambda x: T.broadcast_like(1.0, x), np.ones_like),
    "zeros": (lambda x: T.zeros(x.shape[1:]), lambda x: np.zeros((3, 4))),
    "zeros_like": (lambda x: x.zeros_like("int8"), lambda x: np.zeros_like(x, "int8")),
    "ones_like": (lambda x: T.ones_like(x), np.ones_like),
    "full": (lambda x: T.full((2, x.shape[0]), 7.0), lambda x: np.full((2, 2), 7.0)),
    "full_like": (lambda x: T.full_like(x, 3), lambda x: np.full_like(x, 3)),
    "size": (lambda x: x.size, lambda x: np.asarray(x.size)),
    "shape": (lambda x: T.shape(x), lambda x: np.array(x.shape)),
    "prod of shape": (lambda x: T.prod(x.shape[1:]), lambda x: np.asarray(12)),
    "eye": (lambda x: T.eye(3, x.shape[0], 1), lambda x: np.eye(3, 2, 1)),
    "identity_like": (lambda x: T.identity_like(x[0]), lambda x: np.eye(3, 4)),
    "arange": (lambda x: T.arange(x.shape[2]), lambda x: np.arange(4)),
    "arange with a step": (lambda x: T.arange(1, x.size, 5), lambda x: np.arange(1, 24, 5)),
    "arange down": (lambda x: T.arange(x.shape[2], 0, -3), lambda x: np.arange(4, 0, -3)),
    "empty arange": (lambda x: T.arange(5, x.shape[0]), lambda x: np.arange(5, 2)),
    "list of scalars": (
        lambda x: T.as_tensor_variable([x[0, 0, 1], 5, x[1, 0, 0]]),
        lambda x: np.array([1, 5, 12.0]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_shapes(name: str, x: Input) -> None:
    ours, theirs = CALLS[name]
    out = ours(x)
    got, expected = run(out, x=X), np.asarray(theirs(X))
    assert got.dtype == out.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("args", [(5,), (2, 7), (2, 7, 2), (0,), (3, 1), (0.0, 1.0, 0.25), (-2,)])
@pytest.mark.parametrize("dtype", [None, "float32", "int8"])
def test_arange_of_numbers(args, dtype) -> None:
    got = run(T.arange(*args, dtype=dtype))
    expected = np.arange(*args).astype(dtype) if dtype else np.arange(*args)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


WRONG = {
    "two -1": (lambda: T.tensor3().reshape(-1, -1), ArgumentError, "at most one length may be -1"),
    "elements": (
        lambda: T.matrix(shape=(2, 3)).reshape(4, 2), ShapeError, "6 elements cannot take",
    ),
    "elements of -1": (
        lambda: T.matrix(shape=(2, 3)).reshape(4, -1), ShapeError, "6 elements cannot take",
    ),
    "no length": (lambda: T.vector().reshape(2.5), ArgumentTypeError, "a length is a whole number"),
    "float length": (
        lambda: T.zeros(T.scalar("n")), ArgumentTypeError, "a length is an integer scalar",
    ),
    "axis": (lambda: T.matrix().sum(2), ArgumentError, "there is no axis 2 in an array of 2"),
    "axis twice": (lambda: T.matrix().sum((0, -2)), ArgumentError, "names an axis twice"),
    "axis type": (lambda: T.matrix().sum("a"), ArgumentTypeError, "an axis is a whole number"),
    "dropped": (lambda: T.matrix().dimshuffle(0), ShapeError, "axis 1 is dropped"),
    "pattern": (lambda: T.matrix().dimshuffle(0, 0), ArgumentError, "names an axis twice"),
    "permutation": (lambda: T.matrix().transpose(0), ArgumentError, "are no permutation of 2"),
    "squeeze": (lambda: T.matrix().squeeze(0), ShapeError, "axis 0 is dropped"),
    "broadcast": (
        lambda: T.broadcast_to(T.vector(shape=(3,)), (2, 4)), ShapeError,
        "axis 1 has length 3, which cannot become 4",
    ),
    "broadcast rank": (lambda: T.broadcast_to(T.matrix(), 3), ShapeError, "2 axes cannot become 1"),
    "flatten": (lambda: T.matrix().flatten(3), ArgumentError, "2 axes cannot become 3"),
    "add": (
        lambda: T.matrix("a", shape=(2, 3)) + T.row("b", shape=(1, 4)), ShapeError,
        "add: axis 1 has static lengths 3 and 4",
    ),
    "step": (lambda: T.arange(0, 5, 0), ArgumentError, "step must not be 0"),
    "object": (lambda: T.constant(np.array([None])), DTypeError, "dtype object is not supported"),
    "none": (lambda: T.vector() + None, ArgumentTypeError, "None .NoneType. is not an array"),
    "text": (lambda: T.vector() + "a", ArgumentTypeError, "'a' .str. is not an array"),
    "ragged": (lambda: T.constant([[1], [1, 2]]), ArgumentError, "is ragged"),
    "complex": (lambda: T.constant(1j, dtype="float64"), DTypeError, "is complex, float64 asked"),
    "dtype": (lambda: T.cast(T.vector(), "float128"), DTypeError, "float128 is not supported"),
    "count": (lambda: T.exp(1, 2), ArgumentTypeError, r"takes 1 operand\(s\), got 2"),
    "round": (lambda: T.round(T.vector(), "up"), ArgumentError, "there is no mode 'up'"),
    "masked": (lambda: T.constant(np.ma.array([1])), ArgumentTypeError, "masked"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_mistakes(name: str) -> None:
    make, error, words = WRONG[name]
    with pytest.raises(error, match=words):
        make()


def test_a_clash_names_the_users_variables() -> None:
    a, b = T.matrix("a", shape=(2, 3)), T.vector("b", shape=(4,), dtype="float32")
    with pytest.raises(ShapeError) as caught:
        a + b
    rows = str(caught.value).splitlines()
    assert rows[0] == "add: axis 1 has static lengths 3 and 4."
    assert rows[1].startswith("    a : float64[2, 3]    made at test_shapes.py:")
    assert rows[2].startswith("    b : float64[1, 4]    made at test_shapes.py:")
    assert rows[3].startswith("  Fix: make the lengths equal, or give the axis length 1")


def test_integer_scalars_keep_lengths_known() -> None:
    x = T.tensor3(shape=(2, None, 4))
    assert x.reshape(x.shape[0] * x.shape[2], -1).type.shape == (8, None)
    assert T.zeros((x.shape[2] - 1, 3)).type.shape == (3, 3)
    assert T.arange(x.shape[0]).type.shape == (2,)
    assert x[: x.shape[0]].type.shape == (2, None, 4)


def test_what_is_left_is_written_out_where_it_is_seen() -> None:
    x = T.tensor3("x", shape=(None, 3, 4))
    y = T.tensor3("y")
    assert x.reshape((x.shape[0], -1)).type.shape == (None, 12)
    assert x.reshape((-1, 6)).type.shape == (None, 6)
    assert x.reshape((x.shape[0], 2, -1)).type.shape == (None, 2, 6)
    assert x.reshape((-1, 3, 4)).type.shape == (None, 3, 4)
    assert x.reshape(x.shape).type.shape == x.type.shape
    assert y.reshape((y.shape[0], y.shape[1], -1)).type.shape == (None,) * 3
    out = y.reshape((y.shape[0], -1))
    for values in (np.ones((2, 3, 4)), np.ones((0, 3, 4))):
        assert run(out, y=values).shape == (len(values), 12)
