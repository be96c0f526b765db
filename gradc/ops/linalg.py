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
from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import neq
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, normal_axis, pad
from gradc.ops.elemwise import cast, mul
from gradc.ops.kinds import Contract, Gemm
from gradc.ops.lengths import length
from gradc.ops.relabel import ravel, reshape

__all__ = [
    "batched_dot",
    "batched_tensordot",
    "dot",
    "inner",
    "kron",
    "matmul",
    "matrix_dot",
    "multi_dot",
    "outer",
    "tensordot",
    "vdot",
]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]
Pair = tuple[int, int]

_UNKNOWN = 100  # a length that only the call knows, when orders of products are compared


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

    Shapes: the axes of x that are left, then those of y; negative axes count from the last.
    dtype: promoted.  Gradient: contractions too.
    Raises: ArgumentError for an axis that is not there or stands twice, or lists of two lengths;
    ShapeError if static lengths of a pair differ.
    """
    x, y = as_variable(x), as_variable(y)
    return _tensordot("tensordot", x, y, _axis_pairs("tensordot", x, y, axes))


def _axis_pairs(name: str, x: Variable, y: Variable, axes: Any, batch: int = 0) -> list[Pair]:
    """The pairs that are summed over; an int counts the last of x, the first of y."""
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= min(x.ndim, y.ndim) - batch:
            what = f"{name}: axes={axes} is no number of axes that both operands have to sum over."
            raise ArgumentError(message(what, [where(x), where(y)]))
        first = range(x.ndim - axes, x.ndim)
        return list(zip(first, range(batch, batch + int(axes)), strict=True))
    if not isinstance(axes, (tuple, list, np.ndarray)) or len(axes) != 2:
        what = f"{name}: axes={axes!r} is neither a number nor two lists."
        raise ArgumentError(message(what, fix="for example axes=[[1, 2], [0, 1]]."))
    lists = [np.atleast_1d(np.asarray(each, "int64")).tolist() for each in axes]
    if len(lists[0]) != len(lists[1]):
        what = f"{name}: the lists of axes have {len(lists[0])} and {len(lists[1])} members."
        raise ArgumentError(message(what, fix="give pairs: one axis of x for one of y."))
    left, right = (
        [normal_axis(name, axis, each.ndim) for axis in found]
        for each, found in zip((x, y), lists, strict=True)
    )
    return list(zip(left, right, strict=True))


def _tensordot(name: str, x: Variable, y: Variable, pairs: list[Pair], batch: int = 0) -> Variable:
    """The contraction over pairs of axes; the first `batch` axes count a stack in both."""
    left, right = list(_letters(x.ndim)), list(_letters(y.ndim, x.ndim))
    stack = left[:batch]
    right[:batch] = stack
    for a, b in pairs:
        right[b] = left[a]
    summed = {left[a] for a, _ in pairs}
    is_batch = any(min(pair) < batch for pair in pairs)
    if len(summed) != len(pairs) or len(set(right)) != len(right) or is_batch:
        what = f"{name}: the pairs of axes {pairs} name an axis twice, or one of the stack."
        raise ArgumentError(message(what, [where(x), where(y)]))
    out = [*stack, *(c for c in left + right if c not in summed and c not in stack)]
    return contract(x, y, "".join(left), "".join(right), "".join(out))


def batched_dot(x: Any, y: Any) -> Variable:
    """The products of x[0] and y[0], x[1] and y[1] and so on, each as `dot` has it.

    Shapes: x [b, m, k], y [b, k, n] -> [b, m, n]; a matrix is a stack of vectors, and of higher
    ranks the last axis of x meets the last but one of y.  Vectors multiply, element by element.
    Raises: ShapeError for scalars, and if static lengths differ.
    """
    x, y = as_variable(x), as_variable(y)
    if not (x.ndim and y.ndim):
        what = "batched_dot: a scalar has no axis that could count a stack."
        raise ShapeError(message(what, [where(y if x.ndim else x)], "multiply it with *."))
    pairs = [(x.ndim - 1, max(1, y.ndim - 2))] if min(x.ndim, y.ndim) > 1 else []
    return _tensordot("batched_dot", x, y, pairs, batch=1)


def batched_tensordot(x: Any, y: Any, axes: Any = 2) -> Variable:
    """The tensordot of x[0] and y[0], x[1] and y[1] and so on; axes as there, axis 0 counted.

    Raises: as tensordot; ArgumentError if axis 0 is to be summed over.
    """
    x, y = as_variable(x), as_variable(y)
    pairs = _axis_pairs("batched_tensordot", x, y, axes, batch=1)
    return _tensordot("batched_tensordot", x, y, pairs, batch=1)


def vdot(x: Any, y: Any) -> Variable:
    """The sum of x * y over all elements, both flattened; a scalar."""
    x, y = (each if each.ndim == 1 else ravel(each) for each in map(as_variable, (x, y)))
    return contract(x, y, "i", "i", "")


def kron(x: Any, y: Any) -> Variable:
    """The Kronecker product: a block y * x[i, j] for each element of x.

    Shapes: the products of lengths, axis by axis; the shorter shape is padded with 1 in front.
    """
    x, y = as_variable(x), as_variable(y)
    ndim = max(x.ndim, y.ndim)
    x, y = pad(x, ndim), pad(y, ndim)
    left, right = _letters(ndim), _letters(ndim, ndim)
    out = "".join(a + b for a, b in zip(left, right, strict=True))
    blocks = contract(x, y, left, right, out)
    return reshape(blocks, [length(x, axis) * length(y, axis) for axis in range(ndim)])


def multi_dot(arrays: Sequence[Any]) -> Variable:
    """The product of several matrices, in the order that multiplies least.

    The first and the last may be vectors: a row and a column.  Lengths that only the call knows
    count as 100 when orders are compared.
    Raises: ArgumentError for fewer than two arrays; ShapeError for other ranks, and if static
    lengths differ.
    Source: Cormen, Leiserson, Rivest, Stein, Introduction to Algorithms (2009), section 15.2.
    """
    chain = [as_variable(each) for each in arrays]
    if len(chain) < 2:
        raise ArgumentError(message(f"multi_dot: at least two arrays, got {len(chain)}."))
    for k, each in enumerate(chain):
        if each.ndim != 2 and not (each.ndim == 1 and k in (0, len(chain) - 1)):
            what = f"multi_dot: operand {k} has {each.ndim} axes where a matrix is needed."
            raise ShapeError(message(what, [where(each)], "use einsum for other ranks."))
    shapes = [each.type.shape for each in chain]
    first = 1 if chain[0].ndim == 1 else shapes[0][0]
    behind = [shape[0] if each.ndim == 1 else shape[-1]
              for each, shape in zip(chain[:-1], shapes[:-1], strict=True)]  # fmt: skip
    last = 1 if chain[-1].ndim == 1 else shapes[-1][1]
    return _in_best_order(chain, [_UNKNOWN if n is None else n for n in (first, *behind, last)])


def _in_best_order(chain: list[Variable], n: list[int]) -> Variable:
    """The product of a chain whose operand k has lengths n[k] and n[k + 1]."""
    best = {(k, k): (0, each) for k, each in enumerate(chain)}
    for span in range(1, len(chain)):
        for i in range(len(chain) - span):
            j = i + span
            cost, s = min(
                (best[i, s][0] + best[s + 1, j][0] + n[i] * n[s + 1] * n[j + 1], s)
                for s in range(i, j)
            )
            best[i, j] = cost, dot(best[i, s][1], best[s + 1, j][1])
    return best[0, len(chain) - 1][1]


def matrix_dot(*arrays: Any) -> Variable:
    """The product of matrices, one operand after the other: multi_dot(arrays)."""
    return multi_dot(arrays)


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
