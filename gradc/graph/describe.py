"""Rows of an error message: a variable, its type, the user's line that made it, its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradc.errors import Where, printable
from gradc.graph.variable import Constant, Variable

__all__ = ["broken", "compared", "elements", "given_text", "where", "written"]

_FEW = 6  # elements that are shown one by one
_MOST_ROWS = 4  # variables that the message about a condition shows
_COMBINING = ("all", "any", "and", "or", "xor", "invert", "given", "check", "cast", "dimshuffle")


def where(variable: Variable, label: str | None = None) -> Where:
    """The row for a variable: name, type, file and line, source text.

    What promotion and broadcasting put around a user's variable goes by that variable's name.
    """
    shown = written(variable)
    site = shown.site
    name = label or shown.name or str(shown)
    if site is None:
        return Where(name, str(variable.type))
    return Where(name, str(variable.type), site.file, site.line, site.text)


def given_text(given: object) -> str:
    """What an argument is, in a message: a variable by its name, anything else as Python has it."""
    return f"{given}" if isinstance(given, Variable) else printable(repr(given), 60)


def written(variable: Variable) -> Variable:
    """The variable behind casts and added axes, which no user wrote."""
    while variable.name is None and variable.owner is not None:
        if variable.owner.op.name not in ("dimshuffle", "cast"):
            break
        variable = variable.owner.inputs[0]
    return variable


def elements(array: Any) -> str:
    """The elements of an array on one line: all of a few, else the least and the largest."""
    array = np.asarray(array)
    if array.size <= _FEW:
        text = np.array2string(array, separator=", ", max_line_width=10**6)
        return " ".join(text.split())
    return f"from {array.min()} to {array.max()}"


def broken(params: Mapping[str, Any]) -> tuple[str, str]:
    """The class of gradc.errors, by name, and the cure, of a condition that does not hold.

    params: those of a Check.
    """
    fix = params.get("fix") or "pass values that meet the condition."
    return str(params.get("error") or "AssertionFailed"), str(fix)


def compared(condition: Variable) -> list[Variable]:
    """What a condition is about: the operands of its comparisons, at most four."""
    found: dict[Variable, None] = {}
    stack = [condition]
    while stack and len(found) < _MOST_ROWS:
        variable = written(stack.pop())
        node = variable.owner
        if isinstance(variable, Constant):
            continue
        if node is not None and variable.name is None and node.op.name in _COMBINING:
            stack.extend(reversed(node.inputs))
        elif node is not None and variable.dtype == "bool" and variable.name is None:
            operands = map(written, node.inputs)
            found |= dict.fromkeys(each for each in operands if not isinstance(each, Constant))
        else:
            found.setdefault(variable)
    return list(found)[:_MOST_ROWS]
