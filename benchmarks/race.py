"""Run the peers of a workload against each other.

Takes a Workload; gives a Result: who agreed how well, and the seconds of every run.  Variables that
choose BLAS's kernel are taken out of the environment: some machines set them to an old one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.workload import Data, Workload

__all__ = ["Mismatch", "Result", "race"]

ROUNDS = 15
SECONDS = 0.15  # of each peer a round
PAUSE = 0.08  # seconds; threads of a BLAS that has just worked spin for about 0.05 and take a core
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


class Mismatch(Exception):
    """A peer has computed something else."""


@dataclass
class Result:
    """What came out. seconds: by peer, a list a round."""

    workload: Workload
    about: dict[str, str] = field(default_factory=dict)
    difference: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, list[list[float]]] = field(default_factory=dict)

    def median(self, peer: str) -> float:
        """Seconds of the middle run."""
        return float(np.median(np.concatenate(self.seconds[peer])))

    def best(self, peer: str) -> float:
        """Seconds of the best round's middle run: the machine undisturbed."""
        return min(float(np.median(each)) for each in self.seconds[peer])


class Worker:
    """A peer in its process."""

    def __init__(self, workload: str, peer: str) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in UNSET}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", workload, peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).resolve().parents[1],
        )

    def ask(self, command: str) -> Any:
        """Give a command and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{' '.join(map(str, self.process.args))}: ended early")
        return json.loads(answer)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.communicate()


def race(workload: Workload, rounds: int = ROUNDS) -> Result:
    """Compare values, then time in turns. Raises: Mismatch."""
    result = Result(workload)
    floor = [workload.floor] if workload.floor else []
    peers = ["with_gradc", *workload.peers]
    with ExitStack() as stack:
        workers = {
            peer: stack.enter_context(Worker(workload.name, peer)) for peer in [*peers, *floor]
        }
        _compare(result, {peer: workers[peer] for peer in peers})
        for peer, worker in workers.items():
            result.about[peer] = worker.ask("about")
            result.seconds[peer] = []
        for _ in range(rounds):
            for peer, worker in workers.items():
                time.sleep(PAUSE)
                result.seconds[peer].append(worker.ask(f"time {SECONDS}"))
    return result


def _compare(result: Result, workers: dict[str, Worker]) -> None:
    workload = result.workload
    values: dict[str, Data] = {}
    with tempfile.TemporaryDirectory() as folder:
        for peer, worker in workers.items():
            file = Path(folder) / f"{peer}.npz"
            worker.ask(f"values {workload.steps} {file}")
            with np.load(file) as saved:
                values[peer] = dict(saved)
    first = values.pop("with_gradc")
    for peer, others in values.items():
        differences = {name: _difference(first[name], other) for name, other in others.items()}
        worst = max(differences, key=lambda name: differences[name])
        if not differences[worst] <= workload.rtol:
            text = f"{peer}: {worst} differs from gradc's by {differences[worst]:.1e}"
            raise Mismatch(f"{workload.name}: {text}")
        result.difference[peer] = differences[worst]


def _difference(a: Any, b: Any) -> float:
    """The largest difference, relative to the largest element."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        return float("inf")
    return float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), np.finfo(float).tiny))
