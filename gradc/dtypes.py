"""The one table of element types: numpy name, C type, suffixes, limits; promotion; C literals.

Takes dtype names, numpy dtypes or Python scalars; gives names (plain str), rows of the table, and
exact C text.  Promotion is NumPy 2's (NEP 50): Python numbers are weak, so float32 * 0.1 stays
float32.  It is spelled out here rather than asked of numpy so that the rule can be read; the tests
compare it with `numpy.result_type` over all pairs and triples.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from gradc.errors import ArgumentError, DTypeError, message, printable
from gradc.value import value

__all__ = [
    "DTYPES",
    "DType",
    "Kind",
    "as_array",
    "check_dtype",
    "dtype_info",
    "is_masked_array",
    "literal",
    "name_of",
    "promote",
]

Kind = Literal["bool", "int", "uint", "half", "float", "complex"]


@value
class DType:
    """One element type.

    `suffix` ends the names of kernels and C helpers (gc_exp_f32); `math_suffix` those of libm;
    `blas` is the letter of its BLAS routines, "" where there are none.  `least` and `greatest` are
    C text: no value lies outside, infinities included, so they start a maximum and a minimum.
    `bounds` are the same for integers, as numbers.
    """

    name: str
    c_type: str
    kind: Kind
    itemsize: int
    suffix: str
    math_suffix: str
    blas: str
    least: str
    greatest: str
    bounds: tuple[int, int] | None

    @property
    def is_float(self) -> bool:
        """Whether it is float16, float32 or float64."""
        return self.kind in ("float", "half")

    @property
    def is_complex(self) -> bool:
        """Whether it is complex64 or complex128."""
        return self.kind == "complex"

    @property
    def is_inexact(self) -> bool:
        """Whether its numbers are rounded, and have slopes: floats and complex ones."""
        return self.kind in ("float", "half", "complex")

    @property
    def part(self) -> DType:
        """The float type of real and imaginary part; of any other type itself."""
        return DTYPES[f"float{4 * self.itemsize}"] if self.is_complex else self

    @property
    def is_integer(self) -> bool:
        """Whether it is a signed or unsigned integer; bool is not."""
        return self.kind in ("int", "uint")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The dtype as numpy has it."""
        return np.dtype(self.name)


def _integer(bits: int, signed: bool) -> DType:
    prefix = "" if signed else "U"
    return DType(
        name=f"{prefix.lower()}int{bits}",
        c_type=f"{prefix.lower()}int{bits}_t",
        kind="int" if signed else "uint",
        itemsize=bits // 8,
        suffix=f"{'i' if signed else 'u'}{bits}",
        math_suffix="",
        blas="",
        least=f"INT{bits}_MIN" if signed else "0",
        greatest=f"{prefix}INT{bits}_MAX",
        bounds=(-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1),
    )


def _float(bits: int, c_type: str, math_suffix: str, blas: str) -> DType:
    return DType(
        name=f"float{bits}",
        c_type=c_type,
        kind="float",
        itemsize=bits // 8,
        suffix=f"f{bits}",
        math_suffix=math_suffix,
        blas=blas,
        least="-INFINITY",
        greatest="INFINITY",
        bounds=None,
    )


def _complex(bits: int, math_suffix: str, blas: str) -> DType:
    """C's own complex type, under a name of csrc/inline/gradc/complex.h."""
    return DType(
        name=f"complex{bits}",
        c_type=f"gc_c{bits}",
        kind="complex",
        itemsize=bits // 8,
        suffix=f"c{bits}",
        math_suffix=math_suffix,
        blas=blas,
        least="",
        greatest="",
        bounds=None,
    )


# Storage only: its bits, which C moves; what computes with it does so in float32 (ops/calls.py).
_HALF = DType("float16", "uint16_t", "half", 2, "f16", "", "", "", "", None)

_ROWS = (
    DType("bool", "uint8_t", "bool", 1, "b8", "", "", "0", "1", (0, 1)),
    *(_integer(bits, signed=True) for bits in (8, 16, 32, 64)),
    *(_integer(bits, signed=False) for bits in (8, 16, 32, 64)),
    _HALF,
    _float(32, "float", "f", "s"),
    _float(64, "double", "", "d"),
    _complex(64, "f", "c"),
    _complex(128, "", "z"),
)

DTYPES: Mapping[str, DType] = MappingProxyType({row.name: row for row in _ROWS})


def as_array(a: Any, dtype: Any, order: Any = None) -> np.ndarray[Any, Any]:
    """Numpy's asarray, but always of the dtype that variables have (C has two types for int64).

    dtype: a name or numpy's.  order: "C" or "F", or None: as it lies.
    Raises: DTypeError.
    """
    wanted = np.dtype(check_dtype(dtype))
    array = np.asarray(a, wanted, order)
    return array if array.dtype.num == wanted.num else array.view(wanted)


@functools.cache
def name_of(dtype: np.dtype[Any]) -> str:
    """`dtype.name`, which numpy puts together anew each time."""
    return dtype.name


def check_dtype(dtype: Any) -> str:
    """The name of a supported dtype.

    Takes a name, a numpy dtype or scalar type, or bool, int, float.  Byte order is dropped: arrays
    of the other order are converted at the border of a call.
    Raises: DTypeError naming what is supported.
    """
    if isinstance(dtype, str) and dtype in DTYPES:
        return dtype
    try:
        name = np.dtype(dtype).newbyteorder("=").name if dtype is not None else "None"
    except (TypeError, ValueError):
        name = str(dtype)
    if name in DTYPES:
        return name
    what = f"dtype {printable(name, 60)} is not supported."
    raise DTypeError(message(what, fix=f"use one of {', '.join(DTYPES)}."))


def dtype_info(dtype: Any) -> DType:
    """The row of the table; takes what check_dtype takes."""
    return DTYPES[check_dtype(dtype)]


_ORDER: Mapping[Kind, int] = MappingProxyType(
    {"bool": 0, "int": 1, "uint": 1, "half": 2, "float": 2, "complex": 3}
)
_WEAK: Mapping[type, tuple[int, str]] = MappingProxyType(
    {bool: (0, "bool"), int: (1, "int64"), float: (2, "float64"), complex: (3, "complex128")}
)


def promote(*operands: Any) -> str:
    """The dtype that holds a result of these operands, as `numpy.result_type` says.

    An operand is a dtype, or a Python bool, int, float or complex, which decides only by its kind.
    Raises: DTypeError for anything else; ArgumentError for no operand.
    """
    if not operands:
        raise ArgumentError(message("promote: needs at least one operand."))
    weak = [_WEAK[type(x)] for x in operands if type(x) in _WEAK]
    strong = [dtype_info(x) for x in operands if type(x) not in _WEAK]
    strong.sort(key=lambda d: -_ORDER[d.kind])  # int16, uint16, float32 is float32, as in numpy
    if not strong:
        return max(weak)[1]
    result = strong[0]
    for other in strong[1:]:
        result = _promote_pair(result, other)
    if weak and max(weak)[0] > _ORDER[result.kind]:
        if max(weak)[1] == "complex128" and result.is_float:
            return _complex_of(result).name  # float32 * 1j is complex64
        return max(weak)[1]
    return result.name


def _complex_of(part: DType) -> DType:
    """The complex type whose parts hold this float."""
    return DTYPES[f"complex{max(64, 16 * part.itemsize)}"]


def _promote_pair(a: DType, b: DType) -> DType:
    if a.kind == "bool" or b.kind == "bool":
        return b if a.kind == "bool" else a
    if a.kind == b.kind or (a.is_float and b.is_float):
        return a if a.itemsize >= b.itemsize else b
    if a.is_complex or b.is_complex:
        return _complex_of(_promote_pair(a.part, b.part))
    if a.is_float or b.is_float:
        real, whole = (a, b) if a.is_float else (b, a)
        least = 16 * whole.itemsize
        return real if real.itemsize > whole.itemsize else DTYPES[f"float{min(least, 64)}"]
    signed, unsigned = (a, b) if a.kind == "int" else (b, a)
    if signed.itemsize > unsigned.itemsize:
        return signed
    bits = 16 * unsigned.itemsize
    return DTYPES[f"int{bits}"] if bits <= 64 else DTYPES["float64"]


def literal(value: Any, dtype: Any) -> str:
    """Exact C text of a number of this dtype; no locale, no rounding, no overflowing constant.

    Raises: ArgumentError if an integer does not fit, DTypeError if it is not one.
    """
    info = dtype_info(dtype)
    if info.kind == "half":
        with np.errstate(over="ignore"):
            return f"0x{np.float16(value).view(np.uint16):04x}"
    if info.is_float:
        return _float_literal(value, info)
    if info.is_complex:
        with np.errstate(over="ignore"):
            number = info.numpy.type(value)
        parts = (_float_literal(each, info.part) for each in (number.real, number.imag))
        return f"GC_{info.suffix.upper()}({', '.join(parts)})"
    try:
        number = operator.index(value.item() if isinstance(value, np.generic) else value)
    except TypeError:
        what = f"literal: {printable(repr(value))} is no integer, {info.name} asked for."
        raise DTypeError(message(what, fix="convert it first.")) from None
    assert info.bounds is not None
    low, high = info.bounds
    if not low <= number <= high:
        what = f"literal: {printable(str(number), 60)} does not fit {info.name}."
        raise ArgumentError(message(what, fix=f"use a number from {low} to {high}."))
    return _integer_literal(number, info)


def _integer_literal(number: int, info: DType) -> str:
    if info.kind == "int" and info.bounds is not None and number == info.bounds[0]:
        return info.least  # -9223372036854775808 is minus an overflowing constant in C
    if info.itemsize == 8:
        return f"{'-' if number < 0 else ''}{info.c_type[:-2].upper()}_C({abs(number)})"
    return f"{number}u" if info.name == "uint32" else str(number)


def is_masked_array(value: object) -> bool:
    """Whether it is a numpy.ma array; that module takes 30 ms to import, so it is not asked."""
    ma = sys.modules.get("numpy.ma")
    return ma is not None and isinstance(value, ma.MaskedArray)


def _is_exactly(text: str, number: float) -> bool:
    """Whether a decimal with a point is the float itself, and not the nearest to it."""
    whole, part = text.split(".")
    numerator, denominator = number.as_integer_ratio()
    return int(whole + part) * denominator == numerator * int("1" + "0" * len(part))


def _float_literal(value: Any, info: DType) -> str:
    with np.errstate(over="ignore"):
        number = float(info.numpy.type(value))
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    if math.isnan(number):
        return f"{sign}NAN"
    if math.isinf(number):
        return f"{sign}INFINITY"
    text = repr(number)
    if len(text) > 10 or "e" in text or not _is_exactly(text, number):
        mantissa, exponent = number.hex().split("p")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}p{exponent}"
    return text + info.math_suffix
