"""Eigenvalues of symmetric and Hermitian matrices, and what the other spectra share with them.

The gradient of vectors has the gaps between values under it: where two values coincide the vectors
are not determined, and their gradient is infinite or nan.  That of values alone is always there.
Complex vectors have a phase besides, which is LAPACK's choice: derivatives are those of vectors
that move at right angles to themselves, as JAX has it, and right for what phases do not change.
Sources: Giles, Collected matrix derivative results (2008); Boeddeker et al., On the computation of
complex-valued gradients (2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.graph.variable import Variable
from gradc.ops.calls import call, length_of, op_of
from gradc.ops.compare import switch
from gradc.ops.complexes import conj, length_squared, real
from gradc.ops.create import eye
from gradc.ops.declare import Sample
from gradc.ops.kinds.routines import Letters
from gradc.ops.lapack import NO_END, matrix_routine, part_of
from gradc.ops.matrices import diagonal
from gradc.ops.squares import Cts, adjoint, product, products, reference, symmetric

__all__: list[str] = []


def gaps(x: Variable) -> Variable:
    """1 / (x[j] - x[i]) at i, j, and 0 on the diagonal."""
    rows = call("dimshuffle", x, order=(*range(x.ndim), "x"))
    cols = call("dimshuffle", x, order=(*range(x.ndim - 1), "x", x.ndim - 1))
    same = eye(length_of(x, x.ndim - 1), dtype="bool")
    return switch(same, 0.0, 1.0 / switch(same, 1.0, cols - rows))


def columns_times(x: Variable, numbers: Variable) -> Variable:
    """Each column times its number: x @ diag(numbers)."""
    return x * call("dimshuffle", numbers, order=(*range(numbers.ndim - 1), "x", numbers.ndim - 1))


def rows_times(numbers: Variable, x: Variable) -> Variable:
    """Each row times its number: diag(numbers) @ x."""
    return x * call("dimshuffle", numbers, order=(*range(numbers.ndim), "x"))


def sum_up(terms: list[Variable]) -> Variable | None:
    """The sum; None for none."""
    total = terms[0] if terms else None
    for each in terms[1:]:
        total = total + each
    return total


def real_diagonal(x: Variable) -> Variable:
    """The real parts of each matrix's diagonal."""
    return real(diagonal(x, 0, -2, -1))


def _scratch(letters: Letters, dtype: str) -> Any:
    n = letters["n"]
    room = n * n * 2 + n * 66 + 8
    parts = (part_of(dtype), room if part_of(dtype) != dtype else 1)
    return (dtype, n * n), (dtype, room), parts, ("int32", n * 5 + 8)


def _pair_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    w, v = outs
    terms = []
    if cts[0] is not None:
        terms.append(product(columns_times(v, cts[0]), adjoint(v)))
    if cts[1] is not None:
        inner = gaps(w) * product(adjoint(v), conj(cts[1]))
        terms.append(product(v, inner, adjoint(v)))
    total = sum_up(terms)
    return (None if total is None else conj(symmetric(total)),)


def _pair_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, Variable]:
    w, v = outs
    inner = product(adjoint(v), symmetric(tangents[0]), v)
    return real_diagonal(inner), product(v, gaps(w) * inner)


_WORK = products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 8)


@matrix_routine(
    "eigen",
    "(n,n)->(n),(n,n)",
    word="eigh",
    c="eigh",
    macros=("GC_VECTORS",),
    gives="rz",
    failure=NO_END,
    scratch=_scratch,
    work=_WORK,
    ref=reference(lambda a: tuple(np.linalg.eigh(a)), np.tril),
    pullback=_pair_pullback,
    pushforward=_pair_pushforward,
    samples=(
        Sample(lambda f, x: length_squared(f(symmetric(x))[1]), ((3, 3),)),
        Sample(lambda f, x: length_squared(f(symmetric(x))[1]), ((2, 3, 3),)),
        Sample(lambda f, x: f(symmetric(x))[0] * 2.0, ((2, 3, 3),)),
    ),
)
def eigen(a: Variable) -> Any:
    """The eigenvalues, ascending, and the vectors in columns, from the lower triangle of a.

    Gradient: v (diag(ct) + F * (v' ct)) v', symmetric; F has 1 / (w_j - w_i).
    """
    return op_of("eigen")(a)


def _values_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    _, v = eigen(a)
    return (conj(product(columns_times(v, cts[0]), adjoint(v))),)


def _values_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    _, v = eigen(a)
    return (real_diagonal(product(adjoint(v), symmetric(tangents[0]), v)),)


@matrix_routine(
    "eigenvalues",
    "(n,n)->(n)",
    word="eigvalsh",
    c="eigvalsh",
    header="eigh.h",
    gives="r",
    failure=NO_END,
    scratch=_scratch,
    work=_WORK,
    ref=reference(np.linalg.eigvalsh, np.tril),
    pullback=_values_pullback,
    pushforward=_values_pushforward,
    samples=(
        Sample(lambda f, x: f(symmetric(x)), ((3, 3),)),
        Sample(lambda f, x: f(symmetric(x)), ((2, 3, 3),)),
    ),
)
def eigenvalues(a: Variable) -> Variable:
    """The eigenvalues, ascending, from the lower triangle of a.  Gradient: v diag(ct) v'."""
    return call("eigenvalues", a)
