"""Operations that keep the digits where compositions of others lose them.

Rewriting puts them in the place of log(1 - exp(x)), t * log(p), log(erfc(x)) and sums of exp; they
may be called like any other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import message
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import neq, or_, switch
from gradc.ops.declare import Operation, composed, elemwise, is_float, reduction
from gradc.ops.elemwise import square
from gradc.ops.math import exp, expm1, log, log1p, sigmoid
from gradc.ops.rules import Refused, to_float

__all__ = ["log1mexp", "logaddexp", "logaddexp2", "xlog1py", "xlogx", "xlogy", "xlogy0"]

Array = npt.NDArray[Any]

_LN2 = "0.6931471805599453"


def _log1mexp(x: Array) -> Array:
    small = np.log(-np.expm1(x))
    return np.where(x > -math.log(2), small, np.log1p(-np.exp(x)))


log1mexp = elemwise(
    "log1mexp",
    doc="log(1 - exp(x)) for x < 0, with all its digits near 0 and far from it; nan above 0.\n"
    "Source: Mächler, Accurately computing log(1 - exp(-|a|)), 2012.",
    dtype=to_float,
    c=scalar_fn(
        f"{{x}} > ({{T}})-{_LN2} ? gc_log_{{s}}(-gc_expm1_{{s}}({{x}}))"
        " : gc_log1p_{s}(-gc_exp_{s}({x}))",
        cost=80,
    ),
    ref=_log1mexp,
    pullback=lambda cts, outs, x: (-cts[0] / expm1(-x),),
    domain=(-6.0, -0.1),
)


def _log_erfc(x: Array) -> Array:
    table = np.vectorize(_log_erfc_of, otypes=["float64"])
    result: Array = table(x).astype(x.dtype) if x.size else np.empty_like(x)
    return result


def _log_erfc_of(x: float) -> float:
    if x < 0.5:
        return math.log1p(-math.erf(x))
    if not x > 25:  # erfc underflows above 26
        return math.log(math.erfc(x))
    q, term, total = 1 / (2 * x * x), 1.0, 1.0
    for k in range(1, 12):
        term *= -(2 * k - 1) * q
        total += term
    return -x * x - math.log(x * math.sqrt(math.pi)) + math.log(total)


_TAIL = (  # 1 - q + 3 q^2 - 15 q^3 + 105 q^4 - 945 q^5, q = 1 / (2 x^2)
    "-{x} * {x} - gc_log_{s}({x} * ({T})1.7724538509055160)"
    " + gc_log1p_{s}(-(({T})0.5 / ({x} * {x})) * (1 - ({T})1.5 / ({x} * {x}) * (1 - ({T})2.5"
    " / ({x} * {x}) * (1 - ({T})3.5 / ({x} * {x}) * (1 - ({T})4.5 / ({x} * {x}))))))"
)

log_erfc = elemwise(
    "log_erfc",
    doc="log(erfc(x)), also where erfc underflows.\n"
    "Source: the asymptotic series, Abramowitz and Stegun 7.1.23.",
    dtype=to_float,
    c=scalar_fn(
        "{x} < ({T})0.5 ? gc_log1p_{s}(-gc_erf_{s}({x}))"
        " : {x} < (sizeof({T}) == 4 ? 8 : 25) ? gc_log_{s}(gc_erfc_{s}({x})) : " + _TAIL,
        cost=150,
    ),
    ref=_log_erfc,
    pullback=lambda cts, outs, x: (-cts[0] * (2 / math.sqrt(math.pi)) * exp(-square(x) - outs[0]),),
)


def _mul_log(x: Array, y: Array) -> Array:
    return np.where((x == 0) & np.isneginf(y), 0, x * y).astype(x.dtype, copy=False)


def _is_live(x: Variable, y: Variable) -> Variable:
    return or_(neq(x, 0), neq(y, -math.inf))


mul_log = elemwise(
    "mul_log",
    doc="x * y where y is a log: 0 times -inf is 0, as t * log(t) is in the limit, and has no\n"
    "slope there.  0 times inf and nan stays nan.",
    dtype=to_float,
    c=scalar_fn("{x} == 0 && {y} == -INFINITY ? 0 : {x} * {y}", cost=2),
    ref=_mul_log,
    pullback=lambda cts, outs, x, y: (
        switch(_is_live(x, y), cts[0] * y, 0.0),
        switch(_is_live(x, y), cts[0] * x, 0.0),
    ),
    arity=2,
)


def _xlogy(x: Array, y: Array) -> Array:
    return np.where((x == 0) & (y == 0), 0, x * np.log(y))


def _xlog1py(x: Array, y: Array) -> Array:
    return np.where((x == 0) & (y == -1), 0, x * np.log1p(y))


@composed(ref=_xlogy, domain=(0.2, 5.0))
def xlogy(x: Any, y: Any) -> Variable:
    """The product x * log(y), and 0 where both are 0."""
    return mul_log(x, log(y))


@composed(ref=_xlog1py, domain=(-0.5, 5.0))
def xlog1py(x: Any, y: Any) -> Variable:
    """The product x * log(1 + y), and 0 where x is 0 and y is -1."""
    return mul_log(x, log1p(y))


def _xlogx(x: Array) -> Array:
    return _xlogy(x, x)


@composed(ref=_xlogx, domain=(0.2, 5.0))
def xlogx(x: Any) -> Variable:
    """The product x * log(x), and 0 where x is 0."""
    return xlogy(x, x)


def xlogy0(x: Any, y: Any) -> Variable:
    """The product x * log(y), and 0 where x is 0: Theano's name of xlogy."""
    return xlogy(x, y)


def _log_of_sum(name: str, what: str, power: str, slope: float, ref: Any) -> Operation:
    """The log to some base of the sum of two powers of it; `slope`: log(base)."""
    far = "({x} > {y} ? {y} - {x} : {x} - {y})"
    near = f"{{x}} + ({{T}}){math.log(2) / slope!r}"
    log_tail = f"gc_log1p_{{s}}(gc_{power}_{{s}}({far})) / ({{T}}){slope!r}"
    return elemwise(
        name,
        doc=f"{what} without overflow; near 0, where terms cancel, as accurate as they are.",
        dtype=to_float,
        c=scalar_fn(f"{{x}} == {{y}} ? {near} : ({{x}} > {{y}} ? {{x}} : {{y}}) + {log_tail}",
                    cost=60),
        ref=ref,
        pullback=lambda cts, outs, x, y: (
            cts[0] * sigmoid(slope * (x - y)),
            cts[0] * sigmoid(slope * (y - x)),
        ),
        arity=2,
        commutes=True,
    )  # fmt: skip


logaddexp = _log_of_sum("logaddexp", "log(exp(x) + exp(y))", "exp", 1.0, np.logaddexp)
logaddexp2 = _log_of_sum("logaddexp2", "log2(2^x + 2^y)", "exp2", math.log(2), np.logaddexp2)


def _floats_only(dtype: str) -> tuple[str, str]:
    if not is_float(dtype):
        raise Refused(message(f"{dtype} has no exponential to shift.", fix="cast it to a float."))
    return dtype, dtype


def _peak(x: Array, *, axes: tuple[int, ...]) -> Array:
    top = np.max(x, axis=axes, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0).astype(x.dtype)


peak = reduction(
    "peak",
    doc="The greatest element over axes, 0 where that is not finite or there is none: what is\n"
    "subtracted before exp so that it neither overflows nor vanishes.  Floats only.  It cancels\n"
    "out of what it is used in, so it has no slope.",
    init=("{lowest}",),
    step=("gc_max_{s}({a0}, {x})",),
    combine=("gc_max_{s}({a0}, {b0})",),
    result="{a0} - {a0} == 0 ? {a0} : 0",
    out=_floats_only,
    ref=_peak,
    pullback=lambda cts, outs, x, *, axes: (None,),
    is_slope=False,
)
