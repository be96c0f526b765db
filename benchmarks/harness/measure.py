"""Clocks and meters of the process that does the work.

Tiny runs are timed in batches, so that neither the clock nor the loop around it is the figure; the
distribution of single calls is taken one by one.
"""

from __future__ import annotations

import ctypes
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["latencies", "libraries", "peak_memory", "times"]

BATCH = 200e-6  # seconds; the clock's own 0.1 us is then 0.05 %
CALLS = 2000


def times(run: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds a run, one figure a batch; the first runs find cold caches and do not count."""
    for _ in range(3):
        once = _batch(run, 1)
    count = max(1, int(BATCH / once))
    _batch(run, count)
    found = []
    end = time.perf_counter() + seconds
    gc.disable()
    try:
        while not found or time.perf_counter() < end:
            found.append(_batch(run, count))
    finally:
        gc.enable()
    return found


def _batch(run: Callable[[], Any], count: int) -> float:
    before = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - before) / count


def latencies(run: Callable[[], Any], calls: int = CALLS) -> dict[str, float]:
    """The middle and the 99th of a hundred single calls, alone and beside a busy Python thread."""
    alone = _single(run, calls)
    stop = threading.Event()
    thread = threading.Thread(target=_be_busy, args=(stop,))
    thread.start()
    try:
        beside = _single(run, calls)
    finally:
        stop.set()
        thread.join()
    return {
        "p50": float(np.percentile(alone, 50)),
        "p99": float(np.percentile(alone, 99)),
        "busy_p50": float(np.percentile(beside, 50)),
        "busy_p99": float(np.percentile(beside, 99)),
    }


def _single(run: Callable[[], Any], calls: int) -> list[float]:
    """A call each, with a breath in between, so that each finds the other thread at work."""
    found = []
    for _ in range(calls):
        before = time.perf_counter()
        run()
        found.append(time.perf_counter() - before)
        sum(range(200))
    return found


def _be_busy(stop: threading.Event) -> None:
    count = 0
    while not stop.is_set():
        count += 1


def peak_memory() -> int:
    """Bytes of memory this process has held at most.

    VmHWM, not getrusage: its ru_maxrss starts with what the parent had before exec (proc(5)).
    """
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def libraries() -> str:
    """The copies of BLAS and OpenMP in this process: which kernel, how many threads."""
    try:
        import threadpoolctl  # not under Theano's Python, not without the extra `bench`
    except ImportError:
        return ", ".join(_openblas()) or "BLAS unknown"
    found = []
    for each in threadpoolctl.threadpool_info():
        kind = " ".join(str(each[key]) for key in ("internal_api", "architecture") if key in each)
        found.append(f"{kind} x{each['num_threads']}")
    return ", ".join(sorted(set(found))) or "no BLAS"


def _openblas() -> Iterator[str]:
    with open("/proc/self/maps") as maps:
        words = maps.read().split()
    for path in sorted({word for word in words if "openblas" in os.path.basename(word)}):
        library = ctypes.CDLL(path)
        for prefix in ("scipy_", ""):
            for suffix in ("64_", ""):
                function = getattr(library, prefix + "openblas_get_corename" + suffix, None)
                if function is not None:
                    function.restype = ctypes.c_char_p
                    yield "openblas " + function().decode()
