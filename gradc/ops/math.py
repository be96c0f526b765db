"""Functions of real and complex numbers: exponentials, logarithms, trigonometry and kin.

All give floats: float32 stays, integers become float64; some take complex numbers too.  The C is
vector code of csrc/inline, within 2 ulp; outside its domain a function is nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.declare import Operation, elemwise, is_complex
from gradc.ops.elemwise import sqrt, square
from gradc.ops.rules import to_float

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "rad2deg",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "tan",
    "tanh",
]

Array = npt.NDArray[Any]
Slope = Callable[[Variable, Variable, Variable], Variable]  # from ct, out and x

_LN2, _LN10 = math.log(2.0), math.log(10.0)
_COST = 20  # arithmetic instructions of a polynomial and its reduction


def _function(
    name: str,
    doc: str,
    ref: Any,
    slope: Slope,
    domain: Sequence[float] = (-5.0, 5.0),
    c: str = "",
    takes_complex: bool = False,
) -> Operation:
    """A function of one number; `slope` is its pullback.  takes_complex: complex ones, too."""
    text = c or f"gc_{name}"
    c_text = scalar_fn(text, cost=_COST)
    if takes_complex:
        c_text = scalar_fn(text, cost=_COST, complex=text)
    return elemwise(
        name,
        doc=doc,
        dtype=to_float,
        c=c_text,
        ref=ref,
        pullback=lambda cts, outs, x: (slope(cts[0], outs[0], x),),
        domain=domain,
    )


def _both(re: Array, im: Array) -> Array:
    found = np.empty(re.shape, np.result_type(re, np.complex64))
    found.real, found.imag = re, im
    return found


def _expm1(x: Array) -> Array:
    """Numpy's complex one is this, but for infinities that meet a nan."""
    if not np.iscomplexobj(x):
        found: Array = np.expm1(x)
        return found
    re, im, whole = x.real, x.imag, np.exp(x)
    near = np.isfinite(x) & (np.abs(re) < 40)
    here = np.expm1(re) * np.cos(im) - 2 * np.sin(im / 2) ** 2
    return _both(np.where(near, here, whole.real - 1), whole.imag)


def _log1p(x: Array) -> Array:
    """Numpy's complex one is log(1 + x), without the digits near 0."""
    if not np.iscomplexobj(x):
        found: Array = np.log1p(x)
        return found
    re, im = x.real, x.imag
    whole = np.log(_both(1 + re, im))
    near = (np.abs(re) < 0.5) & (np.abs(im) < 1)
    here = np.log1p(re * (2 + re) + im * im) / 2
    return _both(np.where(near, here, whole.real), whole.imag)


exp = _function("exp", "e to the power x.", np.exp, lambda ct, out, x: ct * out, takes_complex=True)
exp2 = _function("exp2", "2 to the power x.", np.exp2, lambda ct, out, x: ct * (out * _LN2))
expm1 = _function(
    "expm1", "exp(x) - 1, with all its digits near 0.", _expm1,
    lambda ct, out, x: ct * exp(x), takes_complex=True,
)  # fmt: skip
log = _function(
    "log",
    "The natural logarithm; -inf at 0.",
    np.log,
    lambda ct, out, x: ct / x,
    (0.2, 10.0),
    takes_complex=True,
)
log2 = _function(
    "log2",
    "The logarithm to base 2.",
    np.log2,
    lambda ct, out, x: ct / (x * _LN2),
    (0.2, 10.0),
    takes_complex=True,
)
log10 = _function(
    "log10", "The logarithm to base 10.", np.log10, lambda ct, out, x: ct / (x * _LN10),
    (0.2, 10.0), takes_complex=True,
)  # fmt: skip
log1p = _function(
    "log1p", "log(1 + x), with all its digits near 0.", _log1p,
    lambda ct, out, x: ct / (1 + x), (-0.8, 5.0), takes_complex=True,
)  # fmt: skip

sin = _function(
    "sin",
    "The sine of an angle in radians.",
    np.sin,
    lambda ct, out, x: ct * cos(x),
    takes_complex=True,
)
cos: Operation = _function(
    "cos",
    "The cosine of an angle in radians.",
    np.cos,
    lambda ct, out, x: -ct * sin(x),
    takes_complex=True,
)
tan = _function(
    "tan", "The tangent of an angle in radians.", np.tan,
    lambda ct, out, x: ct * (1 + square(out)), (-1.3, 1.3), takes_complex=True,
)  # fmt: skip
arcsin = _function(
    "arcsin", "The angle in [-pi/2, pi/2] with this sine.", np.arcsin,
    lambda ct, out, x: ct / sqrt(1 - square(x)), (-0.9, 0.9), "gc_asin",
    takes_complex=True,
)  # fmt: skip
arccos = _function(
    "arccos", "The angle in [0, pi] with this cosine.", np.arccos,
    lambda ct, out, x: -ct / sqrt(1 - square(x)), (-0.9, 0.9), "gc_acos",
    takes_complex=True,
)  # fmt: skip
arctan = _function(
    "arctan", "The angle in (-pi/2, pi/2) with this tangent.", np.arctan,
    lambda ct, out, x: ct / (1 + square(x)), c="gc_atan",
    takes_complex=True,
)  # fmt: skip
sinh = _function(
    "sinh", "The hyperbolic sine.", np.sinh, lambda ct, out, x: ct * cosh(x), takes_complex=True
)
cosh: Operation = _function(
    "cosh", "The hyperbolic cosine.", np.cosh, lambda ct, out, x: ct * sinh(x), takes_complex=True
)
tanh = _function(
    "tanh",
    "The hyperbolic tangent.",
    np.tanh,
    lambda ct, out, x: ct * (1 - square(out)),
    takes_complex=True,
)
arcsinh = _function(
    "arcsinh", "The inverse of sinh.", np.arcsinh,
    lambda ct, out, x: ct / sqrt(square(x) + 1), c="gc_asinh",
    takes_complex=True,
)  # fmt: skip
arccosh = _function(
    "arccosh", "The inverse of cosh; nan below 1.", np.arccosh,
    lambda ct, out, x: ct / (
        sqrt(x - 1) * sqrt(x + 1) if is_complex(x.dtype) else sqrt(square(x) - 1)
    ), (1.2, 5.0), "gc_acosh",
    takes_complex=True,
)  # fmt: skip
arctanh = _function(
    "arctanh", "The inverse of tanh; inf at 1.", np.arctanh,
    lambda ct, out, x: ct / (1 - square(x)), (-0.9, 0.9), "gc_atanh",
    takes_complex=True,
)  # fmt: skip


def _arctan2_pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], y: Variable, x: Variable
) -> tuple[Variable, Variable]:
    scaled = cts[0] / (square(x) + square(y))
    return scaled * x, -scaled * y


arctan2 = elemwise(
    "arctan2",
    doc="The angle of the point (y, x): arctan2(x, y) takes the ordinate first, as C's atan2.",
    dtype=to_float,
    c=scalar_fn("gc_atan2", cost=_COST),
    ref=np.arctan2,
    pullback=_arctan2_pullback,
    arity=2,
    domain=((0.5, 4.0), (0.5, 4.0)),
)

deg2rad = _function(
    "deg2rad", "Degrees as radians.", np.deg2rad, lambda ct, out, x: ct * (math.pi / 180),
    c="{x} * ({T})0.017453292519943295",
)  # fmt: skip
rad2deg = _function(
    "rad2deg", "Radians as degrees.", np.rad2deg, lambda ct, out, x: ct * (180 / math.pi),
    c="{x} * ({T})57.295779513082323",
)  # fmt: skip


# -- the logistic function and its integral; the error function ----------------------------------


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _of_double(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """The standard library's function of one double, element by element."""
    table = np.vectorize(function, otypes=["float64"])

    def ref(x: Array) -> Array:
        result: Array = table(x).astype(x.dtype) if x.size else np.empty_like(x)
        return result

    return ref


_SLOPE_OF_ERF = 2 / math.sqrt(math.pi)

sigmoid = _function(
    "sigmoid", "1 / (1 + exp(-x)), the logistic function.", _sigmoid,
    lambda ct, out, x: ct * (out * (1 - out)),
)  # fmt: skip
softplus = _function(
    "softplus", "log(1 + exp(x)) without overflow: the smooth form of maximum(x, 0).",
    lambda x: np.logaddexp(x, np.zeros((), x.dtype)), lambda ct, out, x: ct * sigmoid(x),
    (-30.0, 30.0),
)  # fmt: skip
erf = _function(
    "erf", "The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.",
    _of_double(math.erf), lambda ct, out, x: ct * (_SLOPE_OF_ERF * exp(-square(x))),
)  # fmt: skip
erfc = _function(
    "erfc", "1 - erf(x), with all its digits for large x.",
    _of_double(math.erfc), lambda ct, out, x: -ct * (_SLOPE_OF_ERF * exp(-square(x))),
)  # fmt: skip
