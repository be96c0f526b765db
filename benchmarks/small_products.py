"""A thousand products of small square matrices, 4 x 4 to 64 x 64, in one call.

What a call of BLAS costs decides below 32 x 32, memory above: the floor is two stacks read and one
written, where they no longer fit the caches.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]

SIZES = (4, 8, 16, 32, 64)


def data(dtype: str, count: int, n: int) -> Data:
    """Two stacks."""
    draw = draws(dtype)
    return {name: draw.normal(count, n, n) for name in "xy"}


def formula(np: Any, x: Any, y: Any) -> dict[str, Any]:
    """Every peer knows the operator."""
    return {"out": x @ y}


def floor(data: Data) -> Floor:
    """Three stacks through memory."""
    return Floor(reads=list(data.values()), writes=[numpy.empty_like(data["x"])])


SMALL = Workload(
    name="small",
    title="{count} products of {n} x {n} matrices",
    data=data,
    formula=formula,
    goal=Goal(ahead=1.0),
)


def _sized(dtype: str, n: int) -> Workload:
    prefix = "small-" if dtype == "float64" else "small32-"
    return SMALL.resized(
        name=f"{prefix}{n}",
        dtype=dtype,
        sizes={"count": 1000, "n": n},
        floor=floor if n >= 32 else None,
    )


WORKLOADS = tuple(_sized(dtype, n) for dtype in ("float64", "float32") for n in SIZES)
