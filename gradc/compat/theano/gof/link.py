"""theano.gof.link: what runs a function, as a mode is told it.

Linkers that compile are one here, those that interpret another.  A WrapLinker runs a function of
the user's around each operation: it is what MonitorMode does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.call.modes import MonitorMode

__all__ = [
    "CLinker", "DualLinker", "Named", "OpWiseCLinker", "PerformLinker", "VM_Linker", "WrapLinker",
    "WrapLinkerMany",
]  # fmt: skip


class Named:
    """A linker that goes by a name; what it is told about collecting garbage changes nothing."""

    word = "cvm"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The arguments of Theano's, which say how it computes."""


class PerformLinker(Named):
    """The interpreter."""

    word = "py"


class CLinker(Named):
    """Compiled code."""


OpWiseCLinker = DualLinker = VM_Linker = CLinker


class WrapLinker:
    """Calls wrapper(i, node, thunk) in the place of each operation; it must call thunk().

    linkers: the first one says what is wrapped, always the interpreter here.  thunk.inputs and
    thunk.outputs are lists of lists of one array.
    """

    word = "py"

    def __init__(self, linkers: Sequence[Any], wrapper: Callable[..., Any]) -> None:
        self.wrappers = [wrapper]

    def mode(self, optimizer: Any) -> MonitorMode:
        """The mode that does so."""
        return MonitorMode(self._run, optimizer=optimizer)

    def _run(self, i: int, node: Any, thunk: Any) -> None:
        for wrapper in self.wrappers:
            wrapper(i, node, thunk)


def WrapLinkerMany(  # noqa: N802  # Theano's name
    linkers: Sequence[Any], wrappers: Sequence[Callable[..., Any]]
) -> WrapLinker:
    """A WrapLinker that calls several functions, one after the other."""
    made = WrapLinker(linkers, wrappers[0])
    made.wrappers = list(wrappers)
    return made
