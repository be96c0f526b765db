"""What a workload and a peer's answer to it are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import benchmarks

__all__ = ["Data", "Task", "Workload", "find_task", "find_workload", "workload_names"]

Data = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Workload:
    """One thing to be done.

    title: what it is, with its sizes.  data: the same arrays in every process.
    peers: those to compare with gradc.  floor: a peer that does the unavoidable part only.
    steps: how often the work is done before values are compared.  rtol: how well they agree.
    """

    name: str
    title: str
    data: Callable[[], Data]
    peers: tuple[str, ...]
    floor: str | None = None
    steps: int = 5
    rtol: float = 1e-10


@dataclass(frozen=True)
class Task:
    """A peer's way of doing it: `run` does the work once, `values` gives what it has computed."""

    run: Callable[[], object]
    values: Callable[[], Data] = dict


def find_workload(name: str) -> Workload:
    """The workload of the file `name`."""
    found: Workload = importlib.import_module(f"benchmarks.{name}").WORKLOAD
    return found


def workload_names() -> list[str]:
    """The files that hold a workload."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    others = {"__main__", "peers", "race", "table", "worker", "workload"}
    return sorted(set(names) - others)


def find_task(workload: Workload, peer: str) -> Task:
    """What the peer does for the workload, with its data in place and compiled."""
    module = importlib.import_module(f"benchmarks.peers.{peer}")
    data = {name: np.array(value) for name, value in workload.data().items()}
    task: Task = getattr(module, workload.name)(data)
    return task
