"""Profiles: where the time of calls goes.

A function that is made with profile=True has a library of its own, in which each step takes its
time; others pay nothing.  ProfileStats reads what the runtime has summed up, and prints it; how it
is laid out is gradc.profiling, which is loaded when somebody wants to see it.
"""

from __future__ import annotations

import atexit
import importlib
import sys
import weakref
from collections.abc import Sequence
from typing import IO, Any

from gradc.call.stages import Stages
from gradc.runtime.executable import Executable
from gradc.value import value

__all__ = ["Measured", "ProfileStats", "print_global_stats"]

_ALL: weakref.WeakSet[ProfileStats] = weakref.WeakSet()
_AT_EXIT: list[ProfileStats] = []


@value
class Measured:
    """What one function's calls have taken, in seconds.

    steps: by position, over all segments.  sizes: of the last call.  memory: whether the report
    shows the plan of it.
    """

    name: str
    calls: int
    planning: float
    running: float
    steps: tuple[float, ...]
    sizes: tuple[int, ...]
    stages: Stages
    memory: bool

    @property
    def total(self) -> float:
        """Planning and running."""
        return self.planning + self.running


class ProfileStats:
    """The times of one function, or of all that were given it: function(profile=stats)."""

    def __init__(self, at_exit: bool = False) -> None:
        """at_exit: print the summary when the program ends."""
        self._functions: list[tuple[str, Executable, Stages, bool]] = []
        _ALL.add(self)
        if at_exit:
            if not _AT_EXIT:
                atexit.register(_print_all)
            _AT_EXIT.append(self)

    def add(self, name: str, executable: Executable, stages: Stages, memory: bool = False) -> None:
        """Measure one more function; memory: show its plan of that, too."""
        self._functions.append((name, executable, stages, memory))

    @property
    def functions(self) -> tuple[Measured, ...]:
        """What each function has taken so far."""
        return tuple(_measured(*each) for each in self._functions)

    @property
    def calls(self) -> int:
        """Of all functions."""
        return sum(each.calls for each in self.functions)

    @property
    def seconds(self) -> float:
        """Of all calls, from the plan to the end of the run."""
        return sum(each.total for each in self.functions)

    def summary(self, file: IO[str] | str | None = None, n_steps: int = 20) -> Any:
        """Print by step and by line of the program where the time went.

        file: where to print, standard output by default; "str" returns the text.  n_steps: rows of
        each table.
        """
        text = importlib.import_module("gradc.profiling").summary_text(self.functions, n_steps)
        if file == "str":
            return text
        print(text, file=sys.stdout if file is None else file, flush=True)  # type: ignore[arg-type]
        return None


def _measured(name: str, executable: Executable, stages: Stages, memory: bool) -> Measured:
    calls, (planning, running, *steps), sizes = executable.profile()
    descent = stages.descent
    assert descent is not None
    program = descent.program
    commit = program.steps - len(program.segments[-1].steps) + program.segments[-1].commit
    del steps[commit]  # the commit point has a number of its own, and takes no time
    return Measured(name, calls, planning, running, tuple(steps), tuple(sizes), stages, memory)


def print_global_stats(file: IO[str] | None = None) -> None:
    """One line a profiled function of this process, the longest first."""
    found = sorted((f for each in _ALL for f in each.functions), key=lambda f: -f.total)
    _print_rows(found, file)


def _print_rows(found: Sequence[Measured], file: IO[str] | None) -> None:
    total = sum(each.total for each in found) or 1.0
    rows = [
        f"{100 * each.total / total:5.1f} %  {1e3 * each.total:10.3f} ms  {each.calls:8d} calls  "
        f"{each.name}"
        for each in found
    ]
    print("\n".join(["Time in profiled functions", *rows]), file=file or sys.stdout, flush=True)


def _print_all() -> None:
    for each in _AT_EXIT:
        each.summary(sys.stderr)
