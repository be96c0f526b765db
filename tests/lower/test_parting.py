"""Loops cut into parts along the rows of what they work on, and loops that must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program
from gradc.kernel.program import Pack, Repeat

STEPS, BATCH, UNITS = 40, 37, 24


def loop_of(f: Any) -> Repeat:
    """The only loop of a function."""
    check_program(f.stages.program)
    (found,) = [s for s in f.stages.program.segments[0].steps if isinstance(s, Repeat)]
    return found


def values() -> list[np.ndarray]:
    """Rows of sequences, a first state, and a square matrix."""
    rng = np.random.default_rng(0)
    shapes = (STEPS, BATCH, UNITS), (BATCH, UNITS), (UNITS, UNITS)
    return [rng.normal(size=s) * scale for s, scale in zip(shapes, (1, 1, 0.1), strict=True)]


APART: dict[str, Callable[[Any, Any, Any], Any]] = {
    "elements": lambda x, h, w: T.tanh(h + x) * 0.5,
    "products": lambda x, h, w: T.tanh(T.dot(h, w) + x),
    "two products": lambda x, h, w: T.dot(T.tanh(T.dot(h, w)) + x, w.T) * 0.1,
    "rows": lambda x, h, w: T.nnet.softmax(h + x) + T.dot(h, w).max(axis=1, keepdims=True),
    "reversed columns": lambda x, h, w: T.tanh(h[:, ::-1] + x),
}
TOGETHER: dict[str, Callable[[Any, Any, Any], Any]] = {
    "mean of the batch": lambda x, h, w: T.tanh(h - h.mean(axis=0) + x),
    "other rows": lambda x, h, w: T.tanh(h[::-1] + x),
    "a row for all": lambda x, h, w: T.tanh(h * h[0] + x),
    "rows by rows": lambda x, h, w: T.dot(T.tanh(T.dot(h, h.T)), x) * 0.01,
    "rows moved": lambda x, h, w: T.concatenate([h[1:], x[:1]]),
    "parts of a row": lambda x, h, w: T.concatenate([h[:, 12:], (h * x)[:, :12]], axis=1),
    "sum": lambda x, h, w: h + x * T.sum(h) * 1e-3,
}


def loop(step: Callable[[Any, Any, Any], Any], wide: bool = True) -> Any:
    """A function of a loop over a batch."""
    x, h, w = T.dtensor3("x"), T.dmatrix("h"), T.dmatrix("w")
    rows, _ = gradc.scan(step, x, [h], [w])
    return gradc.function([x, h, w], rows if wide else rows[-1], on_unused_input="ignore")


@pytest.mark.parametrize("name", [*APART, *TOGETHER])
@pytest.mark.parametrize("wide", [True, False])
def test_parts_give_what_the_whole_gives(
    name: str, wide: bool, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the formula, and with the same bits for any number of threads."""
    step = {**APART, **TOGETHER}[name]
    f = loop(step, wide)
    assert (loop_of(f).parts is not None) == (name in APART)
    x, h, w = T.dmatrix(), T.dmatrix(), T.dmatrix()
    one = gradc.function([x, h, w], step(x, h, w), mode="REFERENCE", on_unused_input="ignore")
    rows, state, weights = values()
    wanted = []
    for row in rows:
        state = one(row, state, weights)
        wanted.append(state)
    found = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(gradc.config, "threads", threads)
        found.append(f(*values()))
        assert np.array_equal(found[-1], found[0])
    np.testing.assert_allclose(found[0], wanted if wide else wanted[-1], rtol=1e-9, atol=1e-11)


def test_a_batch_of_any_size(quickly: None) -> None:
    """From one part to many; what has no rows has none to cut."""
    f = loop(APART["products"])
    assert loop_of(f).parts is not None
    rows, state, weights = values()
    for batch in (0, 1, 7, 15, 16, 33, 37):
        got = f(rows[:, :batch], state[:batch], weights)
        h = state[:batch]
        for row, each in zip(rows[:, :batch], got, strict=True):
            h = np.tanh(h @ weights + row)
            np.testing.assert_allclose(each, h, rtol=1e-9, atol=1e-12)


def test_a_gradient_has_parts_too() -> None:
    """And the matrix that the gradients of both weights multiply by is packed once."""
    x, h, w, u = T.dtensor3("x"), T.dmatrix("h"), T.dmatrix("w"), T.dmatrix("u")
    rows, _ = gradc.scan(lambda x, h: T.tanh(T.dot(x, u) + T.dot(h, w)), x, [h])
    cost = T.mean(rows**2)
    f = gradc.function([x, h, w, u], [cost, *T.grad(cost, [w, u])])
    check_program(f.stages.program)
    steps = f.stages.program.segments[0].steps
    loops = [step for step in steps if isinstance(step, Repeat)]
    assert len(loops) == 2
    assert all(each.parts is not None for each in loops)
    assert sum(isinstance(step, Pack) for step in steps) == 4  # u; w both ways; the slopes
    reference = gradc.function([x, h, w, u], T.grad(cost, [w, u]), mode="REFERENCE")
    given = [*values(), values()[2] * 0.5]
    for got, wanted in zip(f(*given)[1:], reference(*given), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10)
