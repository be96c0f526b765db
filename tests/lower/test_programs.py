"""Golden stages: what a dozen typical graphs become, stage by stage, and the numbers beside it.

The text shows review what changes; that the numbers are right is shown against numpy here too.
`pytest --update-golden` rewrites the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Product

Array = np.ndarray[Any, Any]


@dataclass
class Case:
    """A graph, arguments for it, and what numpy says."""

    inputs: list[Any]
    outputs: list[Any]
    values: Sequence[Array]
    expected: Sequence[Array]
    nests: int
    products: int = 0


def numbers(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def chain() -> Case:
    x, y = T.matrix("x"), T.matrix("y")
    a, b = numbers(5, 7), numbers(5, 7) + 1
    outputs = [T.tanh(x + y), x * y - 1, T.exp(x * y - 1)]
    expected = [np.tanh(a + b), a * b - 1, np.exp(a * b - 1)]
    return Case([x, y], outputs, [a, b], expected, nests=1)


def long_sum() -> Case:
    v = T.vector("v")
    a = numbers(5000)
    return Case([v], [(v * v).sum(), v.max()], [a], [(a * a).sum(), a.max()], nests=1)


def softmax() -> Case:
    z = T.matrix("z")
    a = numbers(6, 9)
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return Case([z], [T.softmax(z, axis=1)], [a], [e / e.sum(axis=1, keepdims=True)], nests=1)


def columns() -> Case:
    x = T.matrix("x")
    a = numbers(40, 6)
    return Case([x], [x.sum(axis=0), T.exp(x).max(axis=0)], [a], [a.sum(0), np.exp(a).max(0)], 1)


def rows_and_columns() -> Case:
    x, g = T.matrix("x"), T.matrix("g")
    a, b = numbers(8, 5), numbers(8, 6)[:, :5]
    centred = x - x.mean(axis=1, keepdims=True)
    c = a - a.mean(axis=1, keepdims=True)
    outputs = [centred * g, (centred * g).sum(axis=0), g.sum(axis=0)]
    return Case([x, g], outputs, [a, b], [c * b, (c * b).sum(0), b.sum(0)], nests=1)


def images() -> Case:
    x = T.tensor4("x")
    a = numbers(3, 4, 5, 6)
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    m = a.mean(axis=(0, 2, 3), keepdims=True)
    outputs = [x - mean, ((x - mean) ** 2).mean(axis=(0, 2, 3))]
    return Case([x], outputs, [a], [a - m, ((a - m) ** 2).mean(axis=(0, 2, 3))], nests=2)


def layer() -> Case:
    x, w, b = T.matrix("x"), T.matrix("w"), T.vector("b")
    a, k, c = numbers(9, 4), numbers(4, 5), numbers(5)
    expected = 1 / (1 + np.exp(-(a @ k + c)))
    return Case([x, w, b], [T.sigmoid(T.dot(x, w) + b)], [a, k, c], [expected], 1, 1)


def stacks() -> Case:
    x, y = T.tensor3("x"), T.tensor3("y")
    a, b = numbers(3, 4, 5), numbers(3, 5, 2)
    return Case([x, y], [T.matmul(x, y)], [a, b], [a @ b], 0, 1)


def picked() -> Case:
    x, k = T.matrix("x"), T.lvector("k")
    a, i = numbers(4, 6), np.array([5, 0, -1, 2])
    out = T.log(x[T.arange(4), k] ** 2)
    gradient = np.zeros_like(a)
    gradient[np.arange(4), i] = 2 / a[np.arange(4), i]
    return Case(
        [x, k], [out, T.grad(out.sum(), x)], [a, i], [np.log(a[np.arange(4), i] ** 2), gradient], 4
    )


def ordered() -> Case:
    x = T.matrix("x")
    a = numbers(7, 40)
    expected = [np.sort(a, 0, kind="stable"), np.argsort(a[1:], kind="stable"), np.cumsum(2 * a, 1)]
    return Case([x], [T.sort(x, 0), T.argsort(x[1:]), T.cumsum(2 * x, 1)], [a], expected, nests=3)


CASES: dict[str, Callable[[], Case]] = {
    each.__name__: each
    for each in (
        chain, long_sum, softmax, columns, rows_and_columns, images, layer, stacks, picked,
        ordered,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_stages(name: str, golden: Callable[[str, str], None]) -> None:
    case = CASES[name]()
    f = gradc.function(case.inputs, case.outputs)
    check_program(f.stages.program)
    golden(f"stages/{name}", f"{f.stages.optimized}\n\n{f.stages.trace}\n\n{f.stages.program}")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "REFERENCE"])
def test_numbers(name: str, mode: str) -> None:
    case = CASES[name]()
    f = gradc.function(case.inputs, case.outputs, mode=mode)
    for got, expected in zip(f(*case.values), case.expected, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_sweeps(name: str) -> None:
    case = CASES[name]()
    steps = [
        step
        for segment in gradc.function(case.inputs, case.outputs).stages.program.segments
        for step in segment.steps
    ]
    assert sum(isinstance(step, Nest) for step in steps) <= case.nests
    products = [s for s in steps if isinstance(s, Product) or getattr(s, "product", None)]
    assert len(products) == case.products


def test_swap_goes_through_memory() -> None:
    v, w = gradc.shared(np.array([1.0, 2.0]), name="v"), gradc.shared(np.array([3.0]), name="w")
    swap = gradc.function([], updates={v: w, w: v})
    swap()
    assert (list(v.get_value()), list(w.get_value())) == ([3.0], [1.0, 2.0])
    (segment,) = swap.stages.program.segments
    assert (len(segment.steps), segment.commit) == (3, 1)


def test_rows_that_read_the_same_are_one_loop() -> None:
    """A channel's number for all its places; what belongs to a line of them keeps its loop."""
    x, b, line = T.tensor4("x"), T.vector("b"), T.matrix("line")
    a, c, d = numbers(3, 4, 5, 6), numbers(4), numbers(4, 5)
    scaled = x * T.exp(b)[:, None, None]
    for out, expected, axes in (
        (scaled + b[:, None, None], a * np.exp(c)[:, None, None] + c[:, None, None], 3),
        (x + line[:, :, None], a + d[:, :, None], 3),
        (x * (line[:, :, None] + b[:, None, None]), a * (d + c[:, None])[:, :, None], 4),
        (T.tanh(x).sum(axis=3) + b[:, None], np.tanh(a).sum(3) + c[:, None], 4),
    ):
        f = gradc.function([x, b, line], out, on_unused_input="ignore")
        check_program(f.stages.program)
        (segment,) = f.stages.program.segments
        nest = segment.steps[-1]
        assert isinstance(nest, Nest)
        assert len(nest.axes) == axes
        np.testing.assert_allclose(f(a, c, d), expected, rtol=1e-12)


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
