"""`x.eval({a: 1.0})`: an expression's value by a compiled function that nobody had to name.

Takes values for the inputs; gives the value as an array.  The function is kept with the variable,
one for each set of inputs, so a second call compiles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from gradc.call.function import Function
from gradc.compile import function
from gradc.errors import ArgumentTypeError, message
from gradc.graph.methods import bind
from gradc.graph.variable import Variable

__all__ = ["evaluated"]


class _Made(dict[tuple[Variable, ...], Function]):
    """The functions of a variable; a copy of the variable, or its pickle, begins anew."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Made, ())


def evaluated(
    variable: Variable, inputs_to_values: Mapping[Any, Any] | None = None
) -> npt.NDArray[Any]:
    """The value of a variable, given those of the inputs it depends on.

    Raises: ArgumentTypeError if the keys are no variables; as gradc.function and its calls.
    """
    values = dict(inputs_to_values or {})
    for each in values:
        if not isinstance(each, Variable):
            what = f"eval: {each!r} is no variable."
            raise ArgumentTypeError(message(what, fix="pass {variable: value}."))
    key = tuple(sorted(values, key=id))
    if variable._made is None:
        variable._made = _Made()
    found = variable._made.get(key)
    if found is None:
        found = variable._made[key] = function(
            list(key), variable, name="eval", on_unused_input="ignore"
        )
    result: npt.NDArray[Any] = found(*(values[each] for each in key))
    return result


bind(eval=evaluated)
