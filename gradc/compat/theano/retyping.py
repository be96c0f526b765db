"""Copies of graphs in which variables of another dtype stand for some: clone(strict=False).

Takes outputs and replacements; gives a dict from each variable to what stands for it.  Operands
that had one dtype have one again, that which numpy gives for them together; a constant counts as
one of any dtype that holds it, so exp(x * 2.0) of a float32 x is float32.  What an operation that
is made for its dtypes (a loop, a routine, one in Python) reads is cast back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradc.dtypes import dtype_info, promote
from gradc.errors import ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.ops.elemwise import cast

__all__ = ["retyped"]

# By kind: operations that are one for all dtypes.
_FREE = frozenset(
    ("Elemwise", "Reduce", "Prefix", "View", "Relabel", "Gather", "Scatter", "Join", "Contract")
)


def retyped(
    outputs: Sequence[Variable], replace: Mapping[Variable, Variable]
) -> dict[Variable, Variable]:
    """What stands for each variable that outputs depend on. Raises: what operations raise."""
    values = dict(replace)
    for node in toposort(outputs, stop=[*replace]):
        inputs = [values.get(each, each) for each in node.inputs]
        if node.op.kind in _FREE:
            inputs = _together(node.inputs, inputs)
        else:
            inputs = [cast(new, old.dtype) if new.dtype != old.dtype else new
                      for old, new in zip(node.inputs, inputs, strict=True)]  # fmt: skip
        types = node.op.rule.infer(inputs, node.op.keywords)
        names = [each.name for each in node.outputs]
        made = Apply(node.op, inputs, types, node.site, names).outputs
        for old, new in zip(node.outputs, made, strict=True):
            values.setdefault(old, new)
    return values


def _together(olds: Sequence[Variable], news: Sequence[Variable]) -> list[Variable]:
    """Operands whose dtypes agree where those of the old ones did."""
    found = list(news)
    for dtype in {old.dtype for old, new in zip(olds, news, strict=True) if old.dtype != new.dtype}:
        places = [k for k, old in enumerate(olds) if old.dtype == dtype]
        strong = [news[k].dtype for k in places if _constant(news[k]) is None]
        strong = strong or [news[k].dtype for k in places]
        kind = promote(*strong)
        kind = promote(kind, *(news[k].dtype for k in places if not _holds(kind, news[k])))
        is_inexact = dtype_info(kind).is_inexact
        if is_inexact and not dtype_info(dtype).is_inexact:
            rows = [where(news[k]) for k in places]
            what = f"clone: {news[places[0]]} is {kind}, where whole numbers are wanted."
            raise ArgumentTypeError(message(what, rows, f"replace it by one of {dtype}."))
        if dtype_info(dtype).is_inexact and not is_inexact:  # operations may need floats
            kind = promote(kind, dtype)
        for k in places:
            found[k] = cast(news[k], kind) if news[k].dtype != kind else news[k]
    return found


def _constant(x: Variable) -> Constant | None:
    """The constant that a variable is, or a view of."""
    while x.owner is not None and x.owner.op.kind in ("View", "Relabel"):
        x = x.owner.inputs[0]
    return x if isinstance(x, Constant) else None


def _holds(dtype: str, x: Variable) -> bool:
    """Whether a constant keeps its value in a dtype; true of what is none."""
    found = _constant(x)
    if found is None:
        return True
    data = found.data
    with np.errstate(all="ignore"):
        return np.array_equal(data.astype(dtype), data, equal_nan=data.dtype.kind in "fc")
