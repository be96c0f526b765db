"""A graph of 2,000 small operations: 200 times eight elementwise ones, a sum and a maximum.

The sums keep it from melting into one loop.  It is there for its compile time; its run time is what
200 dependent steps on 16 numbers cost, too small to have a floor.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness.workload import Data, Goal, Workload, draws

__all__ = ["WORKLOADS"]

BLOCKS = 200


def data(dtype: str, n: int) -> Data:
    """Three vectors."""
    draw = draws(dtype)
    return {name: draw.normal(n) for name in "xab"}


def formula(np: Any, x: Any, a: Any, b: Any, activation: str) -> dict[str, Any]:
    """Ten operations a block; each block shrinks differences, so that rounding does not grow."""
    bend = getattr(np, activation)
    for _ in range(BLOCKS):
        y = bend(x * a + b)
        x = y / (1.0 + np.sum(y * y)) + 0.5 * np.max(y)
    return {"out": x}


WORKLOADS = (
    Workload(
        name="small_ops",
        title="2,000 small operations on vectors of {n}",
        data=data,
        formula=formula,
        sizes={"n": 16},
        activations=("tanh", "sigmoid"),
        goal=Goal(cold=4.0),
        first=True,
    ),
)
