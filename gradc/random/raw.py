"""Draws as Theano writes them: a state goes in, the next state and the numbers come out.

Takes a state, which is a key (uint64[2]), and Theano's arguments; gives (next state, draw).  The
next state is the next stream under the same key.  size: None (what the parameters stretch to), an
int, a tuple of ints and integer scalars, or a vector; ndim: its length, where that is not known.
RandomStreams keeps such states in shared variables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, message
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.ops.compare import minimum
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import cast
from gradc.ops.lengths import length
from gradc.ops.math import erf
from gradc.ops.order import argsort
from gradc.ops.prefix import cumsum
from gradc.ops.reduce import sum as total_of
from gradc.ops.special import erfinv
from gradc.random import counts, families, laws
from gradc.random.frames import float_dtype, frame, parameter, whole_dtype
from gradc.random.keys import as_key

__all__ = [
    "binomial", "choice", "multinomial", "normal", "permutation", "poisson", "random_integers",
    "random_state_type", "truncated_normal", "uniform",
]  # fmt: skip

Drawn = tuple[Variable, Variable]
_STEP = Constant(np.array([0, 1], "uint64"))
_TRUNCATED_STD = 0.87962566103423978  # of the standard normal law between -2 and 2


def random_state_type(name: str | None = None) -> Input:
    """A symbolic state, to be given in a call: numpy's uint64[2], as gradc.random.key makes."""
    return Input(TensorType("uint64", (2,)), name)


def _next(state: Any) -> Variable:
    found: Variable = as_key("random state", state) + _STEP
    return found


def uniform(
    state: Any, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None,
    dtype: Any = None,
) -> Drawn:  # fmt: skip
    """Numbers from [low, high); dtype: floatX, or that of low and high if that holds more."""
    kind = float_dtype("uniform", dtype, low, high, least=True)
    params = parameter(low, kind), parameter(high, kind)
    lengths = frame("uniform", size, params, ndim)
    return _next(state), laws.uniform(state, lengths, kind, low, high)


def normal(
    state: Any, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
    dtype: Any = None,
) -> Drawn:  # fmt: skip
    """Normal numbers of mean avg and standard deviation std; dtype as for uniform."""
    return _placed("normal", laws.normal, state, size, avg, std, ndim, dtype)


def truncated_normal(
    state: Any, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
    dtype: Any = None,
) -> Drawn:  # fmt: skip
    """Normal numbers that stay within two standard deviations, scaled so that std is theirs."""
    wide = std / _TRUNCATED_STD
    return _placed("truncated_normal", _between_two, state, size, avg, wide, ndim, dtype)


def cut_normal(
    state: Any, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
    dtype: Any = None,
) -> Drawn:  # fmt: skip
    """Normal numbers of mean avg and deviation std that stay within two of these."""
    return _placed("normal", _between_two, state, size, avg, std, ndim, dtype)


def _between_two(key: Any, lengths: Any, kind: str) -> Variable:
    """As laws.truncated_normal from -2 to 2, by a shorter formula."""
    u = laws.uniform(key, lengths, kind, -1.0, 1.0)
    return 2**0.5 * erfinv(u * parameter(erf(as_variable(2**0.5, dtype="float64")), kind))


def _placed(
    name: str, law: Callable[..., Variable], state: Any, size: Any, avg: Any, std: Any,
    ndim: int | None, dtype: Any,
) -> Drawn:  # fmt: skip
    """The draw avg + std * law."""
    kind = float_dtype(name, dtype, avg, std, least=True)
    params = parameter(avg, kind), parameter(std, kind)
    drawn: Any = law(state, frame(name, size, params, ndim), kind)
    if not (type(std) in (int, float) and std == 1):
        drawn = params[1] * drawn
    if not (type(avg) in (int, float) and avg == 0):
        drawn = params[0] + drawn
    return _next(state), drawn


def binomial(
    state: Any, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None,
    dtype: Any = "int64", prob: Any = None,
) -> Drawn:  # fmt: skip
    """How many of n trials of chance p succeed; prob: an older name of p."""
    p = p if prob is None else prob
    kind = whole_dtype("binomial", dtype)
    trials, chance = as_variable(n), as_variable(p)
    lengths = frame("binomial", size, (trials, chance), ndim)
    if type(n) is int and n == 1:
        return _next(state), cast(counts.bernoulli(state, p, lengths), kind)
    return _next(state), families.binomial(state, trials, chance, lengths, kind)


def poisson(
    state: Any, size: Any = None, lam: Any = 1.0, ndim: int | None = None, dtype: Any = "int64"
) -> Drawn:
    """Counts of events that come lam times on average."""
    lengths = frame("poisson", size, (as_variable(lam),), ndim)
    return _next(state), families.poisson(state, lam, lengths, dtype)


def random_integers(
    state: Any, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None,
    dtype: Any = "int64",
) -> Drawn:  # fmt: skip
    """Whole numbers from low to high, both included."""
    ends = as_variable(low), as_variable(high)
    lengths = frame("random_integers", size, ends, ndim)
    return _next(state), counts.randint(state, lengths, ends[0], ends[1] + 1, dtype)


def choice(
    state: Any, size: Any = None, a: Any = 2, replace: bool = True, p: Any = None,
    ndim: int | None = None, dtype: Any = "int64",
) -> Drawn:  # fmt: skip
    """Elements of the vector a, or of 0, 1, ... a-1, with probabilities p (alike)."""
    lengths = frame("choice", size, (), ndim)
    drawn = counts.choice(state, a, lengths, replace, p)
    return _next(state), drawn if as_variable(a).ndim else cast(drawn, whole_dtype("choice", dtype))


def permutation(
    state: Any, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: Any = "int64"
) -> Drawn:
    """The numbers 0, 1, ... n-1 in random order, once for each place of size: [*size, n]."""
    lengths = frame("permutation", size, (), ndim)
    kind = whole_dtype("permutation", dtype)
    return _next(state), cast(counts.permutation(state, as_variable(n), lengths), kind)


def multinomial(
    state: Any, size: Any = None, n: Any = 1, pvals: Any = (0.5, 0.5), ndim: int | None = None,
    dtype: Any = "int64",
) -> Drawn:  # fmt: skip
    """How often each outcome comes in n trials: [*size, k] for pvals [..., k]."""
    chances = parameter(pvals, "float64")
    kind = whole_dtype("multinomial", dtype)
    if type(n) is int and n == 1:
        lengths = frame("multinomial", size, (chances,), ndim, kept=1)
        chosen = one_of_each(state, chances, lengths)
        return _next(state), families.one_hot_of(chances, chosen, kind)
    given = None if size is None else frame("multinomial", size, (), ndim)
    return _next(state), families.multinomial(state, n, chances, given, kind)


def one_of_each(state: Any, chances: Variable, lengths: list[Variable]) -> Variable:
    """One outcome for each place, from rows of probabilities, in proportion."""
    total: Any = cumsum(chances, axis=-1)
    u: Any = laws.uniform(state, lengths, "float64")
    last = total[(*(slice(None),) * (total.ndim - 1), -1)]
    passed = (u * last).dimshuffle(*range(max(u.ndim, last.ndim)), "x") >= total
    k = length(chances, chances.ndim - 1)
    return minimum(total_of(cast(passed, "int64"), axis=-1), k - 1)


def rows_chosen(state: Any, size: Any, p: Any, replace: bool, dtype: Any) -> Drawn:
    """Places in each row of probabilities, [rows, size], as MRG's choice gives them."""
    chances = parameter(p, "float64")
    if chances.ndim != 2:
        what = f"choice: p is a matrix of rows of probabilities, got {chances.type}."
        raise ArgumentError(message(what, fix="pass one row a draw, p.dimshuffle('x', 0) for one."))
    (number,) = frame("choice", size)
    kind = whole_dtype("choice", dtype)
    if replace:
        rows = chances.dimshuffle(0, "x", 1)
        return _next(state), cast(one_of_each(state, rows, [length(chances, 0), number]), kind)
    order: Any = argsort(counts.waiting("choice", state, chances), axis=-1)
    return _next(state), cast(order[:, :number], kind)
