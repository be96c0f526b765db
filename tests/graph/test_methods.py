"""Operators and methods build what their names say; what has no symbolic meaning raises."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import gradc.tensor as T
from gradc.errors import ArgumentTypeError
from gradc.graph.evaluate import evaluate
from gradc.graph.methods import OPERATORS

A = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
B = np.array([[2.0, 3.0, -1.5], [1.0, 0.5, 2.0]])

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
BITWISE = [operator.and_, operator.or_, operator.xor]
METHODS = {
    "sum": {"axis": 0}, "prod": {"axis": 1}, "mean": {}, "var": {"axis": 1}, "std": {"ddof": 1},
    "max": {"axis": 0}, "min": {}, "argmax": {"axis": 1}, "argmin": {"axis": 0}, "any": {},
    "all": {"axis": 1, "keepdims": True}, "flatten": {}, "ravel": {}, "transpose": {},
}  # fmt: skip
UNARY = ["exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "tanh", "arctan", "arcsinh",
         "square", "floor", "ceil", "trunc", "deg2rad"]  # fmt: skip


@pytest.fixture
def x():
    return T.matrix("x")


def value(out, **values):
    (got,) = evaluate([out], values["given"])
    return got


@pytest.mark.parametrize("op", BINARY, ids=lambda f: f.__name__)
def test_operators_and_their_reflections(op, x) -> None:
    y = T.matrix("y")
    given = {x: A, y: B}
    np.testing.assert_allclose(value(op(x, y), given=given), op(A, B))
    np.testing.assert_allclose(value(op(x, 2), given=given), op(A, 2))
    np.testing.assert_allclose(value(op(2, x), given=given), op(2, A))
    np.testing.assert_allclose(value(op(B, x), given=given), op(B, A))
    np.testing.assert_allclose(value(op(np.float64(2), x), given=given), op(2, A))


@pytest.mark.parametrize("op", BITWISE, ids=lambda f: f.__name__)
def test_bitwise_operators(op) -> None:
    i, b = T.ivector("i"), T.vector("b", dtype="bool")
    numbers, truths = np.array([6, -3], "int32"), np.array([True, False])
    np.testing.assert_array_equal(value(op(i, 5), given={i: numbers}), op(numbers, 5))
    np.testing.assert_array_equal(value(op(5, i), given={i: numbers}), op(5, numbers))
    np.testing.assert_array_equal(value(op(b, True), given={b: truths}), op(truths, True))
    np.testing.assert_array_equal(value(~b, given={b: truths}), ~truths)
    np.testing.assert_array_equal(value(~i, given={i: numbers}), ~numbers)


def test_powers_signs_and_products(x) -> None:
    given = {x: A}
    np.testing.assert_allclose(value(x**2, given=given), A**2)
    np.testing.assert_allclose(value(2**x, given=given), 2**A)
    np.testing.assert_allclose(value(-x, given=given), -A)
    np.testing.assert_allclose(value(abs(x), given=given), abs(A))
    np.testing.assert_allclose(value(x @ x.T, given=given), A @ A.T)
    np.testing.assert_allclose(value(B @ x.T, given=given), B @ A.T)
    np.testing.assert_allclose(value(x.dot(B.T), given=given), A.dot(B.T))
    quotient, rest = divmod(x, 2)
    np.testing.assert_allclose(value(quotient * 2 + rest, given=given), A)
    assert +x is x


@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str, x) -> None:
    got = value(getattr(x, name)(**METHODS[name]), given={x: A})
    np.testing.assert_allclose(got, getattr(A, name)(**METHODS[name]))


@pytest.mark.parametrize("name", UNARY)
def test_unary_methods(name: str, x) -> None:
    got = value(getattr(x, name)(), given={x: A})
    np.testing.assert_allclose(got, getattr(np, name)(A), rtol=1e-14)


def test_more_methods(x) -> None:
    given = {x: A}
    np.testing.assert_array_equal(value(x.astype("int32"), given=given), A.astype("int32"))
    np.testing.assert_array_equal(value(x.clip(0, 2), given=given), A.clip(0, 2))
    np.testing.assert_array_equal(value(x.round(), given=given), A.round())
    np.testing.assert_array_equal(value(x.round("half_away_from_zero"), given=given)[0], [2, -2, 3])
    np.testing.assert_array_equal(value(x.ptp(0), given=given), np.ptp(A, 0))
    np.testing.assert_array_equal(value(x.T, given=given), A.T)
    np.testing.assert_array_equal(value(x[0, 1:], given=given), A[0, 1:])


def test_equality_is_identity(x) -> None:
    y = T.matrix("x")
    assert x == x
    assert x != y
    assert x in [y, x]
    assert {x: 1, y: 2}[x] == 1
    assert (x == "x") is False
    assert (x == None) is False  # noqa: E711
    for number in (0, 1.5, np.float32(1), A):
        with pytest.raises(TypeError, match=r"use T.eq\(x, y\)"):
            x == number  # noqa: B015
        with pytest.raises(TypeError, match=r"use T.eq\(x, y\)"):
            number == x  # noqa: B015


def test_what_has_no_symbolic_meaning(x) -> None:
    with pytest.raises(ArgumentTypeError, match="no truth value"):
        bool(x > 0)
    with pytest.raises(ArgumentTypeError, match=r"use x.shape\[0\]"):
        len(x)
    with pytest.raises(ArgumentTypeError, match="has no numbers yet"):
        np.asarray(x)
    with pytest.raises(ArgumentTypeError, match="cannot be iterated over"):
        list(x)
    with pytest.raises(ArgumentTypeError, match="never changes"):
        x[0] = 1
    with pytest.raises(ArgumentTypeError, match="not those of math"):
        math.sqrt(x)
    with pytest.raises(ArgumentTypeError, match="lengths and indices may be variables"):
        int(x)


def test_iteration_where_the_length_is_known() -> None:
    x = T.matrix("x", shape=(2, None))
    first, second = x
    np.testing.assert_array_equal(value(second - first, given={x: A}), A[1] - A[0])


def test_python_may_use_what_building_knows() -> None:
    x = T.matrix("x", shape=(2, None))
    assert len(x) == 2
    assert list(range(x.shape[0])) == [0, 1]
    assert [10, 20, 30][T.constant(2)] == 30
    np.testing.assert_array_equal(np.zeros(x.shape[0] + 1), [0, 0, 0])
    for unknown in (x.shape[1], T.constant(2.0), T.constant([1])):
        with pytest.raises(ArgumentTypeError, match="Python needs its number"):
            range(unknown)


def test_every_method_has_its_operation() -> None:
    needed = {"getitem", "matmul", "shape_tuple", "size", "reshape_method", "fit", "preview"}
    assert needed <= OPERATORS.keys()
