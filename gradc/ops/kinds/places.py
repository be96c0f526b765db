"""Gather and Scatter: reading and writing at places that arrays of integers or a view name."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Declaration, Guards, Op, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call, lead, length_of
from gradc.ops.kinds.batches import all_batched, batched
from gradc.ops.kinds.complexes import refuse_half
from gradc.ops.kinds.shapes import broadcast_static, longest
from gradc.value import record

__all__ = ["Gather", "Scatter", "indexed_axes", "kept_axes"]


@record
class Gather(Declaration):
    """x[..., i0, ..., i1, ...] with integer arrays for some axes; out: index shape, then the rest.

    Inputs: x, then index arrays of equal rank that broadcast (an axis of static length 1
    stretches).  Param axes: the axes they stand for, sorted; without it the first ones.  Negative
    indices count from the end; out of bounds is an error before the commit.
    """

    kind: ClassVar[str] = "Gather"
    guards: ClassVar[Guards] = "routed"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        x, *indices = inputs
        rest = kept_axes(x.ndim, indexed_axes(params, len(indices)))
        shape = broadcast_static("indexing", indices) + tuple(x.type.shape[k] for k in rest)
        return (TensorType(x.dtype, shape),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        x, *indices = operands
        shapes = [index.shape for index in indices]
        broadcast = tuple(longest(lengths) for lengths in zip(*shapes, strict=True))
        rest = kept_axes(len(x.shape), indexed_axes(params, len(indices)))
        return (broadcast + tuple(x.shape[k] for k in rest),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        t = tangents[0]
        return (None if t is None else node.op(t, *node.inputs[1:]),)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """With batched indices each element of a batched x is read at its own places."""
        x, *indices = inputs
        of_x, *of_indices = batched(node, inputs)
        axes = indexed_axes(node.op.keywords, len(indices))
        moved = tuple(axis + of_x for axis in axes)
        if not any(of_indices):
            return (_to_front(call("gather", x, *indices, axes=moved), indices[0].ndim),)
        led = [i if flag else lead(i) for i, flag in zip(indices, of_indices, strict=True)]
        if not of_x:
            return (call("gather", x, *led, axes=axes),)
        return (call("gather", x, _elements(x, led[0].ndim), *led, axes=(0, *moved)),)


def indexed_axes(params: Mapping[str, Any], count: int) -> tuple[int, ...]:
    """The axes that the index arrays of a Gather or Scatter stand for."""
    axes: tuple[int, ...] = params.get("axes", tuple(range(count)))
    return axes


def kept_axes(ndim: int, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes that no index array stands for."""
    return tuple(k for k in range(ndim) if k not in axes)


@record
class Scatter(Declaration):
    """`base` with values added ("add") or put ("set") at places; params: mode, and what follows.

    through, a View's Op: the places are those the view reads; inputs base, values, the view's
    integer scalars.  Without it the places are integer arrays, for `axes` as in Gather; inputs
    base, values, index arrays.  Duplicates accumulate in index order; of those put the last stays.
    distinct: no place stands twice, as is known while building.
    """

    kind: ClassVar[str] = "Scatter"
    guards: ClassVar[Guards] = "routed"

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return bool(params["mode"] != "add")

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        if "through" not in params:
            broadcast_static("indexing", inputs[2:])
        refuse_half(self.name, inputs, self.moves_half(params))
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        base, values, *_ = (
            OPERATORS["zeros_like"](x) if t is None else t
            for x, t in zip(node.inputs, tangents, strict=True)
        )
        if tangents[0] is None and tangents[1] is None:
            return (None,)
        return (node.op(base, values, *node.inputs[2:]),)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """As Gather: with batched indices each element is written at its own places."""
        base, values, *places = all_batched(node, inputs, (0, 1))
        params = node.op.keywords
        if "through" in params:
            return (_through(node, inputs, base, values, places),)
        axes = tuple(axis + 1 for axis in indexed_axes(params, len(places)))
        of_places = batched(node, inputs)[2:]
        if any(of_places):
            places = [i if yes else lead(i) for i, yes in zip(places, of_places, strict=True)]
            places, axes = [_elements(base, places[0].ndim), *places], (0, *axes)
        else:
            values = _from_front(values, places[0].ndim)
        return (call("scatter", base, values, *places, **{**params, "axes": axes}),)


def _through(
    node: Apply,
    inputs: Sequence[Variable],
    base: Variable,
    values: Variable,
    places: Sequence[Variable],
) -> Variable:
    """Through a view of each row; where rows differ in places, these are index arrays in it."""
    through, mode = node.op.keywords["through"], node.op.keywords["mode"]
    apart = through.rule.places(node, inputs, 2)
    if apart is None:
        stacked = through.rule.stacked(through)
        return call("scatter", base, values, *places, mode=mode, through=stacked)
    view = through.rule.stacked(Op(through.rule, tuple(sorted(apart.params.items()))))
    kept, taken = ([places[k] for k in numbers] for numbers in (apart.kept, apart.taken))
    axes = (0, *(axis + 1 for axis in apart.axes))
    seen = view(base, *kept)
    written = call("scatter", seen, values, _elements(base, 1), *taken, mode=mode, axes=axes)
    return call("scatter", base, written, *kept, mode="set", through=view)


def _from_front(x: Variable, place: int) -> Variable:
    """The array with its first axis moved behind `place` others."""
    order = (*range(1, place + 1), 0, *range(place + 1, x.ndim))
    return call("dimshuffle", x, order=order) if place else x


def _to_front(x: Variable, place: int) -> Variable:
    """The array with the axis at `place` moved to the front."""
    order = (place, *(axis for axis in range(x.ndim) if axis != place))
    return call("dimshuffle", x, order=order) if place else x


def _elements(x: Variable, ndim: int) -> Variable:
    """The place of each element of a batch, as an index array of this rank."""
    places = call("iota", length_of(x, 0), dtype="int64")
    return call("dimshuffle", places, order=(0, *("x",) * (ndim - 1))) if ndim > 1 else places
