"""Dtypes of results are numpy's, Python numbers being weak; the exceptions are listed here."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from gradc.ops.declare import is_float

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float32", "float64")  # fmt: skip
PAIRS = list(itertools.product(DTYPES, DTYPES))
BINARY = {
    T.add: np.add, T.mul: np.multiply, T.true_div: np.true_divide, T.int_div: np.floor_divide,
    T.mod: np.remainder, T.pow: np.power, T.maximum: np.maximum, T.minimum: np.minimum,
    T.lt: np.less, T.eq: np.equal, T.arctan2: np.arctan2,
}  # fmt: skip
UNARY = {
    T.abs: np.abs, T.square: np.square, T.sign: np.sign, T.exp: np.exp, T.sin: np.sin,
    T.sqrt: np.sqrt, T.floor: np.floor, T.isnan: np.isnan, T.neg: np.negative,
}  # fmt: skip


def variable(dtype: str) -> Input:
    return Input(TensorType(dtype, (None,)))


def value(dtype: str) -> np.ndarray:
    return np.ones(1, dtype)


def real(dtype: np.dtype, *operands: str) -> str:
    """Numpy's half floats and its float32 of small integers are float64 here."""
    is_small = dtype.name in ("float16", "float32") and not any(map(is_float, operands))
    return "float64" if is_small else dtype.name


@pytest.mark.parametrize("ours", BINARY, ids=lambda f: f.__name__)
def test_two_operands(ours) -> None:
    for a, b in PAIRS:
        theirs = BINARY[ours](value(a), value(b)).dtype
        assert ours(variable(a), variable(b)).dtype == real(theirs, a, b), (a, b)


@pytest.mark.parametrize("ours", UNARY, ids=lambda f: f.__name__)
def test_one_operand(ours) -> None:
    for a in DTYPES:
        if a == "bool" and ours in (T.neg, T.sign, T.floor):
            continue
        assert ours(variable(a)).dtype == real(UNARY[ours](value(a)).dtype, a), a


@pytest.mark.parametrize("number", [True, 2, 0.5])
@pytest.mark.parametrize("ours", [T.add, T.mul, T.true_div, T.pow, T.maximum, T.lt])
def test_python_numbers_are_weak(ours, number) -> None:
    for a in DTYPES:
        for left in (False, True):
            pair = (number, value(a)) if left else (value(a), number)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = BINARY[ours](*pair).dtype
            x = variable(a)
            got = ours(number, x) if left else ours(x, number)
            assert got.dtype == real(theirs, a), a


def test_numpy_scalars_are_strong() -> None:
    x = variable("float32")
    assert (x * np.float64(0.1)).dtype == "float64"
    assert (x * np.float32(0.1)).dtype == "float32"
    assert (np.float64(0.1) * x).dtype == "float64"
    assert (np.ones(3, "int64") + x).dtype == "float64"


def test_floats_alone_are_floatx() -> None:
    with gradc.config.override(floatX="float32"):
        assert T.exp(1.0).dtype == "float32"
        assert T.constant(1.5).dtype == "float32"
        assert T.matrix().dtype == "float32"
        assert T.constant(2).dtype == "int64"
        assert gradc.shared(1.0).dtype == "float32"


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_switch_and_products(a: str, b: str) -> None:
    x, y = variable(a), variable(b)
    assert T.switch(x, x, y).dtype == np.result_type(a, b).name
    if (a, b) != ("bool", "bool"):
        assert T.dot(x, y).dtype == np.result_type(a, b).name


@pytest.mark.parametrize("dtype", DTYPES)
def test_reductions(dtype: str) -> None:
    x, array = variable(dtype), value(dtype)
    for ours, theirs in ((T.sum, np.sum), (T.prod, np.prod), (T.max, np.max), (T.any, np.any),
                         (T.mean, np.mean), (T.argmax, np.argmax), (T.var, np.var)):  # fmt: skip
        assert ours(x).dtype == theirs(array).dtype.name
    assert T.sum(x, dtype="float32").dtype == "float32"
    assert T.sum(x, acc_dtype="float64").dtype == np.sum(array).dtype.name


@pytest.mark.parametrize("ours", [T.sub, T.neg])
def test_bool_has_no_minus(ours) -> None:
    operands = [variable("bool")] * (2 if ours is T.sub else 1)
    with pytest.raises(gradc.errors.DTypeError, match="bool has no minus"):
        ours(*operands)


def test_a_number_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="300 does not fit int8"):
        variable("int8") + 300
