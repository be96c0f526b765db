"""Which operations take complex numbers, and float16: a declaration says so, no is the default."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.errors import DTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable

__all__ = ["refuse_complex", "refuse_half"]

_COMPLEX = frozenset({"complex64", "complex128"})


def refuse_complex(name: str, inputs: Sequence[Variable], takes: bool = False) -> None:
    """Raise if an input is complex and the operation does not take that.

    Raises: DTypeError that names the inputs.
    """
    found = next((each.type.dtype for each in inputs if each.type.dtype in _COMPLEX), None)
    if takes or found is None:
        return
    what = f"{name}: takes real numbers, got {found}."
    rows = [where(each) for each in inputs]
    fix = "take T.real(x), T.imag(x), T.abs(x) or T.angle(x); complex numbers have no order."
    raise DTypeError(message(what, rows, fix))


def refuse_half(name: str, inputs: Sequence[Variable], takes: bool = False) -> None:
    """Raise if an input is float16 and nobody has cast it (calls.applied does).

    Raises: DTypeError that names the inputs.
    """
    if not takes and any(each.type.dtype == "float16" for each in inputs):
        what = f"{name}: float16 is for storage here."
        fix = "cast it: x.astype('float32'), and the result back."
        raise DTypeError(message(what, [where(each) for each in inputs], fix))
