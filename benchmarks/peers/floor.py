"""The part of a workload that cannot be avoided, by the best means there are."""

from __future__ import annotations

import numpy as np

from benchmarks.workload import Data, Task

__all__ = ["about", "lecture"]


def about() -> str:
    """What it is."""
    return f"matrix products alone, by the BLAS of numpy {np.__version__}"


def lecture(data: Data) -> Task:
    """The two products, by BLAS on its own threads."""
    x, w_1 = data["x"], data["w_1"]
    hidden, step = np.empty((len(x), w_1.shape[1])), np.empty_like(w_1)

    def run() -> None:
        np.matmul(x, w_1, out=hidden)
        np.matmul(x.T, hidden, out=step)

    return Task(run)
