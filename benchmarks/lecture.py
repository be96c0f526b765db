"""The lecture's training step: forward, gradients, update; 400 samples, 784 features, 300 hidden.

The floor is its two products alone, the hidden layer and the gradient of its weights: 377 million
multiplications and additions that every way of doing the step must do.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Update, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, samples: int, features: int, hidden: int) -> Data:
    """Random samples and labels, the lecture's first weights."""
    draw = draws(dtype)
    return {
        "x": draw.normal(samples, features),
        "y": draw.whole(2, samples).astype(dtype),
        "w_1": draw.normal(features, hidden),
        "b_1": numpy.zeros(hidden, dtype),
        "w_2": draw.normal(hidden),
        "b_2": numpy.zeros((), dtype),
    }


def formula(
    np: Any, x: Any, y: Any, w_1: Any, b_1: Any, w_2: Any, b_2: Any, activation: str
) -> dict[str, Any]:
    """The lecture's program, with its minus signs."""
    hidden = getattr(np, activation)(-np.dot(x, w_1) - b_1)
    score = -np.dot(hidden, w_2) - b_2
    xent = np.binary_crossentropy(score, y)
    cost = np.mean(xent) + 0.01 * (np.sum(w_1**2) + np.sum(w_2**2))
    return {"cost": cost, "prediction": np.sigmoid(score) > 0.5, "xent": xent}


def floor(data: Data) -> Floor:
    """Two products."""
    x, w_1 = data["x"], data["w_1"]
    hidden = numpy.ones((x.shape[0], w_1.shape[1]), w_1.dtype)
    return Floor(products=[(x, w_1), (x.T, hidden)])


LECTURE = Workload(
    name="lecture",
    title="one training step of the lecture's network, {samples} x {features} -> {hidden} -> 1",
    data=data,
    formula=formula,
    sizes={"samples": 400, "features": 784, "hidden": 300},
    outputs=("prediction", "xent"),
    parameters=("w_1", "b_1", "w_2", "b_2"),
    update=Update(rate=0.1),
    activations=("sigmoid", "tanh"),
    matrices=("x",),
    floor=floor,
    goal=Goal(ahead=1.35, floor=1.10, cold=1.0, warm=0.10),
    first=True,
)

WORKLOADS = (
    LECTURE,
    LECTURE.resized(name="lecture32", dtype="float32", goal=Goal(ahead=1.1), first=False),
)
