"""The C of one element."""

from __future__ import annotations

import pytest

from gradc.errors import DTypeError
from gradc.kernel.scalar import scalar_fn


def test_expression_and_function() -> None:
    assert scalar_fn("{x} * {y}").text("float64", ["v1", "v2"]) == "v1 * v2"
    assert scalar_fn("gc_exp").text("float32", ["v1"]) == "gc_exp_f32(v1)"
    assert scalar_fn("gc_pow").text("float64", ["v1", "v2"]) == "gc_pow_f64(v1, v2)"


def test_class_of_the_operand_selects() -> None:
    add = scalar_fn("{x} + {y}", bool="{x} | {y}")
    assert add.text("bool", ["a", "b"]) == "a | b"
    assert add.text("int8", ["a", "b"]) == "a + b"


def test_types_and_suffixes() -> None:
    fn = scalar_fn("({R})gc_f_{s}_{r}(({T}){x}, sqrt{f})")
    text = fn.text("float32", ["v"], "int64")
    assert text == "(int64_t)gc_f_f32_i64((float)v, sqrtf)"


def test_dtype_without_c() -> None:
    fn = scalar_fn(float="gc_exp")
    assert fn.supports("float32")
    assert not fn.supports("int32")
    with pytest.raises(DTypeError, match="no C for int32"):
        fn.text("int32", ["v"])
