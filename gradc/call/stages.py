"""Everything a function was made from, stage by stage, each printable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.testvalues import untested
from gradc.runtime.library import Library

if TYPE_CHECKING:
    from gradc.descent import Descent

__all__ = ["Stages"]

_NAMES = ("graph", "optimized", "trace", "program", "source", "library")


class Stages:
    """The way down: graph -> optimized, trace -> program -> source -> library.

    In a process that found the function in the cache the stages between graph and library are
    made when one is first looked at; they are what the process that compiled it has shown.
    Without a C compiler there is no library; in mode REFERENCE nothing but the graph.
    """

    __slots__ = ("_descend", "_descent", "_lock", "graph", "library")

    def __init__(self, graph: Graph, descend: Callable[[], Descent] | None = None) -> None:
        """`descend` makes the stages between graph and library."""
        self.graph = graph
        self.library: Library | None = None
        self._descend = descend
        self._descent: Descent | None = None
        self._lock = threading.Lock()

    @property
    def descent(self) -> Descent | None:
        """The stages in between, made now if they are not there."""
        with self._lock:
            if self._descent is None and self._descend is not None:
                with untested():
                    self._descent = self._descend()
                self._descend = None
            return self._descent

    @property
    def is_made(self) -> bool:
        """Whether the stages in between are there already."""
        return self._descent is not None

    @property
    def callbacks(self) -> Sequence[Apply]:
        """The nodes whose code is Python's: none in a function that the cache knew."""
        return () if self._descent is None else self._descent.callbacks

    @property
    def optimized(self) -> Graph:
        """The graph after rewriting."""
        descent = self.descent
        return self.graph if descent is None else descent.optimized

    @property
    def trace(self) -> Any:
        """Every application of a rule."""
        return _of(self.descent, "trace")

    @property
    def program(self) -> Any:
        """Loops, products and buffers."""
        return _of(self.descent, "program")

    @property
    def source(self) -> Any:
        """The C, and what its numbers stand for."""
        return _of(self.descent, "source")

    def __str__(self) -> str:
        return "\n".join(f"stages.{name}: {_summary(getattr(self, name))}" for name in _NAMES)


def _of(descent: Descent | None, name: str) -> Any:
    return None if descent is None else getattr(descent, name)


def _summary(stage: Any) -> str:
    if stage is None:
        return "not made"
    text = str(stage)
    return f"{text.count(chr(10)) + 1} lines"
