"""Normal numbers: what a draw costs, whoever reads it.

Values are compared by their moments, since each peer has numbers of its own.  On one thread, run
with `taskset -c 0`, the goal is numpy's Generator (ziggurat on PCG64).
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload

__all__ = ["WORKLOADS"]


def data(dtype: str, n: int) -> Data:
    """A key, and an array whose shape and dtype say what is wanted."""
    return {"key": numpy.array([0, 2026], "uint64"), "like": numpy.zeros(n, dtype)}


def formula(np: Any, key: Any, like: Any) -> dict[str, Any]:
    """The draw itself; jax.random and gradc take the key, the others have a state."""
    return {"out": np.normal(key, like)}


def moments(values: Data) -> Data:
    """What must agree: whether four moments are within five standard errors of the law's."""
    x = numpy.asarray(values["out"], "float64")
    n = len(x)
    off = [x.mean(), x.var() - 1, (x**3).mean(), (x**4).mean() - 3]
    error = numpy.sqrt(numpy.array([1, 2, 15, 96]) / n)
    return {"within": numpy.abs(off) < 5 * error, "length": numpy.array(n)}


def _floor(data: Data) -> Floor:
    return Floor(writes=(data["like"],))


WORKLOADS = (
    Workload(
        name="random",
        title="{n} normal draws",
        data=data,
        formula=formula,
        sizes={"n": 10_000_000},
        floor=_floor,
        compared=moments,
        goal=Goal(ahead=1.0),
    ),
    Workload(
        name="random32",
        title="{n} normal draws in float32",
        data=data,
        formula=formula,
        sizes={"n": 10_000_000},
        dtype="float32",
        floor=_floor,
        compared=moments,
        goal=Goal(ahead=1.0),
    ),
)
