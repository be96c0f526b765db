"""The dtype table against numpy and a C compiler's reading of the literals."""

from __future__ import annotations

import itertools
import math
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradc.dtypes import DTYPES, check_dtype, dtype_info, literal, promote
from gradc.errors import ArgumentError, DTypeError

NAMES = list(DTYPES)
SCALARS = [True, 3, 2.5, 1j]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_promotion_is_numpys(count: int) -> None:
    for names in itertools.product(NAMES, repeat=count):
        for scalars in itertools.chain(
            [()], *(itertools.product(SCALARS, repeat=n) for n in (1, 2))
        ):
            operands = (*names, *scalars)
            expected = np.result_type(*(np.dtype(n) for n in names), *scalars).name
            assert promote(*operands) == expected, operands


def test_promotion_of_python_numbers_alone() -> None:
    for scalars in itertools.product(SCALARS, repeat=2):
        assert promote(*scalars) == np.result_type(*scalars).name


@pytest.mark.parametrize("name", NAMES)
def test_rows_agree_with_numpy(name: str) -> None:
    info = dtype_info(name)
    assert info.itemsize == np.dtype(name).itemsize
    if info.is_integer:
        assert info.bounds == (np.iinfo(name).min, np.iinfo(name).max)


def test_check_dtype_takes_what_numpy_takes() -> None:
    assert check_dtype(np.float32) == "float32"
    assert check_dtype(np.dtype(">f8")) == "float64"
    assert check_dtype("f4") == "float32"
    assert [check_dtype(t) for t in (bool, int, float)] == ["bool", "int64", "float64"]


@pytest.mark.parametrize("bad", [np.longdouble, np.clongdouble, "U3", object, None, "x\ny"])
def test_unsupported_dtypes_say_what_is_supported(bad: object) -> None:
    with pytest.raises(DTypeError) as caught:
        check_dtype(bad)
    assert isinstance(caught.value, TypeError)
    assert str(caught.value).endswith(
        "is not supported.\n  Fix: use one of bool, int8, int16, int32, int64, uint8, uint16, "
        "uint32, uint64, float16, float32, float64, complex64, complex128."
    )


def test_promote_refuses() -> None:
    with pytest.raises(DTypeError):
        promote("float32", "U3")
    with pytest.raises(ArgumentError):
        promote()


def test_literals_read_well() -> None:
    rows = {
        (0.1, "float64"): "0x1.999999999999ap-4",
        (0.5, "float32"): "0.5f",
        (-1.0, "float64"): "-1.0",
        (0.1, "float32"): "0x1.99999ap-4f",
        (-0.0, "float64"): "-0.0",
        (math.inf, "float32"): "INFINITY",
        (-math.inf, "float64"): "-INFINITY",
        (math.nan, "float64"): "NAN",
        (1e40, "float32"): "INFINITY",
        (-(2**63), "int64"): "INT64_MIN",
        (-5, "int64"): "-INT64_C(5)",
        (2**64 - 1, "uint64"): "UINT64_C(18446744073709551615)",
        (7, "uint32"): "7u",
        (-(2**31), "int32"): "INT32_MIN",
        (True, "bool"): "1",
        (np.int8(-3), "int8"): "-3",
        (1.5, "float16"): "0x3e00",
        (1 - 0.5j, "complex128"): "GC_C128(1.0, -0.5)",
        (complex(-0.0, math.inf), "complex64"): "GC_C64(-0.0f, INFINITY)",
    }
    assert {key: literal(*key) for key in rows} == rows


@pytest.mark.parametrize(
    ("value", "dtype", "error"),
    [(128, "int8", ArgumentError), (-1, "uint64", ArgumentError), (2, "bool", ArgumentError),
     (1.0, "int8", DTypeError), ("1", "int64", DTypeError)],
)  # fmt: skip
def test_literals_that_do_not_fit(value: object, dtype: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        literal(value, dtype)


def test_a_compiler_reads_the_same_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    doubles = rng.integers(0, 2**64, 2000, dtype="uint64").view("float64")
    corners = np.array([0.0, -0.0, np.inf, -np.inf, 5e-324, 1e-310, 1.7976931348623157e308, 0.1])
    doubles = np.concatenate([corners, doubles[~np.isnan(doubles)]])
    with np.errstate(over="ignore"):
        singles = doubles.astype("float32")
    whole = [-(2**63), -(2**63) + 1, -1, 0, 2**63 - 1]
    values = [
        *(("double", literal(v, "float64")) for v in doubles),
        *(("float", literal(v, "float32")) for v in singles),
        *(("int64_t", literal(v, "int64")) for v in whole),
    ]
    arrays = "".join(
        f"static const {c} {c}s[] = {{{', '.join(t for d, t in values if d == c)}}};\n"
        f"fwrite({c}s, 1, sizeof {c}s, stdout);\n"
        for c in ("double", "float", "int64_t")
    )
    source = tmp_path / "bits.c"
    head = "#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n"
    source.write_text(f"{head}int main(void) {{\n{arrays}return 0;\n}}\n")
    program = tmp_path / "bits"
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    out = subprocess.run([str(program)], check=True, capture_output=True).stdout
    assert out == doubles.tobytes() + singles.tobytes() + struct.pack("=5q", *whole)
