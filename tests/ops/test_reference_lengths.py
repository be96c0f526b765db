"""References refuse what compiled code refuses: arrays whose lengths do not belong together."""

from __future__ import annotations

import numpy as np
import pytest

from gradc.errors import ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.ops.convolution import convolve, convolve_filters, convolve_inputs
from gradc.ops.einstein import diagonals
from gradc.ops.pooling import pool_along, pool_back
from tests.rewrite.spelling import tensor

X, Y, T = (tensor(3, name=name) for name in "xyt")
POOLED = {"window": (2,), "stride": (2,)}
CASES = [
    pytest.param(diagonals(X, "iji"), (0, 3, 2), (1, 1, 1), (1, 1, 1), id="diagonals"),
    pytest.param(convolve(X, Y, stride=(1,)), (2, 2, 6), (3, 2, 0), (1, 1, 1), id="convolve"),
    pytest.param(convolve(X, Y, stride=(1,)), (2, 2, 2), (3, 2, 3), (1, 1, 1), id="convolve reach"),
    pytest.param(convolve_inputs(X, Y, (5,), stride=(1,)), (2, 3, 0), (3, 2, 3), (1, 1, 1),
                 id="convolve_inputs"),
    pytest.param(convolve_inputs(X, Y, (2,), stride=(1,)), (0, 2, 2), (0, 2, 1), (1, 1, 1),
                 id="convolve_inputs without filters"),
    pytest.param(convolve_filters(X, Y, (3,), stride=(1,)), (2, 2, 6), (2, 3, 3), (1, 1, 1),
                 id="convolve_filters"),
    pytest.param(pool_along(X, Y, T, **POOLED), (1, 3, 4), (1, 3, 2), (1, 4, 4), id="pool_along"),
    pytest.param(pool_back(X, Y, T, **POOLED), (1, 3, 4), (1, 3, 2), (2, 3, 2), id="pool_back"),
]  # fmt: skip


@pytest.mark.parametrize(("result", "x", "y", "t"), CASES)
def test_lengths_that_do_not_fit(
    result: Variable, x: tuple[int, ...], y: tuple[int, ...], t: tuple[int, ...]
) -> None:
    with pytest.raises(ShapeError, match=r"length|shape|reach"):
        evaluate([result], {X: np.zeros(x), Y: np.zeros(y), T: np.zeros(t)})
