"""One frame for the routines of linear algebra, of real and of complex matrices.

Such a routine is a function of csrc/inline on one row of a stack; what BLAS and LAPACK do in it
they do for float32, float64, complex64 and complex128 alike, so the dtypes follow from those of the
first matrix, and a failure is a LinAlgError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from gradc.dtypes import dtype_info, promote
from gradc.kernel.routine import RoutineFn
from gradc.ops.declare import Body, declared
from gradc.ops.kinds import Routine
from gradc.ops.kinds.routines import signature_of
from gradc.value import value

__all__: list[str] = []

_FINITE = "look for what made them: f.stages and mode=NanGuardMode() say which operation was first."


@value
class Failure:
    """What an error says where a routine fails; the words of Routine.complaint, and a cure."""

    complaint: str
    fix: str = ""


NO_END = Failure("{matrix} has nan or infinite elements, or the iteration did not end.", _FINITE)
UNFINISHED = Failure("{matrix} was not finished.")

_DTYPES: dict[str, Callable[[str], str]] = {
    "z": lambda dtype: dtype,
    "r": lambda dtype: dtype_info(dtype).part.name,
    "c": lambda dtype: promote(dtype, 1j),
    "i": lambda dtype: "int32",
}


def part_of(dtype: str) -> str:
    """The dtype of real numbers beside this one: of lengths, of LAPACK's real scratch."""
    return _DTYPES["r"](dtype)


def matrix_routine(
    name: str,
    signature: str,
    *,
    c: str,
    header: str = "",
    macros: tuple[str, ...] = (),
    needs: Literal["", "blas", "lapack"] = "lapack",
    shares: bool = False,
    failure: Failure | None = None,
    gives: str = "",
    of_complex: bool = True,
    **fields: Any,
) -> Callable[[Body], Body]:
    """Declare a routine on matrices; the decorated function is the user's, its doc the doc.

    c: the function's name; its header is <c>.h if none is named.  macros: names that are defined
        for the header.  needs: what it calls.  shares: it cuts its own work over the pool.
    failure: what an error says, if it can fail.
    gives: a letter an output: "z", of the first matrix's dtype (the default), "r", of its real
        part's, "c", complex in any case, "i", int32.
    of_complex: whether it takes complex matrices.
    The rest is Routine's.
    """
    letters = gives or "z" * len(signature_of(signature).outputs)

    def dtypes(found: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        return found[0], tuple(_DTYPES[letter](found[0]) for letter in letters)

    fn = RoutineFn(
        c, header or f"{c}.h", table=needs != "", lapack=needs == "lapack", shares=shares,
        fails=failure is not None, macros=tuple((macro, "") for macro in macros),
        of_complex=of_complex,
    )  # fmt: skip
    if failure is not None:
        fields |= {"complaint": failure.complaint, "fix": failure.fix, "error": "LinAlgError"}
    return declared(Routine, name=name, signature=signature, c=fn, dtypes=dtypes, **fields)
