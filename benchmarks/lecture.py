"""The lecture's training step: forward, gradients, update; 400 samples, 784 features, 300 hidden.

The floor is its two products alone, the hidden layer and the gradient of its weights: 377 million
multiplications and additions that every way of doing the step must do.
"""

from __future__ import annotations

import numpy as np

from benchmarks.race import race
from benchmarks.table import table
from benchmarks.workload import Data, Workload

__all__ = ["WORKLOAD"]


def data() -> Data:
    """Random samples and labels, the lecture's first weights."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((400, 784)),
        "y": rng.integers(0, 2, size=400).astype(np.float64),
        "w_1": rng.standard_normal((784, 300)),
        "b_1": np.zeros(300),
        "w_2": rng.standard_normal(300),
        "b_2": np.zeros(()),
    }


WORKLOAD = Workload(
    name="lecture",
    title="one training step of the lecture's network, 400 x 784 -> 300 -> 1, float64",
    data=data,
    peers=("with_numpy",),
    floor="floor",
)

if __name__ == "__main__":
    print(table(race(WORKLOAD)))
