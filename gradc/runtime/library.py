"""A compiled library on disk, as a value."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Library"]


@dataclass(frozen=True, slots=True)
class Library:
    """A shared object that `runtime.executable` can open.

    `key` is its name in the cache; `command` the compiler line that made it, one item an argument.
    `image` are the verified bytes, which are loaded in place of the file: a file may be damaged or
    evicted after it was looked at.  Empty: load the file itself.
    """

    path: Path
    key: str
    command: tuple[str, ...]
    image: bytes = field(default=b"", repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.path}\n  key      {self.key}\n  command  {shlex.join(self.command)}"
