"""Complex numbers: their parts, their length and angle, and from parts to numbers.

What the functions of this module give of real arrays is numpy's: real(x) and conj(x) are x itself.
Gradients: inside, a cotangent is the derivative by the real part less i times that by the imaginary
one, so that the pullback of whatever has a complex slope is a plain product (docs/design.md says
what `grad` gives); the pullbacks here are those of what has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.kernel.scalar import ScalarFn, scalar_fn
from gradc.ops.convert import as_variable
from gradc.ops.declare import Operation, elemwise, function_of, is_complex
from gradc.ops.elemwise import cast, neg, square
from gradc.ops.kinds import DtypeRule
from gradc.ops.lengths import zeros_like
from gradc.ops.math import arctan2, cos, rad2deg, sin
from gradc.ops.rules import pair, parts, same

__all__ = ["angle", "complex", "complex_from_polar", "conj", "imag", "real"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


def _part(
    name: str, doc: str, *, dtype: DtypeRule, c: ScalarFn, ref: Callable[[Array], Any],
    pull: Callable[[Variable, Variable], Variable],
    push: Callable[[Variable, Variable], Variable],
    of_real: Callable[[Variable], Variable],
) -> Operation:  # fmt: skip
    """An operation on complex numbers, from which real ones are kept away.

    pull, push: of (cotangent or tangent, x).  of_real: what users get for a real array.
    """
    inner = elemwise(
        name, doc=doc, dtype=dtype, c=c, ref=ref,
        pullback=lambda cts, outs, x: (pull(cts[0], x),),
        pushforward=lambda tangents, outs, x: (push(tangents[0], x),),
    )  # fmt: skip

    def outer(x: Any) -> Variable:
        x = as_variable(x)
        return inner(x) if is_complex(x.dtype) else of_real(x)

    return function_of(name, outer, inner.__doc__ or "", ("x",))


def _itself(x: Variable) -> Variable:
    return x


real: Operation = _part(
    "real", "The real part, a float. Of a real array: the array itself.",
    dtype=parts, c=scalar_fn(complex="gc_real"), ref=lambda x: np.array(x.real),
    pull=lambda ct, x: cast(ct, x.dtype), push=lambda t, x: real(t), of_real=_itself,
)  # fmt: skip
imag: Operation = _part(
    "imag", "The imaginary part, a float. Of a real array: zeros.",
    dtype=parts, c=scalar_fn(complex="gc_imag"), ref=lambda x: np.array(x.imag),
    pull=lambda ct, x: complex(zeros_like(ct), neg(ct)), push=lambda t, x: imag(t),
    of_real=zeros_like,
)  # fmt: skip
conj: Operation = _part(
    "conj", "The complex conjugate. Of a real array: the array itself.",
    dtype=same, c=scalar_fn(complex="gc_conj"), ref=np.conjugate,
    pull=lambda ct, x: conj(ct), push=lambda t, x: conj(t), of_real=_itself,
)  # fmt: skip
_angle: Operation = _part(
    "angle", "The angle to the positive real axis, in (-pi, pi]: arctan2(imag(x), real(x)). The\n"
    "gradient is nan at 0.",
    dtype=parts, c=scalar_fn(complex="gc_angle"),
    ref=lambda x: np.arctan2(x.imag, x.real),
    pull=lambda ct, x: ct / (1j * x), push=lambda t, x: imag(t / x),
    of_real=lambda x: arctan2(zeros_like(x), x),
)  # fmt: skip


def angle(z: Any, deg: bool = False) -> Variable:
    """The angle to the positive real axis, in (-pi, pi]: arctan2(imag(z), real(z)).

    deg: in degrees.  Of a real array: 0, or pi below 0.  dtype: that of the real part; integers
    give float64.  The gradient is nan at 0.
    """
    found = _angle(z)
    return rad2deg(found) if deg else found


def _complex(x: Array, y: Array) -> Array:
    found = np.empty(np.broadcast(x, y).shape, np.result_type(x, y, np.complex64))
    found.real, found.imag = x, y
    return found


complex: Operation = elemwise(
    "complex",
    doc="The complex number of real part x and imaginary part y.",
    dtype=pair,
    c=scalar_fn("gc_complex"),
    ref=_complex,
    pullback=lambda cts, outs, x, y: (real(cts[0]), neg(imag(cts[0]))),
    pushforward=lambda tangents, outs, x, y: (_both(tangents, outs[0]),),
    arity=2,
)


def _both(tangents: Sequence[Variable | None], out: Variable) -> Variable:
    x, y = tangents
    if x is not None and y is not None:
        return complex(x, y)
    known = x if x is not None else y
    assert known is not None
    return complex(known, zeros_like(known)) if y is None else complex(zeros_like(known), known)


def length_squared(x: Variable) -> Variable:
    """abs(x) ** 2 without a root: x * x, or real(x)^2 + imag(x)^2 of complex numbers."""
    return square(real(x)) + square(imag(x)) if is_complex(x.dtype) else square(x)


def complex_from_polar(abs: Any, angle: Any) -> Variable:
    """The complex number of a length and an angle: complex(abs * cos(angle), abs * sin(angle))."""
    length, turn = as_variable(abs), as_variable(angle)
    return complex(length * cos(turn), length * sin(turn))
