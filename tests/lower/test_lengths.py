"""The lengths of a result cost nothing of what computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import ancestors
from gradc.kernel.program import Nest
from gradc.ops.lengths import length

pytestmark = pytest.mark.usefixtures("quickly")

EXPRESSIONS: dict[str, Callable[..., Variable]] = {
    "elementwise": lambda x, y, v, i, n: T.exp(x) * y + 1,
    "reduction": lambda x, y, v, i, n: T.softmax(x).sum(axis=0, keepdims=True),
    "product": lambda x, y, v, i, n: T.dot(x, y),
    "gemm": lambda x, y, v, i, n: x + 2 * T.dot(x, y),
    "slice": lambda x, y, v, i, n: x[1:, ::-2],
    "slice by a scalar": lambda x, y, v, i, n: v[n:],
    "gather": lambda x, y, v, i, n: x[i],
    "scatter": lambda x, y, v, i, n: T.grad(x[i].sum(), x),
    "reshape": lambda x, y, v, i, n: x.reshape((2, -1)),
    "join": lambda x, y, v, i, n: T.concatenate([x, y, T.exp(x)]),
    "stack": lambda x, y, v, i, n: T.stack([x, y], 1),
    "split": lambda x, y, v, i, n: T.split(v, [n, 2, n], 3)[1],
    "tile": lambda x, y, v, i, n: T.tile(x, (2, 3)),
    "repeat": lambda x, y, v, i, n: T.repeat(x, n, 1),
    "roll": lambda x, y, v, i, n: T.roll(x, n, 0),
    "pad": lambda x, y, v, i, n: T.pad(x, 2, "reflect"),
    "diagonal": lambda x, y, v, i, n: T.diagonal(x, 1),
    "diag": lambda x, y, v, i, n: T.diag(v, -1),
    "iota": lambda x, y, v, i, n: T.eye(n, x.shape[0]),
    "sort": lambda x, y, v, i, n: T.sort(T.dot(x, y)),
    "running fold": lambda x, y, v, i, n: T.cumsum(x, axis=0),
    "gradient": lambda x, y, v, i, n: T.grad((T.dot(x, y) ** 2).sum(), x),
}


def arguments() -> tuple[Any, ...]:
    return (T.matrix("x"), T.matrix("y"), T.vector("v"), T.lvector("i"), T.lscalar("n"))


@pytest.fixture(scope="module")
def compiled() -> tuple[Any, list[str], list[Variable], tuple[Any, ...]]:
    inputs = arguments()
    names, outputs = [], []
    for name, make in EXPRESSIONS.items():
        for one in make(*inputs).shape:
            names.append(name)
            outputs.append(one)
    return gradc.function(list(inputs), outputs), names, outputs, inputs


def test_no_loop_and_no_product_is_left(compiled: Any) -> None:
    function, names, _, _ = compiled
    assert len(function.stages.program.segments) == 1
    steps = function.stages.program.segments[0].steps
    assert all(isinstance(step, Nest) and not step.axes for step in steps)
    assert set(names) == set(EXPRESSIONS)


def test_they_are_right(compiled: Any) -> None:
    function, names, outputs, inputs = compiled
    values = (np.ones((4, 4)), np.ones((4, 4)), np.ones(6), np.array([0, 1, 0]), np.asarray(2))
    expected = evaluate(outputs, dict(zip(inputs, values, strict=True)))
    for name, got, wanted in zip(names, function(*values), expected, strict=True):
        assert got == wanted, name


def test_lengths_of_results_become_those_of_arguments() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    lengths = [*T.dot(T.exp(x), y).shape, T.concatenate([x, y]).shape[0], T.roll(x, 1, 0).shape[0]]
    function = gradc.function([x, y], lengths)
    for each in function.stages.optimized.outputs:
        kinds = {node.owner.op.kind for node in ancestors([each]) if node.owner is not None}
        assert kinds <= {"LengthOf", "Elemwise"}
        leaves = [leaf for leaf in ancestors([each]) if leaf.owner is None]
        assert all(isinstance(leaf, Constant) or leaf.name in ("x", "y") for leaf in leaves)


def test_reshaping_to_the_same_shape_is_nothing() -> None:
    x = T.matrix("x")
    same = [x.reshape(x.shape), T.exp(x).reshape((x.shape[0], -1)), x.reshape(T.shape(x), ndim=2)]
    function = gradc.function([x], [T.sum(each) for each in same])
    text = str(function.stages.optimized)
    assert "reshape" not in text
    assert not function.stages.program.segments[0].checks


def test_equal_sums_of_lengths_are_one_length() -> None:
    x, y = T.vector("x"), T.vector("y")
    n = x.shape[0] + y.shape[0]
    out = T.concatenate([y, x]) * T.arange(n) + T.concatenate([x, y]).reshape((n,))
    function = gradc.function([x, y], out)
    assert not function.stages.program.segments[0].checks
    np.testing.assert_array_equal(function([1.0, 2.0], [3.0]), [1, 3, 7])


def test_a_length_that_was_given_in_another_dtype_is_int64() -> None:
    n = T.scalar("n", dtype="int16")
    y = length(T.exp(T.full((n,), 1.0)), 0)
    got = gradc.function([n], y)(3)
    assert (got, got.dtype) == (3, "int64")


def test_lengths_that_are_known_and_end_with_0() -> None:
    """Gcc 12.2 for AVX-512 made 12, 12, 12, 12 of 12, 12, 12, 0 where they were an array of C."""
    a, z = T.TensorType("float64", (12,))("a"), T.TensorType("int8", (0, 7))("z")
    with gradc.config.override(level=3):
        f = gradc.function([a, z], [a + 1, a * 2, a - 3, T.sort(z)])
    x, nothing = np.arange(12.0), np.zeros((0, 7), "int8")
    for found, wanted in zip(f(x, nothing), (x + 1, x * 2, x - 3, nothing), strict=True):
        np.testing.assert_array_equal(found, wanted)
