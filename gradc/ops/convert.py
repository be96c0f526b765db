"""From what users write to variables.

Takes Python numbers, numpy values and variables; gives variables.  Python numbers are weak: they
take the dtype of what they meet.
"""

from __future__ import annotations

from typing import Any

from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable

__all__ = ["static_int"]

_DEPTH = 16  # arithmetic on constants deeper than this is left to the call


def static_int(variable: Variable) -> int | None:
    """The value of an integer scalar where building knows it: constants and arithmetic on them."""
    value = _constant_value(variable, _DEPTH)
    return None if value is None else int(value)


def _constant_value(variable: Variable, depth: int) -> Any:
    if isinstance(variable, Constant):
        return variable.data
    node = variable.owner
    if node is None or depth == 0 or variable.ndim:
        return None
    if node.op.kind == "LengthOf":
        return node.inputs[0].type.shape[node.op.keywords["axis"]]
    if node.op.kind != "Elemwise":
        return None
    return _apply_to_constants(node, depth)


def _apply_to_constants(node: Apply, depth: int) -> Any:
    values = [_constant_value(each, depth - 1) for each in node.inputs]
    if any(value is None for value in values):
        return None
    return node.op.rule.evaluate(values, node.op.keywords)[0]
