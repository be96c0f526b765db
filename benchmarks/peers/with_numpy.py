"""numpy by hand: everything allocated beforehand, computed in place, BLAS on its own threads.

Sources: numpy's user guide on `out=` of universal functions and of matmul.
"""

from __future__ import annotations

import numpy as np

from benchmarks.workload import Data, Task

__all__ = ["about", "lecture"]


def about() -> str:
    """Version."""
    return f"numpy {np.__version__}"


def lecture(data: Data) -> Task:
    """The lecture's step: h = sigmoid(-a), a = x w_1 + b_1; p = sigmoid(-z), z = h w_2 + b_2.

    The learning rate 0.1 is put into the small factor of the large product.  exp(a) cannot
    overflow here: |a| stays below 200.
    """
    x, y = data["x"], data["y"]
    w_1, b_1, w_2, b_2 = (data[name] for name in ("w_1", "b_1", "w_2", "b_2"))
    n, size = len(x), len(b_1)
    hidden, slope = np.empty((n, size)), np.empty((n, size))
    step_1, step_2 = np.empty_like(w_1), np.empty_like(w_2)
    z, p, row = np.empty(n), np.empty(n), np.empty(n)
    xent, other, prediction = np.empty(n), np.empty(n), np.empty(n, bool)

    def run() -> None:
        np.matmul(x, w_1, out=hidden)
        np.add(hidden, b_1, out=hidden)
        np.exp(hidden, out=hidden)
        np.add(hidden, 1, out=hidden)
        np.reciprocal(hidden, out=hidden)
        np.matmul(hidden, w_2, out=z)
        np.add(z, b_2, out=z)
        np.logaddexp(0, z, out=xent)  # -log p
        np.negative(xent, out=p)
        np.exp(p, out=p)
        np.greater(p, 0.5, out=prediction)
        np.negative(z, out=other)
        np.logaddexp(0, other, out=other)  # -log(1 - p)
        np.multiply(xent, y, out=xent)
        np.subtract(1, y, out=row)
        np.multiply(row, other, out=other)
        np.add(xent, other, out=xent)
        np.subtract(p, y, out=row)
        np.multiply(row, 0.1 / n, out=row)  # 0.1 * d cost / d(-z)
        np.subtract(1, hidden, out=slope)
        np.multiply(slope, hidden, out=slope)
        np.multiply(slope, row[:, None], out=slope)
        np.multiply(slope, w_2, out=slope)
        np.matmul(row, hidden, out=step_2)
        np.multiply(w_2, 0.998, out=w_2)
        np.add(w_2, step_2, out=w_2)
        np.add(b_2, row.sum(), out=b_2)
        np.matmul(x.T, slope, out=step_1)
        np.multiply(w_1, 0.998, out=w_1)
        np.subtract(w_1, step_1, out=w_1)
        np.subtract(b_1, slope.sum(axis=0), out=b_1)

    def values() -> Data:
        parameters = {"w_1": w_1, "b_1": b_1, "w_2": w_2, "b_2": b_2}
        return {"prediction": prediction, "xent": xent, **parameters}

    return Task(run, values)
