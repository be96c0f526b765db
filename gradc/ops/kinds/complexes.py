"""Which kinds of operations take complex numbers: a declaration says so, and no is the default."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.errors import DTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable

__all__ = ["refuse_complex"]

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
