"""Systems of equations, inverses and determinants, of matrices and stacks of them.

What is asked of one matrix shares its factors: solve, inverse and det of A factor it once, and so
do their gradients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import promote
from gradc.errors import ArgumentError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.complexes import conj
from gradc.ops.declare import Sample, call, composed, drop_axes, is_complex, normal_axis
from gradc.ops.elemwise import cast
from gradc.ops.factors import lu, lu_det, lu_inverse, lu_logabs, lu_sign, lu_solve
from gradc.ops.lengths import broadcast_to, length, product_of, shape_tuple
from gradc.ops.relabel import ravel, reshape
from gradc.ops.squares import as_column, inexact, matrices, reference
from gradc.ops.triangular import solved_by

__all__ = [
    "cho_solve",
    "det",
    "matrix_inverse",
    "slogdet",
    "solve",
    "solve_triangular",
    "tensorinv",
    "tensorsolve",
]

Array = npt.NDArray[Any]

_STRUCTURES = {
    "gen": "general", "general": "general", "sym": "general", "symmetric": "general",
    "her": "general", "pos": "positive", "positive definite": "positive",
    "lower triangular": "lower", "lower_triangular": "lower",
    "upper triangular": "upper", "upper_triangular": "upper",
}  # fmt: skip


# -- the operands of a system ----------------------------------------------------------------------


def _system(name: str, a: Any, b: Any) -> tuple[Variable, Variable, bool]:
    """Both operands as matrices of one dtype and stack, and whether b was a vector."""
    a, b = matrices(name, a), inexact(b)
    if b.ndim == 0:
        what = f"{name}: the right-hand side is a scalar."
        raise ShapeError(message(what, [where(b)], "give a vector or a matrix."))
    is_vector = b.ndim == 1
    b = as_column(b) if is_vector else b
    n, m = a.type.shape[-1], b.type.shape[-2]
    if None not in (n, m) and n != m:
        what = f"{name}: the matrix has {n} rows, the right-hand side has {m}."
        raise ShapeError(message(what, [where(a), where(b)], "make the two lengths equal."))
    dtype = promote(a.dtype, b.dtype)
    a, b = _one_stack(cast(a, dtype), cast(b, dtype))
    return a, b, is_vector


def _one_stack(a: Variable, b: Variable) -> tuple[Variable, Variable]:
    """Both with the same axes in front, or one of them with none: it serves the whole stack."""
    depth = max(a.ndim, b.ndim) - 2
    if min(a.ndim, b.ndim) == 2:
        return a, b
    pair = [
        call("dimshuffle", x, order=(*("x",) * (depth + 2 - x.ndim), *range(x.ndim)))
        for x in (a, b)
    ]
    lengths = [
        length(pair[1 if pair[0].type.shape[axis] == 1 else 0], axis) for axis in range(depth)
    ]
    stretched = [
        x
        if x.broadcastable[:depth] == tuple(n == 1 for n in _statics(pair, depth))
        else broadcast_to(x, (*lengths, *shape_tuple(x)[depth:]))
        for x in pair
    ]
    return stretched[0], stretched[1]


def _statics(pair: list[Variable], depth: int) -> list[int | None]:
    """The lengths of the common stack, as far as types say."""
    both = zip(*(x.type.shape[:depth] for x in pair), strict=True)
    return [n if m == 1 else m for n, m in both]


def _shaped(x: Variable, is_vector: bool) -> Variable:
    return drop_axes(x, (x.ndim - 1,)) if is_vector else x


# -- systems ---------------------------------------------------------------------------------------


def _apart(x: Any) -> Any:
    """For samples: three rows far from singular, of an array or a variable."""
    return x * np.asarray(0.3, x.dtype) + 2 * np.eye(3, dtype=x.dtype)


def _np_solve(a: Array, b: Array) -> Any:
    return np.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, b)


@composed(
    ref=reference(lambda a, b, *args, **options: _np_solve(a, b)),
    samples=(
        Sample(lambda f, a, b: f(_apart(a), b), ((3, 3), (3, 2))),
        Sample(lambda f, a, b: f(_apart(a), b), ((2, 3, 3), (3,))),
    ),
)
def solve(
    a: Any, b: Any, assume_a: str = "gen", lower: bool = False, transposed: bool = False
) -> Variable:
    """The x with a @ x = b.

    Shapes: a [..., n, n]; b [n] gives [..., n], b [..., n, k] gives [..., n, k]; axes in front
    count a stack, one matrix or right-hand side serves all of it.  Integers become float64.
    assume_a: "gen"; "pos", symmetric (Hermitian) and positive definite, of which the lower triangle
    is read; "lower triangular" or "upper triangular"; "sym" and "her" are solved as "gen".
    lower: of a triangular one, as scipy says it.  transposed: a.T @ x = b.
    Gradient: y = solve(a.T, ct) for b, -y x' for a; from the same factors.
    Raises: ShapeError for a matrix that is not square; LinAlgError at the call for a singular one,
    or one that is not positive definite.
    """
    kind = _STRUCTURES.get(assume_a) if isinstance(assume_a, str) else None
    if kind is None and assume_a not in ("tri", "triangular"):
        what = f"solve: assume_a={printable(repr(assume_a), 40)} is no structure of a matrix."
        names = ", ".join(f'"{each}"' for each in ("gen", "sym", "pos", "lower triangular"))
        raise ArgumentError(message(what, fix=f'use {names} or "upper triangular".'))
    if kind not in ("general", "positive"):
        is_lower = kind == "lower" if kind else lower
        return solve_triangular(a, b, lower=is_lower, trans=int(transposed))
    a, b, is_vector = _system("solve", a, b)
    if kind == "positive" and is_complex(a.dtype):
        factor = call("cholesky", conj(a) if transposed else a)
        found = solved_by(factor, solved_by(factor, b, trans=False), trans=True)
    elif kind == "positive":
        found = call("factored_solve", a, call("cholesky", a), b)
    else:
        factors, pivots = lu(a)
        found = lu_solve(a, factors, pivots, b, bool(transposed))
    return _shaped(found, is_vector)


@composed(
    ref=reference(lambda a, b, *args, **options: _np_solve(np.triu(a), b)),
    samples=(Sample(lambda f, a, b: f(_apart(a), b), ((3, 3), (3, 2))),),
)
def solve_triangular(
    a: Any, b: Any, lower: bool = False, trans: Any = 0, unit_diagonal: bool = False
) -> Variable:
    """The x with a @ x = b for a triangular matrix, of which only the triangle is read.

    Shapes: as solve's.  lower: which triangle.  trans: 0 or "N"; 1 or "T" for a.T @ x = b; 2 or
    "C" for the conjugate transpose.
    unit_diagonal: the diagonal counts as ones and is not read.
    Gradient: y from the transposed system for b, the triangle of -y x' for a.
    Raises: as solve; LinAlgError at the call for a 0 on the diagonal.
    """
    if trans not in (0, 1, 2, "N", "T", "C"):
        what = f"solve_triangular: trans={printable(repr(trans), 40)} is none of 0, 1, 2."
        raise ArgumentError(message(what, fix='use 0 or "N", or 1 or "T" for the transpose.'))
    a, b, is_vector = _system("solve_triangular", a, b)
    found = call(
        "triangular_solve", conj(a) if trans in (2, "C") else a, b,
        lower=bool(lower), trans=trans not in (0, "N"), unit=bool(unit_diagonal),
    )  # fmt: skip
    return _shaped(found, is_vector)


def cho_solve(c_and_lower: Any, b: Any) -> Variable:
    """The x with a @ x = b from the factor of a: c_and_lower is (cholesky(a, lower), lower).

    Shapes: as solve's.  Raises: as solve_triangular; ArgumentError for what is no such pair.
    """
    if not isinstance(c_and_lower, (tuple, list)) or len(c_and_lower) != 2:
        what = "cho_solve: takes a factor and which triangle it is, (c, lower)."
        raise ArgumentError(message(what, fix="for example cho_solve((cholesky(a), True), b)."))
    factor, is_lower = matrices("cho_solve", c_and_lower[0]), bool(c_and_lower[1])
    first, second = (0, 2) if is_lower else (2, 0)
    factor, b, is_vector = _system("cho_solve", factor, b)
    half = solve_triangular(factor, b, lower=is_lower, trans=first)
    return _shaped(solve_triangular(factor, half, lower=is_lower, trans=second), is_vector)


# -- inverses and determinants ---------------------------------------------------------------------


@composed(
    ref=reference(np.linalg.inv),
    samples=(
        Sample(lambda f, x: f(_apart(x)), ((3, 3),)),
        Sample(lambda f, x: f(_apart(x)), ((2, 3, 3),)),
    ),
)
def matrix_inverse(a: Any) -> Variable:
    """The inverse of each matrix; where it multiplies something, solve is faster and more accurate.

    Shapes: [..., n, n].  Integers become float64.  Gradient: -x' ct x' for the inverse x.
    Raises: ShapeError for a matrix that is not square; LinAlgError at the call for a singular one.
    """
    array = matrices("matrix_inverse", a)
    return lu_inverse(array, *lu(array))


@composed(
    ref=reference(np.linalg.det),
    samples=(
        Sample(lambda f, x: f(_apart(x)), ((3, 3),)),
        Sample(lambda f, x: f(_apart(x)), ((2, 3, 3),)),
    ),
)
def det(a: Any) -> Variable:
    """The determinant of each matrix.  Shapes: [..., n, n] -> [...].

    It overflows early; log(det(a)) is computed as slogdet has it.
    Gradient: det(a) a'^-1, for which a must not be singular.  Raises: as matrix_inverse.
    """
    array = matrices("det", a)
    return lu_det(array, *lu(array))


def slogdet(a: Any) -> tuple[Variable, Variable]:
    """The sign of each matrix's determinant and the logarithm of its magnitude.

    Shapes: [..., n, n] -> [...] twice; 0 and -inf for a singular matrix.  The sign of a complex
    determinant is the number of length 1 in its direction, and the logarithm real.
    Gradient: a'^-1 for the logarithm, from the same factors; 0 for the sign if it is real.
    """
    array = matrices("slogdet", a)
    factors, pivots = lu(array)
    return lu_sign(array, factors, pivots), lu_logabs(array, factors, pivots)


# -- as matrices -----------------------------------------------------------------------------------


def tensorinv(a: Any, ind: int = 2) -> Variable:
    """The inverse of a tensor: tensordot(tensorinv(a), tensordot(a, b, ind)) is b.

    The first `ind` axes are the rows of a square matrix, the others its columns; the result has
    them the other way round.
    Raises: ArgumentError for an ind that leaves no axes; as matrix_inverse.
    """
    array = inexact(a)
    if not isinstance(ind, (int, np.integer)) or not 0 < ind < max(array.ndim, 1):
        what = f"tensorinv: ind={printable(repr(ind), 40)} is no number of axes to invert over."
        raise ArgumentError(message(what, [where(array)], f"use one from 1 to {array.ndim - 1}."))
    lengths = shape_tuple(array)
    rows, cols = lengths[:ind], lengths[ind:]
    square = reshape(array, (product_of(rows), product_of(cols)))
    return reshape(matrix_inverse(square), (*cols, *rows))


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Variable:
    """The x with tensordot(a, x, x.ndim) = b: the first axes of a are those of b, the others x's.

    axes: axes of a to be moved to its end first.
    Raises: ArgumentError for an axis that is not there; as solve.
    """
    array, b = inexact(a), inexact(b)
    if axes is not None:
        listed = axes if isinstance(axes, (tuple, list)) else (axes,)
        last = [normal_axis("tensorsolve", axis, array.ndim) for axis in listed]
        kept = [axis for axis in range(array.ndim) if axis not in last]
        array = call("dimshuffle", array, order=(*kept, *last))
    lengths = shape_tuple(array)[b.ndim :]
    count = product_of(lengths)
    rows = product_of(shape_tuple(b))
    found = solve(reshape(array, (rows, count)), ravel(b))
    return reshape(found, lengths)
