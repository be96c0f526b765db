"""What gradc calls numpy's functions: the same word, unless a table here says otherwise.

Takes the name of a numpy function; gives the function of gradc.tensor that does its work on
variables, under numpy's parameters.  RENAMED has other words for the same thing, ADAPTED what has
other parameters, or is composed of several words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc import ops
from gradc.dtypes import promote
from gradc.errors import ArgumentError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable

__all__ = ["ACCUMULATIONS", "ADAPTED", "IN_PLACE", "REDUCTIONS", "REFUSED", "RENAMED"]

RENAMED: Mapping[str, str] = {
    "amax": "max",
    "amin": "min",
    "around": "round",
    "concat": "concatenate",
    "conjugate": "conj",
    "copy": "tensor_copy",
    "degrees": "rad2deg",
    "fabs": "abs",
    "fix": "trunc",
    "linalg.inv": "matrix_inverse",
    "matrix_transpose": "matrix_transpose",
    "permute_dims": "transpose",
    "radians": "deg2rad",
    "rint": "round",
    "split": "array_split",
    "true_divide": "true_div",
    "unique_values": "unique",
}

# What a ufunc's methods are called; reduce starts at axis 0 where gradc's words take all axes.
REDUCTIONS: Mapping[str, str] = {
    "add": "sum",
    "logaddexp": "logsumexp",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "max",
    "minimum": "min",
    "multiply": "prod",
}
ACCUMULATIONS: Mapping[str, str] = {"add": "cumsum", "multiply": "cumprod"}

# numpy's functions that write into an argument, and what gives a new value instead.
IN_PLACE: Mapping[str, str] = {
    "copyto": "T.fill(x, value)",
    "fill_diagonal": "T.fill_diagonal(x, value), which gives a new array",
    "place": "T.switch(mask, values, x)",
    "put": "T.set_subtensor(x[indices], values)",
    "put_along_axis": "T.set_subtensor(x[indices], values)",
    "putmask": "T.switch(mask, values, x)",
}

# What is not there, and what to do instead.
_NUMBERS = "call it on numbers: v.eval({...}), or what a compiled function gives."
_SHIFTED = "write x * 2**n for a shift to the left, x // 2**n for one to the right."
_CONVOLVED = (
    "convolutions of variables are not there yet; short kernels are sums of shifted slices."
)
REFUSED: Mapping[str, str] = {
    "apply_along_axis": "gradc.vmap(function) applies it to all rows at once.",
    "apply_over_axes": "T.sum and kin take several axes at once.",
    "array2string": _NUMBERS,
    "array_equiv": "T.array_equal(x, T.broadcast_to(y, x.shape)).",
    "array_repr": _NUMBERS,
    "array_str": _NUMBERS,
    "bitwise_left_shift": _SHIFTED,
    "bitwise_right_shift": _SHIFTED,
    "convolve": _CONVOLVED,
    "correlate": _CONVOLVED,
    "histogram2d": "count pairs of bins: T.bincount(T.digitize(x, e) * n + T.digitize(y, f)).",
    "histogramdd": "count pairs of bins: T.bincount(T.digitize(x, e) * n + T.digitize(y, f)).",
    "left_shift": _SHIFTED,
    "nextafter": "an expression has no gradient by single bits; call it on numbers.",
    "piecewise": "T.select([x < 0, x < 1], [f(x), g(x)], h(x)).",
    "polyfit": "T.lstsq(T.vander(x, degree + 1), y)[0].",
    "right_shift": _SHIFTED,
    "roots": "call it on numbers.",
    "save": _NUMBERS,
    "savetxt": _NUMBERS,
    "savez": _NUMBERS,
    "savez_compressed": _NUMBERS,
    "spacing": "an expression has no gradient by single bits; call it on numbers.",
    "trim_zeros": "T.compress, with a condition on T.arange(x.size).",
    "unique_all": "T.unique(x, True, True, True).",
    "unique_counts": "T.unique(x, return_counts=True).",
    "unique_inverse": "T.unique(x, return_inverse=True).",
}


def _truth(x: Any) -> Variable:
    array = as_variable(x)
    return array if array.dtype == "bool" else ops.neq(array, 0)


def _logical(word: Callable[..., Variable]) -> Callable[..., Variable]:
    def combined(x: Any, y: Any) -> Variable:
        return word(_truth(x), _truth(y))

    return combined


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return ops.nonzero(condition)
    return ops.switch(_truth(condition), x, y)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    if low is None and high is None:
        return as_variable(a)
    if low is None:
        return ops.minimum(a, high)
    return ops.maximum(a, low) if high is None else ops.clip(a, low, high)


def _round(a: Any, decimals: int = 0) -> Variable:
    if decimals == 0:
        return ops.round(a)
    scale = 10.0**decimals
    return ops.true_div(ops.round(ops.mul(a, scale)), scale)


def _sort(a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Variable:
    return ops.sort(a, axis)  # kind and stable: ours is stable


def _argsort(a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Variable:
    return ops.argsort(a, axis)


def _einsum(*operands: Any, optimize: Any = None) -> Variable:
    return ops.einsum(*operands)  # optimize: ours always is


def _spread(word: Callable[..., Variable]) -> Callable[..., Variable]:
    def spread(
        a: Any, axis: Any = None, dtype: Any = None, ddof: int = 0, keepdims: bool = False,
        correction: Any = None, where: Any = None,
    ) -> Variable:  # fmt: skip
        array = as_variable(a) if dtype is None else ops.cast(a, dtype)
        given = ddof if correction is None else correction
        return word(array, axis, given, keepdims, where=where)

    return spread


def _matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Variable:
    return ops.norm(x, ord, (-2, -1), keepdims)


def _condition(x: Any, p: Any = None) -> Variable:
    if p in (None, 2, -2):
        values = ops.svd(x, compute_uv=False)
        first, last = values[..., 0], values[..., -1]
        return ops.true_div(last, first) if p == -2 else ops.true_div(first, last)
    return ops.mul(ops.norm(x, p, (-2, -1)), ops.norm(ops.matrix_inverse(x), p, (-2, -1)))


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Variable:
    return ops.norm(x, ord, axis, keepdims)


def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Variable:
    return ops.sum(ops.mul(ops.conj(x1), x2), axis)


def _column(x: Variable) -> Variable:
    return x[..., 0]


def _size(a: Any, axis: int | None = None) -> Variable:
    return ops.size(a) if axis is None else as_variable(a).shape[axis]


def _float_power(x: Any, y: Any) -> Variable:
    return ops.pow(ops.cast(x, "float64"), y)


def _cumulative(word: Callable[..., Variable], unit: int) -> Callable[..., Variable]:
    def folded(
        x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Variable:
        array = as_variable(x)
        if axis is None and array.ndim > 1:
            what = "np.cumulative_sum and kin: name the axis of an array of several."
            raise ArgumentError(message(what, [where(array)], "pass axis=."))
        along = axis or 0
        found = word(array, along, dtype)
        if not include_initial:
            return found
        first = ops.full_like(found[(slice(None),) * (along % array.ndim) + (slice(0, 1),)], unit)
        return ops.concatenate([first, found], along)

    return folded


def _result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    found = [each.dtype if isinstance(each, Variable) else each for each in arrays_and_dtypes]
    return np.dtype(promote(*(each for each in map(_operand, found))))


def _operand(given: Any) -> Any:
    """A Python number, which is weak, or the name of a dtype."""
    if type(given) in (bool, int, float, complex):
        return given
    return given.dtype.name if isinstance(given, np.ndarray) else np.dtype(given).name


def _sections(axis: int) -> Callable[[Any, Any], Sequence[Variable]]:
    def split(ary: Any, indices_or_sections: Any) -> Sequence[Variable]:
        array = as_variable(ary)
        along = 0 if axis == 1 and array.ndim == 1 else axis
        return ops.array_split(array, indices_or_sections, along)

    return split


ADAPTED: Mapping[str, Callable[..., Any]] = {
    "argpartition": lambda a, kth, axis=-1: ops.argsort(a, axis),
    "argsort": _argsort,
    "around": _round,
    "astype": lambda x, dtype, copy=True: ops.cast(x, dtype),
    "clip": _clip,
    "cumulative_prod": _cumulative(ops.cumprod, 1),
    "cumulative_sum": _cumulative(ops.cumsum, 0),
    "diag_indices_from": lambda arr: (
        (ops.arange(as_variable(arr).shape[0]),) * as_variable(arr).ndim
    ),
    "diagflat": lambda v, k=0: ops.diag(ops.ravel(v), k),
    "dsplit": _sections(2),
    "einsum": _einsum,
    "float_power": _float_power,
    "hsplit": _sections(1),
    "iscomplexobj": lambda x: as_variable(x).dtype.startswith("complex"),
    "isrealobj": lambda x: not as_variable(x).dtype.startswith("complex"),
    "linalg.cond": _condition,
    "linalg.cross": lambda x1, x2, axis=-1: ops.cross(x1, x2, axis=axis),
    "linalg.cholesky": lambda a, upper=False: ops.cholesky(a, lower=not upper),
    "linalg.diagonal": lambda x, offset=0: ops.diagonal(x, offset, -2, -1),
    "linalg.eigvalsh": lambda a, UPLO="L": ops.eigvalsh(a, lower=UPLO == "L"),
    "linalg.matrix_norm": _matrix_norm,
    "linalg.matrix_transpose": lambda x: ops.swapaxes(x, -1, -2),
    "linalg.svdvals": lambda x: ops.svd(x, compute_uv=False),
    "linalg.trace": lambda x, offset=0: ops.trace(x, offset, -2, -1),
    "linalg.vecdot": _vecdot,
    "linalg.vector_norm": _vector_norm,
    "logical_and": _logical(ops.and_),
    "logical_not": lambda x: ops.invert(_truth(x)),
    "logical_or": _logical(ops.or_),
    "logical_xor": _logical(ops.xor),
    "matrix_transpose": lambda x: ops.swapaxes(x, -1, -2),
    "matvec": lambda x1, x2: _column(ops.matmul(x1, as_variable(x2)[..., None])),
    "ndim": lambda a: as_variable(a).ndim,
    "partition": lambda a, kth, axis=-1: ops.sort(a, axis),
    "positive": as_variable,
    "result_type": _result_type,
    "round": _round,
    "shape": lambda a: as_variable(a).shape,
    "size": _size,
    "sort": _sort,
    "std": _spread(ops.std),
    "var": _spread(ops.var),
    "vecdot": _vecdot,
    "vecmat": lambda x1, x2: ops.matmul(ops.conj(x1)[..., None, :], x2)[..., 0, :],
    "vsplit": _sections(0),
    "where": _where,
}
