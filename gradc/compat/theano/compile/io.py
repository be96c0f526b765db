"""theano.compile.io: parameters and results beyond plain variables."""

from __future__ import annotations

from typing import Any

from gradc.call.inputs import In as GradcIn
from gradc.call.inputs import Out
from gradc.errors import UnsupportedError, message
from gradc.graph.variable import Variable

__all__ = ["In", "Out", "Param", "SymbolicInput", "SymbolicOutput"]


class In(GradcIn):
    """An input with a name, a default value, its update, and rules for casting: gradc.In.

    Raises: UnsupportedError for shared=True, which Theano's own functions use among themselves.
    """

    def __init__(
        self, variable: Variable, name: str | None = None, value: Any = None, update: Any = None,
        mutable: bool | None = None, strict: bool = False, allow_downcast: bool | None = None,
        autoname: bool = True, implicit: bool | None = None, borrow: bool | None = None,
        shared: bool = False,
    ) -> None:  # fmt: skip
        if shared:
            what = f"In: {variable} is to be one of the variables that functions share."
            fix = "use a shared variable: s = theano.shared(value)."
            raise UnsupportedError(message(what, fix=fix))
        super().__init__(
            variable,
            name,
            value,
            update,
            mutable,
            strict,
            allow_downcast,
            autoname,
            implicit,
            borrow,
        )


def Param(  # noqa: N802  # Theano's name
    variable: Variable, default: Any = None, name: str | None = None, mutable: bool = False,
    strict: bool = False, allow_downcast: bool | None = None, implicit: bool | None = None,
    borrow: bool | None = None,
) -> In:  # fmt: skip
    """Theano's older word for In; `default` is its value."""
    return In(
        variable, name, default, None, mutable, strict, allow_downcast, True, implicit, borrow
    )


SymbolicInput, SymbolicOutput = In, Out
