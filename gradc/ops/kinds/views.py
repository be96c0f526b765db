"""View, Relabel: the same numbers elsewhere; LengthOf, Iota: lengths as numbers, and back."""
# ruff: noqa: D102  # infer and lengths say in Declaration what they are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gradc.affine import IndexMap
from gradc.graph.op import Declaration, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.kinds.shapes import ShapeRule, static_operands, to_static
from gradc.sizes import Size, size

__all__ = ["Iota", "LengthOf", "Relabel", "Unequal", "View"]


@dataclass(frozen=True)
class Unequal:
    """What is said of lengths {v0} and {v1} of {axis}; word: what did not work, or the name."""

    what: str = "axis {axis} has length {v0}, which cannot become {v1}."
    fix: str = "make the lengths equal, or declare axis {axis} as 1 if it should stretch."
    word: str = ""
    error: str = "ArgumentError"


@dataclass(frozen=True, eq=False, kw_only=True)
class View(Declaration):
    """The same numbers at other places: an index map, no code.

    Inputs: the array, then integer scalars.  `shape` gives the result's lengths from the array's
    lengths and the scalars' values; `index` gives, for the result's axes i, the place in each
    axis of the array; `bounds` gives (index, length, axis) that must satisfy 0 <= index < length,
    `equal` gives (length, length, axis) that must agree.
    All four take (i or lengths, *values, shape=..., **params) of sizes.
    unequal: what the error says where two lengths do not agree.
    """

    kind: ClassVar[str] = "View"

    shape: ShapeRule  # (lengths, *values, **params)
    index: Callable[..., IndexMap]  # (i, lengths, *values, **params)
    bounds: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None
    equal: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None
    unequal: Unequal = Unequal()

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(inputs[0].dtype, to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [operand.value for operand in operands[1:]]
        return (tuple(size(n) for n in self.shape(operands[0].shape, *values, **params)),)

    def index_map(
        self, i: IndexMap, operands: Sequence[Operand], params: Mapping[str, Any]
    ) -> IndexMap:
        """Where in the input the element at `i` of the output stands."""
        values = [operand.value for operand in operands[1:]]
        return self.index(i, operands[0].shape, *values, **params)


@dataclass(frozen=True, eq=False, kw_only=True)
class Relabel(Declaration):
    """The same numbers in the same C order under another shape (reshape).

    Inputs: the array, then one integer scalar an axis; at most one may be -1.
    """

    kind: ClassVar[str] = "Relabel"

    shape: ShapeRule  # (lengths, *values)

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(inputs[0].dtype, to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [operand.value for operand in operands[1:]]
        return (tuple(size(n) for n in self.shape(operands[0].shape, *values, **params)),)


@dataclass(frozen=True, eq=False, kw_only=True)
class LengthOf(Declaration):
    """The length of one axis, as an int64 scalar: costs nothing of what computes the array."""

    kind: ClassVar[str] = "LengthOf"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (TensorType("int64", ()),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return ((),)


@dataclass(frozen=True, eq=False, kw_only=True)
class Iota(Declaration):
    """0, 1, ... n-1 as a vector of params["dtype"]. Input: n, an integer scalar (clipped at 0)."""

    kind: ClassVar[str] = "Iota"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(params["dtype"], to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        value = operands[0].value
        assert value is not None
        return ((value,),)
