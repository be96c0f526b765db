"""From every declaration its tests' operands: corner values, shapes, points for gradients.

Nothing here knows a single operation: what is drawn follows from the declaration (its arity, dtype
rule, domain, samples).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradc.extend  # declares Python's
import gradc.ops  # noqa: F401  # declares them
from gradc.errors import DTypeError
from gradc.graph.methods import OPERATORS
from gradc.graph.op import DECLARATIONS
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.declare import COMPOSED, FUNCTIONS, SAMPLES, Sample
from gradc.ops.kinds import Elemwise, Reduce

FLOATS = ("float64", "float32")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = (*FLOATS, *INTEGERS, "bool")
COMPLEX = ("complex128", "complex64")

ELEMWISE = sorted(name for name, rule in DECLARATIONS.items() if isinstance(rule, Elemwise))
REDUCE = sorted(name for name, rule in DECLARATIONS.items() if isinstance(rule, Reduce))
OTHERS = sorted(name for name in SAMPLES if name in DECLARATIONS)
AXES = ((0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2))

Array = np.ndarray[Any, Any]
Values = Mapping[Variable, Array]


@dataclass(frozen=True)
class Case:
    """An expression of some inputs, with values for them."""

    label: str
    inputs: tuple[Input, ...]
    output: Variable
    values: Values


def function_of(name: str) -> Callable[..., Variable]:
    """The user's function of an operation, by the operation's word."""
    return OPERATORS.get(name) or OPERATORS.get(f"{name}_") or FUNCTIONS[name]


def corners(dtype: str) -> Array:
    """Values at which arithmetic goes wrong."""
    kind = np.dtype(dtype)
    if kind.kind == "c":  # no greatest numbers: where products overflow numpy's bits vary
        parts = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 10.0, np.inf, -np.inf, np.nan]
        return np.array([complex(re, im) for re in parts for im in parts], kind)
    if kind.kind == "f":
        limits = np.finfo(kind)
        plain = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 10.0, np.pi, 100.0, -100.0]
        special = [np.inf, -np.inf, np.nan, limits.max, limits.min, limits.tiny, limits.eps]
        return np.array([*plain, *special], kind)
    if kind.kind == "b":
        return np.array([False, True])
    limits = np.iinfo(kind)
    small = [n for n in (-3, -2, -1, 0, 1, 2, 3, 7, 100) if n >= limits.min]
    return np.array([*small, limits.min, limits.max, limits.max - 1], kind)


def product_of(values: Sequence[Array]) -> list[Array]:
    """All combinations, as vectors of one length."""
    return [grid.reshape(-1) for grid in np.meshgrid(*values, indexing="ij")]


def inputs_for(values: Sequence[Array], static: bool = False) -> tuple[Input, ...]:
    """One input a value; lengths of 1 are static, others unknown unless `static`."""
    return tuple(
        Input(
            TensorType(v.dtype.name, tuple(n if static or n == 1 else None for n in v.shape)),
            "xyzuvw"[k],
        )
        for k, v in enumerate(values)
    )


def case_of(
    label: str, expr: Callable[..., Variable], values: Sequence[Array], static: bool = False
) -> Case:
    """The case of an expression on inputs that take these values."""
    inputs = inputs_for(values, static)
    output = expr(*inputs)
    return Case(label, inputs, output, dict(zip(inputs, values, strict=True)))


def takes(name: str, dtype: str) -> bool:
    """Whether an operation takes operands of this dtype."""
    rule = DECLARATIONS[name]
    try:
        if isinstance(rule, Reduce):
            rule.out(dtype)
        elif isinstance(rule, Elemwise):
            rule.dtype((dtype,) * rule.arity)
            return name != "cast" and rule.c.supports(dtype)
    except DTypeError:
        return False
    return name != "cast"


def is_native(name: str, dtype: str) -> bool:
    """Whether an elementwise operation computes in this dtype, without casting its operands."""
    rule = DECLARATIONS[name]
    assert isinstance(rule, Elemwise)
    return takes(name, dtype) and rule.dtype((dtype,) * rule.arity)[0][-1] == dtype


def elementwise_corners(name: str, dtype: str) -> Case:
    """All combinations of corner values."""
    rule = DECLARATIONS[name]
    assert isinstance(rule, Elemwise)
    values = product_of([corners(dtype)] * rule.arity)
    if name == "switch":
        values[0] = values[0].real > 0
    return case_of(f"{name}[{dtype}]", function_of(name), values)


def elementwise_points(name: str, rng: np.random.Generator) -> Case:
    """Points of the domain (bools for what takes no float, or complex), operands that stretch."""
    rule = DECLARATIONS[name]
    assert isinstance(rule, Elemwise)
    shapes = [(2, 3), (1, 3), (2, 1)][: rule.arity]
    values = [
        rng.uniform(low, high, shape)
        for shape, (low, high) in zip(shapes, rule.domain, strict=True)
    ]
    if takes(name, "complex128") and not takes(name, "float64"):
        values = [value + 1j * value[..., ::-1] for value in values]
    elif name == "switch":
        values[0] = values[0] > 0
    elif name != "cast" and not takes(name, "float64"):
        values = [value > 0 for value in values]
    expr = function_of(name)
    if name == "cast":
        return case_of(name, lambda x: expr(x, "float32"), values)
    return case_of(name, expr, values)


def reductions(rng: np.random.Generator, name: str, dtype: str) -> Iterator[Case]:
    """Over every choice of axes."""
    for axes in AXES:
        x = draw(rng, (2, 3, 4), dtype, 5)
        keep = axes == (1,)
        label = f"{name}[{dtype}, {axes}]"
        yield case_of(label, lambda x, a=axes, k=keep: function_of(name)(x, a, keepdims=k), [x])


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, high: int) -> Array:
    """Random values; integers below `high`."""
    if dtype.startswith("complex"):
        return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape), dtype)
    if dtype.startswith("float"):
        return np.asarray(rng.normal(size=shape), "float64" if dtype == "float" else dtype)
    return np.asarray(rng.integers(0, high, shape), dtype)


def sampled(rng: np.random.Generator, name: str, dtype: str = "float64") -> Iterator[Case]:
    """The uses that a declaration states itself; composed operations of one operand have none."""
    function = COMPOSED[name].expr if name in COMPOSED else function_of(name)
    for k, sample in enumerate(SAMPLES[name] or _default_samples(function)):
        kinds = sample.dtypes or ("float",) * len(sample.shapes)
        values = [
            _in_domain(name, draw(rng, shape, dtype if kind == "float" else kind, sample.high))
            for shape, kind in zip(sample.shapes, kinds, strict=True)
        ]
        expr = sample.expr
        yield case_of(f"{name}[{k}]", lambda *xs, expr=expr: expr(function, *xs), values)


def _in_domain(name: str, values: Array) -> Array:
    if name not in COMPOSED or values.dtype.kind != "f":
        return values
    low, high = COMPOSED[name].domain
    return np.asarray(low + (high - low) / (1 + np.exp(-values)), values.dtype)


def _default_samples(function: Callable[..., Variable]) -> tuple[Sample, ...]:
    count = len(inspect.signature(function).parameters)
    return (Sample(lambda f, *xs: f(*xs), ((2, 3),) * count),)
