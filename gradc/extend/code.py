"""Python's code as an operation: what graphs and derivatives ask of it.

A Code stands in nodes itself, so `v.owner.op` is what the user made.  It says what a Declaration
says for others: types, lengths, results, derivatives.  One declaration serves them all.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gradc.graph.op import AnyOp, Apply, Array, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.ops.kinds import Call
from gradc.value import record

__all__ = ["Code", "PythonCode"]


class Code(AnyOp):
    """What a node of Python's code is asked."""

    __slots__ = ()

    takes_objects = True

    @property
    def params(self) -> Any:
        """The one parameter, by which rules of derivatives and batches find it."""
        return (("op", self),)

    def types(self, inputs: Sequence[Variable]) -> tuple[TensorType, ...]:
        """The types of the outputs."""
        raise NotImplementedError

    def lengths(self, operands: Sequence[Operand]) -> tuple[Shape, ...]:
        """The lengths of the outputs."""
        raise NotImplementedError

    def length_operands(self, node: Apply) -> tuple[Variable, ...]:
        """The inputs of a node whose values are lengths."""
        return ()

    def run(self, node: Apply, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """The outputs of a node; arrays are copies."""
        raise NotImplementedError

    def handed(self, node: Apply) -> tuple[Variable, ...]:
        """The inputs whose numbers it reads."""
        return node.inputs

    def folds(self, node: Apply) -> bool:
        """Whether it may run while building."""
        return False

    def pull(
        self, cts: Sequence[Variable | None], outs: Sequence[Variable], inputs: Sequence[Variable]
    ) -> tuple[Variable | None, ...]:
        """Reverse mode: terms of the inputs."""
        raise NotImplementedError

    def push(self, tangents: Sequence[Variable | None], node: Apply) -> tuple[Variable | None, ...]:
        """Forward mode: tangents of the outputs."""
        raise NotImplementedError


@record
class PythonCode(Call):
    """The kind Call, where the code brings its own rules."""

    knows_lengths: ClassVar[bool] = False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        code: Code = params["op"]
        return code.types(inputs)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        code: Code = params["op"]
        return code.lengths(operands)

    def length_operands(self, node: Apply) -> tuple[Variable, ...]:
        return _code(node).length_operands(node)

    def handed(self, node: Apply) -> tuple[Variable, ...]:
        return _code(node).handed(node)

    def folds(self, node: Apply) -> bool:
        has_objects = any(each.type.is_object for each in (*node.inputs, *node.outputs))
        return not has_objects and _code(node).folds(node)

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        """On arrays alone: the node is one that takes them."""
        node = apply(params["op"], [Constant(each) for each in arrays])
        return self.run(node, arrays, params)

    def give(
        self, node: Apply, arrays: Sequence[Array], params: Mapping[str, Any]
    ) -> tuple[Array, ...]:
        return _code(node).run(node, arrays)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        return _code(node).push(tangents, node)


def _code(node: Apply) -> Code:
    assert isinstance(node.op, Code)
    return node.op
