"""A running average, one number a step: what a loop costs that does next to nothing."""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, n: int) -> Data:
    """The numbers, and where the average begins."""
    return {"x": draws(dtype).normal(n), "start": numpy.zeros((), dtype)}


def formula(np: Any, x: Any, start: Any) -> dict[str, Any]:
    """All stages of a = 0.9 a + x."""
    (out,) = np.recur(lambda row, a: (0.9 * a + row,), x, (start,))
    return {"out": out}


WORKLOADS = (
    Workload(
        name="ema",
        title="a = 0.9 a + x over {n} steps",
        data=data,
        formula=formula,
        sizes={"n": 100_000},
        goal=Goal(ahead=1.7),
    ),
)
