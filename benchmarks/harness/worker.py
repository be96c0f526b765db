"""One peer at work: `python -m benchmarks.harness.worker PEER WORKLOAD VARIATION`.

Takes commands, one line of JSON each; answers each with one line of JSON, {"answer": ...} or
{"error": ...}.  What libraries print goes to the standard error.
    ["build"]           prepare the work and do it once; gives the seconds of both together
    ["about"]           who is at work: version, settings, BLAS kernel, threads
    ["values", n, f]    do the work n times from the start and save what it has computed in file f
    ["time", s]         do the work for s seconds; gives the seconds a run, one figure a batch
    ["latency"]         the distribution of single calls
    ["memory"]          bytes of memory held at most
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np

from benchmarks.harness import measure
from benchmarks.harness.catalogue import find
from benchmarks.harness.task import NotOffered, load_peer, prepare
from benchmarks.harness.workload import VARIATIONS, Case


class Worker:
    """The commands."""

    def __init__(self, peer: str, workload: str, variation: str) -> None:
        self.peer = load_peer(peer)
        self.case = Case(find(workload), VARIATIONS[variation])
        self.data = self.case.data()

    def build(self) -> float:
        """Seconds from nothing to the first result."""
        before = time.perf_counter()
        self.task = prepare(self.peer, self.case, self.data)
        self.outputs = self.task.run()
        return time.perf_counter() - before

    def about(self) -> str:
        """The peer's own words, and the libraries it has loaded."""
        return f"{self.peer.about()}; {measure.libraries()}"

    def values(self, steps: int, file: str) -> None:
        """`build` was the first of the steps."""
        for _ in range(steps - 1):
            self.outputs = self.task.run()
        np.savez(file, **self.task.values(self.outputs))

    def time(self, seconds: float) -> list[float]:
        """Seconds a run."""
        return measure.times(self.task.run, seconds)

    def latency(self) -> Any:
        """See measure.latencies."""
        return measure.latencies(self.task.run)

    def memory(self) -> int:
        """See measure.peak_memory."""
        return measure.peak_memory()


def serve(arguments: list[str]) -> None:
    """Answer commands until there are no more."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        command, *rest = json.loads(line)
        try:
            worker = worker or Worker(*arguments)
            answer = {"answer": getattr(worker, command)(*rest)}
        except NotOffered:
            answer = {"error": "not offered"}
        except Exception as error:  # the harness says which peer failed, and goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    serve(sys.argv[1:])
