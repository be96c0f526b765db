"""Elements repeated along an axis, all as often or each as often as its own count says."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.axes import dimshuffle
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, normal_axis
from gradc.ops.elemwise import cast
from gradc.ops.index import gather_along
from gradc.ops.kinds import Routine
from gradc.ops.lengths import counts_of
from gradc.ops.promises import lengths_fit
from gradc.ops.relabel import flatten
from gradc.ops.stacking import repeated

__all__ = ["repeat"]

Array = npt.NDArray[Any]


def _repeat_ref(counts: Array, k: Array) -> Array:
    if (counts < 0).any():
        what = f"repeat: the count {counts[counts < 0][0]} is negative."
        raise ArgumentError(message(what))
    rows = counts.reshape(prod(counts.shape[:-1]), counts.shape[-1])
    found = [np.repeat(np.arange(len(row)), row) for row in rows]
    return np.array(found, "int64").reshape(*counts.shape[:-1], int(k))


@declared(
    Routine,
    signature="(n),k->(k)",
    c=RoutineFn("repeat", "repeat.h", fails=True),
    dtypes=lambda dtypes: ("int64", ("int64",)),
    work=lambda letters: letters["n"] * 4 + letters["k"],
    complaint="the count at place {v1} is {v2}; nothing can be there less than never.",
    fix="pass counts that are not negative, for example T.maximum(counts, 0).",
    ref=_repeat_ref,
    pullback=lambda cts, outs, counts, k: (None, None),
    samples=(Sample(lambda f, c: f(3 - c + c, as_variable(12)), ((4,),), ("int64",)),),
)
def repeated_places(counts: Variable, total: Variable) -> Variable:
    """Each place of a vector as often as the count there says, in order; an int64 vector.

    total: what the counts add up to.
    """
    return call("repeated_places", counts, total)


def repeat_by_counts(x: Variable, counts: Variable, axis: int) -> Variable:
    """Each slice of x along an axis as often as its own count says.

    counts: a vector of whole numbers, one a place of the axis.  The length of the result is known
    when they have been computed.  Gradient: the sum over the copies.
    Raises: ArgumentError at the call for a negative count, or another number of them.
    """
    counts = lengths_fit(cast(counts, "int64"), counts, x, (axis,), "repeat")
    total = call("maximum", call("sum", counts, axes=(0,)), as_variable(0))
    return gather_along(x, repeated_places(counts, total), axis)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Variable:
    """Each element repeated along an axis; None: of the flattened array.

    repeats: an int or integer scalar, or a vector with a number for each place of the axis, which
    the length of the result then follows from.  Gradient: the sum over the copies.
    Raises: ArgumentTypeError for repeats of other kinds; ArgumentError at the call for a negative
    number in a vector, or another number of them than places.
    """
    array = as_variable(x)
    count = as_variable(repeats)
    if count.ndim > 1 or not dtype_info(count.dtype).is_integer:
        what = f"repeat: numbers of times are an integer scalar or vector, got {count.type}."
        raise ArgumentTypeError(message(what, [where(count)]))
    if axis is None:
        array, axis = flatten(array), 0
    number = normal_axis("repeat", axis, array.ndim)
    if count.ndim and count.type.shape == (1,):
        count = dimshuffle(count)
    elif count.ndim:
        return repeat_by_counts(array, count, number)
    counts = [count if k == number else Constant(np.asarray(1)) for k in range(array.ndim)]
    return repeated(array, counts_of("repeat", counts), in_front=False)
