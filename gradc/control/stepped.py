"""Loops by the interpreter: what stands in the place of one that has no C.

Takes a loop's node; gives one of the kind Call, which the call runs as code of Python's.  It is
right and slow: a step whose arrays differ in shape from one step to the next cannot have its memory
planned, and a step that calls Python gains nothing by C.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradc.errors import InternalError, message
from gradc.graph.op import DECLARATIONS, Apply, Array, Op, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.declare import Sample, declared
from gradc.ops.kinds import Call
from gradc.value import record

__all__ = ["Stepped", "stepped"]


@record
class Stepped(Call):
    """A loop that Python runs; params are the loop's."""

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return DECLARATIONS["scan"].infer(inputs, params)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return DECLARATIONS["scan"].lengths(operands, params)

    def length_operands(self, node: Apply) -> tuple[Variable, ...]:
        return node.inputs[:1]

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        return DECLARATIONS["scan"].evaluate(arrays, params)


def _no_pullback(*_: Any, **__: Any) -> tuple[Variable | None, ...]:
    raise InternalError(message("stepped: it is made behind all derivatives."))


@declared(
    Stepped,
    name="stepped",
    ref=None,  # evaluate
    types=None,  # infer
    shapes=None,  # lengths
    pullback=_no_pullback,
    borrows=True,
    samples=(Sample(lambda f, x: x * 2.0, ((2, 3),)),),  # tests/control has loops
)
def stepped(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    """A loop that Python runs step by step: what stands in the place of one without C."""
    return apply(Op(DECLARATIONS["stepped"], node.op.params), inputs).outputs
