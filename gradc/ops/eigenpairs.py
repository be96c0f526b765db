"""Eigenvalues and eigenvectors of square matrices that need not be symmetric.

The results are complex whatever the matrix: a dtype is known while building, and whether a real
matrix has real eigenvalues is known at the call.
Gradients: with u = v^-1 the values move by diag(u da v) and the vectors by v (F * (u da v)),
F[i, j] = 1 / (w[j] - w[i]), less what would change their length, or make the component complex that
LAPACK makes real, the largest.
Sources: Giles, Collected matrix derivative results (2008), section 3.1; Boeddeker et al., On the
computation of complex-valued gradients (2017), section 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import promote
from gradc.graph.variable import Variable
from gradc.ops.calls import call, length_of, op_of
from gradc.ops.compare import eq, switch
from gradc.ops.complexes import complex, conj, imag, real
from gradc.ops.create import iota
from gradc.ops.declare import Sample
from gradc.ops.elemwise import abs as abs_of
from gradc.ops.elemwise import cast
from gradc.ops.kinds.routines import Letters
from gradc.ops.lapack import NO_END, matrix_routine, part_of
from gradc.ops.matrices import diagonal
from gradc.ops.reduce import argmax
from gradc.ops.reduce import sum as sum_of
from gradc.ops.solving import matrix_inverse
from gradc.ops.spectra import columns_times, gaps, sum_up
from gradc.ops.squares import Cts, matrices, product, products, reference, transposed

__all__ = ["eig", "eigvals"]

Array = npt.NDArray[Any]


def _pairs(a: Array) -> tuple[Array, Array]:
    values, vectors = np.linalg.eig(a)
    dtype = promote(a.dtype, 1j)
    return values.astype(dtype), vectors.astype(dtype)


def _values(a: Array) -> Array:
    return np.linalg.eigvals(a).astype(promote(a.dtype, 1j))


def _scratch(letters: Letters, dtype: str, elements: Any) -> Any:
    n = letters["n"]
    return (dtype, n * n), (dtype, elements), (dtype, n * 66), (part_of(dtype), n * 2)


def _as_row(x: Variable) -> Variable:
    return call("dimshuffle", x, order=(*range(x.ndim - 1), "x", x.ndim - 1))


def _down(x: Variable) -> Variable:
    """The sum of each column, as a row."""
    return sum_of(x, axis=x.ndim - 2, keepdims=True)


def _anchor(v: Variable) -> Variable:
    """1 over the component of each vector that is real, at its place, and 0 at the others."""
    sizes = switch(eq(imag(v), 0), abs_of(real(v)), -1.0)
    rows = call("dimshuffle", iota(length_of(v, v.ndim - 2)), order=(0, "x"))
    is_there = eq(rows, _as_row(argmax(sizes, axis=v.ndim - 2)))
    return switch(is_there, 1.0 / switch(is_there, real(v), 1.0), 0.0)


def _pair_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    w, v = outs
    terms, vt, ut = [], transposed(v), transposed(matrix_inverse(v))
    if cts[0] is not None:
        terms.append(columns_times(ut, cts[0]))
    if cts[1] is not None:
        ct = cts[1]
        along = _down(ct * v)
        turned = complex(0.0, -imag(along) * _anchor(v))
        moved = ct - real(along) * conj(v) + turned
        terms.append(product(ut, gaps(w) * product(vt, moved)))
    total = sum_up(terms)
    return (None if total is None else product(total, vt),)


def _within(v: Variable, tangent: Variable | None) -> Variable:
    """The tangent of a matrix in the basis of its eigenvectors."""
    return product(matrix_inverse(v), cast(tangent, v.dtype), v)


def _pair_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, Variable]:
    w, v = outs
    inner = _within(v, tangents[0])
    moved = product(v, gaps(w) * inner)
    along = complex(_down(real(conj(v) * moved)), _down(imag(moved) * _anchor(v)))
    return diagonal(inner, 0, -2, -1), moved - v * along


_WORK = products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 25)


def _invariant(f: Any, x: Variable) -> Variable:
    """The real matrix again, of which only half of the values' imaginary parts is left."""
    w, v = f(x)
    return real(product(columns_times(v, complex(real(w), 0.5 * imag(w))), matrix_inverse(v)))


@matrix_routine(
    "general_eigen",
    "(n,n)->(n),(n,n)",
    word="eig",
    c="eig",
    macros=("GC_VECTORS",),
    gives="cc",
    failure=NO_END,
    scratch=lambda letters, dtype: _scratch(letters, dtype, letters["n"] * letters["n"]),
    work=_WORK,
    ref=reference(_pairs, np.asarray),
    pullback=_pair_pullback,
    pushforward=_pair_pushforward,
    samples=(
        Sample(_invariant, ((3, 3),)),
        Sample(lambda f, x: abs_of(f(x)[1]) * 2.0, ((2, 3, 3),)),
    ),
)
def general_eigen(a: Variable) -> Any:
    """The eigenvalues and the vectors in columns, complex.

    Gradient: u' (diag(ct) + F * (v' ct)) v' with u = v^-1; F has 1 / (w_j - w_i).
    """
    return op_of("general_eigen")(a)


def _values_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    return _pair_pullback((cts[0], None), general_eigen(a), a)


def _values_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    _, v = general_eigen(a)
    inner = _within(v, tangents[0])
    return (diagonal(inner, 0, -2, -1),)


@matrix_routine(
    "general_eigenvalues",
    "(n,n)->(n)",
    word="eigvals",
    c="eigvals",
    header="eig.h",
    gives="c",
    failure=NO_END,
    scratch=lambda letters, dtype: _scratch(letters, dtype, 1),
    work=_WORK,
    ref=reference(_values, np.asarray),
    pullback=_values_pullback,
    pushforward=_values_pushforward,
    samples=(
        Sample(lambda f, x: real(f(x)) + 2.0 * abs_of(imag(f(x))), ((3, 3),)),
        Sample(lambda f, x: real(f(x) ** 2), ((2, 3, 3),)),
    ),
)
def general_eigenvalues(a: Variable) -> Variable:
    """The eigenvalues, complex.  Gradient: u' diag(ct) v' with u = v^-1."""
    return call("general_eigenvalues", a)


def eig(a: Any) -> Any:
    """The eigenvalues of a square matrix, in no order, and its eigenvectors, in columns.

    Shapes: [..., n, n] -> [..., n] and [..., n, n].  dtype: complex always, also where all values
    are real and numpy gives floats: a dtype cannot depend on the numbers.  Take real(w) where they
    are known to be.  Vectors have length 1 and a real largest component; signs are LAPACK's choice.
    Symmetric matrices: eigh is faster and exact in that.
    Gradient: where all values differ; elsewhere it is infinite or nan.
    Raises: LinAlgError at the call for nan or infinite elements, or if the iteration does not end.
    Source: LAPACK's xGEEV.
    """
    return general_eigen(matrices("eig", a))


def eigvals(a: Any) -> Variable:
    """The eigenvalues of a square matrix, in no order, complex always, as those of eig.

    Shapes: [..., n, n] -> [..., n].  Gradient: where all values differ.  Raises: as eig.
    """
    return general_eigenvalues(matrices("eigvals", a))
