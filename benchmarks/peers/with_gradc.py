"""gradc as it comes: mode FAST_RUN, its own threads, the BLAS that was brought along."""

from __future__ import annotations

import numpy as np

import gradc
import gradc.tensor as T
from benchmarks.workload import Data, Task

__all__ = ["about", "lecture"]


def about() -> str:
    """Version."""
    return f"gradc {gradc.__version__}"


def lecture(data: Data) -> Task:
    """The lecture's program."""
    x, y = T.matrix("x"), T.vector("y")
    names = ("w_1", "b_1", "w_2", "b_2")
    w_1, b_1, w_2, b_2 = parameters = [gradc.shared(data[name], name=name) for name in names]
    p_1 = T.sigmoid(-T.dot(T.sigmoid(-T.dot(x, w_1) - b_1), w_2) - b_2)
    xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
    cost = xent.mean() + 0.01 * ((w_1**2).sum() + (w_2**2).sum())
    gradients = T.grad(cost, parameters)
    updates = {w: w - 0.1 * g for w, g in zip(parameters, gradients, strict=True)}
    train = gradc.function([x, y], [p_1 > 0.5, xent], updates=updates, name="train")
    outputs: list[np.ndarray] = []

    def run() -> None:
        outputs[:] = train(data["x"], data["y"])

    def values() -> Data:
        found = dict(zip(("prediction", "xent"), outputs, strict=True))
        return found | {p.name: p.get_value() for p in parameters}

    return Task(run, values)
