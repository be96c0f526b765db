"""Products of vectors, matrices and stacks of them: all are one Contract.

A contraction names axes by letters, as einsum does, and its gradients are contractions with the
letters permuted: no transpose is ever written.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import promote
from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import neq
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared
from gradc.ops.elemwise import cast, mul
from gradc.ops.kinds import Contract, Gemm
from gradc.ops.relabel import ravel

__all__ = ["dot", "inner", "matmul", "outer", "tensordot"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


def _ref(a: Array, b: Array, *, x: str, y: str, out: str) -> Any:
    if a.dtype.kind == "f" and a.dtype.itemsize > 8:  # no BLAS: einsum is as good
        return np.einsum(f"{x},{y}->{out}", a, b)
    shared = "".join(c for c in x if c in y)
    batch = "".join(c for c in shared if c in out)
    summed = "".join(c for c in shared if c not in out)
    free_x = "".join(c for c in x if c not in y)
    free_y = "".join(c for c in y if c not in x)
    left = _block(a, x, batch, free_x, summed)
    right = _block(b, y, batch, summed, free_y)
    lengths = dict(zip(x + y, a.shape + b.shape, strict=True))
    full = np.matmul(left, right).reshape([lengths[c] for c in batch + free_x + free_y])
    order = batch + free_x + free_y
    return np.transpose(full, [order.index(c) for c in out])


def _block(a: Array, letters: str, *groups: str) -> Array:
    """The array with its axes in groups, each group one axis but the first."""
    batch, rows, cols = groups
    moved = np.transpose(a, [letters.index(c) for c in batch + rows + cols])
    count = [int(np.prod(moved.shape[len(batch) :][: len(rows)])),
             int(np.prod(moved.shape[len(batch) + len(rows) :]))]  # fmt: skip
    return moved.reshape([*moved.shape[: len(batch)], *count])


def _pullback(
    cts: Cts, outs: Cts, a: Variable, b: Variable, *, x: str, y: str, out: str
) -> tuple[Variable, Variable]:
    return contract(cts[0], b, out, y, x), contract(a, cts[0], x, out, y)


@declared(
    Contract,
    ref=_ref,
    pullback=_pullback,
    samples=(
        Sample(lambda f, x, y: f(x, y, "ij", "jk", "ik"), ((2, 3), (3, 4))),
        Sample(lambda f, x, y: f(x, y, "ji", "kj", "ki"), ((3, 2), (4, 3))),
        Sample(lambda f, x, y: f(x, y, "bij", "kbj", "ikb"), ((2, 3, 4), (2, 2, 4))),
        Sample(lambda f, x, y: f(x, y, "ij", "ij", ""), ((2, 3), (2, 3))),
        Sample(lambda f, x, y: f(x, y, "i", "j", "ji"), ((2,), (3,))),
        Sample(lambda f, x, y: f(x, y, "ij", "ij", "ji"), ((2, 3), (2, 3))),
    ),
)
def contract(a: Any, b: Any, x: str, y: str, out: str) -> Variable:
    """The sum of products over the axes that a and b share and the result has not.

    x, y, out: one letter an axis of a, b and the result; each letter stands in two or three of
    them: in all three it counts a stack, in x and y it is summed over.
    dtype: promoted.  Gradient: contractions with permuted letters.
    Raises: ShapeError if static lengths of one letter differ.
    """
    left, right = as_variable(a), as_variable(b)
    dtype = promote(left.dtype, right.dtype)
    if dtype == "bool":
        return neq(contract(cast(left, "int64"), cast(right, "int64"), x, y, out), 0)
    return call("contract", cast(left, dtype), cast(right, dtype), x=x, y=y, out=out)


def _gemm_ref(
    c: Array, alpha: Array, a: Array, b: Array, beta: Array, *, x: str, y: str, out: str
) -> Array:
    scaled: Array = alpha * _ref(a, b, x=x, y=y, out=out)
    return scaled if beta == 0 else scaled + beta * c


def _gemm_pullback(
    cts: Cts, outs: Cts, c: Variable, alpha: Variable, a: Variable, b: Variable, beta: Variable,
    *, x: str, y: str, out: str,
) -> tuple[Variable, ...]:  # fmt: skip
    ct = cts[0]
    scaled = ct * alpha
    axes = tuple(range(ct.ndim))
    product = contract(a, b, x, y, out)
    return (
        ct * beta,
        call("sum", ct * product, axes=axes) if axes else ct * product,
        contract(scaled, b, out, y, x),
        contract(a, scaled, x, out, y),
        call("sum", ct * c, axes=axes) if axes else ct * c,
    )


@declared(
    Gemm,
    ref=_gemm_ref,
    pullback=_gemm_pullback,
    samples=(
        Sample(
            lambda f, c, alpha, a, b, beta: f(c, alpha, a, b, beta, "ij", "jk", "ik"),
            ((2, 4), (), (2, 3), (3, 4), ()),
        ),
    ),
)
def gemm(
    c: Variable, alpha: Variable, a: Variable, b: Variable, beta: Variable, x: str, y: str, out: str
) -> Variable:
    """Scaled sum: beta * c + alpha * contract(a, b, x, y, out). Rewriting makes it for BLAS.

    Where beta is 0, c is not read (BLAS level 3 xGEMM, Dongarra et al. 1990).
    """
    return call("gemm", c, alpha, a, b, beta, x=x, y=y, out=out)


# -- products as users name them -----------------------------------------------------------------


def _letters(count: int, start: int = 0) -> str:
    return ascii_lowercase[start : start + count]


def dot(x: Any, y: Any) -> Variable:
    """The product over the last axis of x and the first-but-one axis of y (its only one).

    Shapes: x [..., m, k], y [..., k, n] -> [..., m, ..., n]; scalars multiply.  dtype: promoted;
    integers do not go through BLAS.  Gradient: contractions too, so it reaches gemm as well.
    Raises: ShapeError if both lengths are static and differ (an unknown one is checked at the
    call).  Source: BLAS level 3 xGEMM, Dongarra et al. 1990.
    """
    x, y = as_variable(x), as_variable(y)
    if not (x.ndim and y.ndim):
        return mul(x, y)
    left, right = list(_letters(x.ndim)), list(_letters(y.ndim, x.ndim))
    right[-2 if y.ndim > 1 else 0] = left[-1]
    out = [c for c in left + right if c != left[-1]]
    return contract(x, y, "".join(left), "".join(right), "".join(out))


def tensordot(x: Any, y: Any, axes: Any = 2) -> Variable:
    """The sum of products over pairs of axes: a number of last and first ones, or two lists.

    Raises: ShapeError if the lists differ in length or an axis stands twice.
    """
    x, y = as_variable(x), as_variable(y)
    if isinstance(axes, int):
        pairs = list(zip(range(x.ndim - axes, x.ndim), range(axes), strict=True))
    else:
        first, second = (each if isinstance(each, (tuple, list)) else (each,) for each in axes)
        if len(first) != len(second):
            raise ShapeError(message("tensordot: the two lists of axes differ in length."))
        pairs = [(a % x.ndim, b % y.ndim) for a, b in zip(first, second, strict=True)]
    left, right = list(_letters(x.ndim)), list(_letters(y.ndim, x.ndim))
    for a, b in pairs:
        right[b] = left[a]
    summed = {left[a] for a, _ in pairs}
    if len(summed) != len(pairs) or len(set(right)) != len(right):
        raise ShapeError(message(f"tensordot: axes {axes} name an axis twice."))
    out = [c for c in left + right if c not in summed]
    return contract(x, y, "".join(left), "".join(right), "".join(out))


def outer(x: Any, y: Any) -> Variable:
    """All products of an element of x and one of y; both are flattened. Shape [x.size, y.size]."""
    x, y = (each if each.ndim == 1 else ravel(each) for each in map(as_variable, (x, y)))
    return contract(x, y, "i", "j", "ij")


def inner(x: Any, y: Any) -> Variable:
    """The product over the last axes of both."""
    x, y = as_variable(x), as_variable(y)
    if not (x.ndim and y.ndim):
        return mul(x, y)
    left, right = _letters(x.ndim), _letters(y.ndim - 1, x.ndim)
    return contract(x, y, left, right + left[-1], left[:-1] + right)


def matmul(x: Any, y: Any) -> Variable:
    """The matrix product of stacks, `x @ y`, as numpy's: leading axes stretch where 1.

    Shapes: x [..., m, k], y [..., k, n] -> [..., m, n]; a vector is a row left, a column right.
    Raises: ShapeError for scalars, and if static lengths differ.
    """
    x, y = as_variable(x), as_variable(y)
    if not (x.ndim and y.ndim):
        scalar = x if y.ndim else y
        what = "matmul: a scalar has no axis to sum over."
        raise ShapeError(message(what, [where(scalar)], "multiply it with *."))
    left = "" if x.ndim == 1 else "y"
    right = "" if y.ndim == 1 else "z"
    stacks = (x.type.shape[:-2], y.type.shape[:-2])
    depth = max(map(len, stacks))
    names = _letters(depth)
    x, x_stack = _drop_stretched(x, names[depth - len(stacks[0]) :], stacks[1])
    y, y_stack = _drop_stretched(y, names[depth - len(stacks[1]) :], stacks[0])
    out = names + left + right
    return contract(x, y, x_stack + left + "x", y_stack + "x" + right, out)


def _drop_stretched(x: Variable, names: str, other: tuple[int | None, ...]) -> tuple[Variable, str]:
    """The array without the stack axes of length 1 that the other operand stretches."""
    kept = []
    for axis in range(len(names)):
        from_end = len(names) - axis
        beside = other[-from_end] if from_end <= len(other) else None
        stretched = x.type.shape[axis] == 1 and from_end <= len(other) and beside != 1
        if not stretched:
            kept.append(axis)
    if len(kept) < len(names):
        x = call("dimshuffle", x, order=(*kept, *range(len(names), x.ndim)))
    return x, "".join(names[axis] for axis in kept)
