"""Parameters and results of a function beyond plain variables, as Theano's users write them."""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentTypeError, message
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable

__all__ = ["In", "Out", "as_input", "as_output"]


class In:
    """An input with a name, a default value, an update of that value, and rules for casting.

    variable: the input.  name: the keyword of the call (the variable's name by default).
    value: used where the caller gives none; it is copied, unless borrow=True, which keeps the array
    itself where it fits, so that later changes of it count.  f["x"] reads it, f["x"] = ... sets it.
    update: an expression for the value after each call: a state that is the function's own.
    strict: the argument must have the exact type.  allow_downcast: True casts silently, False only
    what is held exactly, None also rounds Python floats to config.floatX.
    autoname=False: the variable's name is no keyword of the call.
    mutable and implicit are accepted as Theano's: gradc never writes an argument, and never copies
    one that it can read as it is.
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
        if update is not None and value is None:
            what = f"In: {variable} has an update, and no value to begin with."
            raise ArgumentTypeError(message(what, fix="give it one: In(x, value=0.0, update=...)."))
        self.variable = variable
        self.name = name or (variable.name if autoname else None)
        self.value = value
        self.update = update
        self.borrow = bool(borrow)
        self.strict = strict
        self.allow_downcast = allow_downcast

    def __repr__(self) -> str:
        value = "" if self.value is None else f", value={self.value!r}"
        return f"In({self.variable!r}, name={self.name!r}{value})"


class Out:
    """An output whose array may be used again.

    variable: the output.  borrow: the array that a call returns may be overwritten by the next,
    which saves allocating it anew; take a copy of what should last.
    """

    def __init__(self, variable: Any, borrow: bool = False) -> None:
        self.variable = as_variable(variable)
        self.borrow = bool(borrow)

    def __repr__(self) -> str:
        return f"Out({self.variable!r}, borrow={self.borrow})"


def as_output(given: Any) -> Out:
    """The Out that stands for one of `outputs` of gradc.function."""
    return given if isinstance(given, Out) else Out(given)


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
