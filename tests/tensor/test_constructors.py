"""Symbolic inputs by rank, prefix and shape."""

from __future__ import annotations

import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError


def test_ranks_and_floatx() -> None:
    forms = [T.scalar, T.vector, T.row, T.col, T.matrix, T.tensor3, T.tensor4]
    assert [str(form().type) for form in forms] == [
        "float64[]",
        "float64[?]",
        "float64[1, ?]",
        "float64[?, 1]",
        "float64[?, ?]",
        "float64[?, ?, ?]",
        "float64[?, ?, ?, ?]",
    ]
    with gradc.config.override(floatX="float32"):
        assert T.matrix().dtype == "float32"
        assert T.dmatrix().dtype == "float64"


def test_prefixes() -> None:
    dtypes = dict(
        zip("bwilfd", ("int8", "int16", "int32", "int64", "float32", "float64"), strict=True)
    )
    for prefix, dtype in dtypes.items():
        for form in ("scalar", "vector", "row", "col", "matrix", "tensor3", "tensor4"):
            made = getattr(T, prefix + form)("x")
            assert made.dtype == dtype
            assert made.name == "x"
            assert made.ndim == getattr(T, form)().ndim


def test_dtype_shape_and_name() -> None:
    x = T.matrix("x", dtype="int16", shape=(None, 3))
    assert str(x.type) == "int16[?, 3]"
    assert x.site is not None
    assert x.site.file == __file__
    assert T.matrix(name="y").name == "y"
    assert str(T.tensor("float32", (2, None, 1)).type) == "float32[2, ?, 1]"
    assert str(T.tensor("float32", broadcastable=(False, True)).type) == "float32[?, 1]"
    assert str(T.tensor("float32", (False, True)).type) == "float32[?, 1]"


def test_plurals() -> None:
    x, y = T.dmatrices("x", "y")
    assert (x.name, y.name, x.dtype) == ("x", "y", "float64")
    assert len(T.vectors(3)) == 3
    assert [each.dtype for each in T.scalars("a", "b", dtype="int8")] == ["int8", "int8"]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: T.matrix(3), ArgumentTypeError, "the name of a variable is text, got 3"),
        (lambda: T.matrix(dtype="float128"), DTypeError, "float128 is not supported"),
        (lambda: T.matrix(shape=(3,)), ArgumentError, r"shape \(3,\) is none of a matrix"),
        (lambda: T.row(shape=(2, 3)), ArgumentError, "is none of a row"),
        (lambda: T.tensor("float64"), ArgumentError, "give shape= or broadcastable="),
    ],
)
def test_mistakes(make, error, words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_operations_have_help() -> None:
    text = T.softplus.__doc__
    assert text is not None
    assert text.splitlines()[0].startswith("softplus(x): log(1 + exp(x)) without overflow")
    assert "int8 -> float64" in text
    assert "stretches" in text
