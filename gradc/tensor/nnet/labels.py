"""Labels: whole numbers that name the class of each row.

Takes rows of scores or probabilities and their labels; gives the element of each row that its label
names.  Labels are looked at before anything is computed with them, by a step of its own: unlike
indices they do not count from the end, so -1 is an error and not the last class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentTypeError, IndexBoundsError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.axes import dimshuffle
from gradc.ops.compare import and_, eq, ge, lt
from gradc.ops.convert import as_variable, static_int
from gradc.ops.create import arange
from gradc.ops.declare import pad
from gradc.ops.lengths import length
from gradc.ops.watch import under

__all__ = ["inside", "labelled", "whole"]


def labelled(name: str, argument: str, x: Variable, labels: Any) -> Variable:
    """x[..., labels[...]] for every row: one element a row, [..., classes] and [...] -> [...].

    name, argument: of the user's function and what it calls the labels.
    Raises: ArgumentTypeError for labels that are no whole numbers; ShapeError for another rank;
    IndexBoundsError at the call (or here, where all is known) for a class that is not there.
    """
    found = whole(name, argument, labels)
    if found.ndim != x.ndim - 1:
        what = f"{name}: {argument} has {found.ndim} axes, {x.ndim - 1} are needed."
        raise ShapeError(message(what, [where(found), where(x)], "give one label a row."))
    found = _paired(name, argument, x, found)
    places = inside(name, argument, found, length(x, x.ndim - 1), x)
    rank = found.ndim
    rows = [
        dimshuffle(arange(length(x, axis)), *(0 if k == axis else "x" for k in range(rank)))
        for axis in range(rank)
    ]
    return x[(*rows, places)]


def whole(name: str, argument: str, labels: Any) -> Variable:
    """Labels as a variable of whole numbers. Raises: ArgumentTypeError for others."""
    found: Variable = as_variable(labels)
    if dtype_info(found.dtype).is_integer:
        return found
    what = f"{name}: {argument} has to name classes by whole numbers, got {found.type}."
    fix = 'declare or cast it as integers, such as T.lvector("y") or y.astype("int64").'
    raise ArgumentTypeError(message(what, [where(found)], fix))


def _paired(name: str, argument: str, x: Variable, labels: Variable) -> Variable:
    """The labels, as many as rows: neither is stretched where it was declared with one."""
    for axis in range(labels.ndim):
        one, other = x.type.shape[axis], labels.type.shape[axis]
        if one == other or (one != 1 and other != 1):
            continue  # other lengths are compared as those of indices are
        what = f"{argument} of {name} has not one label a row: axis {axis}"
        rows = length(x, axis), length(labels, axis)
        if one is not None and other is not None:
            what += f" has length {other}, of the rows {one}."
            raise ShapeError(message(what, [where(labels), where(x)], "give one label a row."))
        labels = under(labels, eq(*rows), what, "ShapeError", "pass as many labels as rows.")
    return labels


def inside(
    name: str, argument: str, labels: Variable, count: Variable, *others: Variable
) -> Variable:
    """Whole numbers, once they have been seen to be 0 or more and below `count`.

    others: what an error shows besides.  Raises: IndexBoundsError as `labelled`.
    """
    known = static_int(count)
    if isinstance(labels, Constant) and known is not None:
        wrong = labels.data[(labels.data < 0) | (labels.data >= known)]
        if np.size(wrong):
            what = f"{name}: {argument} has the label {wrong.flat[0]}, there are {known} classes."
            fix = f"use labels from 0 to {known - 1}."
            raise IndexBoundsError(message(what, list(map(where, [labels, *others])), fix))
        return labels
    fits = and_(ge(labels, 0), lt(labels, pad(count, labels.ndim)))
    text = f"{argument} of {name} has a label that is no class: below 0, or too large"
    fix = "count classes from 0: the largest label is one less than their number."
    return under(labels, fits, text, "IndexBoundsError", fix)
