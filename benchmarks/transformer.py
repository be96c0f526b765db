"""A transformer block over a batch of sequences: attention, two layers behind; loss and gradients.

The norms stand before the parts, as in GPT-2.  The floor multiplies what has to be multiplied.
Source: Vaswani et al., Attention Is All You Need (2017), with the order of Radford et al. (2019).
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]

_HEADS = 4


def data(dtype: str, batch: int, positions: int, width: int) -> Data:
    """Sequences, and the weights of one block; the inner layer has four times the width."""
    draw = draws(dtype)
    width -= width % _HEADS
    small = numpy.asarray(width**-0.5, dtype)
    found = {"x": draw.normal(batch, positions, width)}
    for name in ("query", "key", "value", "merge"):
        found[name] = draw.normal(width, width) * small
    found["inner"] = draw.normal(width, 4 * width) * small
    found["outer"] = draw.normal(4 * width, width) * small
    found["b_inner"] = numpy.zeros(4 * width, dtype)
    found["b_outer"] = numpy.zeros(width, dtype)
    for name in ("gamma_1", "gamma_2"):
        found[name] = numpy.ones(width, dtype)
    for name in ("beta_1", "beta_2"):
        found[name] = numpy.zeros(width, dtype)
    found["scale"] = numpy.asarray((width // _HEADS) ** -0.5, dtype)  # of the scores
    return found


def formula(
    np: Any, x: Any, query: Any, key: Any, value: Any, merge: Any, inner: Any, outer: Any,
    b_inner: Any, b_outer: Any, gamma_1: Any, gamma_2: Any, beta_1: Any, beta_2: Any, scale: Any,
) -> dict[str, Any]:  # fmt: skip
    """The mean square of what comes out."""
    batch, positions, width = x.shape

    def heads(rows: Any) -> Any:
        return np.swapaxes(rows.reshape((batch, positions, _HEADS, width // _HEADS)), 1, 2)

    rows = np.layer_norm(x, gamma_1, beta_1)
    q, k, v = (heads(np.dot(rows, weights)) for weights in (query, key, value))
    seen = np.softmax(np.matmul(q, np.swapaxes(k, 2, 3)) * scale)
    merged = np.swapaxes(np.matmul(seen, v), 1, 2).reshape((batch, positions, width))
    x = x + np.dot(merged, merge)
    rows = np.layer_norm(x, gamma_2, beta_2)
    x = x + np.dot(np.relu(np.dot(rows, inner) + b_inner), outer) + b_outer
    return {"cost": np.mean(x**2)}


def floor(data: Data) -> Floor:
    """The products, forwards and backwards, of all positions at once."""
    rows = data["x"].reshape(-1, data["x"].shape[-1])
    wide = numpy.ones((len(rows), data["inner"].shape[1]), rows.dtype)
    products = []
    for weights in (data["query"], data["key"], data["value"], data["merge"]):
        products += [(rows, weights), (rows, weights.T), (rows.T, rows)]
    products += [(rows, data["inner"]), (wide, data["inner"].T), (rows.T, wide)]
    products += [(wide, data["outer"]), (rows, data["outer"].T), (wide.T, rows)]
    return Floor(products=products)


WORKLOADS = (
    Workload(
        name="transformer",
        title="transformer block, {batch} x {positions} x {width}, loss and gradients",
        data=data,
        formula=formula,
        sizes={"batch": 8, "positions": 128, "width": 256},
        dtype="float32",
        outputs=("cost",),
        parameters=(
            "query", "key", "value", "merge", "inner", "outer", "b_inner", "b_outer",
            "gamma_1", "gamma_2", "beta_1", "beta_2",
        ),
        floor=floor,
        goal=Goal(ahead=1.2),
    ),
)  # fmt: skip
