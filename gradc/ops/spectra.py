"""Orthogonal factors: QR, singular values, eigenvalues of symmetric matrices, and what needs them.

The gradient of vectors has the gaps between values under it: where two values coincide the vectors
are not determined, and their gradient is infinite or nan.  That of values alone is always there.
Sources: Giles, Collected matrix derivative results (2008); Townsend, Differentiating the singular
value decomposition (2016); Walter and Lehmann, Algorithmic differentiation of linear algebra
functions (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.calls import call, length_of, op_of
from gradc.ops.compare import switch
from gradc.ops.create import eye
from gradc.ops.declare import Sample, declared
from gradc.ops.kinds import Routine
from gradc.ops.kinds.routines import Letters
from gradc.ops.matrices import diagonal, tril
from gradc.ops.squares import (
    Cts,
    alike,
    product,
    products,
    reference,
    symmetric,
    transposed,
)
from gradc.ops.stacking import concatenate
from gradc.sizes import Size, maximum
from gradc.sizes import minimum as least

__all__: list[str] = []

Array = npt.NDArray[Any]

NO_END = "{matrix} has nan or infinite elements, or the iteration did not end."
FIX = "look for what made them: f.stages and mode=NanGuardMode() say which operation was first."


def _k(letters: Letters) -> Size:
    return least(letters["m"], letters["n"])


def _wide(letters: Letters) -> Size:
    return maximum(letters["m"], letters["n"])


_CUBE = products(lambda letters: letters["m"] * letters["n"] * _k(letters) * 8)
_DERIVED = (("k", _k),)


def gaps(x: Variable) -> Variable:
    """1 / (x[j] - x[i]) at i, j, and 0 on the diagonal."""
    rows = call("dimshuffle", x, order=(*range(x.ndim), "x"))
    cols = call("dimshuffle", x, order=(*range(x.ndim - 1), "x", x.ndim - 1))
    same = eye(length_of(x, x.ndim - 1), dtype="bool")
    return switch(same, 0.0, 1.0 / switch(same, 1.0, cols - rows))


def columns_times(x: Variable, numbers: Variable) -> Variable:
    """Each column times its number: x @ diag(numbers)."""
    return x * call("dimshuffle", numbers, order=(*range(numbers.ndim - 1), "x", numbers.ndim - 1))


def _rows_times(numbers: Variable, x: Variable) -> Variable:
    """Each row times its number: diag(numbers) @ x."""
    return x * call("dimshuffle", numbers, order=(*range(numbers.ndim), "x"))


def sum_up(terms: list[Variable]) -> Variable | None:
    total = terms[0] if terms else None
    for each in terms[1:]:
        total = total + each
    return total


# -- singular values -------------------------------------------------------------------------------


def _outside(vectors: Variable, x: Variable) -> Variable:
    """What of x lies outside the span of orthogonal columns."""
    return x - product(vectors, product(transposed(vectors), x))


def _svd_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    u, s, vt = outs
    v, terms = transposed(vt), []
    if cts[1] is not None:
        terms.append(product(columns_times(u, cts[1]), vt))
    if cts[0] is not None:
        inner = product(transposed(u), cts[0])
        turned = (inner - transposed(inner)) * gaps(s * s)
        left = product(u, columns_times(turned, s))
        terms.append(product(left + columns_times(_outside(u, cts[0]), 1.0 / s), vt))
    if cts[2] is not None:
        ct = transposed(cts[2])
        inner = product(transposed(v), ct)
        turned = (inner - transposed(inner)) * gaps(s * s)
        right = _rows_times(s, product(turned, vt))
        terms.append(product(u, right + _rows_times(1.0 / s, transposed(_outside(v, ct)))))
    return (sum_up(terms),)


def _svd_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, ...]:
    u, s, vt = outs
    v, da = transposed(vt), tangents[0]
    inner = product(transposed(u), da, v)
    f = gaps(s * s)
    scaled = columns_times(inner, s)
    du = product(u, f * (scaled + transposed(scaled)))
    du = du + columns_times(_outside(u, product(da, v)), 1.0 / s)
    scaled = _rows_times(s, inner)
    dv = product(v, f * (scaled + transposed(scaled)))
    dv = dv + columns_times(_outside(v, product(transposed(da), u)), 1.0 / s)
    return du, diagonal(inner, 0, -2, -1), transposed(dv)


def _svd_scratch(letters: Letters, dtype: str) -> Any:
    k, wide = _k(letters), _wide(letters)
    return (
        (dtype, letters["m"] * letters["n"]),
        (dtype, k * k * 7 + wide * 74 + 64),
        ("int32", k * 8),
    )


def _svd_sample(f: Any, x: Variable) -> Variable:
    u, s, vt = f(x)
    return product(columns_times(u, s * s), vt)


@declared(
    Routine,
    name="svd_thin",
    word="svd",
    signature="(m,n)->(m,k),(k),(k,n)",
    derived=_DERIVED,
    c=RoutineFn("svd_thin", "svd.h", table=True, fails=True, lapack=True,
                macros=(("GC_VECTORS", ""),)),
    dtypes=lambda dtypes: (dtypes[0], (dtypes[0],) * 3),
    scratch=_svd_scratch,
    work=_CUBE,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(lambda a: tuple(np.linalg.svd(a, full_matrices=False)), np.asarray),
    pullback=_svd_pullback,
    pushforward=_svd_pushforward,
    samples=(
        Sample(_svd_sample, ((3, 4),)),
        Sample(_svd_sample, ((2, 4, 3),)),
        Sample(lambda f, x: f(x)[0] ** 2, ((3, 3),)),
        Sample(lambda f, x: f(x)[2] ** 2, ((4, 2),)),
    ),
)  # fmt: skip
def svd_thin(a: Variable) -> Any:
    """The vectors u [m, k], the values s [k], descending, and the vectors v' [k, n] of a = u s v'.

    Gradient: Townsend's; it has 1 / s and 1 / (s_j^2 - s_i^2) where vectors are used.
    """
    return op_of("svd_thin")(a)


_FULL = "the vectors outside the range are not determined: use full_matrices=False"


def _full_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    if cts[0] is None and cts[2] is None:
        return _values_pullback(cts[1:2], outs, a)
    return (Undefined(a.type, f"input 0 of svd: {_FULL}"),)


def _full_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, ...]:
    (moved,) = _values_pushforward(tangents, outs, a)
    left, right = (Undefined(outs[k].type, f"output {k} of svd: {_FULL}") for k in (0, 2))
    return left, moved, right


@declared(
    Routine,
    name="svd_full",
    word="svd",
    signature="(m,n)->(m,m),(k),(n,n)",
    derived=_DERIVED,
    c=RoutineFn("svd_full", "svd.h", table=True, fails=True, lapack=True,
                macros=(("GC_VECTORS", ""), ("GC_FULL", ""))),
    dtypes=lambda dtypes: (dtypes[0], (dtypes[0],) * 3),
    scratch=_svd_scratch,
    work=_CUBE,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(lambda a: tuple(np.linalg.svd(a, full_matrices=True)), np.asarray),
    pullback=_full_pullback,
    pushforward=_full_pushforward,
    is_slope=False,
    samples=(
        Sample(lambda f, x: product(f(x)[0], transposed(f(x)[0])) + 1.0, ((2, 3),)),
        Sample(lambda f, x: product(f(x)[2], transposed(f(x)[2])) + 1.0, ((2, 2, 3),)),
    ),
)  # fmt: skip
def svd_full(a: Variable) -> Any:
    """As svd_thin with u [m, m] and v' [n, n].  Gradient: of the values only."""
    return op_of("svd_full")(a)


def _values_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    u, _, vt = svd_thin(a)
    return (product(columns_times(u, cts[0]), vt),)


def _values_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    u, _, vt = svd_thin(a)
    return (diagonal(product(transposed(u), tangents[0], transposed(vt)), 0, -2, -1),)


@declared(
    Routine,
    name="singular_values",
    word="svd",
    signature="(m,n)->(k)",
    derived=_DERIVED,
    c=RoutineFn("singular_values", "svd.h", table=True, fails=True, lapack=True),
    dtypes=alike,
    scratch=_svd_scratch,
    work=_CUBE,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(lambda a: np.linalg.svd(a, compute_uv=False), np.asarray),
    pullback=_values_pullback,
    pushforward=_values_pushforward,
    samples=(Sample(lambda f, x: f(x), ((3, 4),)), Sample(lambda f, x: f(x), ((2, 4, 3),))),
)
def singular_values(a: Variable) -> Variable:
    """The singular values, descending.  Gradient: u diag(ct) v'."""
    return call("singular_values", a)


# -- the pseudo-inverse ----------------------------------------------------------------------------


def _pinv_pullback(cts: Cts, outs: Cts, a: Variable, rcond: Variable) -> tuple[Variable, None]:
    """Golub and Pereyra, The differentiation of pseudo-inverses (1973), of constant rank."""
    (p,) = outs
    pt, ct = transposed(p), transposed(cts[0])
    first = product(ct, p, pt)
    second = product(pt, p, ct)
    total = first - product(a, p, first) + second - product(second, p, a)
    return total - product(pt, cts[0], pt), None


def _pinv_pushforward(
    tangents: Cts, outs: Cts, a: Variable, rcond: Variable
) -> tuple[Variable | None]:
    (p,), da = outs, tangents[0]
    if da is None:
        return (None,)
    pt, dt = transposed(p), transposed(da)
    first, second = product(p, pt, dt), product(dt, pt, p)
    total = first - product(first, a, p) + second - product(p, a, second)
    return (total - product(p, da, p),)


def _pinv_ref(a: Array, rcond: Array) -> Array:
    found: Array = np.linalg.pinv(a, rcond)
    return found


def _pinv_sample(f: Any, x: Variable) -> Variable:
    return call("pinv_of", x, call("cast", eye(1)[0, 0] * 1e-6, dtype=x.dtype))


@declared(
    Routine,
    name="pinv_of",
    word="pinv",
    signature="(m,n),()->(n,m)",
    c=RoutineFn("pinv", "pinv.h", table=True, fails=True, lapack=True),
    dtypes=alike,
    scratch=lambda letters, dtype: (
        (dtype, letters["m"] * letters["n"]),
        (dtype, (letters["m"] + letters["n"] + 1) * _k(letters)),
        *_svd_scratch(letters, dtype)[1:],
    ),
    work=_CUBE,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(_pinv_ref, np.asarray),
    pullback=_pinv_pullback,
    pushforward=_pinv_pushforward,
    samples=(Sample(_pinv_sample, ((3, 4),)), Sample(_pinv_sample, ((2, 4, 3),))),
)
def pinv_of(a: Variable, rcond: Variable) -> Variable:
    """The pseudo-inverse [..., n, m]; singular values up to rcond times the greatest count as 0.

    Gradient: Golub and Pereyra's, for changes that keep the rank.
    """
    return call("pinv_of", a, rcond)


# -- symmetric matrices ----------------------------------------------------------------------------


def _eigh_scratch(letters: Letters, dtype: str) -> Any:
    n = letters["n"]
    return (dtype, n * n), (dtype, n * n * 2 + n * 66 + 8), ("int32", n * 5 + 8)


def _eigh_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    w, v = outs
    terms = []
    if cts[0] is not None:
        terms.append(product(columns_times(v, cts[0]), transposed(v)))
    if cts[1] is not None:
        inner = gaps(w) * product(transposed(v), cts[1])
        terms.append(product(v, inner, transposed(v)))
    total = sum_up(terms)
    return (None if total is None else symmetric(total),)


def _eigh_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, Variable]:
    w, v = outs
    inner = product(transposed(v), symmetric(tangents[0]), v)
    return diagonal(inner, 0, -2, -1), product(v, gaps(w) * inner)


_EIGH_WORK = products(lambda letters: letters["n"] * letters["n"] * letters["n"] * 8)


@declared(
    Routine,
    name="eigen",
    word="eigh",
    signature="(n,n)->(n),(n,n)",
    c=RoutineFn("eigh", "eigh.h", table=True, fails=True, lapack=True,
                macros=(("GC_VECTORS", ""),)),
    dtypes=lambda dtypes: (dtypes[0], (dtypes[0],) * 2),
    scratch=_eigh_scratch,
    work=_EIGH_WORK,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(lambda a: tuple(np.linalg.eigh(a)), np.tril),
    pullback=_eigh_pullback,
    pushforward=_eigh_pushforward,
    samples=(
        Sample(lambda f, x: f(symmetric(x))[1] ** 2, ((3, 3),)),
        Sample(lambda f, x: f(symmetric(x))[1] ** 2, ((2, 3, 3),)),
        Sample(lambda f, x: f(symmetric(x))[0] * 2.0, ((2, 3, 3),)),
    ),
)  # fmt: skip
def eigen(a: Variable) -> Any:
    """The eigenvalues, ascending, and the vectors in columns, from the lower triangle of a.

    Gradient: v (diag(ct) + F * (v' ct)) v', symmetric; F has 1 / (w_j - w_i).
    """
    return op_of("eigen")(a)


def _eigenvalues_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    _, v = eigen(a)
    return (product(columns_times(v, cts[0]), transposed(v)),)


def _eigenvalues_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    _, v = eigen(a)
    return (diagonal(product(transposed(v), symmetric(tangents[0]), v), 0, -2, -1),)


@declared(
    Routine,
    name="eigenvalues",
    word="eigvalsh",
    signature="(n,n)->(n)",
    c=RoutineFn("eigvalsh", "eigh.h", table=True, fails=True, lapack=True),
    dtypes=alike,
    scratch=_eigh_scratch,
    work=_EIGH_WORK,
    complaint=NO_END,
    fix=FIX,
    error="LinAlgError",
    ref=reference(np.linalg.eigvalsh, np.tril),
    pullback=_eigenvalues_pullback,
    pushforward=_eigenvalues_pushforward,
    samples=(
        Sample(lambda f, x: f(symmetric(x)), ((3, 3),)),
        Sample(lambda f, x: f(symmetric(x)), ((2, 3, 3),)),
    ),
)
def eigenvalues(a: Variable) -> Variable:
    """The eigenvalues, ascending, from the lower triangle of a.  Gradient: v diag(ct) v'."""
    return call("eigenvalues", a)


# -- QR --------------------------------------------------------------------------------------------


def _part(x: Variable, start: Any, stop: Any) -> Variable:
    """Columns of each matrix."""
    return x[(..., slice(start, stop))]


def _over(x: Variable, r: Variable) -> Variable:
    """The solution of y r' = x."""
    return transposed(
        call("triangular_solve", r, transposed(x), lower=False, trans=False, unit=False)
    )


def _qr_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    """Of a = [x, y] with a square or tall x = q u: the rest is r's own, v = q' y."""
    q, r = outs
    q_ct = q * 0.0 if cts[0] is None else cts[0]
    r_ct = r * 0.0 if cts[1] is None else cts[1]
    m, n = a.type.shape[-2:]
    is_tall = m is not None and n is not None and m >= n
    if is_tall:
        return (_tall_pullback(q, r, q_ct, r_ct),)
    k = length_of(q, q.ndim - 1)
    y, v_ct = _part(a, k, None), _part(r_ct, k, None)
    q_ct = q_ct + product(y, transposed(v_ct))
    first = _tall_pullback(q, _part(r, None, k), q_ct, _part(r_ct, None, k))
    return (concatenate([first, product(q, v_ct)], axis=a.ndim - 1),)


def _tall_pullback(q: Variable, r: Variable, q_ct: Variable, r_ct: Variable) -> Variable:
    inner = product(r, transposed(r_ct)) - product(transposed(q_ct), q)
    low = tril(inner, -1)
    return _over(q_ct + product(q, tril(inner) + transposed(low)), r)


def _qr_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, Variable]:
    q, r = outs
    k = length_of(q, q.ndim - 1)
    u, da = _part(r, None, k), tangents[0]
    x = transposed(
        call("triangular_solve", u, transposed(_part(da, None, k)), lower=False, trans=True,
             unit=False)
    )  # fmt: skip
    inner = product(transposed(q), x)
    turned = tril(inner, -1) - transposed(tril(inner, -1))
    dq = x - product(q, inner - turned)
    du = product(inner - turned, u)
    dv = product(transposed(dq), _part(a, k, None)) + product(transposed(q), _part(da, k, None))
    return dq, concatenate([du, dv], axis=r.ndim - 1)


def _qr_scratch(letters: Letters, dtype: str) -> Any:
    wide = _wide(letters)
    return (dtype, _k(letters)), (dtype, letters["m"] * wide), (dtype, wide * 64)


@declared(
    Routine,
    name="qr_thin",
    word="qr",
    signature="(m,n)->(m,k),(k,n)",
    derived=_DERIVED,
    c=RoutineFn("qr_thin", "qr.h", table=True, lapack=True),
    dtypes=lambda dtypes: (dtypes[0], (dtypes[0],) * 2),
    scratch=_qr_scratch,
    work=_CUBE,
    ref=reference(lambda a: tuple(np.linalg.qr(a))),
    pullback=_qr_pullback,
    pushforward=_qr_pushforward,
    samples=(
        Sample(lambda f, x: f(x)[0] * 1.0, ((4, 3),)),
        Sample(lambda f, x: f(x)[1] * 1.0, ((2, 3, 4),)),
        Sample(lambda f, x: product(f(x)[0] ** 2, f(x)[1] ** 2), ((3, 3),)),
        Sample(lambda f, x: product(f(x)[0] ** 2, f(x)[1] ** 2), ((2, 3, 5),)),
    ),
)
def qr_thin(a: Variable) -> Any:
    """The orthogonal columns q [m, k] and the upper triangle r [k, n] with q r = a.

    Gradient: Walter and Lehmann's; its first k columns must be independent.
    """
    return op_of("qr_thin")(a)


_COMPLETE = 'the columns outside the range are not determined: use mode="reduced"'


@declared(
    Routine,
    name="qr_complete",
    word="qr",
    signature="(m,n)->(m,m),(m,n)",
    c=RoutineFn("qr_complete", "qr.h", table=True, lapack=True, macros=(("GC_COMPLETE", ""),)),
    dtypes=lambda dtypes: (dtypes[0], (dtypes[0],) * 2),
    scratch=_qr_scratch,
    work=_CUBE,
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
