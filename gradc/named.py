"""What pickle finds by name: things that a decorator put in the place of a function.

Takes what was made of a function; gives the name under which it stands in the function's module.
pickle finds a function by its name, and finds there what a decorator made of it instead; so that is
what goes by the name, as functions do, and is not taken apart.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["standing_name"]


def standing_name(made: Any, function: Any) -> str | None:
    """The qualified name of a function, if its module has `made` under it; else None."""
    name = getattr(function, "__qualname__", None)
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    if found is None or not isinstance(name, str):
        return None
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is made else None
