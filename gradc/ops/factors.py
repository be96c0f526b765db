"""The triangles of a general matrix, and what is known from them: solution, inverse, determinant.

`lu` factors a matrix once for all that ask; what they compute from the factors has a gradient that
goes to the matrix and not through the factors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.ops.calls import op_of
from gradc.ops.complexes import complex, imag, real
from gradc.ops.create import eye
from gradc.ops.declare import Sample, call, is_complex
from gradc.ops.lapack import UNFINISHED, Failure, matrix_routine
from gradc.ops.reduce import sum as sum_of
from gradc.ops.squares import (
    Cts,
    moved_side,
    over_stack,
    product,
    products,
    reference,
    scaled,
    stacked_reference,
    transposed,
)

__all__: list[str] = []

Array = npt.NDArray[Any]

_SINGULAR = Failure(
    "{matrix} is singular: a pivot is 0 at row {v1}, counted from 1.",
    "a singular matrix has no inverse: use pinv or lstsq, or leave out what depends on the rest.",
)


def _lu_one(a: Array) -> tuple[Array, Array]:
    """Row-major: a p = l u with the ones on u, pivots as LAPACK counts them."""
    m, n = np.array(a.T), len(a)
    pivots = np.zeros(n, "int32")
    for k in range(n):
        sizes = np.abs(m[k:, k].real) + np.abs(m[k:, k].imag)  # BLAS's ixamax
        best = k + int(np.argmax(sizes))
        pivots[k] = best + 1
        m[[k, best]] = m[[best, k]]
        if m[k, k] != 0:
            m[k + 1 :, k] /= m[k, k]
        m[k + 1 :, k + 1 :] -= np.outer(m[k + 1 :, k], m[k, k + 1 :])
    return m.T, pivots


@matrix_routine(
    "lu",
    "(n,n)->(n,n),(n)",
    word="solve, det or inv",
    c="lu",
    shares=True,
    gives="zi",
    failure=UNFINISHED,
    work=products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 2),
    ref=stacked_reference(_lu_one, (2,)),
    pullback=lambda cts, outs, a: (None,),
    pushforward=lambda tangents, outs, a: (None, None),
    is_slope=False,
    samples=(
        Sample(lambda f, x: f(x)[0], ((3, 3),)),
        Sample(lambda f, x: f(x)[1] * 1.0, ((2, 3, 3),)),
    ),
)
def lu(a: Variable) -> Any:
    """Both triangles of a in one array, and pivots: what others compute from.  No gradient."""
    return op_of("lu")(a)


def regular(x: Variable) -> Variable:
    """For samples: a matrix far from singular."""
    return x * 0.3 + eye(x.shape[-1], dtype=x.dtype) * 2.0


def _with_factors(name: str, **params: Any) -> Any:
    """A sample: the operation on a matrix and its factors."""

    def expr(f: Any, x: Variable, *others: Variable) -> Variable:
        a = regular(x)
        return call(name, a, *op_of("lu")(a), *others, **params)

    return expr


# -- solution --------------------------------------------------------------------------------------


def _solve_pullback(
    cts: Cts, outs: Cts, a: Variable, factors: Variable, pivots: Variable, b: Variable,
    *, trans: bool,
) -> tuple[Variable | None, ...]:  # fmt: skip
    y = call("lu_solve", a, factors, pivots, cts[0], trans=not trans)
    pair = (outs[0], y) if trans else (y, outs[0])
    slope = -product(pair[0], transposed(pair[1]))
    return over_stack(slope, a), None, None, over_stack(y, b)


def _solve_pushforward(
    tangents: Cts, outs: Cts, a: Variable, factors: Variable, pivots: Variable, b: Variable,
    *, trans: bool,
) -> tuple[Variable | None]:  # fmt: skip
    da = tangents[0]
    da = transposed(da) if trans and da is not None else da
    moved = moved_side(da, tangents[3], outs[0])
    if moved is None:
        return (None,)
    return (call("lu_solve", a, factors, pivots, moved, trans=trans),)


@matrix_routine(
    "lu_solve",
    "(n,n),(n,n),(n),(n,k)->(n,k)",
    word="solve",
    c="lu_solve",
    needs="blas",
    shares=True,
    failure=_SINGULAR,
    numbers=("trans",),
    work=products(lambda letters: letters["n"] * letters["n"] * letters["k"] * 2),
    ref=reference(
        lambda a, factors, pivots, b, *, trans: np.linalg.solve(
            np.swapaxes(a, -1, -2) if trans else a, b
        )
    ),
    pullback=_solve_pullback,
    pushforward=_solve_pushforward,
    samples=(
        Sample(_with_factors("lu_solve", trans=False), ((3, 3), (3, 2))),
        Sample(_with_factors("lu_solve", trans=True), ((2, 3, 3), (3, 2))),
        Sample(_with_factors("lu_solve", trans=False), ((3, 3), (2, 3, 2))),
    ),
)
def lu_solve(
    a: Variable, factors: Variable, pivots: Variable, b: Variable, trans: bool = False
) -> Variable:
    """The x with a x = b, or a^T x = b if `trans`, from the factors of a.

    Gradient: with y from the transposed system, y for b and -y x' for a.
    """
    return call("lu_solve", a, factors, pivots, b, trans=trans)


# -- inverse and determinant -----------------------------------------------------------------------


def _inverse_slope(inverse: Variable, ct: Variable) -> Variable:
    turned = transposed(inverse)
    return -product(turned, ct, turned)


@matrix_routine(
    "lu_inverse",
    "(n,n),(n,n),(n)->(n,n)",
    word="matrix_inverse",
    c="lu_inverse",
    needs="blas",
    shares=True,
    failure=_SINGULAR,
    work=products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 4),
    ref=reference(lambda a, factors, pivots: np.linalg.inv(a)),
    pullback=lambda cts, outs, a, factors, pivots: (_inverse_slope(outs[0], cts[0]), None, None),
    pushforward=lambda tangents, outs, a, factors, pivots: (
        None if tangents[0] is None else -product(outs[0], tangents[0], outs[0]),
    ),
    samples=(
        Sample(_with_factors("lu_inverse"), ((3, 3),)),
        Sample(_with_factors("lu_inverse"), ((2, 3, 3),)),
    ),
)
def lu_inverse(a: Variable, factors: Variable, pivots: Variable) -> Variable:
    """The inverse x of a, from its factors.  Gradient: -x' ct x'."""
    return call("lu_inverse", a, factors, pivots)


_OF_FACTORS = products(lambda letters: letters["n"] * 100)


def _traced(a: Variable, factors: Variable, pivots: Variable, tangent: Variable) -> Variable:
    """The trace of a^-1 times the tangent."""
    inverse = call("lu_inverse", a, factors, pivots)
    return sum_of(transposed(inverse) * tangent, axis=(-2, -1))


def _det_pushforward(
    tangents: Cts, outs: Cts, a: Variable, factors: Variable, pivots: Variable
) -> tuple[Variable | None]:
    if tangents[0] is None:
        return (None,)
    return (outs[0] * _traced(a, factors, pivots, tangents[0]),)


@matrix_routine(
    "lu_det",
    "(n,n),(n,n),(n)->()",
    word="det",
    c="lu_det",
    needs="",
    work=_OF_FACTORS,
    ref=reference(lambda a, factors, pivots: np.linalg.det(a)),
    pullback=lambda cts, outs, a, factors, pivots: (
        scaled(transposed(call("lu_inverse", a, factors, pivots)), cts[0] * outs[0]),
        None,
        None,
    ),
    pushforward=_det_pushforward,
    samples=(
        Sample(_with_factors("lu_det"), ((3, 3),)),
        Sample(_with_factors("lu_det"), ((2, 3, 3),)),
    ),
)
def lu_det(a: Variable, factors: Variable, pivots: Variable) -> Variable:
    """The determinant of a, from its factors.  Gradient: det a'^-1; a must be regular for it."""
    return call("lu_det", a, factors, pivots)


@matrix_routine(
    "lu_logabs",
    "(n,n),(n,n),(n)->()",
    word="slogdet",
    c="lu_logabs",
    needs="",
    gives="r",
    work=_OF_FACTORS,
    ref=reference(lambda a, factors, pivots: np.linalg.slogdet(a)[1]),
    pullback=lambda cts, outs, a, factors, pivots: (
        scaled(transposed(call("lu_inverse", a, factors, pivots)), cts[0]),
        None,
        None,
    ),
    pushforward=lambda tangents, outs, a, factors, pivots: (
        None if tangents[0] is None else real(_traced(a, factors, pivots, tangents[0])),
    ),
    samples=(
        Sample(_with_factors("lu_logabs"), ((3, 3),)),
        Sample(_with_factors("lu_logabs"), ((2, 3, 3),)),
    ),
)
def lu_logabs(a: Variable, factors: Variable, pivots: Variable) -> Variable:
    """The logarithm of the magnitude of the determinant of a.  Gradient: a'^-1."""
    return call("lu_logabs", a, factors, pivots)


def _sign_pullback(
    cts: Cts, outs: Cts, a: Variable, factors: Variable, pivots: Variable
) -> tuple[Variable | None, None, None]:
    """A complex sign s turns by the imaginary part of the trace of a^-1 da; a real one jumps."""
    if not is_complex(a.dtype):
        return None, None, None
    turn = complex(0.0, imag(cts[0] * outs[0]))
    return scaled(transposed(call("lu_inverse", a, factors, pivots)), turn), None, None


def _sign_pushforward(
    tangents: Cts, outs: Cts, a: Variable, factors: Variable, pivots: Variable
) -> tuple[Variable | None]:
    if tangents[0] is None or not is_complex(a.dtype):
        return (None,)
    return (outs[0] * complex(0.0, imag(_traced(a, factors, pivots, tangents[0]))),)


@matrix_routine(
    "lu_sign",
    "(n,n),(n,n),(n)->()",
    word="slogdet",
    c="lu_sign",
    needs="",
    work=_OF_FACTORS,
    ref=reference(lambda a, factors, pivots: np.linalg.slogdet(a)[0]),
    pullback=_sign_pullback,
    pushforward=_sign_pushforward,
    samples=(
        Sample(_with_factors("lu_sign"), ((3, 3),)),
        Sample(_with_factors("lu_sign"), ((2, 3, 3),)),
    ),
)
def lu_sign(a: Variable, factors: Variable, pivots: Variable) -> Variable:
    """The sign of the determinant of a: 1, -1 or 0, and its gradient 0; if complex, det / |det|."""
    return call("lu_sign", a, factors, pivots)
