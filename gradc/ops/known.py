"""What building knows of a value before any call."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.errors import ArgumentError, NotScalarConstantError, message
from gradc.graph.describe import where
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, static_int
from gradc.ops.lengths import entry_of

__all__ = ["get_scalar_constant_value", "get_vector_length"]

_MOST = 100  # nodes: what is larger is left to the call


def get_scalar_constant_value(v: Any) -> np.ndarray[Any, Any]:
    """The number that an expression is at all its places, as an array without axes.

    Found through arithmetic on constants, lengths that types state, casts, and stretching.
    Raises: NotScalarConstantError if building does not know it.
    """
    variable = asked = as_variable(v)
    while (inner := _behind(variable)) is not None:
        variable = inner
    found = _constant(variable)
    if found is None or found.size == 0 or not (found == found.flat[0]).all():
        what = f"get_scalar_constant_value: {asked} is no number that building knows."
        raise NotScalarConstantError(message(what, [where(asked)]))
    return np.asarray(found.flat[0])


def _behind(variable: Variable) -> Variable | None:
    """What has the same number everywhere, if this is a view that shows nothing else."""
    node = variable.owner
    if node is None or node.op.kind not in ("View", "Relabel"):
        return None
    if node.op.name != "subtensor":
        return node.inputs[0]
    index = node.op.keywords["index"]
    if len(index) != 1 or not isinstance(index[0], int) or index[0] < 0:
        return None
    entry = entry_of(node.inputs[0], index[0])
    return None if entry.owner is not None and entry.owner.op.name == "subtensor" else entry


def _constant(variable: Variable) -> np.ndarray[Any, Any] | None:
    """The value, if it follows from constants and from lengths that are known."""
    lengths: dict[Variable, Any] = {}
    seen: set[Variable] = set()
    stack = [variable]
    while stack:
        each = stack.pop()
        if each in seen or isinstance(each, Constant):
            continue
        seen.add(each)
        if each.owner is None or len(seen) > _MOST:
            return None
        if each.owner.op.kind != "LengthOf":
            stack.extend(each.owner.inputs)
        elif (known := static_int(each)) is not None:
            lengths[each] = np.asarray(known)
        else:
            return None
    return evaluate([variable], lengths)[0]


def get_vector_length(v: Any) -> int:
    """The length of a vector, or of a list or tuple, if building knows it.

    Raises: ArgumentError if it does not, or for what is no vector.
    """
    if isinstance(v, (list, tuple)):
        return len(v)
    vector = as_variable(v)
    n = vector.type.shape[0] if vector.ndim == 1 else None
    if n is None:
        what = f"get_vector_length: {vector} has no length that building knows."
        raise ArgumentError(message(what, [where(vector)], "declare it: shape=(3,)."))
    return n
