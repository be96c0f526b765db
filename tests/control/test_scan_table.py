"""Loops against the same steps without a loop: values, gradients, tangents, second derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.evaluate import evaluate
from gradc.kernel.check import check_program
from tests.control.loopcases import Shape, shapes, unrolled, values_of, variables_of

TABLE = shapes()


def results(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def cost_of(found: list[Any]) -> Any:
    """A scalar that every element of every result moves, each in its own way."""
    total = T.zeros((), "float64")
    for k, each in enumerate(found):
        weights = T.cos(T.arange(each.size) * (0.7 + k)).reshape(each.shape)
        total = total + T.sum(T.sin(each) * weights)
    return total


def both(shape: Shape) -> tuple[list[Any], list[Any], dict[Any, np.ndarray]]:
    v = variables_of()
    values = {v[k]: each for k, each in values_of(shape.rows).items()}
    loop = results(shape.build(lambda *a, **k: gradc.scan(*a, **k)[0], v, **shape.options))
    flat = shape.build(unrolled(values), v, **shape.options)
    return loop, [] if flat is None else results(flat), values


@pytest.mark.parametrize("shape", TABLE, ids=[each.name for each in TABLE])
def test_a_loop_is_its_steps(shape: Shape) -> None:
    loop, flat, values = both(shape)
    inputs = list(values)
    got = evaluate(loop, values)
    if not flat:
        assert all(len(each) == 0 for each in got)
        return
    for one, other in zip(got, evaluate(flat, values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    options: dict[str, Any] = {"disconnected_inputs": "ignore"}
    slopes = gradc.grad(cost_of(loop), inputs, **options)
    wanted = gradc.grad(cost_of(flat), inputs, **options)
    for x, one, other in zip(
        inputs, evaluate(slopes, values), evaluate(wanted, values), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=x.name)


def compiled(cases: list[Shape], level: int, *, slopes: bool) -> None:
    """All in one library: what the C says, and that no loop goes back to Python."""
    loops, variables, values = [], variables_of(), {}
    for shape in cases:
        found = results(
            shape.build(lambda *a, **k: gradc.scan(*a, **k)[0], variables, **shape.options)
        )
        values = {variables[k]: each for k, each in values_of(shape.rows).items()}
        loops += found
        if slopes:
            inputs = list(values)
            loops += gradc.grad(cost_of(found), inputs, disconnected_inputs="ignore")
    with gradc.config.override(level=level):
        f = gradc.function(list(values), loops, on_unused_input="ignore")
    check_program(f.stages.program)
    assert "callback" not in str(f.stages.program)
    for one, other in zip(f(*values.values()), evaluate(loops, values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_compiled_loops_are_their_steps(rows: int, thorough: bool) -> None:
    cases = [each for each in TABLE if each.rows == rows and "back" not in each.name]
    for k in range(0, len(cases), 20):
        compiled(cases[k : k + 20], int(thorough), slopes=False)


def test_compiled_gradients_of_loops(thorough: bool) -> None:
    names = ("rnn", "taps -3 -1, 2 back", "nested", "until taps", "mixed", "scalar", "places")
    compiled([each for each in TABLE if each.name in names], int(thorough), slopes=True)
