"""Rows of an error message: a variable, its type, and the user's line that made it."""

from __future__ import annotations

from gradc.errors import Where
from gradc.graph.variable import Variable

__all__ = ["where", "written"]


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


def written(variable: Variable) -> Variable:
    """The variable behind casts and added axes, which no user wrote."""
    while variable.name is None and variable.owner is not None:
        if variable.owner.op.name not in ("dimshuffle", "cast"):
            break
        variable = variable.owner.inputs[0]
    return variable
