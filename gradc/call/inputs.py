"""Parameters of a function beyond plain variables, as Theano's users write them."""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentTypeError, message
from gradc.graph.variable import Constant, Variable

__all__ = ["In", "as_input"]


class In:
    """An input with a name, a default value, an update of that value, and rules for casting.

    variable: the input.  name: the keyword of the call (the variable's name by default).
    value: used where the caller gives none.  update: an expression for the value of the next call.
    strict: the argument must have the exact type.  allow_downcast: True casts silently, False only
    to what holds every value, None also takes Python numbers.
    mutable, borrow, autoname and implicit are accepted as Theano's: gradc never writes an argument.
    """

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
    ) -> None:
        if not isinstance(variable, Variable):
            raise ArgumentTypeError(
                message(
                    f"In: the first argument must be a variable, got {type(variable).__name__}."
                )
            )
        self.variable = variable
        self.name = name or variable.name
        self.value = value
        self.update = update
        self.strict = strict
        self.allow_downcast = allow_downcast


def as_input(given: Any, allow_downcast: bool | None) -> In:
    """The In that stands for what `inputs` of gradc.function holds."""
    if isinstance(given, In):
        if given.allow_downcast is None:
            given.allow_downcast = allow_downcast
        return given
    if not isinstance(given, Variable):
        raise ArgumentTypeError(
            message(
                f"function: an input must be a variable, got {type(given).__name__}.",
                fix="list symbolic variables in inputs=; numbers are passed when calling.",
            )
        )
    if isinstance(given, Constant):
        raise ArgumentTypeError(
            message(
                f"function: the constant {given} cannot be an input.",
                fix="use a variable such as T.scalar() where the value should vary.",
            )
        )
    return In(given, allow_downcast=allow_downcast)
