"""Everything a function was made from, stage by stage, each printable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradc.graph.graph import Graph

__all__ = ["Stages"]


@dataclass(frozen=True, slots=True)
class Stages:
    """The way down: graph -> optimized, trace -> program -> source -> library.

    Without a C compiler, and in mode REFERENCE, the stages below the last one taken are None.
    """

    graph: Graph
    optimized: Graph
    trace: Any
    program: Any = None
    source: Any = None
    library: Any = None

    def __str__(self) -> str:
        names = ("graph", "optimized", "trace", "program", "source", "library")
        return "\n".join(f"stages.{name}: {_summary(getattr(self, name))}" for name in names)


def _summary(stage: Any) -> str:
    if stage is None:
        return "not made"
    text = str(stage)
    return f"{text.count(chr(10)) + 1} lines"
