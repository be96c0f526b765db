"""Which headers a text needs.

Takes C; gives the lines that include them.  A header costs the compiler time (those of vector math
together 15 to 100 ms), so only those are named whose functions are called.
"""

from __future__ import annotations

import re

__all__ = ["include_lines", "is_vector_math"]

# Vector math by its names.
_MATH = (
    ("asin.h", ("acos", "asin")),
    ("asinh.h", ("acosh", "asinh", "atanh")),
    ("atan.h", ("atan", "atan2")),
    ("erf.h", ("erf", "erfc")),
    ("exp.h", ("exp", "expm1")),
    ("exp2.h", ("exp2",)),
    ("log.h", ("log", "log1p")),
    ("log_base.h", ("log10", "log2")),
    ("logistic.h", ("sigmoid", "softplus")),
    ("pow.h", ("pow",)),
    ("root.h", ("cbrt", "hypot")),
    ("sinh.h", ("cosh", "sinh")),
    ("tanh.h", ("tanh",)),
    ("trig.h", ("cos", "sin", "tan")),
)
_MATH_NAMES = frozenset(name for _, names in _MATH for name in names)
# Our other functions by the beginning of their names.
_OURS = (
    ("bessel.h", ("j0", "j1")),
    ("bessel_modified.h", ("i0", "i1")),
    ("beta.h", ("betaln",)),
    ("blas.h", ("gemm", "gemv", "ger", "copy", "pack", "rows", "stack")),
    ("cast.h", ("cast",)),
    ("blas_complex.h", ("products_of_complex",)),
    ("complex.h", ("complex",)),
    ("complex_math.h", ("functions_of_complex",)),
    ("digamma.h", ("digamma", "polygamma", "trigamma")),
    ("erfinv.h", ("erfcinv", "erfcx", "erfinv")),
    ("fold.h", ("max", "min", "wins")),
    ("gamma.h", ("gamma",)),
    ("gammainc.h", ("gammainc",)),
    ("integer.h", ("floor_divide", "modulo", "power", "round_away")),
    ("random.h", ("below", "normal", "open_unit", "random", "unit")),
    ("rejection.h", ("drawn",)),
    ("sinc.h", ("sinc",)),
)
_CALL = re.compile(r"\bgc_([a-z]\w*?)_(?:[biu](?:8|16|32|64)|f32|f64)\(")
_CALL_WITH_TWO = re.compile(r"\bgc_(cast)_")
_PLAIN = "mul|true_div|reciprocal|abs|sign|real|imag|conj|gemm|gemv|ger|copy|stack"
_PRODUCTS = re.compile(r"\bgc_(?:gemm|gemv|ger|copy|stack)_c(?:64|128)\(")
_COMPLEX_MATH = re.compile(rf"\bgc_(?!(?:{_PLAIN})_c)\w+_c(?:64|128)\(")
_COMPLEX = re.compile(r"\b(?:gc|GC)_(?:\w+_)?[cC](?:64|128)\b")
_TILES = re.compile(r"\bGC_(?:TILE|ROWS|FOLD|INLINE)\b")
_LIBC = re.compile(r"\b(?:NAN|INFINITY)\b|(?<![\w.])([a-z][a-z0-9]*)\(")
_OWN = re.compile(
    r"(?:nest|product|pack|routine|run|plan|fold)\d+(?:_\w+)?|if|for|while|return|sizeof"
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def is_vector_math(name: str) -> bool:
    """Whether gc_<name>_f64 is an elementary function (math.h has them all)."""
    return name in _MATH_NAMES


def include_lines(code: str) -> list[str]:
    """The lines that stand above the code."""
    code = _COMMENT.sub("", code)
    called = {match[1] for match in _CALL.finditer(code)}
    called |= {match[1] for match in _CALL_WITH_TWO.finditer(code)}
    if _COMPLEX.search(code):
        called.update(["products_of_complex"] * bool(_PRODUCTS.search(code)))
        called.add("functions_of_complex" if _COMPLEX_MATH.search(code) else "complex")
    names = [header for header, starts in _OURS if any(c.startswith(starts) for c in called)]
    names += [header for header, functions in _MATH if not called.isdisjoint(functions)]
    lines = [f"#include <gradc/{name}>" for name in names]
    if _TILES.search(code):
        lines.append("#include <gradc/tiles.h>")
    if any(match[1] is None or not _OWN.fullmatch(match[1]) for match in _LIBC.finditer(code)):
        lines.append("#include <math.h>")
    return lines
