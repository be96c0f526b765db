"""x[a:b:k] with a step k that only the call knows: positive, negative, and 0 is an error.

Takes a slice and an axis; gives the positions that it stands for, an int64 vector, by which the
array is gathered: a view's map has fixed steps, whose sign says where it begins and ends.
"""

from __future__ import annotations

from typing import Any

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import gt, lt, maximum, minimum, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import call
from gradc.ops.elemwise import add, cast, int_div, mul, neg, sub
from gradc.ops.lengths import length

__all__: list[str] = []

_FARTHEST = 2**63 - 1  # of steps in both directions: the lowest int64 has no opposite


def places_of(x: Variable, axis: int, cut: slice) -> Variable:
    """The positions on an axis of x that a slice with a computed step stands for.

    Raises: ArgumentTypeError for ends and steps that are no integer scalars; from calls,
    ArgumentError for a step of 0.
    """
    n, step = length(x, axis), maximum(_scalar(cut.step), -_FARTHEST)
    rises, size = gt(step, 0), maximum(step, neg(step))
    start = _end(cut.start, n, rises, 0)
    stop = _end(cut.stop, n, rises, 1)
    span = maximum(switch(rises, sub(stop, start), sub(start, stop)), 0)
    by = maximum(size, 1)  # nothing is divided by 0 before that is reported
    count = add(int_div(sub(span, 1), by), 1)
    places = add(mul(call("iota", count, dtype="int64"), step), start)
    return call("lengths_fit", places, minimum(size, 1), _scalar(1), axes=(0,), by="slice")


def _end(given: Any, n: Variable, rises: Variable, which: int) -> Variable:
    """Where a slice begins (which = 0) or ends (1), as Python's slice.indices has it."""
    last = sub(n, 1)
    if given is None:
        first, behind = (_scalar(0), last) if which == 0 else (n, _scalar(-1))
        return switch(rises, first, behind)
    place = _scalar(given)
    place = switch(lt(place, 0), add(place, n), place)
    low, high = switch(rises, 0, -1), switch(rises, n, last)
    return minimum(maximum(place, cast(low, "int64")), high)


def _scalar(given: Any) -> Variable:
    found = as_variable(given)
    if found.ndim or not dtype_info(found.dtype).is_integer:
        what = f"x[...]: the ends and the step of a slice are integer scalars, got {found.type}."
        raise ArgumentTypeError(message(what, [where(found)], "cast it to an integer."))
    return cast(found, "int64")
