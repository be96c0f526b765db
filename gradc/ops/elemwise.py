"""Elementwise arithmetic, and the cast that all promotion goes through.

Integers wrap around, as numpy's do; dividing by the integer zero gives 0, as numpy's arrays do.
Kinks are listed in docs/design.md, the one table for all operations.
Of complex numbers too pullbacks multiply by the plain slope (docs/design.md, gradients of complex
variables); the references are written out where numpy's bits depend on the machine.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc import sizes
from gradc.dtypes import check_dtype
from gradc.errors import DTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.convert import as_variable, is_weak
from gradc.ops.declare import (
    Operation,
    call,
    elemwise,
    is_complex,
    is_float,
    is_inexact,
    pad,
)
from gradc.ops.lengths import zeros_like
from gradc.ops.rules import each_alone, numbers, parts, same, signed, to_float
from gradc.options import config

__all__ = [
    "abs",
    "add",
    "cast",
    "divmod",
    "int_div",
    "mod",
    "mul",
    "neg",
    "pow",
    "reciprocal",
    "sign",
    "sqrt",
    "square",
    "sub",
    "true_div",
]

Array = npt.NDArray[Any]
Cts = tuple[Variable, ...]
_INTEGER = "({R})({x} %s {y})"  # C computes small integers as int


def _folded(function: Any) -> Any:
    def ref(*operands: Array) -> Any:
        total = operands[0]
        for each in operands[1:]:
            total = function(total, each)
        return total

    return ref


def _product(x: Array, y: Array) -> Any:
    if not np.iscomplexobj(x):
        return np.multiply(x, y)
    re = x.real * y.real - x.imag * y.imag  # numpy fuses multiplications where the machine can
    return _of_parts(re, x.real * y.imag + x.imag * y.real, x)


def _of_parts(re: Any, im: Any, like: Array) -> Array:
    found = np.empty(np.shape(re), like.dtype)
    found.real, found.imag = re, im
    return found


def _sum_of_sizes(*values: sizes.Size) -> sizes.Size:
    return builtins.sum(values[1:], values[0])


def _others(ct: Variable, inputs: Sequence[Variable], k: int) -> Variable:
    return mul(ct, *inputs[:k], *inputs[k + 1 :])


def _total(terms: Sequence[Variable]) -> Variable:
    return add(*terms) if len(terms) > 1 else terms[0]


add: Operation = elemwise(
    "add",
    doc="x + y, and so on for more operands. Of bools: x or y.",
    dtype=same,
    c=scalar_fn(
        "{x} + {y}", bool="{x} | {y}", int=_INTEGER % "+", uint=_INTEGER % "+", complex="{x} + {y}"
    ),
    ref=_folded(np.add),
    pullback=lambda cts, outs, *inputs: (cts[0],) * len(inputs),
    pushforward=lambda tangents, outs, *inputs: (_total([t for t in tangents if t is not None]),),
    arity=2,
    variadic=True,
    commutes=True,
    on_sizes=_sum_of_sizes,
)

mul: Operation = elemwise(
    "mul",
    doc="x * y, and so on for more operands. Of bools: x and y.",
    dtype=same,
    c=scalar_fn(
        "{x} * {y}", bool="{x} & {y}", int=_INTEGER % "*", uint=_INTEGER % "*", complex="gc_mul"
    ),
    ref=_folded(_product),
    pullback=lambda cts, outs, *inputs: tuple(
        _others(cts[0], inputs, k) for k in range(len(inputs))
    ),
    pushforward=lambda tangents, outs, *inputs: (
        _total([_others(t, inputs, k) for k, t in enumerate(tangents) if t is not None]),
    ),
    arity=2,
    variadic=True,
    commutes=True,
    on_sizes=lambda *values: sizes.product(values),
)

sub = elemwise(
    "sub",
    doc="x - y.",
    dtype=signed,
    c=scalar_fn("{x} - {y}", int=_INTEGER % "-", uint=_INTEGER % "-", complex="{x} - {y}"),
    ref=np.subtract,
    pullback=lambda cts, outs, x, y: (cts[0], neg(cts[0])),
    arity=2,
    on_sizes=lambda x, y: x - y,
)

neg: Operation = elemwise(
    "neg",
    doc="-x.",
    dtype=signed,
    c=scalar_fn("-{x}", int="({R})-{x}", uint="({R})-{x}", complex="-{x}"),
    ref=np.negative,
    pullback=lambda cts, outs, x: (neg(cts[0]),),
    on_sizes=lambda x: -x,
)

true_div = elemwise(
    "true_div",
    doc="x / y, a float whatever the operands: by zero it is inf or nan.",
    dtype=to_float,
    c=scalar_fn("{x} / {y}", complex="gc_true_div", cost=4),
    ref=np.true_divide,
    pullback=lambda cts, outs, x, y: (cts[0] / y, -(cts[0] * outs[0]) / y),
    arity=2,
    domain=((-5.0, 5.0), (0.3, 4.0)),
)


int_div = elemwise(
    "int_div",
    doc="The quotient rounded down, as Python's //. An integer over 0 is 0; slope 0.",
    dtype=numbers,
    c=scalar_fn("gc_floor_divide", vectorizes=False, cost=20),
    ref=np.floor_divide,
    pullback=lambda cts, outs, x, y: (zeros_like(outs[0]), zeros_like(outs[0])),
    arity=2,
    domain=((-5.0, 5.0), (0.3, 4.0)),
    on_sizes=sizes.floor_div,
)

mod = elemwise(
    "mod",
    doc="x - y * (x // y), with the sign of y, as Python's %. An integer modulo 0 is 0.",
    dtype=numbers,
    c=scalar_fn("gc_modulo", vectorizes=False, cost=20),
    ref=np.remainder,
    pullback=lambda cts, outs, x, y: (cts[0], -(cts[0] * int_div(x, y))),
    arity=2,
    domain=((-5.0, 5.0), (0.3, 4.0)),
)


def divmod(x: Any, y: Any) -> tuple[Variable, Variable]:
    """The quotient rounded down, and what is left: int_div and mod."""
    return int_div(x, y), mod(x, y)


square = elemwise(
    "square",
    doc="x * x.",
    dtype=numbers,
    c=scalar_fn(
        "{x} * {x}",
        int="({R})({x} * {x})",
        uint="({R})({x} * {x})",
        complex="gc_mul_{s}({x}, {x})",
    ),
    ref=lambda x: _product(x, x),
    pullback=lambda cts, outs, x: (cts[0] * (2 * x),),
)

sqrt = elemwise(
    "sqrt",
    doc="The square root; nan below 0.",
    dtype=to_float,
    c=scalar_fn("sqrt{f}({x})", complex="gc_sqrt", cost=6),
    ref=np.sqrt,
    pullback=lambda cts, outs, x: (cts[0] * 0.5 / outs[0],),
    domain=(0.1, 10.0),
)

reciprocal = elemwise(
    "reciprocal",
    doc="1 / x.",
    dtype=to_float,
    c=scalar_fn("1 / {x}", complex="gc_reciprocal", cost=4),
    ref=lambda x: np.reciprocal(x) if x.dtype.kind == "c" else np.true_divide(1, x, dtype=x.dtype),
    pullback=lambda cts, outs, x: (-(cts[0] * square(outs[0])),),
    domain=(0.3, 5.0),
)

abs = elemwise(
    "abs",
    doc="The absolute value; slope 0 at 0.  Of a complex number its length, a float.",
    dtype=parts,
    c=scalar_fn(
        "fabs{f}({x})",
        int="({R})({x} < 0 ? -{x} : {x})",
        uint="{x}",
        bool="{x}",
        complex="gc_abs",
    ),
    ref=np.abs,
    pullback=lambda cts, outs, x: (cts[0] * _conj(sign(x)),),
    pushforward=lambda tangents, outs, x: (_real(tangents[0] * _conj(sign(x))),),
)

sign: Operation = elemwise(
    "sign",
    doc="-1, 0 or 1; nan stays nan. Slope 0. Of a complex number x / abs(x), 0 at 0.",
    dtype=numbers,
    c=scalar_fn(
        "{x} != {x} ? {x} : ({R})(({x} > 0) - ({x} < 0))",
        int="({R})(({x} > 0) - ({x} < 0))",
        uint="({R})({x} > 0)",
        complex="gc_sign",
        cost=3,
    ),
    ref=np.sign,
    pullback=lambda cts, outs, x: (_turned(cts[0], outs[0], x),),
    pushforward=lambda tangents, outs, x: (_turned(tangents[0], outs[0], x, forward=True),),
)


def _real(x: Variable) -> Variable:
    return call("real", x) if is_complex(x.dtype) else x


def _conj(x: Variable) -> Variable:
    return call("conj", x) if is_complex(x.dtype) else x


def _turned(t: Variable, out: Variable, x: Variable, forward: bool = False) -> Variable:
    """The slope of x / abs(x): what turns the direction, over the length; 0 for real numbers."""
    if not is_complex(x.dtype):
        return zeros_like(x)
    first, second = (out, _conj(out)) if forward else (_conj(out), out)
    turn = call("imag", second * t) / abs(x)
    return call("switch", neq_zero(x), first * call("complex", zeros_like(turn), turn), _zero(t))


# -- powers ------------------------------------------------------------------------------------


def _power(x: Array, y: Array) -> Any:
    if x.dtype.kind == "c":  # of what is not finite C99 says nothing: exp(y log(x)), as written
        is_whole = (y.imag == 0) & (y.real == np.trunc(y.real)) & (np.abs(y.real) < 100)
        is_plain = (np.isfinite(x) & np.isfinite(y)) | is_whole | (x == 0)
        found = np.where(is_plain, np.power(x, y), np.exp(_product(y, np.log(x))))
        return np.where(y == -1, np.reciprocal(x), found)
    if x.dtype.kind not in "iu":
        return np.power(x, y)
    result = np.power(x, np.maximum(y, 0).astype(y.dtype))
    if y.dtype.kind == "u":
        return result
    odd = np.where(y & 1, x, np.ones_like(x))
    return np.where(y >= 0, result, np.where((x == 1) | (x == -1), odd, np.zeros_like(x)))


def _power_pullback(cts: Cts, outs: Cts, x: Variable, y: Variable) -> Cts:
    return (_power_by_base(cts[0], x, y), _power_by_exponent(cts[0], outs[0], x))


def _power_by_base(ct: Variable, x: Variable, y: Variable) -> Variable:
    known = _number(y)
    if known == 0:
        return zeros_like(ct)
    if known == 1:
        return ct
    if known == 2:
        return ct * (2 * x)
    if known is not None:
        return mul(ct, known * x ** (known - 1))
    return call("switch", neq_zero(y), ct * (y * x ** (y - 1)), _zero(ct))


def _power_by_exponent(ct: Variable, out: Variable, x: Variable) -> Variable:
    """The logarithm's pole at 0 is no slope: there the power does not move."""
    return call("switch", neq_zero(x), ct * (out * call("log", x)), _zero(ct))


def _zero(like: Variable) -> Variable:
    """Zero that stretches against `like`."""
    return pad(Constant(np.zeros((), like.dtype)), like.ndim)


def neq_zero(x: Variable) -> Variable:
    """Whether x is not 0, element by element."""
    return call("neq", x, _zero(x))


def _number(x: Variable) -> Any:
    """The value of a constant with one element, seen through views."""
    while x.owner is not None and x.owner.op.kind == "View":
        x = x.owner.inputs[0]
    if isinstance(x, Constant) and x.data.size == 1:
        value = x.data.reshape(-1)[0].item()
        return value if isinstance(value, complex) else float(value)
    return None


pow = elemwise(
    "pow",
    doc="x to the power y. Integers stay integers: a negative power is 0 but for x = 1 and -1.",
    dtype=numbers,
    c=scalar_fn("gc_pow", int="gc_power", uint="gc_power", complex="gc_pow", cost=40),
    ref=_power,
    pullback=_power_pullback,
    arity=2,
    domain=((0.2, 3.0), (-2.0, 2.0)),
)


# -- casts -------------------------------------------------------------------------------------


def _cast_pullback(cts: Cts, outs: Cts, x: Variable, *, dtype: str) -> tuple[Variable | None]:
    ct = cts[0] if is_complex(x.dtype) else _real(cts[0])
    return (cast(ct, x.dtype) if is_inexact(x.dtype) else ct,)


def _cast_pushforward(tangents: Cts, outs: Cts, x: Variable, *, dtype: str) -> Cts:
    return (cast(tangents[0], dtype) if is_inexact(dtype) else tangents[0],)


_cast = elemwise(
    "cast",
    doc="The same numbers in another dtype; to integers towards zero, to bool: not 0.  What an\n"
    "integer cannot hold becomes what numpy makes of it on x86-64.",
    dtype=each_alone,
    c=scalar_fn(
        "({R}){x}", to_bool="{x} != 0", complex="({R}){x}",
        half="({R})gc_cast_f16_f32({x})", half_to_half="{x}", half_to_bool="({x} & 0x7fff) != 0",
        half_to_int="gc_cast_f32_{r}(gc_cast_f16_f32({x}))",
        half_to_uint="gc_cast_f32_{r}(gc_cast_f16_f32({x}))",
        to_half="gc_cast_f32_f16((float){x})", float_to_half="gc_cast_{s}_f16({x})",
        float_to_int="gc_cast_{s}_{r}({x})", float_to_uint="gc_cast_{s}_{r}({x})",
    ),
    ref=lambda x, *, dtype: x.astype(dtype),
    pullback=_cast_pullback,
    pushforward=_cast_pushforward,
    on_sizes=lambda x: x,
)  # fmt: skip


def cast(x: Any, dtype: Any) -> Variable:
    """The same numbers in another dtype; x itself if it has it already.

    To integers towards zero; to bool: whether it is not 0.  Gradient: the cotangent in x's dtype.
    Raises: DTypeError for dtypes that are not supported, and from complex to real: which part is
    meant?
    """
    name = config.floatX if dtype == "floatX" else check_dtype(dtype)
    if is_weak(x) and not isinstance(x, complex):
        return as_variable(x, dtype=name) if name != "bool" else as_variable(bool(x))
    x = as_variable(x)
    if is_complex(x.dtype) and not is_complex(name) and name != "bool":
        what = f"cast: {x.dtype} cannot become {name}: a part would be lost."
        fix = "take T.real(x), T.imag(x), T.abs(x) or T.angle(x), and cast that."
        raise DTypeError(message(what, [where(x)], fix))
    return x if x.dtype == name else call("cast", x, dtype=name)


def floating(x: Any) -> Variable:
    """The variable, integers and booleans as float64."""
    x = as_variable(x)
    return x if is_float(x.dtype) else cast(x, "float64")
