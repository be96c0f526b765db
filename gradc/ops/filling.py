"""Arrays stretched to each other's shape, copies, and memory that nobody has filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.dtypes import check_dtype
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.declare import call, pad
from gradc.ops.kinds import broadcast_static
from gradc.ops.lengths import broadcast_to, length, shape_operands, zeros, zeros_like

__all__ = [
    "AllocEmpty",
    "broadcast_arrays",
    "empty",
    "empty_like",
    "fill",
    "second",
    "tensor_copy",
]


def broadcast_arrays(*args: Any) -> list[Variable]:
    """The arrays stretched to one shape where their length is statically 1: views.

    Raises: ShapeError if known lengths differ; unknown ones are checked at the call.
    """
    found = [as_variable(each) for each in args]
    rank = max((each.ndim for each in found), default=0)
    padded = [pad(each, rank) for each in found]
    static = broadcast_static("broadcast_arrays", padded) if padded else ()
    lengths = []
    for axis, n in enumerate(static):
        real = [each for each in padded if each.type.shape[axis] != 1]
        lengths.append(length(real[0], axis) if n is None else n)
    return [broadcast_to(each, lengths) for each in padded]


def second(a: Any, b: Any) -> Variable:
    """The array b stretched to the shape it has beside a (Theano's fill); dtype: b's."""
    return broadcast_arrays(a, b)[1]


def fill(a: Any, b: Any) -> Variable:
    """The array b stretched to the shape it has beside a: the same as second."""
    return second(a, b)


def tensor_copy(x: Any) -> Variable:
    """A variable of its own with the same value; it costs nothing."""
    array = as_variable(x)
    return call("dimshuffle", array, order=tuple(range(array.ndim)))


def empty(shape: Any, dtype: Any = None) -> Variable:
    """An array whose numbers nobody has chosen (they are zeros, which take no memory)."""
    return zeros(shape, dtype)


def empty_like(model: Any, dtype: Any = None) -> Variable:
    """An array of the shape and, by default, dtype of `model`, its numbers left open (zeros)."""
    return zeros_like(model, dtype)


def AllocEmpty(dtype: Any) -> Callable[..., Variable]:  # noqa: N802  # Theano's
    """A function of lengths that gives an array whose numbers nobody has chosen."""
    kind = check_dtype(dtype)

    def alloc_empty(*shape: Any) -> Variable:
        return empty(shape_operands(shape), kind)

    return alloc_empty
