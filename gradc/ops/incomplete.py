"""The Beta function and its logarithm.

All give floats: float32 stays, integers become float64.  The C is our own, in csrc/inline; the
bounds that each keeps stand in docs/accuracy-special.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges
from gradc.ops.declare import composed, elemwise
from gradc.ops.judges import table
from gradc.ops.math import exp
from gradc.ops.rules import to_float
from gradc.ops.special import digamma

__all__ = ["beta", "betaln"]

Array = npt.NDArray[Any]

betaln = elemwise(
    "betaln",
    doc="log B(x, y) = log(Gamma(x) Gamma(y) / Gamma(x + y)), without the cancellation of the\n"
    "three; inf where one is 0, nan below 0.\n"
    "Source: Stirling's formula, DLMF 5.11.1, 5.12.1.",
    dtype=to_float,
    c=scalar_fn("gc_betaln", cost=150, vectorizes=False),
    ref=table(judges.betaln),
    pullback=lambda cts, outs, x, y: (
        cts[0] * (digamma(x) - digamma(x + y)),
        cts[0] * (digamma(y) - digamma(x + y)),
    ),
    arity=2,
    commutes=True,
    domain=(0.3, 6.0),
)


def _beta(x: Array, y: Array) -> Array:
    return np.exp(table(judges.betaln)(x.astype(judges.Long), y)).astype(x.dtype)


@composed(ref=_beta, domain=(0.3, 6.0))
def beta(x: Any, y: Any) -> Variable:
    """The Beta function of x, y > 0: exp(betaln(x, y)), whose error grows with |betaln|."""
    return exp(betaln(x, y))
