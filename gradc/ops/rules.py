"""Dtype rules of elementwise operations.

Each takes the operands' dtypes (Python numbers have taken theirs already) and gives the dtype each
operand is cast to and the dtype of the result.  They follow numpy but for small integers in
functions of real numbers, which become float64 and not float16 or float32.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info, promote
from gradc.errors import DTypeError, message

__all__ = [
    "Refused",
    "compare",
    "each_alone",
    "logic",
    "numbers",
    "parts",
    "pair",
    "same",
    "signed",
    "switching",
    "test",
    "to_float",
    "wide",
]

Rule = tuple[tuple[str, ...], str]


class Refused(DTypeError):
    """A dtype that an operation does not take; the caller adds its name and the operands."""


def _common(dtypes: tuple[str, ...]) -> str:
    first = dtypes[0]
    return first if all(each == first for each in dtypes) else promote(*dtypes)


def same(dtypes: tuple[str, ...]) -> Rule:
    """All of one dtype, and so the result."""
    common = _common(dtypes)
    return (common,) * len(dtypes), common


def numbers(dtypes: tuple[str, ...]) -> Rule:
    """As `same`; bool counts as int8."""
    common = _common(dtypes)
    common = "int8" if common == "bool" else common
    return (common,) * len(dtypes), common


def signed(dtypes: tuple[str, ...]) -> Rule:
    """As `same`; bool is refused: minus means nothing there."""
    common = _common(dtypes)
    if common == "bool":
        raise Refused(message("bool has no minus.", fix="use ~x or x ^ y, or cast to an integer."))
    return (common,) * len(dtypes), common


def to_float(dtypes: tuple[str, ...]) -> Rule:
    """Floats and complex numbers stay; integers and bool become float64."""
    common = _common(dtypes)
    common = common if dtype_info(common).is_inexact else "float64"
    return (common,) * len(dtypes), common


def parts(dtypes: tuple[str, ...]) -> Rule:
    """Of one dtype; the result has the dtype of its real part."""
    common = _common(dtypes)
    return (common,) * len(dtypes), dtype_info(common).part.name


def pair(dtypes: tuple[str, ...]) -> Rule:
    """Two floats, as to_float; the result is complex, with such parts."""
    kinds, common = to_float(dtypes)
    return kinds, promote(common, 1j)


def compare(dtypes: tuple[str, ...]) -> Rule:
    """Of one dtype; the result is bool."""
    return same(dtypes)[0], "bool"


def logic(dtypes: tuple[str, ...]) -> Rule:
    """Bool or integers, bit by bit."""
    common = _common(dtypes)
    if dtype_info(common).is_float:
        raise Refused(
            message(f"{common} has no bits to combine.", fix="compare first: (x > 0) & (y > 0).")
        )
    return (common,) * len(dtypes), common


def test(dtypes: tuple[str, ...]) -> Rule:
    """A question about each number: bool."""
    return dtypes, "bool"


def each_alone(dtypes: tuple[str, ...]) -> Rule:
    """Unchanged."""
    return dtypes, dtypes[0]


def switching(dtypes: tuple[str, ...]) -> Rule:
    """A condition, then two of one dtype, which is the result's."""
    common = _common(dtypes[1:])
    return ("bool", common, common), common


def wide(dtype: str) -> tuple[str, str]:
    """Accumulator and result of a sum: floats in their own dtype, integers in 64 bits."""
    info = dtype_info(dtype)
    found = dtype if info.is_inexact else "uint64" if info.kind == "uint" else "int64"
    return found, found
