"""An LSTM: one product in the loop forwards and one in the loop backwards, all others outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Product, Repeat, Step

UNITS, INPUTS = 8, 5


def lstm() -> tuple[Any, list[Any], list[Any]]:
    """The input, the weights, and the rows of states: gates in four blocks of columns."""
    rng = np.random.default_rng(3)
    w = gradc.shared(rng.normal(size=(INPUTS, 4 * UNITS)) * 0.3, "w", shape=(INPUTS, 4 * UNITS))
    u = gradc.shared(rng.normal(size=(UNITS, 4 * UNITS)) * 0.3, "u", shape=(UNITS, 4 * UNITS))
    b = gradc.shared(rng.normal(size=4 * UNITS), "b", shape=(4 * UNITS,))
    x = T.dtensor3("x")
    start = T.zeros((x.shape[1], UNITS), "float64")

    def step(row: Any, h: Any, c: Any) -> list[Any]:
        z = T.dot(row, w) + T.dot(h, u) + b
        gate = [z[:, k * UNITS : (k + 1) * UNITS] for k in range(4)]
        i, f, o = (T.nnet.sigmoid(each) for each in gate[:3])
        c = f * c + i * T.tanh(gate[3])
        return [o * T.tanh(c), c]

    rows, _ = gradc.scan(step, x, [start, start], name="lstm")
    return x, [w, u, b], rows


def products(steps: tuple[Step, ...]) -> int:
    """How many of these steps, and not of loops inside, are products."""
    return sum(
        isinstance(s, Product) or (isinstance(s, Nest) and s.product is not None) for s in steps
    )


def test_products_are_outside(golden: Callable[[str, str], None]) -> None:
    x, weights, (h, _) = lstm()
    loss = T.mean(T.sqr(h))
    f = gradc.function([x], [loss, *gradc.grad(loss, weights)])
    check_program(f.stages.program)
    (segment,) = f.stages.program.segments
    loops = [step for step in segment.steps if isinstance(step, Repeat)]
    assert [products(loop.steps) for loop in loops] == [1, 1]
    assert products(segment.steps) == 3  # of all rows, and of both weights
    golden("stages/lstm", f"{f.stages.optimized}\n\n{f.stages.program}")
    value = np.random.default_rng(4).normal(size=(6, 3, INPUTS))
    by_steps = gradc.function([x], [loss, *gradc.grad(loss, weights)], mode="REFERENCE")
    for got, expected in zip(f(value), by_steps(value), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-13)


def test_two_forward_loops_are_one() -> None:
    """A cost that is written twice runs once."""
    x, weights, (h, _) = lstm()
    loss = T.mean(T.sqr(h))
    f = gradc.function([x], [loss, h[-1].sum(), *gradc.grad(loss, weights)])
    steps = f.stages.program.segments[0].steps
    assert sum(isinstance(step, Repeat) for step in steps) == 2
