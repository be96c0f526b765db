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
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable

__all__ = ["ACCUMULATIONS", "ADAPTED", "IN_PLACE", "REDUCTIONS", "RENAMED"]

RENAMED: Mapping[str, str] = {
    "amax": "max",
    "amin": "min",
    "around": "round",
    "concat": "concatenate",
    "copy": "tensor_copy",
    "degrees": "rad2deg",
    "fabs": "abs",
    "linalg.inv": "matrix_inverse",
    "matrix_transpose": "matrix_transpose",
    "permute_dims": "transpose",
    "radians": "deg2rad",
    "rint": "round",
    "split": "array_split",
    "true_divide": "true_div",
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
        correction: Any = None,
    ) -> Variable:  # fmt: skip
        array = as_variable(a) if dtype is None else ops.cast(a, dtype)
        given = ddof if correction is None else correction
        return word(array, axis, given, keepdims)

    return spread


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:
    array = as_variable(x)
    axes = array.ndim if axis is None else np.size(axis)
    if ord == "fro" or ord is None:
        ord = None if ord is None or axes == 2 else ord
    elif axes != 1:
        what = f"np.linalg.norm: the matrix norm of order {ord!r} is not one of gradc.tensor."
        fix = "leave ord= out for the root of the sum of squares, or name one axis."
        raise ArgumentError(message(what, fix=fix))
    return ops.norm(array, ord, axis, keepdims)


def _matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Variable:
    return _norm(x, ord, (-2, -1), keepdims)


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Variable:
    return ops.norm(x, ord, axis, keepdims)


def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Variable:
    return ops.sum(ops.mul(_conjugate(x1), x2), axis)


def _column(x: Variable) -> Variable:
    return x[..., 0]


def _size(a: Any, axis: int | None = None) -> Variable:
    return ops.size(a) if axis is None else as_variable(a).shape[axis]


def _float_power(x: Any, y: Any) -> Variable:
    return ops.pow(ops.cast(x, "float64"), y)


def _append(arr: Any, values: Any, axis: int | None = None) -> Variable:
    parts = [as_variable(arr), as_variable(values)]
    if axis is None:
        parts = [each.flatten() for each in parts]
    return ops.concatenate(parts, axis or 0)


def _result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    found = [each.dtype if isinstance(each, Variable) else each for each in arrays_and_dtypes]
    return np.dtype(promote(*(each for each in map(_operand, found))))


def _operand(given: Any) -> Any:
    """A Python number, which is weak, or the name of a dtype."""
    if type(given) in (bool, int, float):
        return given
    return given.dtype.name if isinstance(given, np.ndarray) else np.dtype(given).name


def _conjugate(x: Any) -> Any:
    conj = getattr(ops, "conj", as_variable)
    return conj(x)


def _sections(axis: int) -> Callable[[Any, Any], Sequence[Variable]]:
    def split(ary: Any, indices_or_sections: Any) -> Sequence[Variable]:
        array = as_variable(ary)
        along = 0 if axis == 1 and array.ndim == 1 else axis
        return ops.array_split(array, indices_or_sections, along)

    return split


ADAPTED: Mapping[str, Callable[..., Any]] = {
    "append": _append,
    "argsort": _argsort,
    "around": _round,
    "astype": lambda x, dtype, copy=True: ops.cast(x, dtype),
    "clip": _clip,
    "conjugate": _conjugate,
    "dsplit": _sections(2),
    "einsum": _einsum,
    "float_power": _float_power,
    "hsplit": _sections(1),
    "iscomplexobj": lambda x: as_variable(x).dtype.startswith("complex"),
    "isrealobj": lambda x: not as_variable(x).dtype.startswith("complex"),
    "linalg.cholesky": lambda a, upper=False: ops.cholesky(a, lower=not upper),
    "linalg.diagonal": lambda x, offset=0: ops.diagonal(x, offset, -2, -1),
    "linalg.eigvalsh": lambda a, UPLO="L": ops.eigvalsh(a, lower=UPLO == "L"),
    "linalg.matrix_norm": _matrix_norm,
    "linalg.matrix_transpose": lambda x: ops.swapaxes(x, -1, -2),
    "linalg.norm": _norm,
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
    "positive": as_variable,
    "result_type": _result_type,
    "round": _round,
    "shape": lambda a: as_variable(a).shape,
    "size": _size,
    "sort": _sort,
    "std": _spread(ops.std),
    "var": _spread(ops.var),
    "vecdot": _vecdot,
    "vsplit": _sections(0),
    "where": _where,
}
