"""Triangular systems and the Cholesky factor: what is asked of symmetric (Hermitian) matrices.

What is known of a = l l' (its solution, inverse, determinant) is computed from l, but its gradient
goes to a: the derivative of l itself, n^3 of its own, is taken only where somebody reads l.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message, printable
from gradc.graph.variable import Variable
from gradc.ops.compare import switch
from gradc.ops.complexes import conj
from gradc.ops.create import eye
from gradc.ops.declare import Sample, call
from gradc.ops.lapack import UNFINISHED, Failure, matrix_routine
from gradc.ops.matrices import tril, triu
from gradc.ops.reduce import sum as sum_of
from gradc.ops.squares import (
    Cts,
    adjoint,
    lower_half,
    matrices,
    moved_side,
    over_stack,
    product,
    products,
    reference,
    scaled,
    stacked_reference,
    symmetric,
    transposed,
)

__all__ = ["cholesky"]

Array = npt.NDArray[Any]

_SINGULAR = Failure(
    "{matrix} is singular: its diagonal has a 0 at row {v1}, counted from 1.",
    "a triangle with a 0 on its diagonal has no inverse: leave that row out.",
)
_NOT_POSITIVE = Failure(
    "{matrix} is not positive definite: its leading part of {v1} rows is not.",
    "add a little to its diagonal (A + 1e-6 * T.eye(n)), or see whether it is symmetric "
    "and free of nan.",
)


# -- triangular systems ----------------------------------------------------------------------------


def _triangle(a: Array, lower: bool, unit: bool) -> Array:
    found = np.tril(a) if lower else np.triu(a)
    if unit:
        n = a.shape[-1]
        found = np.where(np.eye(n, dtype=bool), np.ones((), a.dtype), found)
    return found


@reference
def _solve_triangular(a: Array, b: Array, *, lower: bool, trans: bool, unit: bool) -> Array:
    full = _triangle(a, lower, unit)
    if np.any(np.diagonal(full, axis1=-2, axis2=-1) == 0):
        raise np.linalg.LinAlgError("the matrix is singular")
    solved: Array = np.linalg.solve(np.swapaxes(full, -1, -2) if trans else full, b)
    return solved


def _masked(x: Variable, lower: bool, unit: bool) -> Variable:
    """The elements of a gradient that the system reads."""
    return tril(x, -1 if unit else 0) if lower else triu(x, 1 if unit else 0)


def _system_pullback(
    cts: Cts, outs: Cts, a: Variable, b: Variable, *, lower: bool, trans: bool, unit: bool
) -> tuple[Variable, Variable]:
    y = call("triangular_solve", a, cts[0], lower=lower, trans=not trans, unit=unit)
    pair = (outs[0], y) if trans else (y, outs[0])
    slope = -product(pair[0], transposed(pair[1]))
    return over_stack(_masked(slope, lower, unit), a), over_stack(y, b)


def _system_pushforward(
    tangents: Cts, outs: Cts, a: Variable, b: Variable, *, lower: bool, trans: bool, unit: bool
) -> tuple[Variable]:
    da, db = tangents
    da = None if da is None else _masked(da, lower, unit)
    moved = moved_side(transposed(da) if trans and da is not None else da, db, outs[0])
    assert moved is not None
    return (call("triangular_solve", a, moved, lower=lower, trans=trans, unit=unit),)


def _safe(x: Variable) -> Variable:
    """For samples: a triangle far from singular."""
    return x * 0.2 + eye(x.shape[-1], dtype=x.dtype)


@matrix_routine(
    "triangular_solve",
    "(n,n),(n,k)->(n,k)",
    word="solve_triangular",
    c="trisolve",
    needs="blas",
    shares=True,
    failure=_SINGULAR,
    numbers=("lower", "trans", "unit"),
    work=products(lambda letters: letters["n"] * letters["n"] * letters["k"]),
    ref=_solve_triangular,
    pullback=_system_pullback,
    pushforward=_system_pushforward,
    samples=(
        Sample(lambda f, a, b: f(_safe(a), b, lower=True), ((3, 3), (3, 2))),
        Sample(lambda f, a, b: f(_safe(a), b, lower=False, trans=True), ((2, 3, 3), (2, 3, 2))),
        Sample(lambda f, a, b: f(_safe(a), b, lower=True, trans=True), ((3, 3), (2, 3, 2))),
        Sample(lambda f, a, b: f(_safe(a), b, lower=False, unit=True), ((2, 3, 3), (3, 2))),
    ),
)
def triangular_solve(
    a: Variable, b: Variable, lower: bool, trans: bool = False, unit: bool = False
) -> Variable:
    """The x with a x = b, or a^T x = b if `trans`, for a triangle a: solve_triangular's node.

    Gradient: with y from the transposed system, y for b and the triangle of -y x' for a.
    """
    return call("triangular_solve", a, b, lower=lower, trans=trans, unit=unit)


def solved_by(factor: Variable, b: Variable, trans: bool) -> Variable:
    """The solution l^-1 b, or l'^-1 b if `trans`."""
    side = conj(factor) if trans else factor
    return call("triangular_solve", side, b, lower=True, trans=trans, unit=False)


# -- the factor ------------------------------------------------------------------------------------


@reference
def _cholesky(a: Array) -> Array:
    if np.isnan(np.tril(a)).any():
        raise np.linalg.LinAlgError("the matrix has nan")
    found: Array = np.linalg.cholesky(a)
    if np.isnan(
        np.diagonal(found, 0, -2, -1)
    ).any():  # of what is infinite; LAPACK looks, numpy does not
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    return found


def _nan_cholesky(a: Array) -> Array:
    try:
        return np.asarray(_cholesky(a))
    except np.linalg.LinAlgError:
        return np.full_like(a, np.nan)


def _factor_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    """Murray, Differentiation of the Cholesky decomposition (2016), equation 10, symmetric."""
    (factor,) = outs
    inner = lower_half(product(adjoint(factor), tril(conj(cts[0]))))
    half = solved_by(factor, inner, trans=True)
    return (conj(symmetric(solved_by(factor, adjoint(half), trans=True))),)


def _factor_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    (factor,) = outs
    half = solved_by(factor, symmetric(tangents[0]), trans=False)
    inner = solved_by(factor, adjoint(half), trans=False)
    return (product(factor, lower_half(inner)),)


def positive(x: Variable) -> Variable:
    """For samples: a symmetric matrix that is positive definite."""
    return product(x, adjoint(x)) + 2 * eye(x.shape[-2], dtype=x.dtype)


_THIRD = products(lambda letters: letters["n"] * letters["n"] * letters["n"])


@matrix_routine(
    "cholesky",
    "(n,n)->(n,n)",
    c="cholesky",
    shares=True,
    failure=_NOT_POSITIVE,
    work=_THIRD,
    ref=_cholesky,
    pullback=_factor_pullback,
    pushforward=_factor_pushforward,
    samples=(
        Sample(lambda f, x: call("cholesky", positive(x)), ((3, 4),)),
        Sample(lambda f, x: call("cholesky", positive(x)), ((2, 3, 3),)),
    ),
)
def cholesky(a: Any, lower: bool = True, on_error: str = "raise") -> Variable:
    """The triangular factor of a symmetric positive definite matrix: a = l @ l.T.

    Shapes: [..., n, n].  Complex: of a Hermitian one, a = l @ conj(l.T), its diagonal real.
    lower: l, from the lower triangle of a; False: its (conjugate) transpose, from the upper one.
    on_error: "raise", or "nan", which gives nan for a matrix that is not positive definite.
    Integers become float64.
    Gradient: symmetric (Murray, Differentiation of the Cholesky decomposition, 2016).  Where what
    reads the factor is a logarithm of the determinant or a solution of a x = b, it is not needed:
    grad takes the gradient of these with respect to a.
    Raises: LinAlgError at the call, naming the leading part that is not positive definite.
    """
    if on_error not in ("raise", "nan"):
        what = f'cholesky: on_error is "raise" or "nan", not {printable(repr(on_error), 40)}.'
        raise ArgumentError(message(what))
    array = matrices("cholesky", a)
    array = array if lower else adjoint(array)
    factor = call("cholesky" if on_error == "raise" else "nan_cholesky", array)
    return factor if lower else adjoint(factor)


@matrix_routine(
    "nan_cholesky",
    "(n,n)->(n,n)",
    word="cholesky",
    c="nan_cholesky",
    header="cholesky.h",
    macros=("GC_FILLS_NAN",),
    shares=True,
    failure=UNFINISHED,
    work=_THIRD,
    ref=stacked_reference(_nan_cholesky, (2,)),
    pullback=_factor_pullback,
    pushforward=_factor_pushforward,
    samples=(
        Sample(lambda f, x: call("nan_cholesky", positive(x)), ((2, 3, 3),)),
        Sample(lambda f, x: switch(False, 1.0, call("nan_cholesky", positive(x))), ((3, 3),)),
    ),
)
def nan_cholesky(a: Variable) -> Variable:
    """As cholesky, but nan for a matrix that is not positive definite: on_error="nan"."""
    return call("nan_cholesky", a)


# -- what is known of a = l l' from l --------------------------------------------------------------


def _of_factor(function: Any) -> Any:
    """A sample: the operation on a matrix and its factor."""
    return lambda f, x, *others: function(positive(x), call("cholesky", positive(x)), *others)


def _factored_solve_pullback(
    cts: Cts, outs: Cts, a: Variable, factor: Variable, b: Variable
) -> tuple[Variable, None, Variable]:
    y = call("factored_solve", a, factor, cts[0])
    slope = -symmetric(product(y, transposed(outs[0])))
    return over_stack(slope, a), None, over_stack(y, b)


def _factored_solve_pushforward(
    tangents: Cts, outs: Cts, a: Variable, factor: Variable, b: Variable
) -> tuple[Variable | None]:
    da, _, db = tangents
    moved = moved_side(None if da is None else symmetric(da), db, outs[0])
    return (None if moved is None else call("factored_solve", a, factor, moved),)


@matrix_routine(
    "factored_solve",
    "(n,n),(n,n),(n,k)->(n,k)",
    word="solve",
    c="factored_solve",
    needs="blas",
    shares=True,
    failure=_SINGULAR,
    of_complex=False,
    work=products(lambda letters: letters["n"] * letters["n"] * letters["k"] * 2),
    ref=reference(lambda a, factor, b: np.linalg.solve(factor @ np.swapaxes(factor, -1, -2), b)),
    pullback=_factored_solve_pullback,
    pushforward=_factored_solve_pushforward,
    samples=(
        Sample(_of_factor(lambda a, c, b: call("factored_solve", a, c, b)), ((3, 3), (3, 2))),
        Sample(_of_factor(lambda a, c, b: call("factored_solve", a, c, b)), ((2, 3, 3), (3, 2))),
    ),
)
def factored_solve(a: Variable, factor: Variable, b: Variable) -> Variable:
    """The x with a x = b, from the Cholesky factor of a.

    Gradient: to a, not through the factor.
    """
    return call("factored_solve", a, factor, b)


@matrix_routine(
    "factored_inverse",
    "(n,n),(n,n)->(n,n)",
    word="matrix_inverse",
    c="factored_inverse",
    needs="blas",
    shares=True,
    failure=_SINGULAR,
    of_complex=False,
    scratch=lambda letters, dtype: ((dtype, letters["n"] * letters["n"]),),
    work=products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 2),
    ref=reference(lambda a, factor: np.linalg.inv(factor @ np.swapaxes(factor, -1, -2))),
    pullback=lambda cts, outs, a, factor: (
        -product(outs[0], symmetric(cts[0]), outs[0]),
        None,
    ),
    pushforward=lambda tangents, outs, a, factor: (
        None if tangents[0] is None else -product(outs[0], symmetric(tangents[0]), outs[0]),
    ),
    samples=(
        Sample(_of_factor(lambda a, c: call("factored_inverse", a, c)), ((3, 3),)),
        Sample(_of_factor(lambda a, c: call("factored_inverse", a, c)), ((2, 3, 3),)),
    ),
)
def factored_inverse(a: Variable, factor: Variable) -> Variable:
    """The inverse of a from its Cholesky factor.  Gradient: to a, not through the factor."""
    return call("factored_inverse", a, factor)


def _logdet_pushforward(
    tangents: Cts, outs: Cts, a: Variable, factor: Variable
) -> tuple[Variable | None]:
    if tangents[0] is None:
        return (None,)
    inverse = call("factored_inverse", a, factor)
    return (sum_of(inverse * symmetric(tangents[0]), axis=(-2, -1)),)


@matrix_routine(
    "factored_logdet",
    "(n,n),(n,n)->()",
    c="factored_logdet",
    needs="",
    of_complex=False,
    work=lambda letters: letters["n"] * 40,
    ref=reference(
        lambda a, factor: 2 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
    ),
    pullback=lambda cts, outs, a, factor: (
        scaled(call("factored_inverse", a, factor), cts[0]),
        None,
    ),
    pushforward=_logdet_pushforward,
    samples=(
        Sample(_of_factor(lambda a, c: call("factored_logdet", a, c)), ((3, 3),)),
        Sample(_of_factor(lambda a, c: call("factored_logdet", a, c)), ((2, 3, 3),)),
    ),
)
def factored_logdet(a: Variable, factor: Variable) -> Variable:
    """The logarithm of the determinant of a from its Cholesky factor.

    Gradient: the inverse, to a and not through the factor.
    """
    return call("factored_logdet", a, factor)
