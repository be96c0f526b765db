"""Sums over the steps of loops: their memory, their accuracy, and what is not copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.program import Repeat

pytestmark = pytest.mark.usefixtures("quickly")

STEPS, BATCH, UNITS = 1000, 3, 5


def memory(f: Any) -> int:
    """Bytes of workspace, where all lengths are known."""
    (segment,) = f.stages.program.segments
    sizes = [(slot.elements.constant, slot.itemsize) for slot in segment.slots]
    return sum(n * itemsize for n, itemsize in sizes if n is not None)


def recurrence(x: np.ndarray, h: np.ndarray, b: np.ndarray) -> tuple[Any, Any]:
    """The sum of squares of the states h = tanh(b h + x), and its gradient for b, by hand."""
    rows = [h]
    for row in x:
        rows.append(np.tanh(b * rows[-1] + row))
    back, slope = np.zeros_like(h), np.zeros(np.broadcast_shapes(h.shape, b.shape), x.dtype)
    for t in reversed(range(len(x))):
        bent = (back + 2 * rows[t + 1]) * (1 - rows[t + 1] ** 2)
        slope, back = slope + bent * rows[t], bent * b
    return np.sum(np.square(rows[1:])), slope if b.ndim == h.ndim else slope.sum(axis=0)


@pytest.mark.parametrize("ndim", [1, 2])
def test_a_gradient_takes_the_memory_of_its_parameter(ndim: int) -> None:
    """It is added up in the loop: no array of its shape a step."""
    x = T.tensor3("x", dtype="float64", shape=(STEPS, BATCH, UNITS))
    h0 = T.matrix("h0", dtype="float64", shape=(BATCH, UNITS))
    b = T.tensor("float64", (BATCH, UNITS)[-ndim:], name="b")
    h, _ = gradc.scan(lambda row, h, b: T.tanh(b * h + row), x, [h0], [b])
    cost = T.sum(h**2)
    rows = STEPS * BATCH * UNITS * 8
    f = gradc.function([x, h0, b], [cost, T.grad(cost, b)])
    assert memory(f) - memory(gradc.function([x, h0, b], [cost, T.grad(cost, h0)])) < rows / 20
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s) for s in ((STEPS, BATCH, UNITS), (BATCH, UNITS), b.type.shape)]
    for got, wanted in zip(f(*values), recurrence(*values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11)


def test_sums_of_any_number_of_steps() -> None:
    """What goes from a sum of 64 steps to the next is not lost, and no step is added twice."""
    x, h0, b = T.dmatrix("x"), T.dvector("h0"), T.dvector("b")
    h, _ = gradc.scan(lambda row, h, b: T.tanh(b * h + row), x, [h0], [b])
    cost = T.sum(h**2)
    f = gradc.function([x, h0, b], [cost, T.grad(cost, b)])
    rng = np.random.default_rng(1)
    for steps in (0, 1, 63, 64, 65, 4095, 4096, 4097):
        values = [rng.normal(size=s) for s in ((steps, 2), 2, 2)]
        for got, wanted in zip(f(*values), recurrence(*values), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


def test_a_long_sum_keeps_its_digits() -> None:
    """Of 200,000 terms in float32, where adding them one by one loses half of the digits."""
    start = T.fscalar("start")
    ones, _ = gradc.scan(lambda h: (h * 1.0, h * 0.1), None, [start, None], n_steps=200_000)
    f = gradc.function([start], ones[1].sum())
    (loop,) = [s for s in f.stages.program.segments[0].steps if isinstance(s, Repeat)]
    assert f(1.0) == pytest.approx(np.float32(0.1) * 200_000.0, rel=4e-6)
    assert not any(slot.elements.constant == 200_000 for slot in f.stages.program.segments[0].slots)
    one_by_one = np.cumsum(np.full(200_000, 0.1, "float32"))[-1]
    assert abs(one_by_one - 20_000) > 1  # so the test would notice
    assert loop.moves


def test_what_the_loop_keeps_is_summed_behind_it() -> None:
    """A bias's gradient is a sum of what the weights' gradient needs anyway."""
    x, start = T.dtensor3("x"), T.dmatrix("start")
    u, b = T.dmatrix("u"), T.dvector("b")
    h, _ = gradc.scan(lambda row, h: T.tanh(row + T.dot(h, u) + b), x, [start])
    cost = T.mean(h**2)
    f = gradc.function([x, start, u, b], gradc.grad(cost, [u, b]))
    loops = [s for s in f.stages.program.segments[0].steps if isinstance(s, Repeat)]
    assert [len(loop.steps) for loop in loops] == [1, 2]  # products and what is elementwise
    rng = np.random.default_rng(2)
    values = [rng.normal(size=s) for s in ((7, 2, 3), (2, 3), (3, 3), 3)]
    reference = gradc.function([x, start, u, b], gradc.grad(cost, [u, b]), mode="REFERENCE")
    for got, wanted in zip(f(*values), reference(*values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_a_row_that_is_handed_through_is_not_copied() -> None:
    x = T.dmatrix("x")
    (rows, sums), _ = gradc.scan(
        lambda row, s: (row, s + row), x, [None, T.zeros((x.shape[1],), "float64")]
    )
    f = gradc.function([x], [rows.sum(axis=1), sums[-1]])
    (loop,) = [s for s in f.stages.program.segments[0].steps if isinstance(s, Repeat)]
    assert len(loop.writes) == 1
    value = np.arange(6.0).reshape(3, 2)
    for got, wanted in zip(f(value), (value.sum(axis=1), value.sum(axis=0)), strict=True):
        np.testing.assert_array_equal(got, wanted)
