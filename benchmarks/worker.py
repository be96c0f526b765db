"""One peer at work, in a process of its own: `python -m benchmarks.worker WORKLOAD PEER`.

Takes commands, one line each; answers each with one line of JSON.
    about           who is at work: version, BLAS kernel
    values N FILE   do the work N times and save what it has computed
    time SECONDS    do the work for so long; gives the seconds of each time
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.workload import Task, find_task, find_workload

__all__ = ["blas_kernels"]


def serve(peer: str, task: Task) -> None:
    """Answer commands until there are no more."""
    for line in sys.stdin:
        command, *args = line.split()
        if command == "about":
            name = importlib.import_module(f"benchmarks.peers.{peer}").about()
            answer: object = f"{name}; BLAS kernel {', '.join(blas_kernels()) or 'unknown'}"
        elif command == "values":
            for _ in range(int(args[0])):
                task.run()
            np.savez(args[1], **task.values())
            answer = None
        else:
            answer = times(task, float(args[0]))
        print(json.dumps(answer), flush=True)


def times(task: Task, seconds: float) -> list[float]:
    """Seconds of each run; the first ones, which find cold caches, are not counted."""
    for _ in range(3):
        task.run()
    found = []
    end = time.perf_counter() + seconds
    before = time.perf_counter()
    while before < end:
        task.run()
        now = time.perf_counter()
        found.append(now - before)
        before = now
    return found


def blas_kernels() -> list[str]:
    """The kernels that the copies of OpenBLAS in this process have chosen."""
    maps = Path("/proc/self/maps").read_text().split()
    found = []
    for path in sorted({word for word in maps if "openblas" in os.path.basename(word)}):
        library = ctypes.CDLL(path)
        names = [f"{p}openblas_get_corename{s}" for p in ("scipy_", "") for s in ("64_", "")]
        name = next((name for name in names if hasattr(library, name)), None)
        if name is not None:
            function = getattr(library, name)
            function.restype = ctypes.c_char_p
            found.append(f"{function().decode()} ({os.path.basename(path)})")
    return found


if __name__ == "__main__":
    serve(sys.argv[2], find_task(find_workload(sys.argv[1]), sys.argv[2]))
