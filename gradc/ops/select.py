"""Where a mask is true: the positions that x[mask] reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.errors import ArgumentTypeError, IndexBoundsError, message
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.variable import Constant, Variable
from gradc.ops.declare import Sample, call, declared
from gradc.ops.kinds import Unequal, View
from gradc.ops.lengths import length
from gradc.sizes import Size

__all__: list[str] = []


def _pairs(lengths: Shape, *values: Size, axes: tuple[int, ...]) -> list[tuple[Size, Size, int]]:
    halves = zip(values[: len(axes)], values[len(axes) :], axes, strict=True)
    return [(mask, array, axis) for mask, array, axis in halves]


@declared(
    View,
    shape=lambda lengths, *values, axes: lengths,
    index=lambda i, lengths, *values, axes: i,
    equal=_pairs,
    unequal=Unequal(
        "axis {axis} of the array has length {v1}, that of the mask {v0}.",
        "index with a mask of the array's own lengths.",
        word="indexing",
        error="IndexBoundsError",
    ),
    ref=lambda x, *values, axes: x,
    pullback=lambda cts, outs, x, *values, axes: (cts[0], *(None for _ in values)),
    samples=(Sample(lambda f, x: f(x, x, x, (0, 1)), ((2, 3),)),),
)
def mask_fits(x: Variable, mask: Variable, array: Variable, axes: Sequence[int]) -> Variable:
    """The array x itself, once the axes of `mask` are seen to be as long as these of `array`."""
    ours = [length(mask, axis) for axis in range(mask.ndim)]
    theirs = [length(array, axis) for axis in axes]
    return call("mask_fits", x, *ours, *theirs, axes=tuple(axes))


def positions(mask: Variable, array: Variable, axes: Sequence[int]) -> Variable:
    """Where a mask is true, counted through these axes of `array` as one; a vector.

    Raises: IndexBoundsError if a static length of the mask is not the array's.
    """
    pairs = list(zip(axes, mask.type.shape, (array.type.shape[k] for k in axes), strict=True))
    for axis, n, wanted in pairs:
        if None not in (n, wanted) and n != wanted:
            what = f"x[...]: axis {axis} has length {wanted}, that of the mask {n}."
            fix = "index with a mask of the array's own lengths."
            raise IndexBoundsError(message(what, [where(array), where(mask)], fix))
    if not isinstance(mask, Constant):
        what = f"x[...]: a mask is an array of numbers, got {mask.type}."
        raise ArgumentTypeError(message(what, [where(mask)], "use T.switch(mask, x, y)."))
    found = Constant(np.flatnonzero(mask.data))
    if all(None not in (n, wanted) for _, n, wanted in pairs):
        return found
    return mask_fits(found, mask, array, axes)
