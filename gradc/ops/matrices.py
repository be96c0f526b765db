"""Diagonals and triangles of matrices."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.dtypes import check_dtype
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import DECLARATIONS, Op, Shape
from gradc.graph.variable import Constant, Variable
from gradc.ops.choosing import nonzero
from gradc.ops.compare import ge, invert, switch
from gradc.ops.convert import as_variable, static_int
from gradc.ops.create import diagonal_number, eye, iota
from gradc.ops.declare import Sample, call, declared, insert_axes, is_float, normal_axis
from gradc.ops.elemwise import cast
from gradc.ops.index import placed_through
from gradc.ops.joining import plus
from gradc.ops.kinds import View
from gradc.ops.lengths import broadcast_to, length, lengths_of, shape_tuple, zeros
from gradc.ops.reduce import sum as sum_of
from gradc.options import config
from gradc.sizes import Size, maximum, minimum

__all__ = [
    "diag",
    "diagonal",
    "fill_diagonal",
    "fill_diagonal_offset",
    "identity",
    "trace",
    "tri",
    "tril",
    "tril_indices",
    "tril_indices_from",
    "triu",
    "triu_indices",
    "triu_indices_from",
]

Array = npt.NDArray[Any]


# -- diagonals -----------------------------------------------------------------------------------


def _others(ndim: int, axis1: int, axis2: int) -> list[int]:
    return [axis for axis in range(ndim) if axis not in (axis1, axis2)]


def _shape(lengths: Shape, *, offset: int, axis1: int, axis2: int) -> list[Size]:
    rows, cols = lengths[axis1] - max(-offset, 0), lengths[axis2] - max(offset, 0)
    kept = [lengths[axis] for axis in _others(len(lengths), axis1, axis2)]
    return [*kept, maximum(minimum(rows, cols), 0)]


def _index(i: IndexMap, lengths: Shape, *, offset: int, axis1: int, axis2: int) -> IndexMap:
    *kept, along = i
    places = dict(zip(_others(len(lengths), axis1, axis2), kept, strict=True))
    places[axis1] = along + max(-offset, 0)
    places[axis2] = along + max(offset, 0)
    return tuple(places[axis] for axis in range(len(lengths)))


def _pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, **params: int
) -> tuple[Variable]:
    return (placed_through("diagonal", cts[0], x, **params),)


@declared(
    View,
    shape=_shape,
    index=_index,
    lift=lambda *, offset, axis1, axis2: {
        "offset": offset,
        "axis1": axis1 + 1,
        "axis2": axis2 + 1,
    },
    ref=np.diagonal,
    pullback=_pullback,
    samples=(
        Sample(lambda f, x: f(x), ((3, 3),)),
        Sample(lambda f, x: f(x, -1), ((3, 2),)),
        Sample(lambda f, x: f(x, 1, -1, 0), ((3, 2, 4),)),
        Sample(lambda f, x: f(x, 5), ((3, 2),)),
    ),
)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The elements whose places in two axes differ by `offset`, as a last axis. A view.

    Gradient: placed on the diagonal of zeros.
    Raises: ArgumentError for fewer than two axes, or twice the same.
    """
    array = as_variable(a)
    first, second = (normal_axis("diagonal", axis, array.ndim) for axis in (axis1, axis2))
    if first == second:
        what = f"diagonal: the axes {axis1} and {axis2} are one."
        raise ArgumentError(message(what, [where(array)], "name two axes."))
    return call("diagonal", array, offset=_whole("diagonal", offset), axis1=first, axis2=second)


def _whole(name: str, number: Any) -> int:
    found = static_int(number) if isinstance(number, Variable) else number
    try:
        return operator.index(found)  # type: ignore[arg-type]
    except TypeError:
        what = f"{name}: the number of the diagonal is an int that building knows."
        raise ArgumentTypeError(
            message(what, fix="use T.eye(n, m, k) for a computed one.")
        ) from None


def diag(v: Any, k: int = 0) -> Variable:
    """The diagonal of a matrix, or the matrix that has a vector on its diagonal and 0 elsewhere.

    k: which diagonal, upwards.  Shapes: [n] -> [n + |k|, n + |k|].
    """
    array, offset = as_variable(v), _whole("diag", k)
    if array.ndim == 2:
        return diagonal(array, offset)
    if array.ndim != 1:
        what = f"diag: takes a vector or a matrix, got {array.type}."
        raise ArgumentError(
            message(what, [where(array)], "use T.diagonal(x, offset, axis1, axis2).")
        )
    n = plus(length(array, 0), Constant(np.asarray(abs(offset))))
    return set_diagonal(zeros((n, n), dtype=array.dtype), array, offset)


def set_diagonal(
    base: Variable, values: Variable, offset: int, axis1: int = 0, axis2: int = 1
) -> Variable:
    """The array with values on a diagonal; values and axes, from 0 on, as `diagonal` has them."""
    params = (("axis1", axis1), ("axis2", axis2), ("offset", offset))
    through = Op(DECLARATIONS["diagonal"], params)
    return call("scatter", base, values, mode="set", through=through)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The sum over a diagonal; see diagonal."""
    return sum_of(diagonal(a, offset, axis1, axis2), axis=-1)


def fill_diagonal(a: Any, val: Any) -> Variable:
    """The matrix with a number on its diagonal; a tall one is filled once, down to the last column.

    Gradient: 0 for what was there, the sum over the diagonal for the number.
    """
    return fill_diagonal_offset(a, val, 0)


def fill_diagonal_offset(a: Any, val: Any, offset: int) -> Variable:
    """The matrix with a number on the diagonal `offset`."""
    array = as_variable(a)
    if array.ndim != 2:
        what = f"fill_diagonal: takes a matrix, got {array.type}."
        raise ShapeError(message(what, [where(array)]))
    number = as_variable(val)
    if number.ndim:
        what = f"fill_diagonal: one number is put on all places, got {number.type}."
        raise ShapeError(message(what, [where(number)], "use T.set_subtensor for several."))
    number = number if number.dtype == array.dtype else cast(number, array.dtype)
    place = _whole("fill_diagonal_offset", offset)
    count = length(diagonal(array, place), 0)
    return set_diagonal(array, broadcast_to(number, (count,)), place)


def identity(n: Any, dtype: Any = None) -> Variable:
    """The identity matrix of n rows; dtype: floatX.  Of an array the array itself, as in Theano."""
    if isinstance(n, Variable) and (n.ndim or is_float(n.dtype)):
        return n if dtype is None else cast(n, check_dtype(dtype))
    return eye(n, dtype=dtype)


# -- triangles -----------------------------------------------------------------------------------


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Variable:  # numpy's
    """Ones on and below diagonal k, zeros above; shape [N, M], M = N by default; dtype: floatX."""
    rows, cols = lengths_of("tri", [N, N if M is None else M])
    below = _below("tri", iota(rows), iota(cols), k)
    return cast(below, check_dtype(dtype or config.floatX))


def _below(name: str, rows: Variable, cols: Variable, k: Any) -> Variable:
    return ge(insert_axes(rows, (1,)) + diagonal_number(name, k), cols)


def tril(m: Any, k: Any = 0) -> Variable:
    """The array with zeros above diagonal k of its last two axes."""
    array = as_variable(m)
    return switch(_mask("tril", array, k), array, Constant(np.zeros((), array.dtype)))


def triu(m: Any, k: Any = 0) -> Variable:
    """The array with zeros below diagonal k of its last two axes."""
    array = as_variable(m)
    mask = _mask("triu", array, diagonal_number("triu", k) - 1)
    return switch(mask, Constant(np.zeros((), array.dtype)), array)


def _mask(name: str, x: Variable, k: Any) -> Variable:
    if x.ndim < 2:
        what = f"{name}: takes two axes or more, got {x.type}."
        raise ArgumentError(message(what, [where(x)]))
    rows, cols = (length(x, axis) for axis in (x.ndim - 2, x.ndim - 1))
    return _below(name, iota(rows), iota(cols), k)


def tril_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Variable, Variable]:
    """Rows and columns of the places on and below diagonal k, of a matrix of n rows, m columns.

    Constants for ints; the number of places of computed n, k and m is known at the call only.
    """
    return _places(np.tril_indices, n, k, m)


def triu_indices(n: Any, k: Any = 0, m: Any = None) -> tuple[Variable, Variable]:
    """Rows and columns of the places on and above diagonal k, of a matrix of n rows, m columns."""
    return _places(np.triu_indices, n, k, m)


def tril_indices_from(a: Any, k: Any = 0) -> tuple[Variable, Variable]:
    """Rows and columns of the places on and below diagonal k of a matrix."""
    n, m = _lengths("tril_indices_from", a)
    return tril_indices(n, k, m)


def triu_indices_from(a: Any, k: Any = 0) -> tuple[Variable, Variable]:
    """Rows and columns of the places on and above diagonal k of a matrix."""
    n, m = _lengths("triu_indices_from", a)
    return triu_indices(n, k, m)


def _lengths(name: str, a: Any) -> tuple[Variable, ...]:
    array = as_variable(a)
    if array.ndim != 2:
        what = f"{name}: takes a matrix, got {array.type}."
        raise ArgumentError(message(what, [where(array)]))
    return shape_tuple(array)


def _places(made: Any, n: Any, k: Any, m: Any) -> tuple[Variable, Variable]:
    given = [as_variable(each) for each in (n, k, n if m is None else m)]
    numbers = [static_int(each) for each in given]
    if None not in numbers:
        rows, cols = made(*numbers)
        return Constant(rows), Constant(cols)
    count, diagonal_, width = given
    lower = made is np.tril_indices
    mask = _below("tri", iota(count), iota(width), diagonal_ if lower else diagonal_ - 1)
    found: tuple[Variable, Variable] = nonzero(mask if lower else invert(mask))
    return found
