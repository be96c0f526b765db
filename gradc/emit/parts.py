"""A file in parts that can be compiled side by side.

Takes the C of functions and the part of each; gives the code.  All parts stand in one file, so that
it reads as one and has one key in the cache: `#if GC_IN_PART(1)` says what belongs where, and a
compiler that is not told of parts takes all (step.h).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradc.emit.memory import wrapped

__all__ = ["arranged"]

_HEAD = re.compile(r"([\w ]+ )(\w+\(.*\))")  # what it gives, its name and parameters


def arranged(heads: Sequence[str], texts: Sequence[str], parts: Sequence[int]) -> tuple[str, int]:
    """The code, and how many parts it has; one part is printed as it is."""
    count = len(set(parts))
    if count <= 1:
        return "\n".join(texts), 1
    lines = _declared(heads)
    for number in range(count):
        here = [_local(text) for text, part in zip(texts, parts, strict=True) if part == number]
        lines += ["", f"#if GC_IN_PART({number})", "\n".join(here).rstrip(), "#endif"]
    return "\n".join([*lines, ""]), count


def _declared(heads: Sequence[str]) -> list[str]:
    """All functions of a type in one declaration, broken between them."""
    types: dict[str, list[str]] = {}
    for head in heads:
        found = _HEAD.fullmatch(" ".join(_local(head).split()))
        assert found is not None
        types.setdefault(found[1], []).append(found[2])
    lines = []
    for before, names in types.items():
        lines += wrapped(f"{before}{', '.join(names)};")
    return lines


def _local(text: str) -> str:
    """Seen by all parts, and by nobody else."""
    return "\n".join(
        f"GC_LOCAL {line.removeprefix('static ')}" if line.startswith("static ") else line
        for line in text.split("\n")
    )
