"""Activation functions that are composed of others, element by element."""

from __future__ import annotations

import math
from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.compare import clip, gt, switch
from gradc.ops.convert import as_variable, is_weak
from gradc.ops.elemwise import abs, mul, true_div
from gradc.ops.math import erfc, expm1, sigmoid

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "selu",
    "softsign",
    "swish",
    "ultra_fast_sigmoid",
]

# Klambauer et al., Self-Normalizing Neural Networks (2017), appendix A4
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
_CUBE = 0.044715  # Hendrycks and Gimpel (2016), section 2


def softsign(x: Any) -> Variable:
    """The quotient x / (1 + |x|): a sigmoid with slow tails, from -1 to 1; slope 1 at 0."""
    x = as_variable(x)
    return true_div(x, 1.0 + abs(x))


def elu(x: Any, alpha: Any = 1) -> Variable:
    """The exponential linear unit: x above 0, else alpha * (exp(x) - 1).

    alpha: a number or an array that broadcasts.  Slope at 0: alpha.
    Source: Clevert, Unterthiner, Hochreiter (2015), arXiv 1511.07289.
    """
    x = as_variable(x)
    return switch(gt(x, 0), x, alpha * expm1(x))


def selu(x: Any) -> Variable:
    """The scaled exponential linear unit, which keeps mean 0 and variance 1 from layer to layer.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter (2017), arXiv 1706.02515.
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def gelu(x: Any, approximate: bool = False) -> Variable:
    """X * Phi(x), Phi the standard normal distribution: the Gaussian error linear unit.

    The lower tail keeps its digits: it is computed by erfc.  approximate: Phi by a tanh, within
    5e-4, as some published models want it.
    Source: Hendrycks and Gimpel (2016), arXiv 1606.08415.
    """
    x = as_variable(x)
    if approximate:
        # Phi(x) = (1 + tanh(u)) / 2 = sigmoid(2 u), which does not cancel below 0
        return mul(x, sigmoid(2.0 * math.sqrt(2.0 / math.pi) * (x + _CUBE * x * x * x)))
    return mul(0.5 * x, erfc(-math.sqrt(0.5) * x))


def swish(x: Any, beta: Any = 1.0) -> Variable:
    """X * sigmoid(beta * x); for beta 1 also called SiLU.

    beta: a number or an array that broadcasts.
    Source: Ramachandran, Zoph, Le (2017), arXiv 1710.05941.
    """
    x = as_variable(x)
    return mul(x, sigmoid(x if is_weak(beta) and beta == 1 else beta * x))


def hard_sigmoid(x: Any) -> Variable:
    """The sigmoid in three straight pieces: 0.2 x + 0.5, limited to [0, 1]."""
    return clip(0.2 * as_variable(x) + 0.5, 0.0, 1.0)


def ultra_fast_sigmoid(x: Any) -> Variable:
    """The sigmoid itself: ours is vectorised, an approximation would win nothing."""
    return sigmoid(x)
