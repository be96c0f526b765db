"""What JAX says of random graphs: values and gradients, where it has every operation of one.

A judge that shares nothing with gradc.  It is asked about what the references say, which the rest
of `tests/fuzz` holds the compiled functions to.  Skipped where JAX is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pytest

from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.ops.entries import Cut
from tests.fuzz.hunt import drawn
from tests.fuzz.judge import MARGIN, SAMPLES, judge, precise
from tests.fuzz.pool import Case
from tests.fuzz.slopes import moved

jax = pytest.importorskip("jax")
jnp = jax.numpy

SEEDS = range(8000, 8002)
# Without log1p: that of JAX 0.10.2 is up to 121 units in the last place off near -0.5, against
# mpmath, where numpy's is 0.7 off: more than a graph's own conditioning allows for.
SAME = (
    "add", "square", "sqrt", "reciprocal", "abs", "sign", "exp", "exp2", "expm1", "log", "log2",
    "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
    "arcsinh", "arccosh", "arctanh", "arctan2", "deg2rad", "rad2deg", "logaddexp", "logaddexp2",
    "maximum", "minimum", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite",
)  # fmt: skip
OTHERS: dict[str, Callable[..., Any]] = {
    "mul": jnp.multiply, "sub": jnp.subtract, "true_div": jnp.true_divide,
    "neg": jnp.negative, "pow": jnp.power, "switch": jnp.where, "eq": jnp.equal,
    "neq": jnp.not_equal, "lt": jnp.less, "le": jnp.less_equal, "gt": jnp.greater,
    "ge": jnp.greater_equal, "and": jnp.bitwise_and, "or": jnp.bitwise_or, "xor": jnp.bitwise_xor,
    "invert": jnp.invert, "sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus,
    "relu": lambda x: jnp.maximum(x, 0), "erf": jax.scipy.special.erf,
    "erfc": jax.scipy.special.erfc, "cast": lambda x, dtype: x,
    "sum": lambda x, axes, **_: jnp.sum(x, axes), "prod": lambda x, axes, **_: jnp.prod(x, axes),
    "max": lambda x, axes: jnp.max(x, axes), "min": lambda x, axes: jnp.min(x, axes),
    "any": lambda x, axes: jnp.any(x, axes), "all": lambda x, axes: jnp.all(x, axes),
    "argmax": lambda x, axes: jnp.argmax(x, axes[0]),
    "argmin": lambda x, axes: jnp.argmin(x, axes[0]),
    "contract": lambda a, b, x, y, out: jnp.einsum(f"{x},{y}->{out}", a, b),
    "length": lambda x, axis: np.int64(jnp.shape(x)[axis]),
    "iota": lambda n, dtype: jnp.arange(int(n)),
    "reshape": lambda x, *shape: jnp.reshape(x, [int(n) for n in shape]),
    "broadcast_to": lambda x, *shape: jnp.broadcast_to(x, [int(n) for n in shape]),
    "window": lambda x, i, n, axis: jax.lax.slice_in_dim(x, int(i), int(i) + int(n), axis=axis),
    "gather": lambda x, *places: x[places],
    "join": lambda *xs, axis: jnp.concatenate(xs, axis),
    "dimshuffle": lambda x, order: _turned(x, order),
    "subtensor": lambda x, index: x[
        tuple(slice(e.start, e.stop, e.step) if isinstance(e, Cut) else e for e in index)
    ],
}  # fmt: skip
TABLE = {name: getattr(jnp, name) for name in SAME} | OTHERS
VARIADIC = ("add", "mul", "maximum", "minimum")


def _turned(x: Any, order: Sequence[Any]) -> Any:
    kept = [axis for axis in order if axis != "x"]
    x = jnp.transpose(x, kept + [axis for axis in range(jnp.ndim(x)) if axis not in kept])
    return jnp.reshape(x, [1 if axis == "x" else x.shape[kept.index(axis)] for axis in order])


def _is_known(variable: Variable) -> bool:
    """Whether JAX has all of it.

    An index that only the call knows stands in a slice of ours; index arrays along other axes than
    the first give their own axes first.
    """
    return all(
        node.op.name in TABLE
        and (node.op.name != "subtensor" or len(node.inputs) == 1)
        and (node.op.name != "gather" or not node.op.params)
        for node in toposort([variable])
    )


def _value(variable: Variable, leaves: Mapping[Variable, Any], *, wide: bool) -> Any:
    """The variable by JAX; wide: all floats are float64."""
    known = dict(leaves)
    for node in toposort([variable]):
        operands = [_operand(each, known, wide) for each in node.inputs]
        known[node.outputs[0]] = _typed(_applied(node, operands), node.outputs[0], wide)
    return _operand(variable, known, wide)


def _operand(variable: Variable, known: Mapping[Variable, Any], wide: bool) -> Any:
    if isinstance(variable, Constant):
        return _typed(variable.data, variable, wide)
    return known[variable]


def _applied(node: Apply, operands: list[Any]) -> Any:
    function = TABLE[node.op.name]
    if node.op.name in VARIADIC:
        return reduce(function, operands)
    return function(*operands, **node.op.keywords)


def _typed(array: Any, variable: Variable, wide: bool) -> Any:
    if variable.owner is not None and variable.owner.op.name == "length":
        return array  # a number that shapes are made of
    dtype = "float64" if wide and variable.dtype.startswith("float") else variable.dtype
    return jnp.asarray(array).astype(dtype)


@pytest.fixture(scope="module")
def cases() -> Any:
    """Graphs without corner values: XLA takes denormals for 0."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    with jax.default_device(jax.devices("cpu")[0]):
        yield [case for seed in SEEDS for case in drawn(seed) if not case.is_special]
    jax.config.update("jax_enable_x64", before)


def test_jax_gives_the_same_values(cases: Sequence[Case]) -> None:
    looked_at, wrong = 0, []
    for case in cases:
        results = [each for each in case.outputs if each not in case.judges and _is_known(each)]
        values = {leaf: jnp.asarray(value) for leaf, value in case.values().items()}
        for result, verdict in zip(results, judge(case, results), strict=True):
            got = np.asarray(_value(result, values, wide=False))
            fault = replace(verdict, has_sign=False).fault(got, rewritten=False, special=False)
            wrong += [f"{result}: {fault}"] if fault else []
            looked_at += 1
    assert not wrong, "\n".join(wrong)
    assert looked_at > 30


def test_jax_gives_the_same_gradients(cases: Sequence[Case]) -> None:
    looked_at, wrong = 0, []
    for case in cases:
        for cost, leaf, gradient in case.slopes:
            point = moved(case, cost)
            if point is None or not _is_known(cost):
                continue
            point = {each: _short(value) for each, value in point.items()}
            wanted, far = _with_spread(gradient, point)
            got = _gradient(cost, leaf, point)
            limit = far + 1e-9 * np.abs(wanted).max(initial=0) + 1e-12
            bad = ~(np.abs(got - wanted) <= limit) & np.isfinite(got)  # JAX has no guards
            wrong += [f"{cost} by {leaf}: {got[bad][0]}, {wanted[bad][0]}"] if bad.any() else []
            looked_at += 1
    assert not wrong, "\n".join(wrong)
    assert looked_at > 10


def _short(value: Any) -> Any:
    return value.astype("float64") if value.dtype.kind == "f" else value


def _gradient(cost: Variable, leaf: Variable, point: Mapping[Variable, Any]) -> Any:
    values = {each: _typed(value, each, True) for each, value in point.items()}
    function = jax.grad(lambda x: jnp.sum(_value(cost, values | {leaf: x}, wide=True)))
    return np.asarray(function(values[leaf]))


def _with_spread(gradient: Variable, point: Any) -> tuple[Any, Any]:
    """The gradient as it was written, and how far off its rounding may put it."""
    (wide,) = precise([gradient], point)
    shaken = [precise([gradient], point, np.random.default_rng(k))[0] for k in range(SAMPLES)]
    with np.errstate(all="ignore"):
        return wide, MARGIN * np.max([np.abs(each - wide) for each in shaken], axis=0)
