"""Names of a package whose modules are loaded when a name is first used (PEP 562).

Takes the package and, by module, the names that it gives; gives the package's `__getattr__`.  What
most programs do not use (printing, saving, functions of numbers) costs `import gradc` nothing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["later"]


def later(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """A `__getattr__`.  homes: module -> names; its own last part among them is the module."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def __getattr__(name: str) -> Any:  # noqa: N807
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(home_of[name])
        found = module if module.__name__ == f"{package}.{name}" else getattr(module, name)
        setattr(sys.modules[package], name, found)
        return found

    return __getattr__
