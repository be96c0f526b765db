"""Reductions of some elements: numpy's where= and initial=, for what folds by a function of two.

where: only elements where it holds are folded; initial: one number more, which is also the result
of none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where as shown
from gradc.graph.variable import Variable
from gradc.ops.compare import switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import Operation, insert_axes, normal_axes
from gradc.ops.elemwise import cast
from gradc.ops.joining import join
from gradc.ops.lengths import broadcast_to, length

__all__ = ["chosen", "selective"]

_TEXT = """
initial: one number more that is folded.  where: bools of x's shape (or that stretch to it), which
elements are folded{more}."""
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def chosen(name: str, x: Variable, where: Any, instead: Any) -> Variable:
    """The elements where a condition holds, and another number elsewhere.

    Raises: ArgumentTypeError if the condition is no bool, or has more axes.
    """
    test = as_variable(where)
    if test.dtype != "bool" or test.ndim > x.ndim:
        what = f"{name}: where= takes bools that stretch to {x.type}, got {test.type}."
        raise ArgumentTypeError(message(what, [shown(test)], "compare, for example where=x > 0."))
    return switch(test, x, cast(instead, x.dtype))


def selective(function: Operation, pair: Operation, unit: Any = None) -> Operation:
    """A reduction that takes where= and initial= besides; pair: the same of two numbers.

    unit: what changes no result; None where there is none, and initial= is asked for with where=.
    """
    name = function.__name__

    def reduced(
        x: Any, axis: Any = None, *more: Any, initial: Any = None, where: Any = None, **named: Any
    ) -> Variable:
        if initial is None and where is None:
            return function(x, axis, *more, **named)
        array = as_variable(x)
        if where is not None:
            array = chosen(name, array, where, _neutral(name, unit, initial))
        if initial is None:
            return function(array, axis, *more, **named)
        if unit is None:
            return _started(function, pair, array, axis, initial, *more, **named)
        found = function(array, axis, *more, **named)
        return pair(found, cast(initial, found.dtype))

    reduced.__name__ = reduced.__qualname__ = name
    reduced.__doc__ = _described(function, unit)
    reduced.__module__ = "gradc.tensor"
    signature = inspect.signature(function)
    keywords = [inspect.Parameter(each, _KEYWORD, default=None) for each in ("initial", "where")]
    listed = [*signature.parameters.values(), *keywords]
    reduced.__signature__ = signature.replace(parameters=listed)  # type: ignore[attr-defined]
    return reduced


def _described(function: Operation, unit: Any) -> str:
    head, raises, tail = (function.__doc__ or "").rpartition("Raises:")
    text = _TEXT.format(more="; it needs initial=" if unit is None else "")
    return head.rstrip() + text + (f"\n{raises}{tail}" if raises else "")


def _neutral(name: str, unit: Any, initial: Any) -> Any:
    if unit is None and initial is None:
        what = f"{name}: where= may leave no element, and there is no {name} of none."
        raise ArgumentError(message(what, fix="say what it is then, with initial=."))
    return initial if unit is None else unit


def _started(
    function: Operation, pair: Callable[..., Variable], x: Variable, axis: Any, initial: Any,
    keepdims: bool = False,
) -> Variable:  # fmt: skip
    """An extreme with one number more, axis by axis: so it is there even of no elements."""
    first = cast(initial, x.dtype)
    axes = normal_axes(function.__name__, axis, x.ndim)
    for k in reversed(axes):
        lengths = [1 if each == k else length(x, each) for each in range(x.ndim)]
        x = function(join(k, x, broadcast_to(first, lengths)), axis=k)
    found = x if axes else pair(x, first)
    return insert_axes(found, axes) if keepdims else found
