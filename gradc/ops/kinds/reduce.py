"""Reduce: axes folded away."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Declaration, Guards, Op, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.kinds.complexes import refuse_complex, refuse_half
from gradc.value import record

__all__ = ["Reduce"]


@record
class Reduce(Declaration):
    """Fold axes away. Parameter: axes, sorted and non-negative; they leave the shape.

    A state of one or more numbers is folded over the elements: `init` (C, by dtype: {lowest},
    {highest} stand for the dtype's own), `step` from state {a0} {a1} .., element {x} and its
    position {i} among the reduced ones, `combine` of states {a0}.. and {b0}..; `result` is C from
    the state.  All components of a step see the old state.
    states: dtype of each component ("acc" is the accumulator's).
    out: rule from the element's dtype to (accumulator dtype, result dtype).
    needs_elements: an empty reduction is an error (max has no identity).
    of_complex: (step, combine) of complex numbers, if it takes them.
    """

    kind: ClassVar[str] = "Reduce"
    guards: ClassVar[Guards] = "reduction"

    init: tuple[str, ...]
    step: tuple[str, ...]
    combine: tuple[str, ...]
    out: Callable[[str], tuple[str, str]]
    states: tuple[str, ...] = ("acc",)
    result: str = "{a0}"
    needs_elements: bool = False
    of_complex: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (x,) = inputs
        refuse_complex(self.name, inputs, self.of_complex is not None)
        refuse_half(self.name, inputs)
        kept = tuple(n for axis, n in enumerate(x.type.shape) if axis not in params["axes"])
        dtype = params.get("dtype") or self.out(x.dtype)[1]
        return (TensorType(dtype, kept),)

    def texts(self, dtype: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The C of (step, combine) for an accumulator."""
        is_plain = self.of_complex is None or not dtype.startswith("complex")
        return (self.step, self.combine) if is_plain else self.of_complex  # type: ignore[return-value]

    def accumulator(self, dtype: str, params: Mapping[str, Any]) -> str:
        """The dtype that the fold runs in."""
        return params.get("acc_dtype") or params.get("dtype") or self.out(dtype)[0]

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shape = operands[0].shape
        return (tuple(n for axis, n in enumerate(shape) if axis not in params["axes"]),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        """The sum of slopes times tangents; the slopes are the pullback of 1."""
        (t,), params = tangents, node.op.keywords
        ones = OPERATORS["ones_like"](node.outputs[0])
        (slope,) = self.pullback((ones,), node.outputs, *node.inputs, **params)
        if t is None or slope is None:
            return (None,)
        return (call("sum", OPERATORS["mul"](slope, t), axes=params["axes"]),)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        (x,), params = inputs, node.op.keywords
        axes = tuple(axis + 1 for axis in params["axes"])
        return (Op(self, tuple(sorted({**params, "axes": axes}.items())))(x),)
