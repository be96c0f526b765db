"""QR: orthogonal (unitary) columns and an upper triangle, whose diagonal is real.

Source: Walter and Lehmann, Algorithmic differentiation of linear algebra functions (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.ops.calls import call, length_of, op_of
from gradc.ops.complexes import conj, length_squared
from gradc.ops.declare import Sample
from gradc.ops.kinds.routines import Letters
from gradc.ops.lapack import matrix_routine
from gradc.ops.singular import CUBE, longer, shorter
from gradc.ops.squares import Cts, adjoint, lower_half, product, reference, transposed
from gradc.ops.stacking import concatenate

__all__: list[str] = []


def _part(x: Variable, start: Any, stop: Any) -> Variable:
    """Columns of each matrix."""
    return x[(..., slice(start, stop))]


def _over(x: Variable, r: Variable, trans: bool) -> Variable:
    """The solution of y r = x, or y r^T = x if `trans`, for an upper triangle r."""
    solved = call("triangular_solve", r, transposed(x), lower=False, trans=not trans, unit=False)
    return transposed(solved)


def _qr_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    """Of a = [x, y] with a square or tall x = q u: the rest is r's own, v = q' y."""
    q, r = outs
    q_ct = q * 0.0 if cts[0] is None else conj(cts[0])
    r_ct = r * 0.0 if cts[1] is None else conj(cts[1])
    m, n = a.type.shape[-2:]
    is_tall = m is not None and n is not None and m >= n
    if is_tall:
        return (conj(_tall_pullback(q, r, q_ct, r_ct)),)
    k = length_of(q, q.ndim - 1)
    y, v_ct = _part(a, k, None), _part(r_ct, k, None)
    q_ct = q_ct + product(y, adjoint(v_ct))
    first = _tall_pullback(q, _part(r, None, k), q_ct, _part(r_ct, None, k))
    return (conj(concatenate([first, product(q, v_ct)], axis=a.ndim - 1)),)


def _tall_pullback(q: Variable, r: Variable, q_ct: Variable, r_ct: Variable) -> Variable:
    low = lower_half(product(r, adjoint(r_ct)) - product(adjoint(q_ct), q))
    return _over(q_ct + product(q, low + adjoint(low)), conj(r), trans=True)


def _qr_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, Variable]:
    q, r = outs
    k = length_of(q, q.ndim - 1)
    u, da = _part(r, None, k), tangents[0]
    x = _over(_part(da, None, k), u, trans=False)
    inner = product(adjoint(q), x)
    moved = adjoint(lower_half(inner + adjoint(inner)))
    dq = x - product(q, moved)
    dv = product(adjoint(dq), _part(a, k, None)) + product(adjoint(q), _part(da, k, None))
    return dq, concatenate([product(moved, u), dv], axis=r.ndim - 1)


def _scratch(letters: Letters, dtype: str) -> Any:
    wide = longer(letters)
    return (dtype, shorter(letters)), (dtype, letters["m"] * wide), (dtype, wide * 64)


def _squares(f: Any, x: Variable) -> Variable:
    """A sample that signs do not change."""
    q, r = f(x)
    return product(length_squared(q), length_squared(r))


@matrix_routine(
    "qr_thin",
    "(m,n)->(m,k),(k,n)",
    word="qr",
    derived=(("k", shorter),),
    c="qr_thin",
    header="qr.h",
    scratch=_scratch,
    work=CUBE,
    ref=reference(lambda a: tuple(np.linalg.qr(a))),
    pullback=_qr_pullback,
    pushforward=_qr_pushforward,
    samples=(
        Sample(lambda f, x: f(x)[0] * 1.0, ((4, 3),)),
        Sample(lambda f, x: f(x)[1] * 1.0, ((2, 3, 4),)),
        Sample(_squares, ((3, 3),)),
        Sample(_squares, ((2, 3, 5),)),
    ),
)
def qr_thin(a: Variable) -> Any:
    """The orthogonal columns q [m, k] and the upper triangle r [k, n] with q r = a.

    Gradient: Walter and Lehmann's; its first k columns must be independent.
    """
    return op_of("qr_thin")(a)


_COMPLETE = 'the columns outside the range are not determined: use mode="reduced"'


@matrix_routine(
    "qr_complete",
    "(m,n)->(m,m),(m,n)",
    word="qr",
    c="qr_complete",
    header="qr.h",
    macros=("GC_COMPLETE",),
    scratch=_scratch,
    work=CUBE,
    ref=reference(lambda a: tuple(np.linalg.qr(a, "complete"))),
    pullback=lambda cts, outs, a: (Undefined(a.type, f"input 0 of qr: {_COMPLETE}"),),
    pushforward=lambda tangents, outs, a: tuple(
        Undefined(each.type, f"an output of qr: {_COMPLETE}") for each in outs
    ),
    is_slope=False,
    samples=(
        Sample(lambda f, x: f(x)[0] * 1.0, ((4, 3),)),
        Sample(lambda f, x: f(x)[1] * 1.0, ((2, 3, 4),)),
    ),
)
def qr_complete(a: Variable) -> Any:
    """As qr_thin with q [m, m] and r [m, n].  No gradient."""
    return op_of("qr_complete")(a)
