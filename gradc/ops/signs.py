"""Roots, remainders, signs and steps of real numbers, by numpy's names."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import (
    and_,
    clip,
    eq,
    gt,
    isinf,
    isnan,
    lt,
    maximum,
    minimum,
    switch,
    trunc,
)
from gradc.ops.convert import as_variable
from gradc.ops.declare import Operation, composed, elemwise, is_float
from gradc.ops.elemwise import cast, floating, int_div, sign, square
from gradc.ops.lengths import zeros_like
from gradc.ops.math import exp2
from gradc.ops.rules import numbers, to_float

__all__ = [
    "cbrt", "copysign", "fmax", "fmin", "fmod", "heaviside", "hypot", "isneginf", "isposinf",
    "ldexp", "modf", "signbit",
]  # fmt: skip

Array = npt.NDArray[Any]

cbrt = elemwise(
    "cbrt",
    doc="The cube root, with the sign of x.",
    dtype=to_float,
    c=scalar_fn("gc_cbrt", cost=20),
    ref=np.cbrt,
    pullback=lambda cts, outs, x: (cts[0] / (3 * square(outs[0])),),
    domain=(0.2, 5.0),
)

hypot = elemwise(
    "hypot",
    doc="sqrt(x^2 + y^2), where the squares may overflow; inf if either is. Slope 0 at 0, 0.",
    dtype=to_float,
    c=scalar_fn("gc_hypot", cost=20),
    ref=np.hypot,
    pullback=lambda cts, outs, x, y: (_side(cts[0], x, outs[0]), _side(cts[0], y, outs[0])),
    arity=2,
    commutes=True,
    domain=((0.5, 4.0), (-4.0, -0.5)),
)


def _side(ct: Variable, side: Variable, out: Variable) -> Variable:
    return ct * switch(eq(out, 0), 0.0, side / out)


fmod = elemwise(
    "fmod",
    doc="x - y * trunc(x / y), with the sign of x, as C's fmod; mod has the sign of y. An integer\n"
    "modulo 0 is 0.",
    dtype=numbers,
    c=scalar_fn(
        "fmod{f}({x}, {y})",
        int="{y} == 0 || {y} == -1 ? 0 : ({R})({x} % {y})",
        uint="{y} == 0 ? 0 : ({R})({x} % {y})",
        cost=20,
        vectorizes=False,
    ),
    ref=np.fmod,
    pullback=lambda cts, outs, x, y: (cts[0], -(cts[0] * trunc(x / y))),
    arity=2,
    domain=((-5.0, 5.0), (0.3, 4.0)),
)

copysign: Operation = elemwise(
    "copysign",
    doc="The magnitude of x with the sign of y, be it that of a zero or nan.",
    dtype=to_float,
    c=scalar_fn("copysign{f}({x}, {y})", cost=2),
    ref=np.copysign,
    pullback=lambda cts, outs, x, y: (
        cts[0] * (sign(x) * copysign(1.0, y)),
        zeros_like(outs[0]),
    ),
    arity=2,
)


def signbit(x: Any) -> Variable:
    """Whether the sign is negative, be it that of a zero or nan.  dtype: bool.  No gradient."""
    x = as_variable(x)
    return lt(copysign(1.0, x) if is_float(x.dtype) else x, 0)


def isposinf(x: Any) -> Variable:
    """Whether it is inf.  dtype: bool.  No gradient."""
    return and_(isinf(x), gt(x, 0))


def isneginf(x: Any) -> Variable:
    """Whether it is -inf.  dtype: bool.  No gradient."""
    return and_(isinf(x), lt(x, 0))


def _real(x: Any) -> Any:
    """A float; Python numbers stay weak."""
    if isinstance(x, Variable) or not isinstance(x, (bool, int, float)):
        return floating(x)
    return float(x)


@composed(ref=np.heaviside)
def heaviside(x: Any, h: Any) -> Variable:
    """0 below 0, 1 above, h at 0; nan stays.  Gradient: h gets it at 0, x none (0)."""
    x, h = _real(x), _real(h)
    step = switch(lt(x, 0.0), 0.0, switch(gt(x, 0.0), 1.0, h))
    return switch(isnan(x), x, step)


@composed(ref=np.fmax)
def fmax(x: Any, y: Any) -> Variable:
    """The greater of x and y; of a nan and a number the number.  Gradient: as maximum's."""
    return _known("max", maximum, x, y)


@composed(ref=np.fmin)
def fmin(x: Any, y: Any) -> Variable:
    """The lesser of x and y; of a nan and a number the number.  Gradient: as minimum's."""
    return _known("min", minimum, x, y)


def _known(name: str, word: Any, x: Any, y: Any) -> Variable:
    result: Variable = word(x, y)
    return switch(isnan(x), y, switch(isnan(y), x, result)) if is_float(result.dtype) else result


_MOST = {"float32": 400, "float64": 3000}  # beyond, every number but 0 is 0 or inf


def ldexp(x: Any, i: Any) -> Variable:
    """X * 2^i for whole numbers i, also where 2^i alone is no float.

    dtype: x's, float64 for integers.  Gradient: of x, the cotangent times 2^i.
    Raises: ArgumentTypeError if i is no integer.
    """
    x, power = as_variable(_real(x)), as_variable(i)
    if is_float(power.dtype):
        what = f"ldexp: the power is a whole number, got {power.type}."
        raise ArgumentTypeError(message(what, [where(power)], "write x * T.exp2(i)."))
    most = _MOST[x.dtype]
    rest = clip(cast(power, "int64"), -most, most)
    found: Variable = x
    for parts in (4, 3, 2, 1):
        part = int_div(rest, parts)
        rest = rest - part
        found = found * exp2(cast(part, x.dtype))
    return found


def modf(x: Any) -> tuple[Variable, Variable]:
    """The part behind the point, and the whole part: trunc(x).

    dtype: x's, float64 for integers.  Gradient: the first passes it on, the second none (0).
    """
    x = as_variable(_real(x))
    whole = trunc(x)
    return switch(isinf(x), copysign(0.0, x), x - whole), whole
