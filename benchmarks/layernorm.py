"""Layer normalisation of 4096 x 512 numbers, and the gradients by all that goes in.

The floor reads the numbers and the weights, and writes their gradient.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, rows: int, units: int) -> Data:
    """Rows, what their results are weighted with, and the scale and shift of each unit."""
    draw = draws(dtype)
    return {
        "x": draw.normal(rows, units),
        "w": draw.normal(rows, units),
        "gamma": draw.normal(units),
        "beta": draw.normal(units),
    }


def formula(np: Any, x: Any, w: Any, gamma: Any, beta: Any) -> dict[str, Any]:
    """A weighted mean, so that the gradient of the result is w."""
    return {"cost": np.mean(np.layer_norm(x, gamma, beta) * w)}


def sums(data: Data) -> dict[str, float]:
    """The cost is a sum of 2 million terms of either sign, 4,000 times as small as they are.

    In float64 it is 2.14412e-4.  gradc is off by 6e-7 of that, torch by 1e-6, torch.compile, which
    adds a thread's share number by number in eight lanes, by 1.1e-5: any sum in float32 may.
    """
    x, w, gamma, beta = (data[name].astype(float) for name in ("x", "w", "gamma", "beta"))
    off = x - x.mean(axis=1, keepdims=True)
    normed = off / numpy.sqrt((off**2).mean(axis=1, keepdims=True) + 1e-5)
    return {"cost": float(numpy.linalg.norm((normed * gamma + beta) * w) / x.size)}


def floor(data: Data) -> Floor:
    """Three matrices through memory."""
    return Floor(reads=[data["x"], data["w"]], writes=[numpy.empty_like(data["x"])])


WORKLOADS = (
    Workload(
        name="layernorm",
        title="layer norm of {rows} x {units}, and its gradients",
        data=data,
        formula=formula,
        sizes={"rows": 4096, "units": 512},
        dtype="float32",
        outputs=("cost",),
        parameters=("x", "gamma", "beta"),
        floor=floor,
        sums=sums,
        goal=Goal(ahead=1.0),
    ),
)
