"""Scalar functions: the C of one element.

Takes a C expression or the name of a function in csrc/inline, by dtype class where they differ;
gives its text for given C locals.  The placeholders {x} {y} {z} are always names of C locals, never
expressions, so there is no precedence to think of and nothing is evaluated twice.
{T} is the C type of the operands, {f} the math suffix of C's own functions ("" or "f"), {s} the
suffix of ours (f32, i64, ...); {R} and {r} are C type and suffix of the result (casts).
Of complex operands "any" says nothing: most operations mean real numbers, and C's own product of
complex ones calls libgcc (csrc/inline/gradc/complex.h).  Nor does it of float16, which is bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gradc.dtypes import dtype_info
from gradc.errors import DTypeError, message
from gradc.value import value

__all__ = ["ScalarFn", "scalar_fn"]

_PLACES = ("x", "y", "z")
_APART = ("half", "complex")


@value
class ScalarFn:
    """C text by dtype class ("bool", "int", "uint", "half", "float", "complex"; "any" for the
    rest, "half" and "complex" apart).

    For casts, the class of the result: "float_to_int" comes before all, then "to_int".

    vectorizes: whether the compiler can put it into vector code (calls into libm it cannot).
    cost: rough number of arithmetic instructions an element.
    run: the C function that makes many in a row, as `run(operands, first, count, array)` for a last
    operand that counts up by one from `first`; "" where there is none.
    """

    by_class: Mapping[str, str]
    vectorizes: bool = True
    cost: int = 1
    run: str = ""

    def text(self, dtype: str, operands: Sequence[str], result: str = "") -> str:
        """The C expression on operands of `dtype`, which are names of locals; `result`'s dtype.

        Raises: DTypeError if there is no C for this class of dtype.
        """
        info = dtype_info(dtype)
        out = dtype_info(result or dtype)
        template = self._template(dtype, out.name)
        if "{" not in template:
            return f"{template}_{info.suffix}({', '.join(operands)})"
        names = dict(zip(_PLACES, operands, strict=False))
        return template.format(
            **names, T=info.c_type, f=info.math_suffix, s=info.suffix, R=out.c_type, r=out.suffix
        )

    def _template(self, dtype: str, result: str) -> str:
        kind, to = dtype_info(dtype).kind, f"to_{dtype_info(result).kind}"
        kinds = (f"{kind}_{to}", to, kind, *(() if kind in _APART else ("any",)))
        for each in kinds:
            if each in self.by_class:
                return self.by_class[each]
        raise DTypeError(message(f"no C for {dtype} here; there is for {list(self.by_class)}."))

    def reads_once(self, dtype: str, place: int, result: str = "") -> bool:
        """Whether the operand at a place is named exactly once by the C text."""
        template = self._template(dtype, result or dtype)
        return "{" not in template or template.count(f"{{{_PLACES[place]}}}") == 1

    def supports(self, dtype: str) -> bool:
        """Whether there is C for this dtype."""
        kind = dtype_info(dtype).kind
        return kind in self.by_class or (kind not in _APART and "any" in self.by_class)


def scalar_fn(
    any: str | None = None,
    *,
    vectorizes: bool = True,
    cost: int = 1,
    run: str = "",
    **by_class: str,
) -> ScalarFn:
    """A ScalarFn from keywords, such as `"{x} + {y}", bool="{x} | {y}"`."""
    table = dict(by_class)
    if any is not None:
        table["any"] = any
    return ScalarFn(MappingProxyType(table), vectorizes, cost, run)
