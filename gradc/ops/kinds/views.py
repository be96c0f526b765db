"""View, Relabel: the same numbers elsewhere; LengthOf, Iota: lengths as numbers, and back."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradc.affine import IndexMap
from gradc.graph.methods import OPERATORS
from gradc.graph.op import AnyOp, Apply, Declaration, Guards, Op, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.ops.calls import call, length_of, op_of
from gradc.ops.convert import static_int
from gradc.ops.kinds.batches import batched, refuse_lengths
from gradc.ops.kinds.shapes import ShapeRule, static_operands, to_static
from gradc.sizes import Size, size
from gradc.value import record, value

__all__ = ["Apart", "Iota", "LengthOf", "Relabel", "Unequal", "View"]


@value
class Unequal:
    """What is said of lengths {v0} and {v1} of {axis}; word: what did not work, or the name."""

    what: str = "axis {axis} has length {v0}, which cannot become {v1}."
    fix: str = "make the lengths equal, or declare axis {axis} as 1 if it should stretch."
    word: str = ""
    error: str = "ArgumentError"


@value
class Apart:
    """A view in two: first one with parameters `params` and the scalars numbered `kept`.

    Then, of its result, the places that the scalars `taken` name along `axes`.
    """

    params: Mapping[str, Any]
    kept: tuple[int, ...]
    axes: tuple[int, ...]
    taken: tuple[int, ...]


@record
class _Rearranged(Declaration):
    """The elements of the first input, under other places; the other inputs are integer scalars.

    `shape` gives the result's lengths from the array's lengths and the scalars' values.
    """

    guards: ClassVar[Guards] = "routed"

    shape: ShapeRule  # (lengths, *values, **params)

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(inputs[0].dtype, to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [operand.value for operand in operands[1:]]
        return (tuple(size(n) for n in self.shape(operands[0].shape, *values, **params)),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        t = tangents[0]
        return (None if t is None else node.op(t, *node.inputs[1:]),)


@record
class View(_Rearranged):
    """The same numbers at other places: an index map, no code.

    Inputs: the array, then integer scalars.  `shape` gives the result's lengths; `index` gives, for
    the result's axes i, the place in each axis of the array; `bounds` gives (index, length, axis)
    that must satisfy 0 <= index < length, `equal` gives (length, length, axis) that must agree.
    `lift` gives the parameters of the same view of each row of a stack, whose first axis stays; for
    a view that has none the operation `stacked` (ops/stacked.py) stands in.
    `apart` takes scalars out that only say a place, so that they may differ from row to row.
    All four take (i or lengths, *values, shape=..., **params) of sizes.
    unequal: what the error says where two lengths do not agree; several by the parameter `by`.
    """

    kind: ClassVar[str] = "View"

    index: Callable[..., IndexMap]  # (i, lengths, *values, **params)
    bounds: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None
    equal: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None
    unequal: Unequal | Mapping[str, Unequal] = Unequal()
    lift: Callable[..., Mapping[str, Any]] | None = None
    apart: Callable[..., Apart | None] | None = None  # (numbers of scalars, **params)

    def index_map(
        self, i: IndexMap, operands: Sequence[Operand], params: Mapping[str, Any]
    ) -> IndexMap:
        """Where in the input the element at `i` of the output stands."""
        values = [operand.value for operand in operands[1:]]
        return self.index(i, operands[0].shape, *values, **params)

    def complaint(self, params: Mapping[str, Any]) -> Unequal:
        """What is said where two lengths do not agree."""
        return self.unequal if isinstance(self.unequal, Unequal) else self.unequal[params["by"]]

    def stacked(self, op: AnyOp) -> Op:
        """The same view of each row of a stack; `op` is of this declaration."""
        if self.lift is None:
            return op_of("stacked", through=op)
        return Op(self, tuple(sorted(self.lift(**op.keywords).items())))

    def places(self, node: Apply, inputs: Sequence[Variable], first: int) -> Apart | None:
        """The batched scalars of this view taken out; they stand in `inputs` from `first` on.

        Raises: VectorizeError where lengths follow from one.
        """
        moving = tuple(k for k, flag in enumerate(batched(node, inputs)[first:]) if flag)
        op = node.op if first == 1 else node.op.keywords["through"]
        found = self.apart(moving, **op.keywords) if moving and self.apart else None
        if moving and found is None:
            refuse_lengths(node, inputs, first)
        return found

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        x, *values = inputs
        apart = self.places(node, inputs, 1)
        if apart is None:
            return (self.stacked(node.op)(*inputs),)
        of_x = x.ndim > node.inputs[0].ndim
        view = Op(self, tuple(sorted(apart.params.items())))
        rest = (self.stacked(view) if of_x else view)(x, *(values[k] for k in apart.kept))
        axes = tuple(axis + of_x for axis in apart.axes)
        rows = [values[k] for k in apart.taken]
        if of_x:
            rows, axes = [call("iota", length_of(x, 0), dtype="int64"), *rows], (0, *axes)
        return (call("gather", rest, *rows, axes=axes),)


@record
class Relabel(_Rearranged):
    """The same numbers in the same C order under another shape (reshape).

    Inputs: the array, then one integer scalar an axis; at most one may be -1.
    """

    kind: ClassVar[str] = "Relabel"

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        refuse_lengths(node, inputs)
        x, *lengths = inputs
        counts = [None if static_int(n) == -1 else n for n in lengths]
        if None in counts:  # of one element; of the stack it would be of any number
            rest = _rest(node, x, [n for n in counts if n is not None])
            counts = [rest if n is None else n for n in counts]
        return (node.op(x, length_of(x, 0), *(n for n in counts if n is not None)),)


def _rest(node: Apply, x: Variable, known: Sequence[Variable]) -> Variable:
    """The length that -1 stands for in a row of x; `known` are the others."""
    place = next(k for k, n in enumerate(node.inputs[1:]) if static_int(n) == -1)
    static = node.outputs[0].type.shape[place]
    if static is not None:
        return Constant(np.asarray(static, "int64"))
    count = _product([length_of(x, axis) for axis in range(1, x.ndim)])
    found: Variable = OPERATORS["int_div"](count, _product(known)) if known else count
    return found


def _product(lengths: Sequence[Variable]) -> Variable:
    found: Variable = Constant(np.asarray(1, "int64"))
    return OPERATORS["mul"](found, *lengths) if lengths else found


@record
class LengthOf(Declaration):
    """The length of one axis, as an int64 scalar: costs nothing of what computes the array."""

    kind: ClassVar[str] = "LengthOf"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (TensorType("int64", ()),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return ((),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        return (None,)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        return (length_of(inputs[0], node.op.keywords["axis"] + 1),)


@record
class Iota(Declaration):
    """0, 1, 2, ... in C order, of params["dtype"]. Inputs: the lengths of its axes."""

    kind: ClassVar[str] = "Iota"

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(params["dtype"], to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [each.value for each in operands]
        return (tuple(value for value in values if value is not None),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        return (None,)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        refuse_lengths(node, inputs, first=0)
        raise AssertionError  # a batched length is refused, and nothing else is an input
