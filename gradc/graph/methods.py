"""Operators and numpy-like methods of variables.

Takes nothing of ours; gives the mixin that Variable inherits.  Each method looks its operation up
by name in OPERATORS, which `gradc.ops` fills when it is imported; adding a method is one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["OPERATORS", "Methods", "bind"]

OPERATORS: dict[str, Callable[..., Any]] = {}


def bind(**functions: Callable[..., Any]) -> None:
    """Give operators and methods their operation; the last word of `gradc.ops`."""
    OPERATORS.update(functions)


class Methods:
    """The numpy-like face of a variable."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Any:
        return OPERATORS["add"](self, other)
