"""Dropout: parts of a layer left out at random while it learns."""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import and_, ge, le, lt, switch
from gradc.ops.declare import is_float
from gradc.ops.elemwise import cast, true_div
from gradc.ops.lengths import shape_tuple
from gradc.ops.watch import under
from gradc.random.laws import uniform
from gradc.random.streams import MRG_RandomStreams, RandomStreams
from gradc.tensor.windows import array_of, scalar_of

__all__ = ["dropout"]


def dropout(x: Any, rate: Any, rng: Any, training: Any = True) -> Variable:
    """X with each element set to 0 with probability `rate`, the others divided by 1 - rate.

    So the mean stays, and nothing is to be done where the network is used.  x: floats.
    rate: a number from 0 to 1, or a scalar variable, looked at in each call.
    rng: a RandomStreams, which draws anew in each call, or a key of gradc.random, which says what
    is drawn.
    training: False gives x itself; a bool scalar variable decides at the call.
    Gradient: that of what was left in, by the same draw.
    Raises: ArgumentError for a rate outside 0 to 1 (at the call for a variable); ArgumentTypeError
    for what is no scalar, or no stream or key.
    Source: Srivastava et al., Dropout (2014), with the scaling in training.
    """
    x = array_of("dropout", "x", x)
    if not is_float(x.dtype):
        what = f"dropout: x has to be of floats, got {x.type}."
        raise ArgumentTypeError(message(what, [where(x)], 'cast it: x.astype("float32").'))
    share = _share(rate)
    if training is False:
        kept: Variable = x
        return kept
    keep = 1.0 - cast(share, x.dtype)
    stays = lt(_numbers(x, rng), keep)
    dropped: Variable = switch(stays, true_div(x, keep), 0.0)
    if training is True:
        return dropped
    is_on = array_of("dropout", "training", training)
    if is_on.ndim:
        what = f"dropout: training has {is_on.ndim} axes, it has to be one truth value."
        raise ArgumentTypeError(message(what, [where(is_on)], "pass True, False or a scalar."))
    chosen: Variable = switch(is_on, dropped, x)
    return chosen


def _share(rate: Any) -> Variable:
    """The rate as a scalar, looked at here where it is known, and at the call where it is not.

    Raises: ArgumentTypeError for what is no scalar; ArgumentError for one outside 0 to 1.
    """
    share = scalar_of("dropout", "rate", rate)
    if not isinstance(share, Constant):
        inside = and_(ge(share, 0), le(share, 1))
        text = "the rate of dropout is outside 0 to 1"
        return under(share, inside, text, "ArgumentError")
    if not 0 <= share.data <= 1:
        what = f"dropout: the rate is {printable(repr(rate), 60)}, outside 0 to 1."
        raise ArgumentError(message(what, fix="pass the share that is left out, such as 0.5."))
    return share


def _numbers(x: Variable, rng: Any) -> Variable:
    """Uniform numbers, one an element, in x's dtype."""
    kind = x.dtype if x.dtype != "float16" else "float32"
    lengths = list(shape_tuple(x))
    if isinstance(rng, (RandomStreams, MRG_RandomStreams)):
        drawn: Variable = rng.uniform(size=lengths, ndim=x.ndim, dtype=kind)
        return drawn
    try:
        return uniform(rng, lengths, kind)
    except ArgumentTypeError as error:
        what = (
            f"dropout: rng is no stream of random numbers, and no key: {printable(repr(rng), 60)}."
        )
        raise ArgumentTypeError(message(what, fix=error.hint)) from None
