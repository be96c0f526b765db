"""Norms of vectors and matrices.

At 0 a norm has no slope, and the gradient there is 0: the root of a sum that is 0 is the number 0,
not a root.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import moveaxis
from gradc.ops.compare import eq, neq, switch
from gradc.ops.complexes import length_squared
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, composed, insert_axes, is_inexact, normal_axes, normal_axis
from gradc.ops.elemwise import abs, cast, pow, sqrt
from gradc.ops.reduce import max, min, sum
from gradc.ops.singular import singular_values

__all__ = ["norm"]

Array = npt.NDArray[Any]


def _norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return np.linalg.norm(x, ord, axis, keepdims)


@composed(
    ref=_norm,
    samples=(
        Sample(lambda f, x: f(x), ((2, 3, 2),)),
        Sample(lambda f, x: f(x, 3, 1), ((3, 4),)),
        Sample(lambda f, x: f(x, math.inf, 0, True), ((3, 4),)),
        Sample(lambda f, x: f(x, 1, (0, -1)), ((2, 3, 4),)),
        Sample(lambda f, x: f(x, "fro"), ((3, 2),)),
        Sample(lambda f, x: f(x, 2), ((3, 2),)),
        Sample(lambda f, x: f(x, -2, (2, 0), True), ((2, 3, 3),)),
        Sample(lambda f, x: f(x, "nuc", (-1, -2)), ((2, 3, 2),)),
    ),
)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Variable:
    """The norm of vectors along an axis, or of matrices in two axes, as numpy.linalg.norm.

    ord of vectors: None or 2, the root of the sum of squares; inf, -inf, the greatest or least
    magnitude; 0, how many are not 0; another p, sum(abs(x)^p)^(1/p).
    ord of matrices: None or "fro" as the vectors'; 1, -1, the greatest or least sum of magnitudes
    down a column; inf, -inf, along a row; 2, -2, the greatest or least singular value; "nuc",
    their sum.
    axis None: all of x as a vector for ord None, else x is the vector or matrix itself.
    Integers become float64.  Gradient: 0 where the norm is 0.
    Raises: ArgumentError for a norm or an axis that is not there.
    """
    x = as_variable(x)
    x = x if is_inexact(x.dtype) else cast(x, "float64")
    if axis is None and ord is None:
        return vector_norm(x, 2, tuple(range(x.ndim)), keepdims)
    axes = tuple(range(x.ndim)) if axis is None else _listed(axis, x.ndim)
    if len(axes) == 1:
        return vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) != 2:
        what = f"norm: a norm of order {ord!r} has one axis or two, not {len(axes)}."
        raise ArgumentError(message(what, [where(x)], "name them: axis=-1 or axis=(-2, -1)."))
    return _matrix_norm(x, ord, axes, keepdims)


def _listed(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes in the order they are named: rows, then columns."""
    normal_axes("norm", axis, ndim)
    named = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(normal_axis("norm", each, ndim) for each in named)


def vector_norm(x: Variable, p: Any, axes: tuple[int, ...], keepdims: bool = False) -> Variable:
    """The norm of order p of all elements over axes."""
    if isinstance(p, bool) or not isinstance(p, (int, float, np.integer, np.floating)):
        what = f"norm: vectors have no norm of order {printable(repr(p), 40)}."
        raise ArgumentError(message(what, [where(x)], "use a number, math.inf or None."))
    if p == 0:
        return cast(sum(neq(x, 0), axis=axes, keepdims=keepdims), dtype_info(x.dtype).part.name)
    if math.isinf(p):
        return (max if p > 0 else min)(abs(x), axis=axes, keepdims=keepdims)
    if p == 1:
        return sum(abs(x), axis=axes, keepdims=keepdims)
    if p == 2:
        return _root(sum(length_squared(x), axis=axes, keepdims=keepdims), sqrt)
    powers = pow(abs(x), float(p))
    if 0 < p < 1:
        powers = switch(eq(x, 0), 0.0, powers)
    return _root(sum(powers, axis=axes, keepdims=keepdims), lambda total: pow(total, 1 / float(p)))


def _root(total: Variable, function: Callable[[Variable], Variable]) -> Variable:
    return switch(eq(total, 0), 0.0, function(total))


def _matrix_norm(x: Variable, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Variable:
    if ord in (None, "fro"):
        return vector_norm(x, 2, tuple(sorted(axes)), keepdims)
    if ord in (2, -2, "nuc"):
        values = singular_values(moveaxis(x, axes, (-2, -1)))
        rest = {2: max, -2: min, "nuc": sum}[ord](values, axis=-1)
        return insert_axes(rest, tuple(sorted(axes))) if keepdims else rest
    if ord not in (1, -1, math.inf, -math.inf):
        what = f"norm: matrices have no norm of order {printable(repr(ord), 40)}."
        fix = 'use "fro", "nuc", 1, -1, 2, -2, math.inf or -math.inf.'
        raise ArgumentError(message(what, [where(x)], fix))
    summed = axes[1] if math.isinf(ord) else axes[0]
    kept = axes[0] if math.isinf(ord) else axes[1]
    sums = sum(abs(x), axis=summed, keepdims=True)
    rest = (max if ord > 0 else min)(sums, axis=tuple(sorted((summed, kept))))
    return insert_axes(rest, tuple(sorted(axes))) if keepdims else rest


def norm_method(x: Variable, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Variable:
    """The method x.norm(L): of all elements over axes, whatever their number, as Theano's."""
    x = x if is_inexact(x.dtype) else cast(x, "float64")
    return vector_norm(x, L, normal_axes("norm", axis, x.ndim), keepdims)
