"""Draws of real numbers under a key: each is a formula of random bits and of its parameters.

Takes a key, a shape and parameters that stretch to it (shape None: what they stretch to); gives a
variable.  The same key, shape and dtype give the same numbers; two draws need two keys.  Gradients
are those of the formula at the same bits (reparameterised), so mean + std * normal has slopes 1 and
normal.  dtype: "float32" or "float64"; by default that of float parameters, else config.floatX.
Raises: ArgumentTypeError for what is no key, ShapeError for parameters that do not stretch to the
shape, DTypeError for another dtype.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.compare import clip, switch
from gradc.ops.math import log, log1p, tan
from gradc.ops.randomness import normal as _normal
from gradc.ops.randomness import open_unit, places, random_bits, random_word
from gradc.ops.randomness import unit as _unit
from gradc.ops.special import ndtr, ndtri
from gradc.random.frames import float_dtype, frame, parameter
from gradc.random.keys import words_of

__all__ = [
    "cauchy", "exponential", "gumbel", "laplace", "logistic", "normal", "truncated_normal",
    "uniform",
]  # fmt: skip


def bits_for(name: str, key: Any, lengths: Sequence[Variable], dtype: str) -> Variable:
    """The bits that floats of a dtype are made of, for an array of these lengths."""
    made = random_word if dtype == "float32" else random_bits
    return made(*words_of(name, key), places(lengths))


def _drawn(name: str, key: Any, shape: Any, dtype: str, *params: Variable) -> Variable:
    """A number in (0, 1) with all digits near 0, for each place."""
    return open_unit(bits_for(name, key, frame(name, shape, params), dtype))


def uniform(
    key: Any, shape: Any = None, dtype: Any = None, minval: Any = 0.0, maxval: Any = 1.0
) -> Variable:
    """Numbers from [minval, maxval), 53 (24) bits of the way from one to the other."""
    kind = float_dtype("uniform", dtype, minval, maxval)
    low, high = parameter(minval, kind), parameter(maxval, kind)
    bits = bits_for("uniform", key, frame("uniform", shape, (low, high)), kind)
    if type(minval) in (int, float) and type(maxval) in (int, float):
        return _affine(_unit(bits), minval, maxval - minval)
    return low + (high - low) * _unit(bits)


def _affine(x: Variable, start: float, width: float) -> Variable:
    """The value start + width * x, without what changes nothing."""
    scaled = x if width == 1 else width * x
    return scaled if start == 0 else start + scaled


def normal(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers of the standard normal law, to 9.1 (float32: 6.3) standard deviations."""
    kind = float_dtype("normal", dtype)
    return _normal(bits_for("normal", key, frame("normal", shape), kind))


def truncated_normal(
    key: Any, lower: Any, upper: Any, shape: Any = None, dtype: Any = None
) -> Variable:
    """Numbers of the standard normal law between two bounds, which may lie far in a tail.

    By the inverse of the distribution function, on the side of the law that keeps its digits.
    """
    kind = float_dtype("truncated_normal", dtype, lower, upper)
    low, high = parameter(lower, kind), parameter(upper, kind)
    u = _drawn("truncated_normal", key, shape, kind, low, high)
    is_right = low + high > 0
    left, right = switch(is_right, -high, low), switch(is_right, -low, high)
    start, end = ndtr(left), ndtr(right)
    z = ndtri(start + (end - start) * u)
    return clip(switch(is_right, -z, z), low, high)


def exponential(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers above 0 of the density exp(-x): waiting times of rate 1."""
    return -log(_drawn("exponential", key, shape, float_dtype("exponential", dtype)))


def laplace(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers of the density exp(-|x|) / 2."""
    u = _drawn("laplace", key, shape, float_dtype("laplace", dtype))
    return switch(u < 0.5, log(2 * u), -log(2 * (1 - u)))


def logistic(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose distribution function is sigmoid(x)."""
    u = _drawn("logistic", key, shape, float_dtype("logistic", dtype))
    return log(u) - log1p(-u)


def gumbel(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers whose distribution function is exp(-exp(-x)): noise that makes argmax a draw."""
    return -log(-log(_drawn("gumbel", key, shape, float_dtype("gumbel", dtype))))


def cauchy(key: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers of the density 1 / (pi (1 + x^2)), which has no mean."""
    u = _drawn("cauchy", key, shape, float_dtype("cauchy", dtype))
    return tan(math.pi * (u - 0.5))
