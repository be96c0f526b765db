"""The Beta function, and the incomplete Gamma functions.

All give floats: float32 stays, integers become float64.  The C is our own, in csrc/inline; the
bounds that each keeps stand in docs/accuracy-special.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges, judges_incomplete
from gradc.ops.compare import and_, eq, gt, switch
from gradc.ops.declare import Operation, composed, elemwise
from gradc.ops.judges import on_arrays, table
from gradc.ops.math import exp, log
from gradc.ops.rules import to_float
from gradc.ops.special import digamma, gammaln

__all__ = ["beta", "betaln", "chi2sf", "gammainc", "gammaincc"]

Array = npt.NDArray[Any]

betaln = elemwise(
    "betaln",
    doc="log B(x, y) = log(Gamma(x) Gamma(y) / Gamma(x + y)), without the cancellation of the\n"
    "three; inf where one is 0, nan below 0.\n"
    "Source: Stirling's formula, DLMF 5.11.1, 5.12.1.",
    dtype=to_float,
    c=scalar_fn("gc_betaln", cost=150, vectorizes=False),
    ref=on_arrays(judges.betaln),
    pullback=lambda cts, outs, x, y: (
        cts[0] * (digamma(x) - digamma(x + y)),
        cts[0] * (digamma(y) - digamma(x + y)),
    ),
    arity=2,
    commutes=True,
    domain=(0.3, 6.0),
)


def _beta(x: Array, y: Array) -> Array:
    return np.exp(on_arrays(judges.betaln)(x.astype(judges.Long), y)).astype(x.dtype)


@composed(ref=_beta, domain=(0.3, 6.0))
def beta(x: Any, y: Any) -> Variable:
    """The Beta function of x, y > 0: exp(betaln(x, y)), whose error grows with |betaln|."""
    return exp(betaln(x, y))


def _density(a: Variable, x: Variable) -> Variable:
    """The derivative of gammainc by x: x^(a-1) e^-x / Gamma(a); at 0 its limit for a >= 1.

    Its relative error grows as a log(a) eps.
    """
    at_zero = eq(x, 0)
    inside = exp((a - 1) * log(switch(at_zero, 1.0, x)) - x - gammaln(a))
    return switch(and_(at_zero, gt(a, 1)), 0.0, switch(and_(at_zero, eq(a, 1)), 1.0, inside))


def _log_density(a: Variable, x: Variable) -> Variable:
    """The density times log(x), which is 0 at 0 where the density is."""
    return _density(a, x) * log(switch(and_(eq(x, 0), gt(a, 1)), 1.0, x))


_ONCE = "gammainc and gammaincc have one derivative in their first operand, not two"

gammainc: Operation = elemwise(
    "gammainc",
    doc="P(x, y), the integral of t^(x-1) e^-t from 0 to y over Gamma(x): the regularised lower\n"
    "incomplete Gamma function, scipy's gammainc; nan below 0.  One derivative in x, any in y.\n"
    "Source: DLMF 8.11.4, 8.9.2, 8.12.3.",
    dtype=to_float,
    c=scalar_fn("gc_gammainc", cost=1000, vectorizes=False),
    ref=table(judges_incomplete.gammainc),
    pullback=lambda cts, outs, a, x: (cts[0] * _by_first(a, x), cts[0] * _density(a, x)),
    arity=2,
    domain=((0.6, 6.0), (0.3, 8.0)),
)
gammaincc: Operation = elemwise(
    "gammaincc",
    doc="Q(x, y) = 1 - P(x, y), with all its digits where it is small: the regularised upper\n"
    "incomplete Gamma function, scipy's gammaincc; nan below 0.\n"
    "Source: DLMF 8.11.4, 8.9.2, 8.12.3.",
    dtype=to_float,
    c=scalar_fn("gc_gammaincc", cost=1000, vectorizes=False),
    ref=table(judges_incomplete.gammaincc),
    pullback=lambda cts, outs, a, x: (-cts[0] * _by_first(a, x), -cts[0] * _density(a, x)),
    arity=2,
    domain=((0.6, 6.0), (0.3, 8.0)),
)
_by_first: Operation = elemwise(
    "gammainc_slope",
    doc="The derivative of gammainc(x, y) by x, negative; 0 where y is 0 or inf.",
    dtype=to_float,
    c=scalar_fn("gc_gammainc_slope", cost=1000, vectorizes=False),
    ref=table(judges_incomplete.gammainc_slope),
    pullback=lambda cts, outs, a, x: (
        Undefined(a.type, _ONCE),
        cts[0] * (_log_density(a, x) - _density(a, x) * digamma(a)),
    ),
    arity=2,
    domain=((0.6, 6.0), (0.3, 8.0)),
    is_slope=False,
)


def _chi2sf(x: Array, k: Array) -> Array:
    return table(judges_incomplete.gammaincc)(k / 2, x / 2).astype(x.dtype)


@composed(ref=_chi2sf, domain=(0.6, 6.0))
def chi2sf(x: Any, k: Any) -> Variable:
    """The chance that a chi-squared variable of k degrees of freedom exceeds x."""
    return gammaincc(0.5 * k, 0.5 * x)
