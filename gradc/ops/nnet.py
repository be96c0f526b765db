"""Functions of neural networks: rectifiers and the softmax family.

Composed of primitives: a compiler that fuses loses nothing by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import eq, ge, minimum, switch
from gradc.ops.convert import as_variable, is_weak
from gradc.ops.declare import (
    Sample,
    call,
    composed,
    drop_axes,
    elemwise,
    insert_axes,
    is_float,
    normal_axes,
)
from gradc.ops.elemwise import add, cast, floating, sub, true_div
from gradc.ops.math import exp, log
from gradc.ops.reduce import sum
from gradc.ops.rules import same

__all__ = ["logsoftmax", "logsumexp", "relu", "softmax"]

Array = npt.NDArray[Any]

_relu = elemwise(
    "relu",
    doc="The positive part of x: maximum(x, 0), but with slope 1/2 at 0.",
    dtype=same,
    c=scalar_fn("{x} <= 0 ? 0 : {x}", uint="{x}", bool="{x}", cost=2),
    ref=lambda x: np.where(x <= 0, np.zeros_like(x), x),
    pullback=lambda cts, outs, x: (switch(ge(x, 0), switch(eq(x, 0), cts[0] * 0.5, cts[0]), 0.0),),
)


def relu(x: Any, alpha: Any = 0) -> Variable:
    """The positive part of x, plus alpha times the negative part: maximum(x, 0) for alpha 0.

    alpha: a number or an array that broadcasts.  Slope at 0: (1 + alpha) / 2.
    """
    positive = _relu(x)
    if is_weak(alpha) and alpha == 0:
        return positive
    x = as_variable(x)
    if is_float(x.dtype):
        return sub(positive, alpha * _relu(-x))
    # the minus of an unsigned number, of a bool and of -128 is none
    return add(positive, alpha * cast(minimum(x, 0), "int64"))


def _peak(x: Variable, axes: tuple[int, ...]) -> Variable:
    return insert_axes(call("peak", x, axes=axes), axes)


def _softmax(x: Array, axis: Any = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


_USES = (
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: f(x, axis=0), ((4, 3),)),
    Sample(lambda f, x: f(x, axis=(0, 2)), ((2, 2, 3),)),
)


@composed(ref=_softmax, samples=_USES)
def softmax(x: Any, axis: Any = -1) -> Variable:
    """exp(x) / sum(exp(x)) along an axis (or several), without overflow.

    Raises: ArgumentError for an axis that is not there.
    """
    x = floating(x)
    axes = normal_axes("softmax", axis, x.ndim)
    e = exp(x - _peak(x, axes))
    return true_div(e, sum(e, axis=axes, keepdims=True))


def _logsoftmax(x: Array, axis: Any = -1) -> Any:
    off = x - np.max(x, axis=axis, keepdims=True)
    return off - np.log(np.sum(np.exp(off), axis=axis, keepdims=True))


@composed(ref=_logsoftmax, samples=_USES)
def logsoftmax(x: Any, axis: Any = -1) -> Variable:
    """log(softmax(x)) along an axis (or several), with all its digits where softmax is tiny.

    Raises: ArgumentError for an axis that is not there.
    """
    x = floating(x)
    axes = normal_axes("logsoftmax", axis, x.ndim)
    off = x - _peak(x, axes)
    return sub(off, log(sum(exp(off), axis=axes, keepdims=True)))


def _logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis
    greatest = np.max(x, axis=axes, keepdims=True)
    greatest = np.where(np.isinf(greatest), 0, greatest)
    total = np.log(np.sum(np.exp(x - greatest), axis=axes, keepdims=True)) + greatest
    return total if keepdims else np.squeeze(total, axes)


@composed(ref=_logsumexp, samples=_USES)
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
    """log(sum(exp(x))) over axes, without overflow; -inf where all elements are.

    Raises: ArgumentError for an axis that is not there.
    """
    x = floating(x)
    axes = normal_axes("logsumexp", axis, x.ndim)
    top = _peak(x, axes)
    total = log(sum(exp(x - top), axis=axes, keepdims=True)) + top
    return total if keepdims else drop_axes(total, axes)
