"""Draws of laws that have a shape: Gamma and what is made of it, counts of trials and of events.

Takes what laws.py takes, and parameters that stretch.  Student's t, Beta and Dirichlet numbers are
formulas of Gamma and normal ones.  The gradient by the order of a Gamma draw is implicit: of the
number below which as much of the law lies; a second one raises NullTypeGradError.  The gradient
through counts is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import eq
from gradc.ops.convert import as_variable
from gradc.ops.declare import normal_axis
from gradc.ops.elemwise import cast, sqrt
from gradc.ops.lengths import broadcast_to, length
from gradc.ops.randomness import places, random_bits
from gradc.ops.reduce import argmax
from gradc.ops.reduce import sum as total_of
from gradc.ops.rejection import drawn_binomial, drawn_gamma, drawn_multinomial, drawn_poisson
from gradc.random.frames import float_dtype, frame, parameter, whole_dtype
from gradc.random.keys import fold_in, words_of
from gradc.random.laws import gumbel, normal

__all__ = [
    "beta", "binomial", "categorical", "dirichlet", "gamma", "multinomial", "poisson", "student_t",
]  # fmt: skip


def _bits(name: str, key: Any, lengths: Sequence[Variable]) -> Variable:
    """64 bits for each place: the place's own key."""
    return random_bits(*words_of(name, key), places(lengths))


def gamma(key: Any, a: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers of the density x^(a-1) exp(-x) / Gamma(a); nan where a is below 0.

    Gradient: by a, that of the quantile (the head of this module).
    Source: Marsaglia and Tsang 2000.
    """
    kind = float_dtype("gamma", dtype, a)
    order = parameter(a, "float64")
    drawn = drawn_gamma(_bits("gamma", key, frame("gamma", shape, (order,))), order)
    return cast(drawn, kind)


def beta(key: Any, a: Any, b: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers in [0, 1] of a density in proportion to x^(a-1) (1-x)^(b-1)."""
    kind = float_dtype("beta", dtype, a, b)
    one, other = parameter(a, "float64"), parameter(b, "float64")
    lengths = frame("beta", shape, (one, other))
    x = gamma(fold_in(key, 0), one, lengths)
    return cast(x / (x + gamma(fold_in(key, 1), other, lengths)), kind)


def dirichlet(key: Any, alpha: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Vectors of numbers that sum to 1, with mean alpha / sum(alpha).

    alpha: [..., k]; shape: without the last axis, k.
    """
    kind = float_dtype("dirichlet", dtype, alpha)
    order = parameter(alpha, "float64")
    _check_vector("dirichlet", order)
    lengths = frame("dirichlet", shape, (order,), kept=1)
    x = gamma(key, order, [*lengths, length(order, order.ndim - 1)])
    return cast(x / total_of(x, axis=-1, keepdims=True), kind)


def student_t(key: Any, df: Any, shape: Any = None, dtype: Any = None) -> Variable:
    """Numbers of Student's t law with df degrees of freedom."""
    kind = float_dtype("student_t", dtype, df)
    half = parameter(df, "float64") / 2
    lengths = frame("student_t", shape, (half,))
    z = normal(fold_in(key, 0), lengths, "float64")
    return cast(z * sqrt(half / gamma(fold_in(key, 1), half, lengths)), kind)


def poisson(key: Any, lam: Any, shape: Any = None, dtype: Any = "int64") -> Variable:
    """Counts of events that come lam times on average; -1 where lam is below 0, or nan.

    Source: Hoermann 1993.
    """
    mean = parameter(lam, "float64")
    bits = _bits("poisson", key, frame("poisson", shape, (mean,)))
    return cast(drawn_poisson(bits, mean), whole_dtype("poisson", dtype))


def binomial(key: Any, n: Any, p: Any, shape: Any = None, dtype: Any = "int64") -> Variable:
    """How many of n trials of chance p succeed; -1 where n is below 0 or p outside [0, 1].

    Source: Hoermann 1993.
    """
    trials, chance = parameter(n, "float64"), parameter(p, "float64")
    bits = _bits("binomial", key, frame("binomial", shape, (trials, chance)))
    return cast(drawn_binomial(bits, trials, chance), whole_dtype("binomial", dtype))


def multinomial(key: Any, n: Any, p: Any, shape: Any = None, dtype: Any = "int64") -> Variable:
    """How often each of k outcomes comes in n trials; p: [..., k], in proportion.

    shape: without the last axis, k.  Counts are -1 where n or a chance is below 0.
    """
    chances, trials = parameter(p, "float64"), parameter(n, "float64")
    _check_vector("multinomial", chances)
    rows = _row_like(chances)
    lengths = frame("multinomial", shape, (rows, trials))
    whole = [*lengths, length(chances, chances.ndim - 1)]
    if lengths and chances.ndim > 1:
        chances = broadcast_to(chances, whole)
    if lengths and trials.ndim:
        trials = broadcast_to(trials, lengths)
    drawn = drawn_multinomial(chances, trials, _bits("multinomial", key, lengths))
    return cast(drawn, whole_dtype("multinomial", dtype))


def _row_like(chances: Variable) -> Variable:
    """An array of the shape of its rows, which stands for them where shapes are looked at."""
    return chances[(*(slice(None),) * (chances.ndim - 1), 0)]


def one_hot_of(chances: Variable, chosen: Variable, dtype: str) -> Variable:
    """Rows of zeros with a 1 at the place chosen."""
    k = length(chances, chances.ndim - 1)
    return cast(eq(chosen.dimshuffle(*range(chosen.ndim), "x"), cast(places((k,)), "int64")), dtype)


def categorical(key: Any, logits: Any, axis: int = -1, shape: Any = None) -> Variable:
    """Places along an axis, each with a probability in proportion to exp(logits) there, as int64.

    shape: the result's; by default that of the logits without the axis.
    Source: the largest of logits with Gumbel noise, which needs no sum of exponentials.
    """
    values = as_variable(logits)
    kind = float_dtype("categorical", None, logits)
    _check_vector("categorical", values)
    place = normal_axis("categorical", axis, values.ndim)
    order = [k for k in range(values.ndim) if k != place]
    last = parameter(values, kind).dimshuffle(*order, place)
    lengths = frame("categorical", shape, (last,), kept=1)
    found: Variable = argmax(
        last + gumbel(key, [*lengths, length(last, last.ndim - 1)], "float64"), axis=-1
    )
    return found


def _check_vector(name: str, values: Variable) -> None:
    if not values.ndim:
        what = f"{name}: the outcomes need an axis of their own, got a scalar."
        raise ShapeError(message(what, [where(values)], "pass a vector, or a matrix of rows."))
