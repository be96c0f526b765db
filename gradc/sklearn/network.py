"""Fully connected layers as expressions, and the functions compiled of them.

Takes numbers of layers, activations and kinds of output; gives costs and forward functions.  What
differs from fit to fit (weights, penalties, rates) is shared variables and arguments, so that the
same C serves all networks of a form: it is compiled once a machine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import gradc
from gradc.control import custom_gradient
from gradc.differentiate.reverse import grad
from gradc.graph.variable import Variable
from gradc.ops.compare import gt, switch
from gradc.ops.create import arange
from gradc.ops.elemwise import cast, square
from gradc.ops.linalg import dot
from gradc.ops.math import sigmoid, tanh
from gradc.ops.nnet import logsoftmax, relu, softmax
from gradc.ops.reduce import sum
from gradc.tensor.constructors import lvector, matrix, scalar, vector
from gradc.tensor.nnet.crossentropies import sigmoid_binary_crossentropy

__all__ = [
    "ACTIVATIONS",
    "cost_of",
    "forward",
    "outputs_of",
    "penalty_of",
    "shown_of",
    "slopes",
    "target_of",
    "weights_of",
]


# as scikit-learn has it, with slope 0 at 0; so what went in need not be kept
_rectified: Callable[[Variable], Variable] = custom_gradient(
    relu, vjp=lambda ct, out, x: switch(gt(out, 0), ct, 0.0)
)

ACTIVATIONS: dict[str, Callable[[Variable], Variable]] = {
    "identity": lambda x: x,
    "logistic": sigmoid,
    "tanh": tanh,
    "relu": _rectified,
}

_OUTPUTS: dict[str, Callable[[Variable], Variable]] = {
    "identity": lambda z: z,
    "logistic": sigmoid,
    "softmax": softmax,
}


def outputs_of(x: Variable, weights: Sequence[Variable], activation: str) -> Variable:
    """What the last layer gives, before its own activation: w1, b1, w2, b2, ... -> [n, outputs]."""
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    for w, b in layers[:-1]:
        x = ACTIVATIONS[activation](dot(x, w) + b)
    w, b = layers[-1]
    return dot(x, w) + b


def target_of(kind: str, dtype: str) -> Variable:
    """The variable of what is to be learned: classes by number, else one value an output."""
    return lvector("y") if kind == "softmax" else matrix("y", dtype=dtype)


def cost_of(kind: str, z: Variable, y: Variable) -> Variable:
    """One number a row: its crossentropy, or half its squared distance."""
    if kind == "softmax":
        return -logsoftmax(z)[arange(y.shape[0]), y]
    if kind == "logistic":
        return sum(sigmoid_binary_crossentropy(z, y), axis=1)
    return 0.5 * sum(square(z - y), axis=1)


def shown_of(kind: str, z: Variable, costs: Variable) -> Variable:
    """What scikit-learn calls the loss of each row: of numbers the mean over outputs, though it
    descends along the slope of their sum, as `cost_of` has it.
    """
    return costs / cast(z.shape[1], z.dtype) if kind == "identity" else costs


def penalty_of(weights: Sequence[Variable]) -> Variable:
    """Half the sum of squares of all matrices; intercepts are free."""
    total, *rest = [0.5 * sum(square(w)) for w in weights[::2]]
    for each in rest:
        total = total + each
    return total


def weights_of(layers: int, dtype: str) -> list[Variable]:
    """Variables for w1, b1, w2, b2, ..."""
    return [
        vector(f"b{k // 2}", dtype=dtype) if k % 2 else matrix(f"w{k // 2}", dtype=dtype)
        for k in range(2 * layers)
    ]


@functools.lru_cache(maxsize=64)
def forward(layers: int, activation: str, kind: str, dtype: str) -> Callable[..., Any]:
    """The compiled function (x, w1, b1, w2, b2, ...) -> outputs, probabilities where they are."""
    x = matrix("x", dtype=dtype)
    weights = weights_of(layers, dtype)
    found = _OUTPUTS[kind](outputs_of(x, weights, activation))
    return gradc.function([x, *weights], found, name="forward")


@functools.lru_cache(maxsize=64)
def slopes(layers: int, activation: str, kind: str, dtype: str) -> Callable[..., Any]:
    """The compiled function (x, y, shares, alpha, w1, b1, ...) -> [cost, its gradients].

    The cost is the mean over rows, each with its share, and alpha times the penalty.
    """
    x, y, shares = matrix("x", dtype=dtype), target_of(kind, dtype), vector("s", dtype=dtype)
    alpha, weights = scalar("alpha", dtype=dtype), weights_of(layers, dtype)
    losses = cost_of(kind, outputs_of(x, weights, activation), y)
    cost = sum(shares * losses) / sum(shares) + alpha * penalty_of(weights)
    outputs = [cost, *grad(cost, weights)]
    return gradc.function([x, y, shares, alpha, *weights], outputs, name="slopes")
