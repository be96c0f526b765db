"""Rows of an error message: a variable, its type, and the user's line that made it."""

from __future__ import annotations

from gradc.errors import Where
from gradc.graph.variable import Variable

__all__ = ["where"]


def where(variable: Variable, label: str | None = None) -> Where:
    """The row for a variable: name, type, file and line, source text."""
    site = variable.site
    name = label or variable.name or str(variable)
    if site is None:
        return Where(name, str(variable.type))
    return Where(name, str(variable.type), site.file, site.line, site.text)
