"""The log-likelihood of a line with Gaussian noise, and its three gradients, on a million points.

The floor reads the two arrays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, n: int) -> Data:
    """Points around 0.5 + 2 t with noise of deviation 1.5, and parameters near the truth."""
    draw = draws(dtype)
    t = draw.normal(n)
    start = {"mu": 0.4, "slope": 1.9, "sigma": 1.3}
    parameters = {name: numpy.asarray(value, dtype) for name, value in start.items()}
    return {"t": t, "y": 0.5 + 2 * t + 1.5 * draw.normal(n), **parameters}


def formula(np: Any, t: Any, y: Any, mu: Any, slope: Any, sigma: Any) -> dict[str, Any]:
    """The sum of log densities."""
    z = (y - mu - slope * t) / sigma
    return {"cost": np.sum(-0.5 * z**2 - np.log(sigma) - 0.5 * math.log(2 * math.pi))}


def floor(data: Data) -> Floor:
    """Two arrays read."""
    return Floor(reads=[data["t"], data["y"]])


WORKLOADS = (
    Workload(
        name="gauss",
        title="Gaussian log-likelihood of {n} points, and 3 gradients",
        data=data,
        formula=formula,
        sizes={"n": 1_000_000},
        outputs=("cost",),
        parameters=("mu", "slope", "sigma"),
        floor=floor,
        goal=Goal(ahead=1.2),
    ),
)
