"""TensorType."""

import pytest

from gradc.errors import DTypeError, ShapeError
from gradc.graph.types import TensorType


def test_text_and_properties():
    type_ = TensorType("float32", (None, 1, 4))
    assert str(type_) == "float32[?, 1, 4]"
    assert str(TensorType("int64", ())) == "int64[]"
    assert type_.ndim == 3
    assert type_.broadcastable == (False, True, False)


def test_accepts_what_is_more_precise_only():
    loose, exact = TensorType("float64", (None, 4)), TensorType("float64", (3, 4))
    assert loose.accepts(exact)
    assert not exact.accepts(loose)
    assert not loose.accepts(TensorType("float32", (3, 4)))
    assert not loose.accepts(TensorType("float64", (3,)))


def test_changes():
    type_ = TensorType("float64", (None, 4))
    assert type_.with_dtype("int8") == TensorType("int8", (None, 4))
    assert type_.with_shape([2]) == TensorType("float64", (2,))
    assert hash(type_) == hash(TensorType("float64", (None, 4)))


def test_bad_types_are_refused():
    with pytest.raises(ShapeError, match="a length cannot be negative"):
        TensorType("float64", (-1,))
    with pytest.raises(DTypeError):
        TensorType("complex64", ())
