"""Gather and Scatter: reading and writing at places that arrays of integers or a view name."""
# ruff: noqa: D102  # infer and lengths say in Declaration what they are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gradc.graph.op import Declaration, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.kinds.shapes import broadcast_static, longest

__all__ = ["Gather", "Scatter"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Declaration):
    """x[i0, i1, ...] with integer arrays for the first axes; out: index shape, then what is left.

    Inputs: x, then index arrays of equal rank that broadcast (an axis of static length 1
    stretches).  Negative indices count from the end; out of bounds is an error before the commit.
    """

    kind: ClassVar[str] = "Gather"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        x, *indices = inputs
        shape = broadcast_static(self.name, indices) + x.type.shape[len(indices) :]
        return (TensorType(x.dtype, shape),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        x, *indices = operands
        shapes = [index.shape for index in indices]
        broadcast = tuple(longest(lengths) for lengths in zip(*shapes, strict=True))
        return (broadcast + x.shape[len(indices) :],)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Declaration):
    """`base` with values added ("add") or put ("set") at places; params: mode, through.

    through is a View's Op: the places are those the view reads; inputs base, values, the view's
    integer scalars.  through is None: the places are integer arrays for the first axes, as in
    Gather; inputs base, values, index arrays.  Duplicates accumulate in index order.
    """

    kind: ClassVar[str] = "Scatter"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)
