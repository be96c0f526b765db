"""The third answer of a pullback: neither a gradient nor "not connected", but "undefined".

A pullback gives `Undefined(x.type, reason)` where the derivative exists in no sense.
Differentiation carries it down to whatever needs it, and raises NullTypeGradError where a user
asked for it.
"""

from __future__ import annotations

from gradc.graph.types import TensorType
from gradc.graph.variable import Variable

__all__ = ["Undefined"]


class Undefined(Variable):
    """A leaf that stands for a gradient that does not exist; `reason` says why."""

    __slots__ = ("reason",)

    def __init__(self, type: TensorType, reason: str) -> None:
        super().__init__(type, name="undefined")
        self.reason = reason
