"""Joining, cutting, repeating, turning, padding, grids and diagonals are numpy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, GradcError, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from tests.ops.joining_cases import CALLS, SHAPES, SPACED

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(1)


def inputs(dtype: str, static: bool) -> dict[str, Input]:
    return {
        name: Input(
            TensorType(
                "int64" if name == "k" else dtype, shape if static else (None,) * len(shape)
            ),
            name,
        )
        for name, shape in SHAPES.items()
    }


def values(dtype: str) -> dict[str, Array]:
    found = {
        name: RNG.integers(0, 2 if dtype == "bool" else 50, shape).astype(dtype)
        for name, shape in SHAPES.items()
    }
    if dtype.startswith("float"):
        found = {name: RNG.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}
    return found | {"k": np.asarray(2)}


def chosen(dtype: str) -> list[str]:
    """The calls that mean the same in numpy for this dtype."""
    return [name for name in CALLS if dtype != "bool" or not _is_arithmetic(name)]


def _is_arithmetic(name: str) -> bool:
    words = ("stack", "mgrid", "ogrid", "nested", "second", "trace", "tri", "concatenate", "fill")
    return name.startswith(words) or name in ("specify_shape", "pad values", "pad one")


@pytest.mark.parametrize(
    ("dtype", "static"),
    [("float64", False), ("float32", True), ("int32", False), ("bool", True)],
)
def test_compiled_in_one_function(dtype: str, static: bool) -> None:
    known, given = inputs(dtype, static), values(dtype)
    names = chosen(dtype)
    outputs = [CALLS[name][0](*known.values()) for name in names]
    function = gradc.function(list(known.values()), outputs)
    results = function(*given.values())
    meant = evaluate(outputs, {known[name]: value for name, value in given.items()})
    for name, out, got, interpreted in zip(names, outputs, results, meant, strict=True):
        expected = np.asarray(CALLS[name][1](*given.values()))
        assert out.dtype == got.dtype, name
        if dtype.startswith("float") or dtype == "bool":
            assert got.dtype == expected.dtype, name
        for each in (got, interpreted):
            assert each.shape == expected.shape, name
            np.testing.assert_allclose(each, expected, rtol=1e-6, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_evenly_spaced_numbers(dtype: str) -> None:
    v, k = T.vector("v", dtype=dtype), T.lscalar("k")
    given = (RNG.normal(size=5).astype(dtype), np.asarray(2))
    outputs = [each(T, v, k) for each in SPACED.values()]
    results = gradc.function([v, k], outputs)(*given)
    for name, got in zip(SPACED, results, strict=True):
        expected = np.asarray(SPACED[name](np, *given))
        assert got.dtype == dtype, name
        tolerance = 16 * np.finfo(dtype).eps
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance, err_msg=name)


def every_call() -> dict[str, Callable[..., Any]]:
    """All calls, of the same arguments."""
    table = {name: ours for name, (ours, _) in CALLS.items()}
    for name, each in SPACED.items():
        table[name] = lambda x, y, v, k, e, each=each: each(T, v, k)
    return table


def test_gradients_and_forward_mode() -> None:
    """Along a drawn direction, against the difference of costs."""
    known, given = inputs("float64", static=False), values("float64")
    point = {known[name]: np.asarray(value) for name, value in given.items()}
    wrt = [known[name] for name in ("x", "y", "v")]
    along = {each: RNG.normal(size=point[each].shape) for each in wrt}
    tangents = [T.constant(way) for way in along.values()]
    labels, slopes, gradients = [], [], []
    for name, ours in every_call().items():
        out = ours(*known.values())
        if out.dtype.startswith("float"):
            weights = T.constant(RNG.normal(size=evaluate([out], point)[0].shape))
            cost = T.sum(weights * out**2)
            labels.append(name)
            slopes.append(slope(cost, along, point))
            gradients += T.grad(cost, wrt, disconnected_inputs="ignore")
            (moved,) = evaluate([gradc.jvp(cost, wrt, tangents)], point)
            np.testing.assert_allclose(moved, slopes[-1], rtol=1e-7, atol=1e-7, err_msg=name)
    function = gradc.function(list(known.values()), gradients)
    found = iter(function(*given.values()))
    for label, wanted in zip(labels, slopes, strict=True):
        got = sum(np.sum(next(found) * along[each]) for each in wrt)
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-7, err_msg=label)


def test_batches() -> None:
    known = inputs("float64", static=False)
    stacks = {name: Input(TensorType("float64", (None,) * (each.ndim + 1)), name)
              for name, each in known.items() if name in "xyv"}  # fmt: skip
    rows = [values("float64") for _ in range(2)]
    for name, ours in every_call().items():
        out = gradc.vectorize(lambda x, y, v, ours=ours: ours(x, y, v, known["k"], known["e"]))(
            *stacks.values()
        )
        point = {each: np.stack([row[name] for row in rows]) for name, each in stacks.items()}
        (got,) = evaluate([out], {**point, known["k"]: rows[0]["k"], known["e"]: rows[0]["e"]})
        for row, one in zip(rows, got, strict=True):
            (wanted,) = evaluate(
                [ours(*known.values())], {known[name]: value for name, value in row.items()}
            )
            np.testing.assert_allclose(one, wanted, rtol=1e-12, atol=1e-12, err_msg=name)


def slope(cost: Any, along: dict[Any, Array], point: dict[Any, Array]) -> float:
    """The derivative of the cost in one direction, by central differences in long double."""
    step, ends = np.longdouble(1e-6), []
    for side in (1, -1):
        moved = {each: point[each] + side * step * way for each, way in along.items()}
        ends.append(evaluate([cost], {**point, **moved}, upcast="longdouble")[0])
    return float((ends[0] - ends[1]) / (2 * step))


WRONG: dict[str, tuple[Callable[[], Any], type[GradcError], str]] = {
    "lengths": (
        lambda: T.concatenate([T.matrix("a", shape=(2, 3)), T.matrix("b", shape=(2, 4))]),
        ShapeError,
        r"join: axis 1 has static lengths 3 and 4.\n    a : float64\[2, 3\].*\n    b",
    ),
    "ranks": (
        lambda: T.join(0, T.matrix("a"), T.vector("b")),
        ShapeError,
        "join: the arrays have 2 and 1",
    ),
    "scalars": (
        lambda: T.concatenate([T.scalar(), T.scalar()]),
        ArgumentError,
        "scalars have no axis",
    ),
    "axis": (
        lambda: T.concatenate([T.vector(), T.vector()], axis=1),
        ArgumentError,
        "there is no axis 1",
    ),
    "nothing": (lambda: T.stack([]), ArgumentError, "there is nothing to join"),
    "stack ranks": (
        lambda: T.stack([T.vector(), T.scalar()]),
        ShapeError,
        "the arrays have 1 and 0 axes",
    ),
    "split sum": (
        lambda: T.split(T.vector(shape=(5,)), [2, 2], 2),
        ShapeError,
        "axis 0 has length 5, but the parts add up to 4",
    ),
    "split count": (
        lambda: T.split(T.vector(), [2, 2], 3),
        ArgumentError,
        "n_splits is 3, but there are 2",
    ),
    "repeat": (lambda: T.repeat(T.vector(), 1.5), ArgumentTypeError, "is an integer scalar"),
    "tile": (
        lambda: T.tile(T.matrix(), 2, ndim=1),
        ArgumentError,
        "ndim is 1, but the result has 2",
    ),
    "roll": (lambda: T.roll(T.matrix(), (1, 2), (0, 1, 0)), ArgumentError, "2 shifts for 3 axes"),
    "roll type": (lambda: T.roll(T.matrix(), 1.5), ArgumentTypeError, "a length is a whole number"),
    "pad mode": (lambda: T.pad(T.vector(), 1, "median"), ArgumentError, "no mode 'median'"),
    "pad option": (
        lambda: T.pad(T.vector(), 1, "edge", end_values=1),
        ArgumentTypeError,
        "takes no end_values",
    ),
    "pad width": (
        lambda: T.pad(T.matrix(), ((1, 2),) * 3),
        ArgumentError,
        "a pair for each of 2 axes",
    ),
    "pad negative": (lambda: T.pad(T.vector(), -1), ArgumentError, "not negative, got -1"),
    "rot90": (lambda: T.rot90(T.matrix(), 1, (0, -2)), ArgumentError, "are one"),
    "diagonal": (lambda: T.diagonal(T.vector()), ArgumentError, "there is no axis 1"),
    "diag": (lambda: T.diag(T.tensor3()), ArgumentError, "takes a vector or a matrix"),
    "computed diagonal": (
        lambda: T.diag(T.vector(), T.iscalar()),
        ArgumentTypeError,
        "that building knows",
    ),
    "tril": (lambda: T.tril(T.vector()), ArgumentError, "takes two axes or more"),
    "meshgrid": (lambda: T.meshgrid(T.vector(), indexing="yx"), ArgumentError, "'xy' or 'ij'"),
    "mgrid": (lambda: T.mgrid[3], ArgumentTypeError, "a slice with an end"),
    "linspace": (lambda: T.linspace(0, 1, -1), ArgumentError, "the number of points is -1"),
    "specify": (
        lambda: T.specify_shape(T.vector(shape=(3,)), (4,)),
        ShapeError,
        "has length 3, but 4 was promised",
    ),
    "specify rank": (
        lambda: T.specify_shape(T.vector(), (4, None)),
        ShapeError,
        "2 lengths for an array of 1",
    ),
    "addbroadcast": (
        lambda: T.addbroadcast(T.vector(shape=(3,)), 0),
        ShapeError,
        "has length 3, but shall stretch from length 1",
    ),
    "zeros": (lambda: T.zeros((2, -3)), ShapeError, "zeros: there is no length -3"),
    "ones": (lambda: T.ones(2.5), ArgumentTypeError, "ones: a length is a whole number, got 2.5"),
    "tile below": (lambda: T.tile(T.vector(), -1), ShapeError, "tile: there is no length -1"),
    "repeat below": (lambda: T.repeat(T.vector(), -1), ShapeError, "repeat: there is no length -1"),
    "part": (lambda: T.split(T.vector(), [4, -1], 2), ShapeError, "split: there is no length -1"),
    "eye": (lambda: T.eye(2.5), ArgumentTypeError, "eye: a length is a whole number, got 2.5"),
    "eye below": (lambda: T.eye(-1), ShapeError, "eye: there is no length -1"),
    "eye k": (lambda: T.eye(3, k=1.5), ArgumentTypeError, "the diagonal k is a whole number"),
    "arange": (lambda: T.arange("a"), ArgumentTypeError, "ends and steps are numbers, got 'a'"),
    "constant": (lambda: T.get_scalar_constant_value(T.scalar("s")), GradcError, "s is no number"),
    "vector": (lambda: T.get_vector_length(T.vector("q")), ArgumentError, "q has no length"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes(name: str) -> None:
    make, error, words = WRONG[name]
    with pytest.raises(error, match=words):
        make()


def test_broadcasting_that_is_promised_or_forgotten() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    column = T.addbroadcast(x, 1)
    assert column.broadcastable == (False, True)
    assert T.unbroadcast(column, 1).broadcastable == (False, False)
    assert T.patternbroadcast(column, (False, False)).type.shape == (None, None)
    assert T.Rebroadcast((0, True), (1, False))(x).broadcastable == (True, False)
    out = [column + y, T.unbroadcast(column, 1) * 2, T.grad((column * y).sum(), x)]
    function = gradc.function([x, y], out)
    a, b = RNG.normal(size=(3, 1)), RNG.normal(size=(3, 4))
    for got, wanted in zip(function(a, b), (a + b, a * 2, b.sum(1, keepdims=True)), strict=True):
        np.testing.assert_allclose(got, wanted)
    with pytest.raises(ArgumentError, match="axis 1 has length 2, but shall stretch from"):
        function(np.ones((3, 2)), b)
    refuses = gradc.function([x, y], T.unbroadcast(column, 1) + y)
    with pytest.raises(ArgumentError):
        refuses(a, b)


def test_what_building_knows() -> None:
    x = T.matrix("x", shape=(3, None))
    assert T.get_scalar_constant_value(T.zeros((x.shape[1], 2))) == 0
    assert T.get_scalar_constant_value(x.shape[0] * 2 + 1) == 7
    assert T.get_scalar_constant_value(T.constant(4).astype("float32")).dtype == "float32"
    assert T.get_scalar_constant_value(T.stack([x.shape[1], 5])[1]) == 5
    assert T.get_vector_length(T.shape(x)) == 2
    assert T.get_vector_length([1, x]) == 2
    assert T.empty((2, 3), dtype="int8").type.shape == (2, 3)
    assert T.AllocEmpty("float32")(x.shape[1], 3).type.shape == (None, 3)
    assert T.empty_like(x).type == x.type


def test_the_reference_of_repeat_counts_as_the_call_does() -> None:
    x, counts = T.vector("x"), T.lvector("counts")
    f = gradc.function([x, counts], T.repeat(x, counts), mode="REFERENCE")
    with pytest.raises(ArgumentError, match="axis 0 of the array has length 4, and there are 3"):
        f(np.ones(4), np.ones(3, "int64"))
