"""Normalisation: of units over a batch, with running averages; of each example over its units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.errors import ArgumentError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.averages import mean as mean_of
from gradc.ops.axes import dimshuffle
from gradc.ops.compare import gt
from gradc.ops.convert import as_variable
from gradc.ops.declare import drop_axes, normal_axes
from gradc.ops.elemwise import add, cast, mul, sqrt, square, sub, true_div
from gradc.ops.lengths import length, product_of
from gradc.ops.watch import under
from gradc.tensor.windows import array_of, scalar_of

__all__ = [
    "batch_normalization",
    "batch_normalization_test",
    "batch_normalization_train",
    "layer_norm",
]


def batch_normalization(
    inputs: Any, gamma: Any, beta: Any, mean: Any, std: Any, mode: str = "low_mem"
) -> Variable:
    """Normalised with statistics: (inputs - mean) * gamma / std + beta.

    What is given must broadcast to inputs.
    mode: "low_mem" or "high_mem", the same here: fused, neither stores anything between.
    """
    scale = true_div(gamma, std)
    return add(mul(sub(inputs, mean), scale), beta)


def batch_normalization_test(
    inputs: Any, gamma: Any, beta: Any, mean: Any, var: Any, axes: Any = "per-activation",
    epsilon: float = 1e-4,
) -> Variable:  # fmt: skip
    """Normalised as a trained network does: (inputs - mean) * gamma / sqrt(var + epsilon) + beta.

    axes: those the statistics were taken over: "per-activation" (the first), "spatial" (all but the
    second), or numbers.  gamma, beta, mean and var have length 1 there, or leave these axes out.
    Raises: ArgumentError for axes that are not there; ShapeError for statistics of another rank.
    """
    word = "batch_normalization_test"
    inputs = array_of(word, "inputs", inputs)
    stretched = _stretching(word, inputs, _axes(word, axes, inputs))
    deviation = sqrt(stretched("var", var) + _number(word, "epsilon", epsilon))
    scale, shift = stretched("gamma", gamma), stretched("beta", beta)
    return batch_normalization(inputs, scale, shift, stretched("mean", mean), deviation)


def batch_normalization_train(
    inputs: Any, gamma: Any, beta: Any, axes: Any = "per-activation", epsilon: float = 1e-4,
    running_average_factor: float = 0.1, running_mean: Any = None, running_var: Any = None,
) -> tuple[Variable, ...]:  # fmt: skip
    """Normalised with the statistics of the batch itself, which it gives too.

    axes: those the statistics are taken over: "per-activation" (the first), "spatial" (all but the
        second), or numbers.
    gamma, beta: have length 1 there, or leave these axes out; so do all statistics.
    epsilon: added to the variance.
    running_mean, running_var: averages over batches before; each moves towards this batch's by
        running_average_factor (the variance with n / (n - 1), unbiased).  They come back as new
        values, for updates of the function.  A batch of fewer than two elements a statistic has no
        such variance: ArgumentError at the call.
    Gives (output, mean, 1 / standard deviation), and the new running averages that are asked for.
    Gradient: through the statistics of the batch.
    Raises: ArgumentError for axes that are not there, or one running average without the other;
    ShapeError for gamma or beta of another rank.
    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1.
    """
    word = "batch_normalization_train"
    inputs = array_of(word, "inputs", inputs)
    taken = _axes(word, axes, inputs)
    epsilon = _number(word, "epsilon", epsilon)
    share = _number(word, "running_average_factor", running_average_factor)
    if (running_mean is None) != (running_var is None):
        what = f"{word}: of running_mean and running_var only one is given."
        raise ArgumentError(message(what, [where(inputs)], "give both, or none."))
    stretched = _stretching(word, inputs, taken)
    scale, shift = stretched("gamma", gamma), stretched("beta", beta)
    mean = mean_of(inputs, axis=taken, keepdims=True)
    var = mean_of(square(inputs - mean), axis=taken, keepdims=True)
    deviation = sqrt(var + epsilon)
    keeps = as_variable(gamma).ndim == inputs.ndim
    found = [batch_normalization(inputs, scale, shift, mean, deviation)]
    statistics = [mean, true_div(1.0, deviation)]
    if running_mean is not None:
        count = product_of([length(inputs, axis) for axis in taken])
        text = f"{word}: inputs have fewer than two elements a statistic"
        fix = "a variance needs two: leave out such a batch, or the running averages."
        n = cast(under(count, gt(count, 1), text, "ArgumentError", fix), var.dtype)
        unbiased = var * (n / (n - 1.0))
        for name, old, new in (("mean", running_mean, mean), ("var", running_var, unbiased)):
            before = stretched(f"running_{name}", old)
            moved = before * (1.0 - share) + new * share
            statistics.append(cast(moved, as_variable(old).dtype))
    found += statistics if keeps else [drop_axes(each, taken) for each in statistics]
    return tuple(found)


def layer_norm(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float = 1e-5
) -> Variable:
    """Normalised over the units of each example: (x - mean) / sqrt(var + epsilon) * gamma + beta.

    axis: one or several, over which mean and variance are taken; the last by default.
    gamma, beta: have the rank of x or broadcast to it, such as vectors for the last axis; None
    leaves them out.  dtype: integers become float64.
    Gradient: through mean and variance.
    Raises: ArgumentError for an axis that is not there.
    Source: Ba, Kiros, Hinton, Layer Normalization (2016), arXiv 1607.06450.
    """
    word = "layer_norm"
    x = array_of(word, "x", x)
    axes = normal_axes(word, axis, x.ndim)
    centred = x - mean_of(x, axis=axes, keepdims=True)
    var = mean_of(square(centred), axis=axes, keepdims=True)
    result = centred * true_div(1.0, sqrt(var + _number(word, "epsilon", epsilon)))
    if gamma is not None:
        result = mul(result, array_of(word, "gamma", gamma))
    return result if beta is None else add(result, array_of(word, "beta", beta))


def _axes(name: str, axes: Any, inputs: Variable) -> tuple[int, ...]:
    named = {"per-activation": (0,), "spatial": (0, *range(2, inputs.ndim))}
    if isinstance(axes, str) and axes not in named:
        what = f"{name}: there are no axes {printable(repr(axes), 40)}."
        fix = 'use "per-activation", "spatial" or numbers of axes.'
        raise ArgumentError(message(what, [where(inputs)], fix))
    return normal_axes(name, named[axes] if isinstance(axes, str) else axes, inputs.ndim)


def _number(word: str, name: str, given: Any) -> Any:
    """The argument, which is a number or a real scalar.

    Raises: ArgumentTypeError for anything else; ArgumentError for a number below 0.
    """
    x = scalar_of(word, name, given)
    if isinstance(x, Constant) and not x.data >= 0:
        what = f"{word}: {name} has to be 0 or more, got {x.data}."
        raise ArgumentError(message(what, fix="pass a small number, such as 1e-4."))
    return given


def _stretching(
    word: str, inputs: Variable, taken: tuple[int, ...]
) -> Callable[[str, Any], Variable]:
    """Gives statistics the rank of inputs, with axes of length 1 for those they leave out."""

    def stretched(name: str, given: Any) -> Variable:
        x = array_of(word, name, given)
        if x.ndim == inputs.ndim or x.ndim == 0:
            return x
        if x.ndim != inputs.ndim - len(taken):
            what = f"{word}: {name} has {x.ndim} axes."
            fix = (
                f"give it {inputs.ndim - len(taken)}, or {inputs.ndim} with length 1 where needed."
            )
            raise ShapeError(message(what, [where(x), where(inputs)], fix))
        rest = iter(range(x.ndim))
        order = ["x" if axis in taken else next(rest) for axis in range(inputs.ndim)]
        return dimshuffle(x, *order)

    return stretched
