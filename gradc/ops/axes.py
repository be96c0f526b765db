"""Views that move, add and drop axes: all of them are dimshuffle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap, fixed
from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, normal_axes, normal_axis
from gradc.ops.kinds import View
from gradc.sizes import Size, size

__all__ = [
    "dimshuffle",
    "expand_dims",
    "moveaxis",
    "rollaxis",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "squeeze",
    "swapaxes",
    "transpose",
]

Order = tuple[int | str, ...]


def _ref(x: npt.NDArray[Any], *, order: Order) -> npt.NDArray[Any]:
    kept = [int(axis) for axis in order if axis != "x"]
    dropped = tuple(axis for axis in range(x.ndim) if axis not in kept)
    moved = np.transpose(x, (*kept, *dropped)).reshape([x.shape[axis] for axis in kept])
    return np.expand_dims(moved, tuple(k for k, axis in enumerate(order) if axis == "x"))


def _shape(lengths: Shape, *, order: Order) -> Sequence[Size]:
    return [size(1) if axis == "x" else lengths[int(axis)] for axis in order]


def _index(i: IndexMap, lengths: Shape, *, order: Order) -> IndexMap:
    places = {axis: i[k] for k, axis in enumerate(order)}
    return tuple(places.get(axis, fixed(0)) for axis in range(len(lengths)))


def _lift(*, order: Order) -> dict[str, Order]:
    return {"order": (0, *(axis if isinstance(axis, str) else axis + 1 for axis in order))}


def _pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, *, order: Order
) -> tuple[Variable]:
    back = tuple(order.index(axis) if axis in order else "x" for axis in range(x.ndim))
    return (dimshuffle(cts[0], *back),)


@declared(
    View,
    shape=_shape,
    index=_index,
    lift=_lift,
    ref=_ref,
    pullback=_pullback,
    samples=(
        Sample(lambda f, x: f(x, 1, 0), ((2, 3),)),
        Sample(lambda f, x: f(x, 2, "x", 0, 1, "x"), ((2, 3, 4),)),
        Sample(lambda f, x: f(f(x, "x", 0), 1), ((3,),)),
        Sample(lambda f, x: f(x, "x", "x"), ((),)),
    ),
)
def dimshuffle(x: Any, *pattern: Any) -> Variable:
    """Axes of x in another order; "x" is a new axis of length 1.

    An axis left out must have static length 1.  The pattern may also be one list.
    Gradient: the inverse dimshuffle.
    Raises: ArgumentError for an axis that is not there or stands twice; ShapeError for a dropped
    axis whose length is not statically 1.
    """
    x = as_variable(x)
    if len(pattern) == 1 and isinstance(pattern[0], (tuple, list)):
        pattern = tuple(pattern[0])
    order = tuple(a if a == "x" else normal_axis("dimshuffle", a, x.ndim) for a in pattern)
    kept = [axis for axis in order if axis != "x"]
    if len(set(kept)) != len(kept):
        raise ArgumentError(message(f"dimshuffle: pattern {pattern} names an axis twice."))
    for axis in range(x.ndim):
        if axis not in kept and x.type.shape[axis] != 1:
            raise ShapeError(
                message(
                    f"dimshuffle: axis {axis} is dropped but its length is not known to be 1.",
                    [where(x)],
                    f"declare it: shape=(..., 1, ...), or reduce it: x.sum(axis={axis}).",
                )
            )
    return x if order == tuple(range(x.ndim)) else call("dimshuffle", x, order=order)


def transpose(x: Any, *order: Any, axes: Sequence[int] | None = None) -> Variable:
    """Axes of x in another order: as named, one by one or in a tuple; by default reversed.

    axes: the order as a tuple, by numpy's name.

    Raises: ArgumentError if an axis is missing, is not there or stands twice.
    """
    x = as_variable(x)
    if order and axes is not None:
        raise ArgumentError(message("transpose: the order of axes is given twice."))
    if len(order) == 1 and (order[0] is None or isinstance(order[0], (tuple, list))):
        order = tuple(order[0] or ())
    order = order or tuple(axes or reversed(range(x.ndim)))
    if sorted(normal_axis("transpose", a, x.ndim) for a in order) != list(range(x.ndim)):
        what = f"transpose: axes {tuple(order)} are no permutation of {x.ndim} axes."
        raise ArgumentError(message(what, [where(x)], "name each axis once."))
    return dimshuffle(x, *order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Variable:
    """The array with two axes exchanged."""
    x = as_variable(x)
    first, second = (normal_axis("swapaxes", a, x.ndim) for a in (axis1, axis2))
    order = list(range(x.ndim))
    order[first], order[second] = order[second], order[first]
    return dimshuffle(x, *order)


def moveaxis(x: Any, source: Any, destination: Any) -> Variable:
    """The array with axes moved to other places; the others keep their order.

    source, destination: an int each, or tuples of one length.
    """
    x = as_variable(x)
    old, new = (_listed(x, axes) for axes in (source, destination))
    if len(old) != len(new) or len(set(old)) != len(old) or len(set(new)) != len(new):
        what = f"moveaxis: {source} to {destination} does not say where each axis goes."
        raise ArgumentError(message(what, [where(x)], "name each axis and each place once."))
    order = [axis for axis in range(x.ndim) if axis not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return dimshuffle(x, *order)


def _listed(x: Variable, axes: Any) -> list[int]:
    listed = axes if isinstance(axes, (tuple, list)) else (axes,)
    return [normal_axis("moveaxis", axis, x.ndim) for axis in listed]


def rollaxis(x: Any, axis: int, start: int = 0) -> Variable:
    """The array with one axis moved in front of another, `start`."""
    x = as_variable(x)
    old = normal_axis("rollaxis", axis, x.ndim)
    new = normal_axis("rollaxis", start, x.ndim + 1) if start >= 0 else start + x.ndim
    return moveaxis(x, old, new - 1 if old < new else new)


def squeeze(x: Any, axis: Any = None) -> Variable:
    """The array without axes of static length 1: all of them, or those named.

    Raises: ShapeError for a named axis whose length is not known to be 1.
    """
    x = as_variable(x)
    ones = tuple(k for k, n in enumerate(x.type.shape) if n == 1)
    dropped = ones if axis is None else normal_axes("squeeze", axis, x.ndim)
    return dimshuffle(x, *(k for k in range(x.ndim) if k not in dropped))


def expand_dims(x: Any, axis: Any) -> Variable:
    """The array with axes of length 1 at these places of the result."""
    x = as_variable(x)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    axes = normal_axes("expand_dims", axis, x.ndim + count)
    kept = iter(range(x.ndim))
    return dimshuffle(x, *("x" if k in axes else next(kept) for k in range(x.ndim + count)))


def shape_padleft(x: Any, n_ones: int = 1) -> Variable:
    """The array with axes of length 1 in front."""
    x = as_variable(x)
    return dimshuffle(x, *("x",) * n_ones, *range(x.ndim))


def shape_padright(x: Any, n_ones: int = 1) -> Variable:
    """The array with axes of length 1 behind."""
    x = as_variable(x)
    return dimshuffle(x, *range(x.ndim), *("x",) * n_ones)


def shape_padaxis(x: Any, axis: int) -> Variable:
    """The array with one axis of length 1 at a place of the result."""
    return expand_dims(x, axis)
