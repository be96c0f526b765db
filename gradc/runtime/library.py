"""A compiled library on disk, as a value."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Library"]


@dataclass(frozen=True, slots=True)
class Library:
    """A shared object that `runtime.executable` can open.

    `key` is its name in the cache; `command` the compiler line that made it, one item an argument.
    """

    path: Path
    key: str
    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}\n  key      {self.key}\n  command  {shlex.join(self.command)}"
