"""Every declaration in forward mode and in a batch, by what it states itself.

Forward mode against difference quotients and against reverse mode, first and second order; batches
against a loop over their elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import gradc.tensor as T
from gradc.batch import vectorize_graph
from gradc.differentiate.ahead import carry
from gradc.differentiate.order import walk
from gradc.errors import VectorizeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from tests.ops.cases import Array, Case, Values
from tests.ops.test_table import CASES, SMOOTH, compiled, difference, twice, weighted

pytestmark = pytest.mark.usefixtures("quickly")

LENGTH = 3  # of a batch


def some(cases: Sequence[Case], most: int) -> list[Any]:
    """All cases as parameters; those beyond `most` uses of an operation in `make test-all` only."""
    seen: Counter[str] = Counter()
    found = []
    for k, case in enumerate(cases):
        name = case.label.partition("[")[0]
        seen[name] += 1
        marks = pytest.mark.slow if seen[name] > most else ()
        found.append(pytest.param(case, id=f"{k}-{case.label}", marks=marks))
    return found


def floats(case: Case) -> list[Input]:
    return [] if case.label == "cast" else [x for x in case.inputs if x.dtype == "float64"]


def pushed(output: Variable, given: Values) -> Variable:
    """The output's tangent, from those of inputs, on the graph as it stands."""
    tangents = {x: T.constant(t) for x, t in given.items()}
    found = carry(walk([output], list(given), {}, ()), tangents).value(output)
    return T.zeros_like(output) if found is None else found


def ways(wrt: Sequence[Variable], at: Values, seed: int) -> Values:
    rng = np.random.default_rng(seed)
    return {x: rng.normal(size=at[x].shape) for x in wrt}


def slope(cost: Variable, at: Values, way: Values) -> float:
    return sum(difference(cost, at, x, t) for x, t in way.items())


@pytest.mark.parametrize("case", some(SMOOTH, 2))
def test_forward_mode(case: Case) -> None:
    """The tangent has the output's type; it is the difference quotient, and reverse mode's dual."""
    wrt = floats(case)
    if not wrt:
        return
    way = ways(wrt, case.values, 9)
    tangent = pushed(case.output, way)
    assert tangent.dtype == case.output.dtype
    (found,), (value,) = evaluate([tangent], case.values), evaluate([case.output], case.values)
    assert found.shape == value.shape
    cost = weighted(case.output, 1, value)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, value.shape)
    got = float(np.sum(found * weights, dtype="float64"))
    np.testing.assert_allclose(got, slope(cost, case.values, way), rtol=1e-6, atol=1e-6)
    options: Any = {"disconnected_inputs": "ignore", "stabilize": False}
    gradients = evaluate(T.grad(cost, wrt, **options), case.values)
    dual = sum(np.sum(g * way[x]) for x, g in zip(wrt, gradients, strict=True))
    np.testing.assert_allclose(got, dual, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("case", some(SMOOTH, 1))
def test_second_order_of_mixed_modes(case: Case) -> None:
    """Forward over reverse, reverse over forward, forward over forward."""
    wrt = twice(case, floats(case))
    if not wrt:
        return
    options: Any = {"disconnected_inputs": "ignore", "stabilize": False}
    (value,) = evaluate([case.output], case.values)
    cost = weighted(case.output, 1, value)
    first, second = ways(wrt, case.values, 9), ways(wrt, case.values, 10)
    gradients = T.grad(cost, wrt, **options)
    terms = [T.sum(g * T.constant(first[x])) for g, x in zip(gradients, wrt, strict=True)]
    along = T.add(*terms, 0.0)
    expected = slope(along, case.values, second)
    tangent = pushed(cost, first)
    backwards = T.grad(tangent + 0.0, wrt, **options)
    dual = [T.sum(g * T.constant(second[x])) for g, x in zip(backwards, wrt, strict=True)]
    found = [pushed(along, second), T.add(*dual, 0.0), pushed(tangent, second)]
    for got in evaluate(found, case.values):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", some(SMOOTH, 1))
def test_jacobian_and_hessian(case: Case) -> None:
    """Whole matrices, times a vector, are what forward mode says of the vector."""
    wrt = floats(case)
    if not wrt:
        return
    options: Any = {"disconnected_inputs": "ignore", "stabilize": False}
    way = ways(wrt, case.values, 9)
    (value,) = evaluate([case.output], case.values)
    cost = weighted(case.output, 1, value)
    for x in wrt:
        whole, along = [T.jacobian(case.output, x, **options)], [pushed(case.output, {x: way[x]})]
        if x in twice(case, wrt):
            (gradient,) = T.grad(cost, [x], **options)
            whole.append(T.hessian(cost, x, **options))
            along.append(pushed(gradient, {x: way[x]}))
        found = evaluate([*whole, *along], case.values)
        for matrix, expected in zip(found[: len(whole)], found[len(whole) :], strict=True):
            got = np.tensordot(matrix, way[x], way[x].ndim)
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-11)


# -- batches -----------------------------------------------------------------------------------


def stack(x: Array) -> Array:
    """Other values of the same kind for each element: rolled, and whole numbers smaller."""
    rows = [np.roll(x.reshape(-1), k).reshape(x.shape) for k in range(LENGTH)]
    if x.ndim == 0 and x.dtype.kind in "iu":
        rows = [np.maximum(x, k) - k for k in range(LENGTH)]
    return np.stack(rows).astype(x.dtype)


def choices(case: Case) -> Iterator[tuple[Input, ...]]:
    """All inputs batched, and each alone."""
    yield case.inputs
    if len(case.inputs) > 1:
        yield from ((x,) for x in case.inputs)


def batch_of(case: Case, chosen: Sequence[Input]) -> tuple[Variable, Values, list[Values]]:
    """The output of a batch, the batch's values, and those of each element."""
    batches = {x: Input(TensorType(x.dtype, (None, *x.type.shape)), x.name) for x in chosen}
    output: Variable = vectorize_graph(case.output, batches)
    values = {new: stack(case.values[old]) for old, new in batches.items()}
    rows = [
        {**case.values, **{old: values[new][k] for old, new in batches.items()}}
        for k in range(LENGTH)
    ]
    return output, {**case.values, **values}, rows


@pytest.mark.parametrize("case", some(CASES, 2))
def test_a_batch_is_a_loop(case: Case) -> None:
    for chosen in choices(case):
        try:
            output, values, rows = batch_of(case, chosen)
        except VectorizeError:
            assert any(x.ndim == 0 and x.dtype == "int64" for x in chosen)
            continue
        (got,) = evaluate([output], values)
        expected = [evaluate([case.output], row)[0] for row in rows]
        if output.ndim == case.output.ndim:
            expected, got = expected[:1], got[None]
        np.testing.assert_allclose(got, np.stack(expected), rtol=1e-13, atol=1e-13)
        assert output.dtype == case.output.dtype


@pytest.mark.parametrize("case", some(SMOOTH, 1))
def test_a_gradient_of_a_batch_is_a_loop(case: Case) -> None:
    """What differentiating gives has batching rules too."""
    wrt = floats(case)
    if not wrt:
        return
    cost = weighted(case.output, 1, evaluate([case.output], case.values)[0])
    options: Any = {"disconnected_inputs": "ignore", "stabilize": False}
    gradients = T.grad(cost, wrt, **options)
    batches = {x: Input(TensorType(x.dtype, (None, *x.type.shape)), x.name) for x in wrt}
    values = {new: stack(case.values[old]) for old, new in batches.items()}
    found = evaluate(vectorize_graph(gradients, batches), {**case.values, **values})
    for k in range(LENGTH):
        row = {**case.values, **{old: values[new][k] for old, new in batches.items()}}
        for got, expected, g in zip(found, evaluate(gradients, row), gradients, strict=True):
            one = got[k] if got.ndim > g.ndim else got
            np.testing.assert_allclose(one, expected, rtol=1e-12, atol=1e-12)


def test_compiled_batches_and_tangents_agree() -> None:
    """One use of each declaration, as compiled, against the interpreter."""
    picked: dict[str, Case] = {}
    for case in CASES:
        picked.setdefault(case.label.partition("[")[0], case)
    outputs: list[Variable] = []
    values: dict[Variable, Array] = {}
    for case in picked.values():
        wrt = floats(case)
        try:
            output, given, _ = batch_of(case, wrt or case.inputs)
        except VectorizeError:
            continue
        outputs.append(output)
        values.update(given)
        if wrt and case in SMOOTH:
            outputs.append(pushed(case.output, ways(wrt, case.values, 9)))
    inputs = [x for x in values if isinstance(x, Input)]
    expected = evaluate(outputs, values)
    for one, other in zip(compiled(outputs, inputs, values), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
