"""Powers and the exponential of matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.convert import static_int
from gradc.ops.create import eye
from gradc.ops.declare import Sample, composed
from gradc.ops.lapack import matrix_routine
from gradc.ops.lengths import broadcast_like, length, zeros_like
from gradc.ops.solving import matrix_inverse
from gradc.ops.squares import matrices, product, products, reference, transposed
from gradc.ops.stacking import concatenate

__all__ = ["expm", "matrix_power"]

Array = npt.NDArray[Any]

_TERMS = 24  # of the series below, whose argument is at most 1/4: the next is below 1e-38


def _expm(a: Array) -> Array:
    """By halving, Taylor's series and squaring, in long doubles: each squaring doubles errors."""
    found = _series(a.astype("clongdouble" if a.dtype.kind == "c" else "longdouble"))
    with np.errstate(over="ignore"):
        return found.astype(a.dtype)


def _series(a: Array) -> Array:
    norm = float(np.max(np.abs(a).sum(axis=-2), initial=0.0))
    if not np.isfinite(norm):
        return np.full_like(a, np.nan)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 1e-300)))) + 2)
    x = np.asarray(a / 2**halvings, a.dtype)
    total = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy()
    term = total
    for k in range(1, _TERMS):
        term = np.asarray(term @ x / k, a.dtype)
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return np.asarray(total, a.dtype)


def _slope(a: Variable, way: Variable) -> Variable:
    """The derivative along a way: the corner of the exponential of [[a, way], [0, a]]."""
    upper = concatenate([a, way], axis=a.ndim - 1)
    lower = concatenate([zeros_like(a), a], axis=a.ndim - 1)
    whole = call("expm", concatenate([upper, lower], axis=a.ndim - 2))
    n = length(a, a.ndim - 1)
    return whole[(..., slice(None, n), slice(n, None))]


@matrix_routine(
    "expm",
    "(n,n)->(n,n)",
    c="expm",
    scratch=lambda letters, dtype: (
        (dtype, letters["n"] * letters["n"] * 6),
        ("int32", letters["n"]),
    ),
    work=products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 24),
    ref=_expm,
    pullback=lambda cts, outs, a: (_slope(transposed(a), cts[0]),),
    pushforward=lambda tangents, outs, a: (_slope(a, tangents[0]),),
    samples=(
        Sample(lambda f, x: f(x * 0.2), ((3, 3),)),
        Sample(lambda f, x: f(x), ((2, 3, 3),)),
    ),
)
def expm(a: Any) -> Variable:
    """The exponential of each square matrix, 1 + a + a a / 2 + ...

    Shapes: [..., n, n].  Integers become float64; nan where elements are not finite.
    Gradient: the corner of the exponential of [[a', ct], [0, a']], a matrix twice as large.
    Raises: ShapeError for a matrix that is not square.
    Source: Higham, The scaling and squaring method for the matrix exponential revisited (2005);
    Mathias, A chain rule for matrix functions (1996).
    """
    return call("expm", matrices("expm", a))


@composed(
    ref=reference(np.linalg.matrix_power),
    samples=(
        Sample(lambda f, x: f(x * x, 3), ((3, 3),)),
        Sample(lambda f, x: f(x, 0), ((2, 3, 3),)),
        Sample(lambda f, x: f(x, -2), ((2, 2),)),
    ),
)
def matrix_power(a: Any, n: Any) -> Variable:
    """The product of n factors a; of the inverse for negative n, the unit matrix for 0.

    Shapes: [..., m, m].  n: a whole number that building knows.  Integers become float64.
    Raises: ArgumentTypeError for another n; as matrix_inverse.
    """
    power = static_int(n) if isinstance(n, Variable) else n
    try:
        count = operator.index(power)  # type: ignore[arg-type]
    except TypeError:
        what = "matrix_power: the power is a whole number that building knows, not "
        raise ArgumentTypeError(message(f"{what}{printable(repr(n), 40)}.")) from None
    base = matrices("matrix_power", a)
    if count == 0:
        unit = eye(length(base, base.ndim - 1), dtype=base.dtype)
        front = call("dimshuffle", unit, order=(*("x",) * (base.ndim - 2), 0, 1))
        return broadcast_like(front, base)
    base = matrix_inverse(base) if count < 0 else base
    result, count = None, abs(count)
    while count:
        if count & 1:
            result = base if result is None else product(result, base)
        count >>= 1
        base = product(base, base) if count else base
    assert result is not None
    return result
