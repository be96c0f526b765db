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
        goal=Goal(ahead=1.0),
    ),
)
