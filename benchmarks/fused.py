"""tanh(a*b+c) * exp(-d*d) + log1p(exp(a)), elementwise: five arrays through memory, five functions.

The floor reads the four arrays and writes one.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["FUSED", "WORKLOADS"]

SIZES = {"8": 8, "1e3": 1000, "1e5": 100_000, "1e6": 1_000_000, "1e7": 10_000_000}


def data(dtype: str, n: int) -> Data:
    """Four vectors."""
    draw = draws(dtype)
    return {name: draw.normal(n) for name in "abcd"}


def formula(np: Any, a: Any, b: Any, c: Any, d: Any, activation: str) -> dict[str, Any]:
    """As above."""
    bend = getattr(np, activation)
    return {"out": bend(a * b + c) * np.exp(-d * d) + np.log1p(np.exp(a))}


def floor(data: Data) -> Floor:
    """Five arrays through memory."""
    return Floor(reads=list(data.values()), writes=[numpy.empty_like(data["a"])])


FUSED = Workload(
    name="fused",
    title="tanh(a*b+c)*exp(-d*d)+log1p(exp(a)) on {n} elements",
    data=data,
    formula=formula,
    activations=("tanh", "sigmoid"),
    floor=floor,
)


def _sized(dtype: str, size: str) -> Workload:
    prefix = "fused-" if dtype == "float64" else "fused32-"
    return FUSED.resized(
        name=prefix + size,
        dtype=dtype,
        sizes={"n": SIZES[size]},
        floor=floor if SIZES[size] > 8 else None,
        goal=Goal(ahead=1.5 if size == "1e6" else 1.0),
    )


WORKLOADS = tuple(_sized(dtype, size) for dtype in ("float64", "float32") for size in SIZES)
