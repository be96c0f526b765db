"""Logistic regression, 1000 samples of 20 features: the loss and its gradients, as a sampler asks.

The floor is its two products, of a matrix and a vector.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, samples: int, features: int) -> Data:
    """Samples, labels, and some weights."""
    draw = draws(dtype)
    return {
        "x": draw.normal(samples, features),
        "y": draw.whole(2, samples).astype(dtype),
        "w": draw.normal(features),
        "b": numpy.asarray(0.1, dtype),
    }


def formula(np: Any, x: Any, y: Any, w: Any, b: Any) -> dict[str, Any]:
    """The sum of losses, and a prior on the weights."""
    losses = np.binary_crossentropy(np.dot(x, w) + b, y)
    return {"cost": np.sum(losses) + 0.5 * np.sum(w**2)}


def floor(data: Data) -> Floor:
    """There and back."""
    x, w, y = data["x"], data["w"], data["y"]
    return Floor(products=[(x, w), (x.T, y)])


WORKLOADS = (
    Workload(
        name="logistic",
        title="logistic regression {samples} x {features}, value and gradients",
        data=data,
        formula=formula,
        sizes={"samples": 1000, "features": 20},
        outputs=("cost",),
        parameters=("w", "b"),
        matrices=("x",),
        floor=floor,
        goal=Goal(seconds=20e-6),
    ),
)
