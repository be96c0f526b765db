"""The same numbers in C order under another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.declare import Sample, call, declared, one_of
from gradc.ops.kinds import Relabel
from gradc.ops.lengths import (
    length,
    length_origin,
    lengths_of,
    product_of,
    shape_operands,
    shape_tuple,
)
from gradc.sizes import Size, floor_div, product

__all__ = ["flatten", "ravel", "reshape", "size"]

Array = npt.NDArray[Any]


def _shape(lengths: Shape, *values: Size) -> Sequence[Size]:
    known = [n for n in values if n.constant != -1]
    rest = floor_div(product(lengths), product(known))
    return [rest if n.constant == -1 else n for n in values]


def _ref(x: Array, *shape: Array) -> Array:
    lengths = [int(n) for n in shape]
    known = math.prod(n for n in lengths if n != -1)
    rest = x.size // known if known else 0
    return np.reshape(x, [rest if n == -1 else n for n in lengths])


def _pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, *shape: Variable
) -> tuple[Variable | None, ...]:
    return (reshape(cts[0], shape_tuple(x)), *(None for _ in shape))


@declared(
    Relabel,
    shape=_shape,
    ref=_ref,
    pullback=_pullback,
    samples=(
        Sample(lambda f, x: f(x, (3, -1)), ((2, 3),)),
        Sample(lambda f, x: f(x, (1, 6, 1)), ((2, 3),)),
        Sample(lambda f, x: f(x, ()), ((1, 1),)),
    ),
)
def reshape(
    x: Any, shape: Any = None, ndim: int | None = None, *, newshape: Any = None
) -> Variable:
    """The elements of x in C order under another shape; one length may be -1: what is left.

    shape: ints or integer scalars, or a vector of them.  ndim: the rank, for checking, and where
    the vector's own length is not known.  newshape: the shape, by its name in Theano.
    Raises: ShapeError if the number of elements is known and differs (an unknown one is checked at
    the call); ArgumentError for two -1, or a rank other than ndim.
    """
    x = array = as_variable(x)
    lengths = lengths_of("reshape", one_of("reshape", shape=shape, newshape=newshape), ndim)
    wanted = [static_int(n) for n in lengths]
    if ndim is not None and ndim != len(lengths):
        what = f"reshape: ndim={ndim}, but the shape has {len(lengths)} lengths."
        raise ArgumentError(message(what, [where(x)], "leave ndim out."))
    if wanted.count(-1) > 1 or any(n is not None and n < -1 for n in wanted):
        what = f"reshape: {_text(wanted)} is no shape; at most one length may be -1."
        fix = "say all lengths but one; -1 stands for what is left."
        raise ArgumentError(message(what, [where(x)], fix))
    _check_count(x, wanted)
    if -1 in wanted:
        lengths = _without_rest(x, lengths, wanted.index(-1))
        wanted = [static_int(n) for n in lengths]
    if None not in wanted and tuple(wanted) == x.type.shape:
        return array
    return call("reshape", x, *lengths)


def _without_rest(x: Variable, lengths: Sequence[Variable], place: int) -> list[Variable]:
    """The lengths with the -1 written out, where the others are seen to be lengths of x."""
    left = list(range(x.ndim))  # axes of x whose length is not given yet
    others: list[int] = []
    for n in (*lengths[:place], *lengths[place + 1 :]):
        axis = next((axis for axis in left if _is_length(n, x, axis)), None)
        if axis is not None:
            left.remove(axis)
        elif (known := static_int(n)) is not None:
            others.append(known)
        else:
            return list(lengths)
    rest = product_of([length(x, axis) for axis in left])
    count, divisor = static_int(rest), math.prod(others)
    if count is None:
        is_better = not others and len(lengths) > 1
        return [*lengths[:place], rest, *lengths[place + 1 :]] if is_better else list(lengths)
    if not divisor or count % divisor:
        return list(lengths)
    rest = Constant(np.asarray(count // divisor, "int64"))
    return [*lengths[:place], rest, *lengths[place + 1 :]]


def _is_length(n: Variable, x: Variable, axis: int) -> bool:
    """Whether a scalar is, as it is written, the length of an axis."""
    static = x.type.shape[axis]
    if static is not None:
        return static == static_int(n)
    node = n.owner
    if node is None or node.op.kind != "LengthOf":
        return False
    asked = length_origin(node.inputs[0], node.op.keywords["axis"])
    return asked == length_origin(x, axis)


def _check_count(x: Variable, wanted: Sequence[int | None]) -> None:
    sizes = [n for n in x.type.shape if n is not None]
    if len(sizes) < x.ndim or None in wanted:
        return
    known = math.prod(n for n in wanted if n is not None and n != -1)
    count = math.prod(sizes)
    if count != known and not (-1 in wanted and known and count % known == 0):
        what = f"reshape: {count} elements cannot take the shape {_text(wanted)}."
        raise ShapeError(message(what, [where(x)], "give lengths whose product is that."))


def _text(wanted: Sequence[int | None]) -> str:
    return f"({', '.join('?' if n is None else str(n) for n in wanted)})"


def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Variable:
    """The array with its last axes made one, so that `ndim` are left: one, if nothing is said.

    outdim: ndim, by its name in old Theano.
    Raises: ArgumentError unless 1 <= ndim <= x.ndim (a scalar becomes a vector of length 1).
    """
    x = array = as_variable(x)
    ndim = 1 if (ndim, outdim) == (None, None) else one_of("flatten", ndim=ndim, outdim=outdim)
    if x.ndim == ndim:
        return array
    if not 1 <= ndim <= max(x.ndim, 1):
        what = f"flatten: {x.ndim} axes cannot become {ndim}."
        raise ArgumentError(message(what, [where(x)]))
    return reshape(x, [*(length(x, axis) for axis in range(ndim - 1)), _rest(x, ndim - 1)])


def _rest(x: Variable, first: int) -> Any:
    """The product of the lengths from axis `first` on."""
    lengths = [length(x, axis) for axis in range(first, x.ndim)]
    if not lengths:
        return 1
    static = [static_int(n) for n in lengths]
    if None not in static:
        return math.prod(n for n in static if n is not None)
    return lengths[0] if len(lengths) == 1 else call("mul", *lengths)


def ravel(x: Any) -> Variable:
    """All elements of x as a vector, in C order."""
    return flatten(x, 1)


def size(x: Any) -> Variable:
    """The number of elements of x, an int64 scalar."""
    rest = _rest(as_variable(x), 0)
    return as_variable(rest)


def reshape_method(x: Variable, *shape: Any, ndim: int | None = None) -> Variable:
    """x.reshape(2, 3) and x.reshape((2, 3))."""
    return reshape(x, shape_operands(shape), ndim)
