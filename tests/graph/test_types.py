"""TensorType."""

import numpy as np
import pytest

import gradc.tensor as T
from gradc.errors import ArgumentTypeError, DTypeError, ShapeError
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
        TensorType("complex256", ())


def test_theanos_spelling_makes_inputs() -> None:
    made = TensorType("float32", (False, True))
    assert made == TensorType(dtype="float32", broadcastable=(False, True))
    assert made == TensorType("float32", (None, 1))
    x = made("x")
    assert (x.name, x.type, x.owner) == ("x", made, None)
    assert made.make_variable().broadcastable == (False, True)
    with pytest.raises(ArgumentTypeError, match="has a dtype and lengths"):
        TensorType("float32")


def test_filter_gives_arrays_of_the_type() -> None:
    vector = TensorType("float32", (None,))
    array = np.ones(3, "float32")
    assert vector.filter(array) is array
    assert vector.is_valid_value(array)
    assert not vector.is_valid_value([1.0])
    assert vector.filter([1, 2], allow_downcast=True).dtype == "float32"
    assert TensorType("float32", ()).filter(0.5) == 0.5
    for wrong in (np.ones(3), [0.5], np.ones(3, "int64")):
        with pytest.raises(ArgumentTypeError, match="not float32"):
            vector.filter(wrong)
    with pytest.raises(ArgumentTypeError):
        TensorType("float64", (None,)).filter(array, strict=True)
    with pytest.raises(ShapeError, match="is no float32"):
        vector.filter(np.ones((2, 2), "float32"))


def test_clones_are_leaves_of_their_own() -> None:
    x = T.matrix("x")
    x.tag.note = 1
    copied = x.clone()
    assert copied is not x
    assert (copied.name, copied.type, copied.tag.note) == ("x", x.type, 1)
    assert T.exp(x).clone("y").owner is None
    assert T.constant(3).clone().data == 3
