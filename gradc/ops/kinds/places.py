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

__all__ = ["Gather", "Scatter", "indexed_axes", "kept_axes"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Declaration):
    """x[..., i0, ..., i1, ...] with integer arrays for some axes; out: index shape, then the rest.

    Inputs: x, then index arrays of equal rank that broadcast (an axis of static length 1
    stretches).  Param axes: the axes they stand for, sorted; without it the first ones.  Negative
    indices count from the end; out of bounds is an error before the commit.
    """

    kind: ClassVar[str] = "Gather"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        x, *indices = inputs
        rest = kept_axes(x.ndim, indexed_axes(params, len(indices)))
        shape = broadcast_static(self.name, indices) + tuple(x.type.shape[k] for k in rest)
        return (TensorType(x.dtype, shape),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        x, *indices = operands
        shapes = [index.shape for index in indices]
        broadcast = tuple(longest(lengths) for lengths in zip(*shapes, strict=True))
        rest = kept_axes(len(x.shape), indexed_axes(params, len(indices)))
        return (broadcast + tuple(x.shape[k] for k in rest),)


def indexed_axes(params: Mapping[str, Any], count: int) -> tuple[int, ...]:
    """The axes that the index arrays of a Gather or Scatter stand for."""
    axes: tuple[int, ...] = params.get("axes", tuple(range(count)))
    return axes


def kept_axes(ndim: int, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes that no index array stands for."""
    return tuple(k for k in range(ndim) if k not in axes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Declaration):
    """`base` with values added ("add") or put ("set") at places; params: mode, and what follows.

    through, a View's Op: the places are those the view reads; inputs base, values, the view's
    integer scalars.  Without it the places are integer arrays, for `axes` as in Gather; inputs
    base, values, index arrays.  Duplicates accumulate in index order; of those put the last stays.
    distinct: no place stands twice, as is known while building.
    """

    kind: ClassVar[str] = "Scatter"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)
