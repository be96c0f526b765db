"""Lengths of arrays as values, and arrays stretched to given lengths.

Takes arrays; gives int64 scalars, views, zeros and ones.  The lengths of a result cost nothing of
what computes it.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap, fixed
from gradc.dtypes import check_dtype, dtype_info
from gradc.errors import ArgumentTypeError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Shape
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import (
    Sample,
    call,
    declared,
    insert_axes,
    is_complex,
    is_inexact,
    normal_axis,
    pad,
)
from gradc.ops.kinds import LengthOf, View
from gradc.ops.kinds.batches import refuse_lengths
from gradc.options import config
from gradc.sizes import Size

__all__ = [
    "alloc",
    "broadcast_like",
    "broadcast_to",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

Array = npt.NDArray[Any]

_DEPTH = 64  # operations that are looked through for the origin of a length


# -- lengths -----------------------------------------------------------------------------------


class Lengths(tuple[Variable, ...]):
    """The lengths of an array, `x.shape`: a tuple of int64 scalars."""

    __slots__ = ()

    def eval(self, inputs_to_values: Any = None) -> npt.NDArray[np.int64]:
        """The lengths as numbers, by a function compiled for them: x.shape.eval({a: array})."""
        if not self:
            return np.empty(0, "int64")
        together = OPERATORS["stack"](list(self))
        result: npt.NDArray[np.int64] = together.eval(inputs_to_values)
        return result


@declared(
    LengthOf,
    ref=lambda x, *, axis: np.asarray(x.shape[axis], "int64"),
    pullback=lambda cts, outs, x, *, axis: (None,),
    samples=(Sample(lambda f, x: f(x, 1), ((2, 3),)),),
)
def length(x: Any, axis: int) -> Variable:
    """The length of one axis, an int64 scalar; a constant where it is known while building.

    Raises: ArgumentError if there is no such axis.
    """
    x = as_variable(x)
    number = normal_axis("length", axis, x.ndim)
    static = x.type.shape[number]
    if static is not None:
        return Constant(np.asarray(static, "int64"))
    return call("length", x, axis=number)


def length_origin(x: Variable, axis: int) -> tuple[Variable, int]:
    """An array, and its axis, that surely has the length which `axis` of x has.

    The lowest that is seen through elementwise operations, which give their operands' lengths, and
    reordered axes: so f(x).shape[0] and x.shape[0] are known to be one while building.
    """
    for _ in range(_DEPTH):
        node = x.owner
        if node is None:
            break
        if node.op.kind == "Elemwise":
            real = [each for each in node.inputs if each.type.shape[axis] != 1]
            if not real:
                break
            x = real[0]
        elif node.op.name == "dimshuffle" and node.op.keywords["order"][axis] != "x":
            x, axis = node.inputs[0], node.op.keywords["order"][axis]
        else:
            break
    return x, axis


def shape_tuple(x: Any) -> Lengths:
    """The lengths of all axes."""
    x = as_variable(x)
    return Lengths(length(x, axis) for axis in range(x.ndim))


def product_of(lengths: Sequence[Variable]) -> Variable:
    """The product of lengths, an int64 scalar; 1 for none."""
    if not lengths:
        return Constant(np.asarray(1, "int64"))
    return lengths[0] if len(lengths) == 1 else call("mul", *lengths)


def lengths_of(name: str, shape: Any, count: int | None = None) -> list[Variable]:
    """A shape as users write it, an int, a scalar, a list of them or a vector, as int64 scalars.

    count: how many a vector has, if its own length is not known.
    Raises: ArgumentTypeError for what is no whole number.
    """
    if isinstance(shape, Variable) and shape.ndim == 1:
        shape = _entries(name, shape, count)
    listed = shape if isinstance(shape, (tuple, list, np.ndarray)) else (shape,)
    return [_length(name, each) for each in listed]


def counts_of(name: str, shape: Any, count: int | None = None) -> list[Variable]:
    """As lengths_of, of what cannot be below 0.

    Raises: ShapeError for a number that is.
    """
    found = lengths_of(name, shape, count)
    negative = next((n for n in map(static_int, found) if n is not None and n < 0), None)
    if negative is not None:
        what = f"{name}: there is no length {negative}."
        raise ShapeError(message(what, fix="pass 0 or more; only T.reshape takes a -1."))
    return found


def _entries(name: str, shape: Variable, count: int | None) -> list[Variable]:
    known = shape.type.shape[0]
    if known is None and count is not None:
        shape = call(
            "specify_shape", shape, Constant(np.asarray(count)), axes=(0,), by="specify_shape"
        )
    count = known if known is not None else count
    if count is None:
        what = f"{name}: the shape is a vector of unknown length, so the rank is unknown."
        raise ShapeError(message(what, [where(shape)], "pass a tuple of scalars, or x.shape."))
    return [entry_of(shape, k) for k in range(count)]


def entry_of(vector: Variable, k: int) -> Variable:
    """Element k of a vector; the scalar itself where the vector is stacked of scalars."""
    node = vector.owner
    if node is not None and node.op.kind == "Join":
        for piece in node.inputs:
            n = piece.type.shape[0]
            if n is None:
                break
            if k < n:
                return _only(piece) if n == 1 else entry_of(piece, k)
            k -= n
    if isinstance(vector, Constant):
        return Constant(vector.data[k])
    return call("subtensor", vector, index=(k,))


def _only(piece: Variable) -> Variable:
    """The scalar that a vector of length 1 shows."""
    node = piece.owner
    if node is not None and node.op.name == "dimshuffle" and not node.inputs[0].ndim:
        return node.inputs[0]
    return call("subtensor", piece, index=(0,))


def _length(name: str, value: Any) -> Variable:
    if isinstance(value, Variable):
        if value.ndim or not dtype_info(value.dtype).is_integer:
            what = f"{name}: a length is an integer scalar, got {value.type}."
            fix = 'cast what counts, T.cast(n, "int64"); of a vector of lengths pass the vector.'
            raise ArgumentTypeError(message(what, [where(value)], fix))
        return value if value.dtype == "int64" else call("cast", value, dtype="int64")
    try:
        return Constant(np.asarray(operator.index(value), "int64"))
    except TypeError:
        what = f"{name}: a length is a whole number, got {printable(repr(value), 60)}."
        fix = "pass an int, an integer scalar, or a list of them."
        raise ArgumentTypeError(message(what, fix=fix)) from None


def shape_operands(shape: tuple[Any, ...]) -> Any:
    """The arguments of f(x, 2, 3), f(x, (2, 3)) or f(x, a vector), as one shape."""
    is_vector = len(shape) == 1 and getattr(shape[0], "ndim", 0) == 1
    is_list = len(shape) == 1 and isinstance(shape[0], (tuple, list))
    return shape[0] if is_vector or is_list else shape


# -- stretching --------------------------------------------------------------------------------


def _stretched(i: IndexMap, lengths: Shape, *values: Size) -> IndexMap:
    return tuple(
        fixed(0) if n.constant == 1 else place for n, place in zip(lengths, i, strict=True)
    )


def _broadcast_pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, *shape: Variable
) -> tuple[Variable | None, ...]:
    pairs = zip(x.type.shape, cts[0].type.shape, strict=True)
    axes = tuple(k for k, (n, wide) in enumerate(pairs) if n == 1 and wide != 1)
    ct = cts[0]
    if axes:
        ct = insert_axes(call("sum", ct, axes=axes), axes)
    return (ct, *(None for _ in shape))


def _equal(lengths: Shape, *values: Size) -> list[tuple[Size, Size, int]]:
    return [(n, value, k) for k, (n, value) in enumerate(zip(lengths, values, strict=True))
            if n.constant != 1]  # fmt: skip


def _batched(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    refuse_lengths(node, inputs)
    x, *lengths = inputs
    return (node.op(x, length(x, 0), *lengths),)


@declared(
    View,
    shape=lambda lengths, *values: values,
    index=_stretched,
    equal=_equal,
    batching=_batched,
    ref=lambda x, *values: np.broadcast_to(x, [int(n) for n in values]),
    pullback=_broadcast_pullback,
    samples=(
        Sample(lambda f, x: f(x, (4, 3)), ((3,),)),
        Sample(lambda f, x: f(insert_axes(x, (1,)), (2, 3, 4)), ((2, 4),)),
        Sample(lambda f, x: f(x, (2, 3)), ((),)),
    ),
)
def broadcast_to(x: Any, shape: Any) -> Variable:
    """The array x stretched to a shape: its axes of static length 1, and new ones in front. A view.

    shape: ints or integer scalars.  dtype: x's.  Gradient: the sum over the stretched axes.
    Raises: ShapeError if another axis has a different static length, or x has more axes.
    """
    return _stretched_to("broadcast_to", as_variable(x), shape)


def _stretched_to(name: str, x: Variable, shape: Any) -> Variable:
    """broadcast_to under the name of who asks for it."""
    lengths = counts_of(name, shape)
    if x.ndim > len(lengths):
        what = f"{name}: {x.ndim} axes cannot become {len(lengths)}."
        raise ShapeError(message(what, [where(x)], "sum over the others, or give more lengths."))
    padded = pad(x, len(lengths))
    wanted = tuple(static_int(n) for n in lengths)
    for axis, (n, new) in enumerate(zip(padded.type.shape, wanted, strict=True)):
        if n not in (1, None, new) and new is not None:
            what = f"{name}: axis {axis} has length {n}, which cannot become {new}."
            raise ShapeError(message(what, [where(x)], "give that axis length 1, or leave it."))
    if None not in wanted and wanted == padded.type.shape:
        return padded
    return call("broadcast_to", padded, *lengths)


def broadcast_like(x: Any, like: Any) -> Variable:
    """The array x stretched to the shape of `like`."""
    array, like = as_variable(x), as_variable(like)
    if array.type.shape == like.type.shape and None not in array.type.shape:
        return array
    return broadcast_to(array, shape_tuple(like))


def fit(term: Variable, x: Variable) -> Variable:
    """A pullback's term in x's shape and float dtype: summed where x was stretched."""
    pairs = enumerate(zip(term.type.shape, x.type.shape, strict=True))
    axes = tuple(axis for axis, (n, wanted) in pairs if wanted == 1 and n != 1)
    if axes:
        term = insert_axes(call("sum", term, axes=axes), axes)
    if any(n == 1 != wanted for n, wanted in zip(term.type.shape, x.type.shape, strict=True)):
        term = broadcast_like(term, x)
    return as_dtype(term, x.dtype)


def as_dtype(term: Variable, dtype: str) -> Variable:
    """A cotangent in a float or complex dtype: a real number is moved by the real part alone."""
    if not is_inexact(dtype) or term.dtype == dtype:
        return term
    if is_complex(term.dtype) and not is_complex(dtype):
        term = call("real", term)
    return term if term.dtype == dtype else call("cast", term, dtype=dtype)


# -- filling -----------------------------------------------------------------------------------


def alloc(value: Any, *shape: Any) -> Variable:
    """A value stretched to a shape given as one tuple or one by one. A view: it takes no memory."""
    return _stretched_to("alloc", as_variable(value), shape_operands(shape))


def full(shape: Any, value: Any, dtype: str | None = None) -> Variable:
    """An array of one number."""
    return _stretched_to("full", as_variable(value, dtype=dtype), shape)


def zeros(shape: Any, dtype: str | None = None) -> Variable:
    """Zeros of a shape; dtype: config.floatX by default."""
    return _stretched_to("zeros", as_variable(0, dtype=dtype or config.floatX), shape)


def ones(shape: Any, dtype: str | None = None) -> Variable:
    """Ones of a shape; dtype: config.floatX by default."""
    return _stretched_to("ones", as_variable(1, dtype=dtype or config.floatX), shape)


def full_like(model: Any, value: Any, dtype: str | None = None) -> Variable:
    """An array of one number with the shape and, by default, the dtype of `model`."""
    model = as_variable(model)
    number = as_variable(value, dtype=check_dtype(dtype or model.dtype))
    return broadcast_like(number, model) if model.ndim else number


def zeros_like(model: Any, dtype: str | None = None, opt: bool = False) -> Variable:
    """Zeros with the shape and, by default, the dtype of `model`."""
    return full_like(model, 0, dtype)


def ones_like(model: Any, dtype: str | None = None, opt: bool = False) -> Variable:
    """Ones with the shape and, by default, the dtype of `model`."""
    return full_like(model, 1, dtype)
