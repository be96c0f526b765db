"""An LSTM over a batch of sequences: loss and all gradients.

The products of all steps with the input weights can be one, and so can the gradients of weights;
what the recurrence itself needs is one small product a step, forwards and backwards.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, steps: int, batch: int, inputs: int, units: int) -> Data:
    """Sequences, the first state, and weights of four gates side by side."""
    draw = draws(dtype)
    scale = numpy.asarray(0.1, dtype)
    return {
        "x": draw.normal(steps, batch, inputs),
        "start": numpy.zeros((batch, units), dtype),
        "w": draw.normal(inputs, 4 * units) * scale,
        "u": draw.normal(units, 4 * units) * scale,
        "b": numpy.zeros(4 * units, dtype),
    }


def formula(np: Any, x: Any, start: Any, w: Any, u: Any, b: Any) -> dict[str, Any]:
    """The mean square of all outputs."""

    def step(row: Any, h: Any, c: Any) -> tuple[Any, Any]:
        z = (np.dot(row, w) + np.dot(h, u) + b).reshape((row.shape[0], 4, start.shape[1]))
        i, f, o = (np.sigmoid(z[:, k]) for k in range(3))
        c = f * c + i * np.tanh(z[:, 3])
        return o * np.tanh(c), c

    h, _ = np.recur(step, x, (start, start))
    cost = np.mean(h**2)
    return {"cost": cost, "out": cost}


def floor(data: Data) -> Floor:
    """The products, all steps in one."""
    x, u = data["x"], data["u"]
    steps, batch, _ = x.shape
    rows = x.reshape(steps * batch, -1)
    states = numpy.ones((steps * batch, u.shape[0]), u.dtype)
    gates = numpy.ones((steps * batch, u.shape[1]), u.dtype)
    products = [(rows, data["w"]), (states, u), (gates, u.T), (rows.T, gates), (states.T, gates)]
    return Floor(products=products)


LSTM = Workload(
    name="lstm",
    title="LSTM, {steps} steps of {batch} x {inputs} -> {units}, loss and gradients",
    data=data,
    formula=formula,
    sizes={"steps": 100, "batch": 16, "inputs": 32, "units": 64},
    parameters=("w", "u", "b"),
    floor=floor,
    goal=Goal(ahead=2.0, cold=2.5),
    first=True,
)

WORKLOADS = (
    LSTM,
    LSTM.resized(name="lstm32", dtype="float32", goal=Goal(ahead=1.1), first=False),
)
