"""Arrays put one behind the other."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Declaration, Guards, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.kinds.batches import all_batched
from gradc.value import record

__all__ = ["Join"]


@record
class Join(Declaration):
    """Arrays of one dtype and rank, one behind the other along params["axis"].

    The other axes have equal lengths: none of them stretches.
    """

    kind: ClassVar[str] = "Join"
    guards: ClassVar[Guards] = "routed"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        shape: list[int | None] = []
        for axis, lengths in enumerate(zip(*(each.type.shape for each in inputs), strict=True)):
            known = [n for n in lengths if n is not None]
            if axis == params["axis"]:
                shape.append(sum(known) if len(known) == len(lengths) else None)
            elif len(set(known)) > 1:
                raise ShapeError(_clash(self.name, axis, inputs))
            else:
                shape.append(known[0] if known else None)
        return (TensorType(inputs[0].dtype, tuple(shape)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shape = []
        for axis, lengths in enumerate(zip(*(each.shape for each in operands), strict=True)):
            known = [n for n in lengths if n.constant is not None]
            total = sum(lengths[1:], lengths[0])
            shape.append(total if axis == params["axis"] else (known or lengths)[0])
        return (tuple(shape),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        """Tangents side by side, zeros where there are none."""
        dtype = next(t.dtype for t in tangents if t is not None)
        pieces = [
            OPERATORS["zeros_like"](x, dtype) if t is None else t
            for x, t in zip(node.inputs, tangents, strict=True)
        ]
        return (node.op(*pieces),)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        pieces = all_batched(node, inputs, range(len(inputs)))
        return (call(self.name, *pieces, axis=node.op.keywords["axis"] + 1),)


def _clash(name: str, axis: int, inputs: Sequence[Variable]) -> str:
    first = next(each for each in inputs if each.type.shape[axis] is not None)
    n = first.type.shape[axis]
    second = next(each for each in inputs if each.type.shape[axis] not in (None, n))
    return message(
        f"{name}: axis {axis} has static lengths {n} and {second.type.shape[axis]}.",
        [where(first), where(second)],
        "make all lengths equal but those along the axis that is joined.",
    )
