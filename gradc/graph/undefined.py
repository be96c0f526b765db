"""The third answer of a pullback: neither a gradient nor "not connected", but "undefined".

A pullback gives `Undefined(x.type, reason)` where the derivative exists in no sense.
Differentiation carries it down to whatever needs it, and raises NullTypeGradError where a user
asked for it.
"""

from __future__ import annotations

from typing import Any

from gradc.graph.types import TensorType
from gradc.graph.variable import Variable

__all__ = ["Undefined", "grad_not_implemented", "grad_undefined"]


class Undefined(Variable):
    """A leaf that stands for a gradient that does not exist; `reason` says why."""

    __slots__ = ("reason",)

    def __init__(self, type: TensorType, reason: str) -> None:
        super().__init__(type, name="undefined")
        self.reason = reason


def grad_undefined(op: Any, x_pos: int, x: Variable, comment: str = "") -> Undefined:
    """For a pullback: the gradient of input x, at place x_pos, does not exist; comment says why."""
    reason = comment or "it does not exist"
    return Undefined(x.type, f"input {x_pos} of {op}: {reason}")


def grad_not_implemented(op: Any, x_pos: int, x: Variable, comment: str = "") -> Undefined:
    """For a pullback: nobody has written the gradient of input x, at place x_pos."""
    reason = f"nobody has written it{': ' if comment else ''}{comment}"
    return Undefined(x.type, f"input {x_pos} of {op}: {reason}")
