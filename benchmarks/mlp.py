"""A minibatch step of a digits classifier: 128 samples, 784 -> 500 -> 10, momentum, float32.

The floor is its five products.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Update, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, batch: int, features: int, hidden: int, classes: int) -> Data:
    """Samples as if scaled to mean 0 and deviation 1; weights scaled by Glorot and Bengio 2010."""
    draw = draws(dtype)
    return {
        "x": draw.normal(batch, features),
        "y": draw.whole(classes, batch),
        "w_1": draw.normal(features, hidden) * (2.0 / (features + hidden)) ** 0.5,
        "b_1": numpy.zeros(hidden, dtype),
        "w_2": draw.normal(hidden, classes) * (2.0 / (hidden + classes)) ** 0.5,
        "b_2": numpy.zeros(classes, dtype),
    }


def formula(
    np: Any, x: Any, y: Any, w_1: Any, b_1: Any, w_2: Any, b_2: Any, activation: str
) -> dict[str, Any]:
    """The mean crossentropy of the right classes."""
    hidden = getattr(np, activation)(np.dot(x, w_1) + b_1)
    return {"cost": np.crossentropy(np.dot(hidden, w_2) + b_2, y)}


def floor(data: Data) -> Floor:
    """Forward two, for the gradients of weights two, for that of the hidden layer one."""
    x, w_1, w_2 = data["x"], data["w_1"], data["w_2"]
    hidden = numpy.ones((x.shape[0], w_1.shape[1]), x.dtype)
    score = numpy.ones((x.shape[0], w_2.shape[1]), x.dtype)
    return Floor(
        products=[(x, w_1), (hidden, w_2), (hidden.T, score), (score, w_2.T), (x.T, hidden)]
    )


WORKLOADS = (
    Workload(
        name="mlp",
        title="a minibatch step with momentum, {batch} x {features} -> {hidden} -> {classes}",
        data=data,
        formula=formula,
        sizes={"batch": 128, "features": 784, "hidden": 500, "classes": 10},
        dtype="float32",
        outputs=("cost",),
        parameters=("w_1", "b_1", "w_2", "b_2"),
        update=Update(rate=0.01, momentum=0.9),
        activations=("tanh", "sigmoid"),
        matrices=("x",),
        floor=floor,
        goal=Goal(ahead=1.2),
    ),
)
