"""Where the operations inside an operation were written: those of the step of a loop.

Takes an operation; gives the Lines in its parameters and in those of the operations inside, each
with its path: the numbers of the calls that lead to it, from the outermost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradc.graph.pickled import without_folder
from gradc.graph.site import Site

__all__ = ["Lines", "Path", "lines_at", "lines_within"]

Path = tuple[int, ...]


class Lines:
    """Where the calls of a Closed graph were written, one site each; and names of its inputs.

    It says nothing about what they compute, so any two are equal: equal loops on other lines are
    one loop.
    """

    __slots__ = ("names", "sites")

    def __init__(self, sites: Sequence[Site | None], names: Sequence[str | None]) -> None:
        self.sites, self.names = tuple(sites), tuple(names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines)

    def __hash__(self) -> int:
        return hash(Lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return Lines, (tuple(map(without_folder, self.sites)), self.names)

    def __repr__(self) -> str:
        return f"of {len(self.sites)}"


def lines_within(op: Any) -> Iterator[tuple[Path, Lines]]:
    """The Lines of an operation and of those inside it, in order."""
    stack: list[tuple[Path, Any]] = [((), op)]
    while stack:
        path, each = stack.pop()
        inner: list[tuple[Path, Any]] = []
        for _, value in getattr(each, "params", ()):
            if isinstance(value, Lines):
                yield path, value
            calls = getattr(value, "calls", ())  # of a graph inside; what users keep is theirs
            if isinstance(calls, tuple):
                inner += [((*path, k), getattr(call, "op", None)) for k, call in enumerate(calls)]
        stack += reversed(inner)


def lines_at(op: Any, path: Sequence[int]) -> Lines | None:
    """The Lines that a path leads to; None if there is nothing."""
    found = (lines for each, lines in lines_within(op) if each == tuple(path))
    return next(found, None)
