"""The likelihood of a Gaussian process of 500 points, and its gradient by three hyperparameters.

The floor is LAPACK alone: one Cholesky factor and one inverse from it, by numpy's.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, points: int) -> Data:
    """Squared distances of points in a plane, the unit matrix, what was seen, and logarithms."""
    draw = draws(dtype)
    x = draw.normal(points, 2)
    return {
        "distances": ((x[:, None] - x[None]) ** 2).sum(axis=2),
        "unit": numpy.eye(points, dtype=dtype),
        "y": draw.normal(points),
        "height": numpy.asarray(0.1, dtype),
        "length": numpy.asarray(-0.2, dtype),
        "noise": numpy.asarray(-1.0, dtype),
    }


def formula(
    np: Any, distances: Any, unit: Any, y: Any, height: Any, length: Any, noise: Any
) -> dict[str, Any]:
    """The negative logarithm of the likelihood, without its constant."""
    kernel = np.exp(height - 0.5 * distances * np.exp(-2 * length)) + np.exp(noise) * unit
    factor = np.cholesky(kernel)
    alpha = np.cho_solve(factor, y)
    return {"cost": 0.5 * np.dot(y, alpha) + np.sum(np.log(np.diagonal(factor)))}


def floor(data: Data) -> Floor:
    """What the gradient needs of the kernel."""
    return Floor(factored=[numpy.exp(-data["distances"]) + data["unit"]])


WORKLOADS = (
    Workload(
        name="gp",
        title="likelihood of a Gaussian process of {points} points, and its gradient",
        data=data,
        formula=formula,
        sizes={"points": 500},
        outputs=("cost",),
        parameters=("height", "length", "noise"),
        matrices=("distances",),
        floor=floor,
        goal=Goal(ahead=1.0, floor=1.3),
    ),
)
