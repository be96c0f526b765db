"""The shape and dtype of a draw: from what was asked for, and from its parameters.

Takes a shape as users write it and parameters that stretch; gives lengths, and a dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import check_dtype, dtype_info, promote
from gradc.errors import ArgumentTypeError, DTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, is_weak, static_int
from gradc.ops.elemwise import cast
from gradc.ops.lengths import counts_of, length
from gradc.options import config

__all__ = ["float_dtype", "frame", "parameter", "whole_dtype"]


def frame(
    name: str, shape: Any, params: Sequence[Variable] = (), ndim: int | None = None, kept: int = 0
) -> list[Variable]:
    """The lengths of a draw's axes: those asked for, or what the parameters stretch to.

    shape: None, an int or integer scalar, a list of these, or a vector of known length.
    ndim: the rank, where the shape is a vector of unknown length.
    kept: axes at the end of the parameters that are no axes of the draw.
    Raises: ShapeError for parameters that do not stretch to the shape.
    """
    lengths = _stretched(params, kept) if shape is None else counts_of(name, shape, ndim)
    if ndim is not None and ndim != len(lengths):
        what = f"{name}: ndim is {ndim}, the size has {len(lengths)} axes."
        raise ShapeError(message(what, fix="leave ndim out; the size says it."))
    for each in params:
        _check(name, lengths, each, kept)
    return lengths


def _stretched(params: Sequence[Variable], kept: int) -> list[Variable]:
    rank = max((each.ndim - kept for each in params), default=0)
    found: list[Variable] = [Constant(np.asarray(1, "int64"))] * rank
    for each in params:
        front = each.ndim - kept
        for axis in range(front):
            place = rank - front + axis
            old, new = static_int(found[place]), each.type.shape[axis]
            if new != 1 and (old == 1 or (old is None and new is not None)):
                found[place] = length(each, axis)
    return found


def _check(name: str, lengths: Sequence[Variable], param: Variable, kept: int) -> None:
    front = param.ndim - kept
    shown = ", ".join("?" if (n := static_int(each)) is None else str(n) for each in lengths)
    if front > len(lengths):
        what = f"{name}: a parameter has {front} axes, the size ({shown}) only {len(lengths)}."
        raise ShapeError(message(what, [where(param)], "give the draw's whole size."))
    for axis in range(front):
        n, wanted = param.type.shape[axis], static_int(lengths[len(lengths) - front + axis])
        if n not in (None, 1) and wanted is not None and n != wanted:
            what = f"{name}: axis {axis} of a parameter has length {n}, the size ({shown})."
            fix = "give the draw the size that the parameters stretch to."
            raise ShapeError(message(what, [where(param)], fix))


def parameter(value: Any, dtype: str) -> Variable:
    """A parameter as a variable of a dtype."""
    found = as_variable(value, dtype=dtype) if is_weak(value) else as_variable(value)
    return found if found.dtype == dtype else cast(found, dtype)


def float_dtype(name: str, dtype: Any, *params: Any, least: bool = False) -> str:
    """The float dtype of a draw: the one asked for, else that of the parameters, else floatX.

    least: floatX at least, as Theano has it.
    Raises: DTypeError for another than float32 and float64.
    """
    if dtype is not None:
        kind = check_dtype(dtype)
        if kind not in ("float32", "float64"):
            what = f"{name}: the numbers are float32 or float64, {kind} was asked for."
            raise DTypeError(message(what, fix="ask for one of them, and cast the draw."))
        return kind
    strong = [as_variable(each).dtype for each in params if not is_weak(each)]
    floats = [each for each in strong if dtype_info(each).is_float]
    return promote("float32", *floats, *([config.floatX] if least or not floats else []))


def whole_dtype(name: str, dtype: Any) -> str:
    """The dtype of a draw of whole numbers, which may be a float's.

    Raises: DTypeError for a name that is none, ArgumentTypeError for bool.
    """
    kind = check_dtype(dtype)
    if kind == "bool":
        what = f"{name}: counts are numbers, bool was asked for."
        raise ArgumentTypeError(message(what, fix="compare the draw: draw > 0."))
    return kind
