"""Dropout: parts of a layer left out at random while it learns."""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import lt, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import is_float
from gradc.ops.elemwise import cast, true_div
from gradc.ops.lengths import shape_tuple
from gradc.random.laws import uniform
from gradc.random.streams import MRG_RandomStreams, RandomStreams

__all__ = ["dropout"]


def dropout(x: Any, rate: Any, rng: Any, training: Any = True) -> Variable:
    """X with each element set to 0 with probability `rate`, the others divided by 1 - rate.

    So the mean stays, and nothing is to be done where the network is used.  x: floats.
    rate: a number from 0 to 1, or a scalar variable.  rng: a RandomStreams, which draws anew in
    each call, or a key of gradc.random, which says what is drawn.
    training: False gives x itself; a bool scalar variable decides at the call.
    Gradient: that of what was left in, by the same draw.
    Raises: ArgumentError for a rate outside 0 to 1; ArgumentTypeError for what is no stream or key.
    Source: Srivastava et al., Dropout (2014), with the scaling in training.
    """
    x = as_variable(x)
    if not is_float(x.dtype):
        what = f"dropout: x has to be of floats, got {x.type}."
        raise ArgumentTypeError(message(what, [where(x)], 'cast it: x.astype("float32").'))
    if not isinstance(rate, Variable) and not 0 <= rate <= 1:
        what = f"dropout: the rate is {printable(repr(rate), 60)}, outside 0 to 1."
        raise ArgumentError(message(what, fix="pass the share that is left out, such as 0.5."))
    if training is False:
        kept: Variable = x
        return kept
    keep = 1.0 - cast(as_variable(rate), x.dtype)
    stays = lt(_numbers(x, rng), keep)
    dropped: Variable = switch(stays, true_div(x, keep), 0.0)
    if training is True:
        return dropped
    chosen: Variable = switch(as_variable(training), dropped, x)
    return chosen


def _numbers(x: Variable, rng: Any) -> Variable:
    """Uniform numbers, one an element, in x's dtype."""
    kind = x.dtype if x.dtype != "float16" else "float32"
    lengths = list(shape_tuple(x))
    if isinstance(rng, (RandomStreams, MRG_RandomStreams)):
        drawn: Variable = rng.uniform(size=lengths, ndim=x.ndim, dtype=kind)
        return drawn
    return uniform(rng, lengths, kind)
