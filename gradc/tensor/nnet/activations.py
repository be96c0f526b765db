"""Activation functions that are composed of others, element by element."""

from __future__ import annotations

from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.compare import clip, gt, switch
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import abs, true_div
from gradc.ops.math import expm1, sigmoid

__all__ = ["elu", "hard_sigmoid", "selu", "softsign", "ultra_fast_sigmoid"]

# Klambauer et al., Self-Normalizing Neural Networks (2017), appendix A4
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


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


def hard_sigmoid(x: Any) -> Variable:
    """The sigmoid in three straight pieces: 0.2 x + 0.5, limited to [0, 1]."""
    return clip(0.2 * as_variable(x) + 0.5, 0.0, 1.0)


def ultra_fast_sigmoid(x: Any) -> Variable:
    """The sigmoid itself: ours is vectorised, an approximation would win nothing."""
    return sigmoid(x)
