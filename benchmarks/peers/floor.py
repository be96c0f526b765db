"""The part of a workload that cannot be avoided, by the best means there are.

Products by numpy's BLAS on its own threads, into arrays made beforehand; factors and inverses by
scipy's LAPACK; what must go through memory by `stream.c`, on as many threads as there are
processors.  Where a workload has no floor, a fixed product stands in: it tells whether the machine
was quiet.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data, Floor, draws

__all__ = ["about", "anything"]

FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")


def about() -> str:
    """What it is."""
    threads = len(os.sched_getaffinity(0))
    return f"products by the BLAS of numpy {np.__version__}, stream.c on {threads} threads"


def anything(case: Case, data: Data) -> Task:
    """The floor of the case."""
    floor = case.workload.floor
    return _task(floor(case.straight(data)) if floor else _pulse())


def _pulse() -> Floor:
    draw = draws()
    return Floor(products=[(draw.normal(300, 300), draw.normal(300, 300))])


def _task(floor: Floor) -> Task:
    products = [(a, b, np.empty_like(a @ b)) for a, b in floor.products]
    stream = _stream(floor) if floor.reads or floor.writes else None
    invert = _inverting(floor.factored)

    def run() -> None:
        invert()
        for a, b, out in products:
            np.matmul(a, b, out=out)
        if stream is not None:
            stream()

    return Task(run, lambda results: {})


def _inverting(matrices: Sequence[Any]) -> Callable[[], None]:
    """A Cholesky factor and the inverse from it, by scipy's LAPACK on its own threads."""
    if not matrices:
        return lambda: None
    from scipy.linalg import lapack

    by_columns = [np.asfortranarray(each) for each in matrices]

    def run() -> None:
        for each in by_columns:
            factor, _ = lapack.dpotrf(each, lower=1, clean=0)
            lapack.dpotri(factor, lower=1, overwrite_c=1)

    return run


def _stream(floor: Floor) -> Callable[[], Any]:
    """Bytes count, not what they mean: arrays are taken as float64."""
    reads = [_as_doubles(each) for each in floor.reads]
    writes = [_as_doubles(each) for each in floor.writes]
    length = ctypes.c_int64(min(len(each) for each in [*reads, *writes]))
    read, written = _pointers(reads), _pointers(writes)
    function = _compiled().stream
    function.restype = ctypes.c_double

    def run() -> float:
        return function(length, len(reads), read, len(writes), written)

    return run


def _as_doubles(array: Any) -> Any:
    flat = np.ascontiguousarray(array).ravel().view(np.uint8)
    return flat[: flat.size // 8 * 8].view(np.float64)


def _pointers(arrays: list[Any]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(each.ctypes.data for each in arrays))


def _compiled() -> ctypes.CDLL:
    compiler = os.environ.get("CC") or shutil.which("cc") or "gcc"
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "stream.so"
        source = Path(__file__).with_name("stream.c")
        subprocess.run([compiler, *FLAGS, str(source), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))
