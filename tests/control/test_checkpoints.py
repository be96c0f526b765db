"""scan_checkpoints and scan(checkpoint=): the same gradients in less memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import control
from gradc.compat.theano import scan_module
from gradc.errors import ArgumentError

STEPS, BATCH, UNITS = 400, 4, 6


def memory(f: Any) -> int:
    """Bytes of workspace, where all lengths are known."""
    sizes = [slot for part in f.stages.program.segments for slot in part.slots]
    assert not f.stages.descent.callbacks  # all of it is C
    return sum((each.elements.constant or 0) * each.itemsize for each in sizes)


def variables(known: bool = True) -> list[Any]:
    shapes = [(STEPS, BATCH, UNITS), (BATCH, UNITS), (UNITS, UNITS)]
    shapes = shapes if known else [(None,) * len(shape) for shape in shapes]
    return [T.tensor("float64", shape, name=n) for shape, n in zip(shapes, "xhw", strict=True)]


def values(steps: int = STEPS) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = [(steps, BATCH, UNITS), (BATCH, UNITS), (UNITS, UNITS)]
    return [rng.normal(size=shape) * 0.4 for shape in shapes]


def step(row: Any, h: Any, w: Any) -> Any:
    """One step of a recurrence."""
    return T.tanh(T.dot(h, w) + row)


def slopes(inputs: list[Any], last: Any) -> Any:
    """A function of the last state and gradients."""
    return gradc.function(inputs, [last, *T.grad(T.sum(last**2), inputs[1:])])


@pytest.mark.parametrize("every", [20, 30, "sqrt"])
def test_less_memory_and_the_same_gradients(every: int | str, quickly: None) -> None:
    x, h, w = variables()
    whole, _ = gradc.scan(step, x, [h], [w])
    kept, _ = gradc.scan_checkpoints(step, x, [h], [w], save_every_N=every)
    (last, _) = control.scan(lambda h, row: (step(row, h, w), None), h, x, checkpoint=every)
    plain = slopes([x, h, w], whole[-1])
    rows = STEPS * BATCH * UNITS * 8
    for each in (kept[-1], last):
        f = slopes([x, h, w], each)
        assert memory(plain) > 3 * rows
        assert memory(f) < (2.0 if every == 30 else 0.6) * rows  # 30: padded with zeros
        for got, wanted in zip(f(*values()), plain(*values()), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_rows_behind_each_block_and_all_rows(quickly: None) -> None:
    """Of any number of steps; backwards; with updates of shared variables in the step."""
    x, h, w = variables(known=False)
    whole, _ = gradc.scan(step, x, [h], [w])
    kept, _ = scan_module.scan_checkpoints(step, x, [h], [w], save_every_N=5)
    tidy, _ = gradc.scan_checkpoints(step, x, [h], [w], save_every_N=1, padding=False)
    turns = [
        control.scan(lambda h, row: (step(row, h, w), h), h, x, reverse=True, checkpoint=every)
        for every in (None, 3)
    ]
    outputs = [whole, kept, tidy, *(each for pair in turns for each in pair)]
    outputs += [T.grad(T.sum(pair[1] ** 2) + T.sum(pair[0]), x) for pair in turns]
    f = gradc.function([x, h, w], outputs)
    for steps in (1, 4, 5, 12):
        rows, blocks, single, *pairs = f(*values(steps))
        ends = [min(k, steps) - 1 for k in range(5, steps + 5, 5)]
        np.testing.assert_allclose(blocks, rows[ends], rtol=1e-12)
        np.testing.assert_allclose(single, rows, rtol=1e-12)
        for k, j in ((0, 2), (1, 3), (4, 5)):
            np.testing.assert_allclose(pairs[k], pairs[j], rtol=1e-11, atol=1e-14)
    s = gradc.shared(0.0, "s")
    _, updates = gradc.scan_checkpoints(
        lambda row: (row * 2, {s: s + row}), T.arange(7.0), [None], save_every_N=3
    )
    gradc.function([], [], updates=updates)()
    assert s.get_value() == 21


def test_what_cannot_be() -> None:
    x, h, w = variables(known=False)
    for error, options in (
        ("is 0", {"save_every_N": 0}),
        ("is not known before the call", {"save_every_N": "sqrt"}),
        (r"taps \[-2, -1\]", {"outputs_info": [{"initial": h, "taps": [-2, -1]}]}),
        ("how many steps", {"sequences": None}),
    ):
        given = {"sequences": x, "outputs_info": [h], "non_sequences": [w], **options}
        with pytest.raises(ArgumentError, match=error):
            gradc.scan_checkpoints(step, **given)
