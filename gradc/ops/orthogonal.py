"""QR, singular values, eigenvalues and least squares by the names of numpy and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message, printable
from gradc.graph.variable import Variable
from gradc.ops.compare import eq, gt, maximum, switch
from gradc.ops.complexes import length_squared
from gradc.ops.convert import as_variable
from gradc.ops.create import iota
from gradc.ops.declare import Sample, composed, drop_axes
from gradc.ops.elemwise import cast
from gradc.ops.lapack import part_of
from gradc.ops.lengths import length
from gradc.ops.reduce import sum as sum_of
from gradc.ops.reflectors import qr_complete, qr_thin
from gradc.ops.singular import pinv_of, singular_values, svd_full, svd_thin
from gradc.ops.solving import solve_triangular
from gradc.ops.spectra import eigen, eigenvalues
from gradc.ops.squares import (
    adjoint,
    as_column,
    inexact,
    matrices,
    np_adjoint,
    product,
    reference,
)
from gradc.ops.triangular import cholesky

__all__ = ["eigh", "eigvalsh", "lstsq", "matrix_rank", "pinv", "qr", "svd"]

Array = npt.NDArray[Any]


def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors q and r of a = q @ r: orthogonal columns and an upper triangle, whose
    diagonal is real if a is complex.

    Shapes: [..., m, n] -> [..., m, k] and [..., k, n] with k = min(m, n).
    mode: "reduced"; "complete", q [..., m, m] and r [..., m, n]; "r", r alone.
    Gradient: where the first k columns are independent; none of "complete" for m above n.
    Raises: ArgumentError for another mode.
    """
    names = {"full": "reduced", "economic": "reduced"}
    kind = names.get(mode, mode)
    if kind not in ("reduced", "complete", "r"):
        what = f"qr: there is no mode {printable(repr(mode), 40)}."
        raise ArgumentError(message(what, fix='use "reduced", "complete" or "r".'))
    array = matrices("qr", a, square=False)
    m, n = array.type.shape[-2:]
    if kind == "complete" and not (m is not None and n is not None and m <= n):
        return qr_complete(array)
    q, r = qr_thin(array)
    return r if kind == "r" else (q, r)


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The factors u, s, vh of a = u @ diag(s) @ vh: the values s descend.

    Shapes: [..., m, n] -> u [..., m, m], s [..., k], vh [..., n, n] with k = min(m, n);
    full_matrices=False: u [..., m, k], vh [..., k, n].  compute_uv=False: s alone.
    Signs (phases, of complex vectors) are LAPACK's choice, s is real.
    Gradient: of s everywhere but where values coincide or are 0; of vectors with
    full_matrices=False (or a matrix known to be square), where all values differ and none is 0.
    Raises: LinAlgError at the call for nan or infinite elements.
    """
    array = matrices("svd", a, square=False)
    if not compute_uv:
        return singular_values(array)
    m, n = array.type.shape[-2:]
    return svd_full(array) if full_matrices and (m != n or m is None) else svd_thin(array)


def eigh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, ascending, and its eigenvectors, in columns.

    Shapes: [..., n, n] -> [..., n] and [..., n, n].  UPLO: "L" or "U", which triangle is read.
    Complex: of a Hermitian one, with real values.  Signs (phases) of vectors are LAPACK's choice.
    Gradient: symmetric (Hermitian); of vectors where all values differ, and as if their phases
    stayed: right for what does not depend on them.
    Raises: ArgumentError for another UPLO; LinAlgError at the call for nan or infinite elements.
    """
    return eigen(_triangle("eigh", a, UPLO))


def _triangle(name: str, a: Any, uplo: Any) -> Variable:
    """The matrix so that its lower triangle is the one to be read."""
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        what = f'{name}: UPLO is "L" or "U", not {printable(repr(uplo), 40)}.'
        raise ArgumentError(message(what))
    array = matrices(name, a)
    return array if uplo.upper() == "L" else adjoint(array)


def _conj_t(x: Any) -> Any:
    """For samples: the conjugate transpose of a variable or an array."""
    return adjoint(x) if isinstance(x, Variable) else np_adjoint(x)


@composed(
    ref=reference(lambda a, b=None, lower=True: np.linalg.eigvalsh(
        a if b is None else np.linalg.inv(np.linalg.cholesky(b)) @ a @ np_adjoint(
            np.linalg.inv(np.linalg.cholesky(b))))),
    samples=(
        Sample(lambda f, x: f(x + _conj_t(x)), ((3, 3),)),
        Sample(lambda f, x, y: f(x + _conj_t(x), y @ _conj_t(y) + np.eye(3, dtype=y.dtype)),
               ((3, 3), (3, 4))),
    ),
)  # fmt: skip
def eigvalsh(a: Any, b: Any = None, lower: bool = True) -> Variable:
    """The eigenvalues of a symmetric matrix, ascending; of a x = w b x, if there is a b.

    Shapes: [..., n, n] -> [..., n], real.  Complex matrices are Hermitian.  b: symmetric and
    positive definite.  lower: which triangles
    are read.  Gradient: v diag(ct) v', symmetric; right where all values differ.
    Raises: as eigh, and as cholesky for b.
    """
    array = _triangle("eigvalsh", a, "L" if lower else "U")
    if b is not None:
        factor = cholesky(_triangle("eigvalsh", b, "L" if lower else "U"))
        half = solve_triangular(factor, array, lower=True)
        array = solve_triangular(factor, adjoint(half), lower=True)
    return eigenvalues(array)


def _cut(rcond: Any, array: Variable, default: Any) -> Variable:
    """The least share of the greatest singular value that counts, as a real number."""
    return cast(as_variable(default if rcond is None else rcond), part_of(array.dtype))


@composed(
    ref=reference(lambda a, rcond=1e-15: np.linalg.pinv(a, rcond)),
    samples=(
        Sample(lambda f, x: f(x, 1e-6), ((3, 4),)),
        Sample(lambda f, x: f(x, 1e-6), ((2, 4, 2),)),
    ),
)
def pinv(a: Any, rcond: Any = None) -> Variable:
    """The pseudo-inverse of Moore and Penrose, by singular values.

    Shapes: [..., m, n] -> [..., n, m].  rcond: values up to this share of the greatest count as 0;
    1e-15 if it is not given.
    Gradient: Golub and Pereyra's, for changes that keep the rank.
    Raises: LinAlgError at the call for nan or infinite elements.
    """
    array = matrices("pinv", a, square=False)
    return pinv_of(array, _cut(rcond, array, 1e-15))


def matrix_rank(a: Any, tol: Any = None) -> Variable:
    """How many singular values are above a bound, int64: tol, or numpy's, max(m, n) eps s[0]."""
    array = matrices("matrix_rank", a, square=False)
    values = singular_values(array)
    bound = _default_bound(array, values) if tol is None else as_column(inexact(tol))
    return sum_of(cast(gt(values, bound), "int64"), axis=-1)


def _eps(array: Variable) -> float:
    return float(np.finfo(array.dtype).eps)


def _default_bound(array: Variable, values: Variable) -> Variable:
    return _greatest(values) * _most_eps(array)


def _greatest(values: Variable) -> Variable:
    """The first of descending values, 0 if there is none, in an axis of its own."""
    is_first = eq(iota(length(values, values.ndim - 1)), 0)
    return sum_of(switch(is_first, values, 0.0), axis=-1, keepdims=True)


def _most_eps(array: Variable) -> Variable:
    """The longer length times what the dtype resolves."""
    m, n = (length(array, array.ndim - k) for k in (2, 1))
    return cast(maximum(m, n), part_of(array.dtype)) * _eps(array)


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Variable, Variable, Variable, Variable]:
    """The x with the least sum of squares of b - a @ x, the shortest such; by singular values.

    Shapes: a [..., m, n]; b [m] or [..., m, k] -> x [n] or [..., n, k].
    rcond: singular values up to this share of the greatest count as 0; max(m, n) eps if it is not
    given.
    Gives x; the sums of squares of b - a @ x, one a column of b, always (numpy gives none where a
    has not full rank); the rank of a; its singular values.
    Gradient: of x by that of pinv, for changes that keep the rank; of the sums and values.
    """
    array, right = matrices("lstsq", a, square=False), inexact(b)
    is_vector = right.ndim == 1
    right = as_column(right) if is_vector else right
    cut = _most_eps(array) if rcond is None else _cut(rcond, array, 0.0)
    x = product(pinv_of(array, cut), right)
    residuals = sum_of(length_squared(right - product(array, x)), axis=-2)
    values = singular_values(array)
    bound = _greatest(values) * cut
    rank = sum_of(cast(gt(values, bound), "int64"), axis=-1)
    return (drop_axes(x, (x.ndim - 1,)) if is_vector else x), residuals, rank, values
