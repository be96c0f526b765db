"""Run the peers of a workload against each other.

Takes a Case and Peers; gives a Result.  Values are compared before anything is timed.  A peer that
fails is left out and named; one that computes something else ends the race.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.harness.process import PeerFailed, Process
from benchmarks.harness.result import Entry, Result
from benchmarks.harness.roster import FLOOR, GRADC, Peer
from benchmarks.harness.workload import VARIATIONS, Case, Data, Workload

__all__ = ["Mismatch", "Pace", "compare", "race"]

PAUSE = 0.08  # seconds; threads of a BLAS that has just worked spin for about 0.05 and take a core


class Mismatch(Exception):
    """A peer has computed something else."""


@dataclass(frozen=True)
class Pace:
    """How long to measure: rounds, and seconds of each peer a round."""

    rounds: int = 9
    seconds: float = 0.15


def race(workload: Workload, peers: Sequence[Peer], pace: Pace, variation: str = "plain") -> Result:
    """Compare values, then time in turns. Raises: Mismatch; PeerFailed if gradc itself fails."""
    case = Case(workload, VARIATIONS[variation])
    result = Result.of(case, variation)
    with ExitStack() as stack:
        processes: dict[str, Process] = {}
        for peer in (GRADC, *peers, FLOOR):
            process = stack.enter_context(Process(peer, workload.name, variation))
            try:
                process.ask("build")
            except PeerFailed as error:
                if peer is GRADC or peer is FLOOR:
                    raise
                result.failed[peer.name] = str(error)
            else:
                processes[peer.name] = process
        floor = processes.pop(FLOOR.name)
        values = {name: _values(process, workload) for name, process in processes.items()}
        sums = workload.sums(case.data()) if workload.sums else {}
        differences = compare(workload, values, {peer.name: peer for peer in peers}, sums)
        result.entries = {name: Entry(difference=differences.get(name)) for name in processes}
        _measure(result, processes, floor, pace)
        if workload.latency:
            for name, process in processes.items():
                result.entries[name].latency = process.ask("latency")
    return result


def _values(process: Process, workload: Workload) -> Data:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "values.npz"
        process.ask("values", workload.steps, str(file))
        with np.load(file) as saved:
            return workload.compared(dict(saved)) if workload.compared else dict(saved)


def compare(
    workload: Workload,
    values: Mapping[str, Data],
    peers: Mapping[str, Peer],
    sums: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """By peer, its largest difference from gradc's values. Raises: Mismatch.

    sums: what values that are sums come to at least, where errors are measured (`Workload.sums`).
    """
    least = sums or {}
    own = values[GRADC.name]
    found = {}
    for name, others in values.items():
        if name == GRADC.name:
            continue
        differences = {
            key: _difference(own.get(key), other, least.get(key, 0.0))
            for key, other in others.items()
        }
        known = max(workload.rtol, peers[name].tolerance.get(workload.dtype, 0.0))
        most = {key: max(known, workload.apart.get(key, 0.0)) for key in differences}
        wrong = [key for key, each in differences.items() if not each <= most[key]]
        if set(others) != set(own) or wrong:
            worst = (wrong or list(differences))[0]
            text = f"{name}: {worst} differs from gradc's by {differences[worst]:.1e}"
            raise Mismatch(f"{workload.name}: {text}, {most[worst]:.0e} is allowed")
        found[name] = max(differences.values())
    return found


def _difference(a: Any, b: Any, least: float) -> float:
    """The largest difference, relative to the largest element, or to `least` if that is larger."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    largest = max(float(np.max(np.abs(b), initial=0)), least, float(np.finfo(float).tiny))
    return float(np.max(np.abs(a - b), initial=0)) / largest


def _measure(result: Result, processes: Mapping[str, Process], floor: Process, pace: Pace) -> None:
    """In turn A B C A B C, so that a machine that slows down slows all of them."""
    rows = [(result.entries[name], process) for name, process in processes.items()]
    rows.append((result.floor, floor))
    for entry, process in rows:
        entry.about = process.ask("about")
    for _ in range(pace.rounds):
        for entry, process in rows:
            time.sleep(PAUSE)
            entry.rounds.append(median(process.ask("time", pace.seconds)))
    for entry, process in rows:
        entry.memory = process.ask("memory")
