"""What a peer makes of a case: something to run, and what it has computed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.harness.workload import Case, Data

__all__ = ["NotOffered", "Task", "prepare"]


class NotOffered(Exception):
    """The peer has no way to do this workload."""


@dataclass(frozen=True)
class Task:
    """A peer's way of doing it.

    run: does the work once and gives its outputs, finished.  values: all that it has computed, by
    name, from the outputs of the last run.
    """

    run: Callable[[], Any]
    values: Callable[[Any], Data]


def prepare(peer: Any, case: Case, data: Data) -> Task:
    """Build and compile: the peer's own function for the workload, or its general way.

    peer: a module of `peers`.  It has `evaluate`, `differentiate` and `train`, or a function with
    the name of the file that the workload stands in, or `anything`.  Raises: NotOffered.
    """
    work = case.workload
    file = work.data.__module__.rsplit(".", 1)[-1]
    own = getattr(peer, file, None) or getattr(peer, "anything", None)
    if own is not None:
        return own(case, data)
    if work.formula is None:
        raise NotOffered(work.name)
    verb = "train" if work.update else "differentiate" if work.parameters else "evaluate"
    if not hasattr(peer, verb):
        raise NotOffered(work.name)
    return getattr(peer, verb)(case, data)


def load_peer(module: str) -> Any:
    """The peer's module, and with it what it wraps."""
    return importlib.import_module("benchmarks.peers." + module)
