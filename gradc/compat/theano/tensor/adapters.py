"""Functions of theano.tensor whose signature or default differs from gradc's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from gradc import ops
from gradc.compat.theano.converting import constant
from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.ops.declare import normal_axis
from gradc.ops.matrices import set_diagonal

__all__ = [
    "AllocDiag", "alloc", "all", "any", "argmax", "argmin", "argsort", "batched_dot", "bincount",
    "cast", "choose", "dot", "flatten", "iround", "join", "max", "max_and_argmax", "mean", "min",
    "outer", "prod", "ptp", "reshape", "round", "shape_padaxis", "shape_padleft",
    "shape_padright", "sort", "stack", "std", "sum", "swapaxes", "take", "tensordot",
    "unravel_index", "var",
]  # fmt: skip

Function = Callable[..., Any]


def _renamed(function: Function, **words: str) -> Function:
    """Let a function take Theano's keywords: `words` says which of its own each stands for."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{words.get(word, word): each for word, each in kwargs.items()})

    return called


sum, prod = _renamed(ops.sum, input="x"), _renamed(ops.prod, input="x")
var, std = _renamed(ops.var, input="x"), _renamed(ops.std, input="x")
max_and_argmax, ptp = _renamed(ops.max_and_argmax, a="x"), _renamed(ops.ptp, a="x")
max, min, any, all = ops.max, ops.min, ops.any, ops.all
argmax, argmin = ops.argmax, ops.argmin
dot, outer = _renamed(ops.dot, a="x", b="y"), ops.outer
batched_dot = _renamed(ops.batched_dot, a="x", b="y")
tensordot = _renamed(ops.tensordot, a="x", b="y")
join = _renamed(ops.join, tensors_list="tensors")
reshape = _renamed(ops.reshape, newshape="shape")
take = _renamed(ops.take, a="x")
swapaxes = _renamed(ops.swapaxes, y="x")
shape_padleft, shape_padright = (
    _renamed(ops.shape_padleft, t="x"),
    _renamed(ops.shape_padright, t="x"),
)
shape_padaxis = _renamed(ops.shape_padaxis, t="x")
cast, stack = ops.cast, ops.stack


def mean(
    input: Any, axis: Any = None, dtype: Any = None, op: bool = False, keepdims: bool = False,
    acc_dtype: Any = None,
) -> Variable:  # fmt: skip
    """The mean over axes; op is Theano's choice of an implementation, here there is one."""
    result: Variable = ops.mean(input, axis, dtype, keepdims, acc_dtype)
    return result


def alloc(val: Any, *shapes: Any) -> Variable:
    """The value, stretched to lengths that follow; a Python number in its smallest dtype."""
    value = val if isinstance(val, Variable) else constant(val)
    result: Variable = ops.alloc(value, *shapes)
    return result


def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Variable:
    """The last axes made one, so that `ndim` are left (1 by default; outdim is its old word)."""
    if ndim is not None and outdim is not None:
        raise ArgumentError(message("flatten: give ndim or outdim, not both."))
    count = ndim if ndim is not None else outdim
    return ops.flatten(x, 1 if count is None else count)


def round(a: Any, mode: str | None = None) -> Variable:
    """The nearest whole numbers; mode half_to_even (the default) or half_away_from_zero."""
    return ops.round(a, mode or "half_to_even")


def iround(a: Any, mode: str | None = None) -> Variable:
    """`round` as int64."""
    return ops.iround(a, mode or "half_to_even")


def sort(a: Any, axis: Any = -1, kind: Any = "quicksort", order: Any = None) -> Variable:
    """The elements along an axis in ascending order; kind changes nothing: the sort is stable."""
    return ops.sort(a, axis, None, order)


def argsort(a: Any, axis: Any = -1, kind: Any = "quicksort", order: Any = None) -> Variable:
    """The places of elements along an axis in ascending order; those of equal ones ascend."""
    return ops.argsort(a, axis, None, order)


def bincount(
    x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False
) -> Variable:
    """How often each whole number occurs; negative ones raise at the call in any case."""
    return ops.bincount(x, weights, minlength)


def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Variable:
    """The elements of those choices that the numbers of `a` name; out must be None."""
    if out is not None:
        raise ArgumentError(message("choose: out= is not supported.", fix="use the result."))
    return ops.choose(a, choices, mode)


def unravel_index(indices: Any, dims: Any, order: str = "C", ndim: int | None = None) -> Any:
    """The places that flat indices name, one array an axis; ndim must be that of dims."""
    return ops.unravel_index(indices, dims, order)


def AllocDiag(  # noqa: N802  # Theano's name
    offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Callable[[Any], Variable]:
    """What makes the last axis of an array the diagonal of matrices, along the two axes given.

    offset: which diagonal; above the main one if positive.
    """

    def made(diag: Any) -> Variable:
        x = ops.as_variable(diag)
        axes = [normal_axis("AllocDiag", axis, x.ndim + 1) for axis in (axis1, axis2)]
        lengths = [x.shape[k] for k in range(x.ndim)]
        size = lengths.pop() + abs(offset)
        for axis in sorted(axes):
            lengths.insert(axis, size)
        return set_diagonal(ops.zeros(lengths, x.dtype), x, offset, *axes)

    return made
