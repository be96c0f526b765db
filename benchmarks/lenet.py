"""A training step of LeNet: a minibatch of digits, two convolutions with pooling, two layers.

The floor is its products: of filters and patches, once forward and twice for the gradients (once
for the first, whose input has none), and of the layers.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Update, Workload, draws

__all__ = ["WORKLOADS"]

PIXELS, CLASSES, FILTER = 28, 10, 5


def data(dtype: str, batch: int, first: int, second: int, hidden: int) -> Data:
    """Images as if scaled to mean 0 and deviation 1; weights scaled by Glorot and Bengio 2010."""
    draw = draws(dtype)

    def weights(*shape: int, rows: int, columns: int) -> Any:
        return draw.normal(*shape) * numpy.asarray((2.0 / (rows + columns)) ** 0.5, dtype)

    area, inner = FILTER**2, second * 4 * 4
    return {
        "x": draw.normal(batch, 1, PIXELS, PIXELS),
        "y": draw.whole(CLASSES, batch),
        "w_1": weights(first, 1, FILTER, FILTER, rows=area, columns=first * area // 4),
        "b_1": numpy.zeros(first, dtype),
        "w_2": weights(
            second, first, FILTER, FILTER, rows=first * area, columns=second * area // 4
        ),
        "b_2": numpy.zeros(second, dtype),
        "w_3": weights(inner, hidden, rows=inner, columns=hidden),
        "b_3": numpy.zeros(hidden, dtype),
        "w_4": weights(hidden, CLASSES, rows=hidden, columns=CLASSES),
        "b_4": numpy.zeros(CLASSES, dtype),
    }


def formula(
    np: Any, x: Any, y: Any, w_1: Any, b_1: Any, w_2: Any, b_2: Any, w_3: Any, b_3: Any, w_4: Any,
    b_4: Any, activation: str,
) -> dict[str, Any]:  # fmt: skip
    """The Deep Learning Tutorials' network: bias and activation behind the pooling."""
    act = getattr(np, activation)
    one = act(np.max_pool(np.correlate(x, w_1)) + b_1[:, None, None])
    two = act(np.max_pool(np.correlate(one, w_2)) + b_2[:, None, None])
    hidden = act(np.dot(two.reshape((x.shape[0], w_3.shape[0])), w_3) + b_3)
    return {"cost": np.crossentropy(np.dot(hidden, w_4) + b_4, y)}


def floor(data: Data) -> Floor:
    """Patches as columns of one matrix."""
    x, w_1, w_2, w_3, w_4 = (data[name] for name in ("x", "w_1", "w_2", "w_3", "w_4"))
    batch, kind = len(x), x.dtype
    products = []
    for w, places, is_first in ((w_1, 24 * 24, True), (w_2, 8 * 8, False)):
        filters = w.reshape(len(w), -1)
        patches = numpy.ones((filters.shape[1], batch * places), kind)
        result = numpy.ones((len(w), batch * places), kind)
        products += [(filters, patches), (result, patches.T)]
        products += [] if is_first else [(filters.T, result)]
    inner, hidden = numpy.ones((batch, len(w_3)), kind), numpy.ones((batch, len(w_4)), kind)
    score = numpy.ones((batch, CLASSES), kind)
    products += [(inner, w_3), (hidden, w_4), (hidden.T, score), (score, w_4.T)]
    products += [(inner.T, hidden), (hidden, w_3.T)]
    return Floor(products=products)


WORKLOADS = (
    Workload(
        name="lenet",
        title="LeNet, a training step: batch {batch}, {first} and {second} filters, {hidden} units",
        data=data,
        formula=formula,
        sizes={"batch": 64, "first": 20, "second": 50, "hidden": 500},
        dtype="float32",
        outputs=("cost",),
        parameters=("w_1", "b_1", "w_2", "b_2", "w_3", "b_3", "w_4", "b_4"),
        update=Update(rate=0.1),
        activations=("tanh", "sigmoid"),
        floor=floor,
        goal=Goal(ahead=1.3),
    ),
)
