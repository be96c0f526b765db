"""Special functions of one number: Gamma and kin, inverses of erf, logit, sinc, the normal law.

All give floats: float32 stays, integers become float64.  The C is our own, in csrc/inline; the
bounds in ulp that each keeps stand in docs/accuracy-special.md.  Where a function has a pole its
value is inf if both sides agree on it, and nan if not; the sign of a zero tells the side.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges
from gradc.ops.compare import eq, gt, switch
from gradc.ops.declare import Operation, composed, elemwise
from gradc.ops.elemwise import neg, square
from gradc.ops.judges import on_arrays, table
from gradc.ops.math import erfc, exp, log1p, softplus
from gradc.ops.rules import to_float
from gradc.ops.stable import log_erfc

__all__ = [
    "digamma", "erfcinv", "erfcx", "erfinv", "gamma", "gammaln", "log_expit", "log_ndtr", "logit",
    "ndtr", "ndtri", "polygamma", "sinc", "trigamma",
]  # fmt: skip

Slope = Callable[[Variable, Variable, Variable], Variable]  # from ct, out and x

_VECTOR, _SCALAR = 60, 100  # arithmetic instructions: all selects computed; one branch
_ROOT_PI = math.sqrt(math.pi)


def _special(
    name: str, doc: str, ref: Any, slope: Slope, domain: Sequence[float] = (0.3, 6.0),
    vectorizes: bool = False,
) -> Operation:  # fmt: skip
    """A function of one real number; `slope` is its pullback."""
    return elemwise(
        name, doc=doc, dtype=to_float,
        c=scalar_fn(f"gc_{name}", cost=_VECTOR if vectorizes else _SCALAR, vectorizes=vectorizes),
        ref=ref, pullback=lambda cts, outs, x: (slope(cts[0], outs[0], x),), domain=domain,
    )  # fmt: skip


# -- Gamma and the derivatives of its logarithm --------------------------------------------------

gamma = _special(
    "gamma", "Gamma(x), (x - 1)! at whole x; nan at negative whole numbers, inf above 171.6.\n"
    "Source: Stirling's formula, DLMF 5.11.1.",
    table(judges.gamma), lambda ct, out, x: ct * (out * digamma(x)),
)  # fmt: skip
gammaln = _special(
    "gammaln", "log|Gamma(x)|, with all its digits near 1 and 2; inf at 0, -1, -2, ...\n"
    "Source: Stirling's formula, DLMF 5.11.1.",
    on_arrays(judges.gammaln), lambda ct, out, x: ct * digamma(x),
)  # fmt: skip
digamma: Operation = _special(
    "digamma", "The slope of log Gamma(x); nan at negative whole numbers, -inf at 0.\n"
    "Source: DLMF 5.11.2, 5.5.4.",
    on_arrays(judges.digamma), lambda ct, out, x: ct * trigamma(x),
)  # fmt: skip
trigamma: Operation = _special(
    "trigamma", "The second derivative of log Gamma(x); inf at 0, -1, -2, ...",
    on_arrays(lambda x: judges.polygamma(np.ones_like(x), x)),
    lambda ct, out, x: ct * polygamma(2, x),
)  # fmt: skip
_polygamma: Operation = elemwise(
    "polygamma_of_order",
    doc="The derivative of digamma of order x, a whole number from 0 to 170, at y; nan for other\n"
    "orders.  No gradient for the order.\n"
    "Source: Euler's and Maclaurin's sum for Hurwitz' zeta function, DLMF 25.11.7.",
    dtype=to_float,
    c=scalar_fn("gc_polygamma", cost=1000, vectorizes=False),
    ref=on_arrays(judges.polygamma),
    pullback=lambda cts, outs, n, x: (None, cts[0] * _polygamma(n + 1, x)),
    arity=2,
    domain=((1.6, 2.4), (0.3, 6.0)),
)


def whole_order(name: str, n: Any, low: int, high: int) -> int:
    """An order as users give it, within bounds.

    Raises: ArgumentTypeError for what is no whole number, ArgumentError outside the bounds.
    """
    try:
        order = operator.index(n)
    except TypeError:
        what = f"{name}: the order is a whole number in Python, got {printable(repr(n), 60)}."
        fix = "give an int; orders in an array are not supported."
        raise ArgumentTypeError(message(what, fix=fix)) from None
    if not low <= order <= high:
        what = f"{name}: the order is {order}, outside {low} to {high}."
        raise ArgumentError(message(what, fix="lower the order."))
    return order


def polygamma(n: int, x: Any) -> Variable:
    """The n-th derivative of digamma, so that order 0 is digamma and order 1 trigamma.

    n: a whole number from 0 to 170.  Gradient: of x, polygamma(n + 1, x).
    Raises: ArgumentTypeError, ArgumentError for other orders.
    """
    order = whole_order("polygamma", n, 0, 170)
    if order < 2:
        return trigamma(x) if order else digamma(x)
    return _polygamma(order, x)


# -- inverses of erf -----------------------------------------------------------------------------

erfinv = _special(
    "erfinv", "The x with erf(x) = y: inf at 1, nan outside [-1, 1].\n"
    "Source: Giles, Approximating the erfinv function, 2010, for the variable.",
    table(judges.erfinv), lambda ct, out, x: ct * (_ROOT_PI / 2 * exp(square(out))),
    (-0.9, 0.9), vectorizes=True,
)  # fmt: skip
erfcinv = _special(
    "erfcinv", "The x with erfc(x) = y, also for tiny y: inf at 0, -inf at 2, nan outside.",
    table(judges.erfcinv), lambda ct, out, x: ct * (-_ROOT_PI / 2 * exp(square(out))),
    (0.1, 1.9), vectorizes=True,
)  # fmt: skip
erfcx = _special(
    "erfcx", "exp(x^2) * erfc(x), where either is out of range; inf below -26.6.\n"
    "Source: Shepherd and Laframboise, 1981, for the variable.",
    table(judges.erfcx), lambda ct, out, x: ct * (2 * (x * out) - 2 / _ROOT_PI),
    (-3.0, 5.0), vectorizes=True,
)  # fmt: skip


# -- logit and the logistic function's logarithm -------------------------------------------------

logit = elemwise(
    "logit",
    doc="log(x / (1 - x)), the inverse of sigmoid, with all its digits near 1/2; nan outside\n"
    "[0, 1].",
    dtype=to_float,
    c=scalar_fn(
        "fabs{f}({x} - ({T})0.5) > ({T})0.25 ? gc_log_{s}({x} / (1 - {x}))"
        " : gc_log1p_{s}((2 * {x} - 1) / (1 - {x}))",
        cost=50,
    ),
    ref=table(lambda p: 2 * np.arctanh(2 * judges.Long(p) - 1) if p > 0.25
              else np.log(judges.Long(p)) - np.log1p(-judges.Long(p))),
    pullback=lambda cts, outs, x: (cts[0] / (x * (1 - x)),),
    domain=(0.1, 0.9),
)  # fmt: skip


@composed(ref=lambda x: -np.logaddexp(np.zeros((), x.dtype), -x))
def log_expit(x: Any) -> Variable:
    """log(sigmoid(x)), without overflow: -softplus(-x)."""
    return neg(softplus(-x))


# -- sinc ----------------------------------------------------------------------------------------


def _sinc(x: Any) -> Any:
    if x == 0 or math.isinf(x):
        return float(x == 0)
    whole = np.rint(judges.Long(x))
    sine = np.sin(judges.PI * (judges.Long(x) - whole))
    return sine * (1 - 2 * (whole % 2)) / (judges.PI * x)


def _over(slope: Variable, x: Variable) -> Variable:
    """The slope of sinc over x: -pi^2 / 3 at 0."""
    return switch(eq(x, 0), -(math.pi**2) / 3, slope / x)


sinc = _special(
    "sinc", "sin(pi x) / (pi x), numpy's sinc: 1 at 0, exactly 0 at other whole numbers.",
    table(_sinc), lambda ct, out, x: ct * _sinc_slope(x), (-3.0, 3.0), vectorizes=True,
)  # fmt: skip
_sinc_slope: Operation = _special(
    "sinc_slope", "The slope of sinc, (cos(pi x) - sinc(x)) / x, which is 0 at 0.",
    table(judges.sinc_slope),
    lambda ct, out, x: ct * (-(math.pi**2) * sinc(x) - 2 * _over(out, x)),
    (-3.0, 3.0), vectorizes=True,
)  # fmt: skip


# -- the normal distribution ---------------------------------------------------------------------


def _ndtr(x: Any) -> Any:
    return table(lambda v: math.erfc(-v / math.sqrt(2)) / 2)(x)


@composed(ref=_ndtr)
def ndtr(x: Any) -> Variable:
    """The distribution function of the normal law, erfc(-x / sqrt(2)) / 2.

    Far to the left its relative error grows as x^2 ulp; log_ndtr keeps its digits there.
    """
    return 0.5 * erfc(-math.sqrt(0.5) * x)


def _log_ndtr(x: Any) -> Any:
    return table(lambda v: math.log1p(-math.erfc(v / math.sqrt(2)) / 2) if v > -1
                 else math.log(math.erfc(-v / math.sqrt(2)) / 2))(x)  # fmt: skip


@composed(ref=_log_ndtr)
def log_ndtr(x: Any) -> Variable:
    """log(ndtr(x)), also where ndtr is 0 or rounds to 1."""
    far = log_erfc(-math.sqrt(0.5) * x) - math.log(2)
    return switch(gt(x, -1), log1p(-0.5 * erfc(math.sqrt(0.5) * x)), far)


def _ndtri(p: Any) -> Any:
    return table(lambda v: -math.sqrt(2) * judges.erfcinv(2 * v))(p)


@composed(ref=_ndtri, domain=(0.1, 0.9))
def ndtri(p: Any) -> Variable:
    """The x with ndtr(x) = p: -sqrt(2) erfcinv(2 p), also for tiny p; nan outside [0, 1]."""
    return -math.sqrt(2) * erfcinv(2 * p)
