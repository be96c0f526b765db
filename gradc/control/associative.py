"""`associative_scan`: all prefixes of a sequence under an operation, in JAX's words.

Takes a function of two containers of arrays, elementwise along an axis; gives a loop.  Where JAX
combines elements in a tree, one after the other does half as many operations, and rows of a batch
are shared out over threads all the same (lower/parting.py).  An operation that is associative only
up to rounding is rounded otherwise than there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc import tree
from gradc.control import loops
from gradc.control.carried import of_one_length
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import moveaxis
from gradc.ops.calls import length_of
from gradc.ops.convert import as_variable
from gradc.ops.declare import normal_axis
from gradc.ops.lengths import zeros
from gradc.ops.stacking import concatenate

__all__ = ["associative_scan"]

_WORD = "associative_scan"


def associative_scan(fn: Any, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Row k of what it gives is rows 0 to k of elems, combined by fn.

    fn: of two containers like elems, combines them element by element along the axis, and is
        associative; it is called with one row of each, the axis having length 1.
    elems: an array, or containers of arrays of one length along the axis.
    reverse: rows k to the last, combined from the last on.
    Gradients and forward mode go through it as through a loop.
    Raises: ArgumentTypeError, ArgumentError, ShapeError; DTypeError where fn gives other dtypes.
    Source: JAX's function of this name.
    """
    if not callable(fn):
        what = f"{_WORD}: fn is a {type(fn).__name__}, no function."
        raise ArgumentTypeError(message(what, fix="give the function first, then the arrays."))
    given, form = tree.flatten(elems)
    arrays = [as_variable(each) for each in given]
    if not arrays:
        raise ArgumentError(message(f"{_WORD}: there are no arrays.", fix="give at least one."))
    for each in arrays:
        if not each.ndim:
            what = f"{_WORD}: a scalar has no axis to go along."
            raise ShapeError(message(what, [where(each)], "give arrays of at least one axis."))
    axes = [normal_axis(_WORD, axis, each.ndim) for each in arrays]
    rows = of_one_length([moveaxis(x, a, 0) for x, a in zip(arrays, axes, strict=True)], _WORD)
    rows = [each[::-1] for each in rows] if reverse else rows

    def step(*parts: Variable) -> list[Variable]:
        row = [_wide(x, a) for x, a in zip(parts, axes * 2, strict=True)]
        new, old = row[: len(axes)], row[len(axes) :]
        found = fn(tree.unflatten(form, old), tree.unflatten(form, new))
        outs, shape = tree.flatten(found)
        if shape != form:
            what = f"{_WORD}: fn gives another form of containers than elems has."
            raise ArgumentError(message(what, fix="return as many arrays, in the same containers."))
        return [_narrow(as_variable(x), a) for x, a in zip(outs, axes, strict=True)]

    found, _, _ = loops.looped(
        step, [each[1:] for each in rows], [_first(each) for each in rows], word=_WORD
    )
    whole = [concatenate([x[:1], y]) for x, y in zip(rows, found, strict=True)]
    whole = [each[::-1] for each in whole] if reverse else whole
    return tree.unflatten(form, [moveaxis(x, 0, a) for x, a in zip(whole, axes, strict=True)])


def _first(rows: Variable) -> Variable:
    """The first row; zeros if there is none."""
    nothing = zeros([1, *(length_of(rows, k) for k in range(1, rows.ndim))], rows.dtype)
    found: Variable = concatenate([rows[:1], nothing])[0]
    return found


def _wide(x: Variable, axis: int) -> Variable:
    """A row, with the axis back where it was."""
    order: Sequence[Any] = range(x.ndim)
    return x.dimshuffle(*order[:axis], "x", *order[axis:])


def _narrow(x: Variable, axis: int) -> Variable:
    """What fn gives for a row, without the axis."""
    if not x.ndim > axis or x.type.shape[axis] not in (1, None):
        what = f"{_WORD}: fn gives {x.type} for one row, whose axis {axis} has length 1."
        raise ShapeError(message(what, [where(x)], "combine element by element along the axis."))
    key = (*(slice(None),) * axis, 0)
    found: Variable = x[key]
    return found
