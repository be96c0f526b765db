"""Singular values and vectors, and the pseudo-inverse.

What spectra.py says of gaps and phases holds here too; two vectors that belong together turn
together, and derivatives let the left one do it.
Sources: Giles, Collected matrix derivative results (2008); Townsend, Differentiating the singular
value decomposition (2016); Wan and Zhang, Automatic differentiation for complex valued SVD (2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.ops.calls import call, op_of
from gradc.ops.complexes import complex, conj, imag, length_squared
from gradc.ops.create import eye
from gradc.ops.declare import Sample, is_complex
from gradc.ops.kinds.routines import Letters
from gradc.ops.lapack import NO_END, matrix_routine, part_of
from gradc.ops.matrices import diagonal
from gradc.ops.spectra import columns_times, gaps, real_diagonal, rows_times, sum_up
from gradc.ops.squares import Cts, adjoint, product, products, reference
from gradc.sizes import Size, maximum
from gradc.sizes import minimum as least

__all__: list[str] = []

Array = npt.NDArray[Any]


def shorter(letters: Letters) -> Size:
    """The length of the diagonal of an m x n matrix."""
    return least(letters["m"], letters["n"])


def longer(letters: Letters) -> Size:
    """The longer of two sides."""
    return maximum(letters["m"], letters["n"])


CUBE = products(lambda letters: letters["m"] * letters["n"] * shorter(letters) * 8)


def _outside(vectors: Variable, x: Variable) -> Variable:
    """What of x lies outside the span of orthogonal columns."""
    return x - product(vectors, product(adjoint(vectors), x))


def _phases(inner: Variable, s: Variable) -> Variable:
    """The imaginary parts of the diagonal over s, as imaginary numbers."""
    return complex(0.0, imag(diagonal(inner, 0, -2, -1)) / s)


def _svd_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable | None]:
    u, s, vt = outs
    v, terms = adjoint(vt), []
    if cts[1] is not None:
        terms.append(product(columns_times(u, cts[1]), vt))
    if cts[0] is not None:
        ct = conj(cts[0])
        inner = product(adjoint(u), ct)
        turned = (inner - adjoint(inner)) * gaps(s * s)
        left = product(u, columns_times(turned, s))
        left = left + columns_times(_outside(u, ct), 1.0 / s)
        if is_complex(u.dtype):
            left = left + columns_times(u, _phases(inner, s))
        terms.append(product(left, vt))
    if cts[2] is not None:
        ct = adjoint(conj(cts[2]))
        inner = product(adjoint(v), ct)
        turned = (inner - adjoint(inner)) * gaps(s * s)
        right = rows_times(s, product(turned, vt))
        terms.append(product(u, right + rows_times(1.0 / s, adjoint(_outside(v, ct)))))
    total = sum_up(terms)
    return (None if total is None else conj(total),)


def _svd_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable, ...]:
    u, s, vt = outs
    v, da = adjoint(vt), tangents[0]
    inner = product(adjoint(u), da, v)
    f = gaps(s * s)
    scaled = columns_times(inner, s)
    du = product(u, f * (scaled + adjoint(scaled)))
    du = du + columns_times(_outside(u, product(da, v)), 1.0 / s)
    if is_complex(u.dtype):
        du = du + columns_times(u, _phases(inner, s))
    scaled = rows_times(s, inner)
    dv = product(v, f * (scaled + adjoint(scaled)))
    dv = dv + columns_times(_outside(v, product(adjoint(da), u)), 1.0 / s)
    return du, real_diagonal(inner), adjoint(dv)


def _scratch(letters: Letters, dtype: str) -> Any:
    """Room for the matrix, and what `gesdd` of matrices.h asks for."""
    k, wide, part = shorter(letters), longer(letters), part_of(dtype)
    return (
        (dtype, letters["m"] * letters["n"]),
        (dtype, k * k * 7 + wide * 74 + 64),
        (part, k * k * 7 + k * wide * 2 + k * 7 if part != dtype else 1),
        ("int32", k * 8),
    )


def _again(f: Any, x: Variable) -> Variable:
    """A sample: the matrix with its values squared, whatever the phases."""
    u, s, vt = f(x)
    return product(columns_times(u, s * s), vt)


@matrix_routine(
    "svd_thin",
    "(m,n)->(m,k),(k),(k,n)",
    word="svd",
    derived=(("k", shorter),),
    c="svd_thin",
    header="svd.h",
    macros=("GC_VECTORS",),
    gives="zrz",
    failure=NO_END,
    scratch=_scratch,
    work=CUBE,
    ref=reference(lambda a: tuple(np.linalg.svd(a, full_matrices=False)), np.asarray),
    pullback=_svd_pullback,
    pushforward=_svd_pushforward,
    samples=(
        Sample(_again, ((3, 4),)),
        Sample(_again, ((2, 4, 3),)),
        Sample(lambda f, x: length_squared(f(x)[0]), ((3, 3),)),
        Sample(lambda f, x: length_squared(f(x)[2]), ((4, 2),)),
    ),
)
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


@matrix_routine(
    "svd_full",
    "(m,n)->(m,m),(k),(n,n)",
    word="svd",
    derived=(("k", shorter),),
    c="svd_full",
    header="svd.h",
    macros=("GC_VECTORS", "GC_FULL"),
    gives="zrz",
    failure=NO_END,
    scratch=_scratch,
    work=CUBE,
    ref=reference(lambda a: tuple(np.linalg.svd(a, full_matrices=True)), np.asarray),
    pullback=_full_pullback,
    pushforward=_full_pushforward,
    is_slope=False,
    samples=(
        Sample(lambda f, x: product(f(x)[0], adjoint(f(x)[0])) + 1.0, ((2, 3),)),
        Sample(lambda f, x: product(f(x)[2], adjoint(f(x)[2])) + 1.0, ((2, 2, 3),)),
    ),
)
def svd_full(a: Variable) -> Any:
    """As svd_thin with u [m, m] and v' [n, n].  Gradient: of the values only."""
    return op_of("svd_full")(a)


def _values_pullback(cts: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    u, _, vt = svd_thin(a)
    return (conj(product(columns_times(u, cts[0]), vt)),)


def _values_pushforward(tangents: Cts, outs: Cts, a: Variable) -> tuple[Variable]:
    u, _, vt = svd_thin(a)
    return (real_diagonal(product(adjoint(u), tangents[0], adjoint(vt))),)


@matrix_routine(
    "singular_values",
    "(m,n)->(k)",
    word="svd",
    derived=(("k", shorter),),
    c="singular_values",
    header="svd.h",
    gives="r",
    failure=NO_END,
    scratch=_scratch,
    work=CUBE,
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
    pt, ct = adjoint(p), conj(cts[0])
    first = product(adjoint(ct), p, pt)
    second = product(pt, p, adjoint(ct))
    total = first - product(a, p, first) + second - product(second, p, a)
    return conj(total - product(pt, ct, pt)), None


def _pinv_pushforward(
    tangents: Cts, outs: Cts, a: Variable, rcond: Variable
) -> tuple[Variable | None]:
    (p,), da = outs, tangents[0]
    if da is None:
        return (None,)
    pt, dt = adjoint(p), adjoint(da)
    first, second = product(p, pt, dt), product(dt, pt, p)
    total = first - product(first, a, p) + second - product(p, a, second)
    return (total - product(p, da, p),)


def _pinv_ref(a: Array, rcond: Array) -> Array:
    found: Array = np.linalg.pinv(a, rcond)
    return found


def _pinv_sample(f: Any, x: Variable) -> Variable:
    return call("pinv_of", x, call("cast", eye(1)[0, 0] * 1e-6, dtype=part_of(x.dtype)))


def _pinv_scratch(letters: Letters, dtype: str) -> Any:
    spare, *others = _scratch(letters, dtype)
    k = shorter(letters)
    vectors = (dtype, (letters["m"] + letters["n"]) * k)
    return spare, vectors, (part_of(dtype), k), *others


@matrix_routine(
    "pinv_of",
    "(m,n),()->(n,m)",
    word="pinv",
    c="pinv",
    failure=NO_END,
    scratch=_pinv_scratch,
    work=CUBE,
    ref=reference(_pinv_ref, np.asarray),
    pullback=_pinv_pullback,
    pushforward=_pinv_pushforward,
    samples=(Sample(_pinv_sample, ((3, 4),)), Sample(_pinv_sample, ((2, 4, 3),))),
)
def pinv_of(a: Variable, rcond: Variable) -> Variable:
    """The pseudo-inverse [..., n, m]; singular values up to rcond times the greatest count as 0.

    rcond: a real number.  Gradient: Golub and Pereyra's, for changes that keep the rank.
    """
    return call("pinv_of", a, rcond)
