"""What loops cannot say: conditions that stop a call, and code of Python's that a call runs.

Both happen before the commit, so a call that one of them ends leaves shared variables alone.  They
are dropped where nobody uses what they give, as in Theano; nothing else moves or removes them.
"""
# ruff: noqa: D102  # infer, lengths, forward and batch say in Declaration what they are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradc import errors
from gradc.errors import GradError, VectorizeError, message
from gradc.graph.describe import broken, where
from gradc.graph.op import Apply, Array, Declaration, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.value import record

__all__ = ["Call", "Check"]


@record
class Check(Declaration):
    """A bool scalar that must be true: gives true, or ends the call. Parameters: text, error, fix.

    text: what the error says, in the user's words.  error: its class of gradc.errors, by name, if
    it is not AssertionFailed.  fix: the cure it names, if there is a better one than to meet the
    condition.
    """

    kind: ClassVar[str] = "Check"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (TensorType("bool", ()),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return ((),)

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        if not arrays[0]:
            name, fix = broken(params)
            raise getattr(errors, name)(message(f"{params['text']}.", fix=fix))
        return (np.asarray(True),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        return (None,)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """One check of all elements."""
        return (call(self.name, call("all", inputs[0], axes=(0,)), **node.op.keywords),)


@record
class Call(Declaration):
    """Code of Python's, `ref`, run by the call: arrays in, arrays of known types out.

    types: from the inputs (and params) to the types of the outputs.
    shapes: from the inputs' lengths (and params) to those of the outputs.
    borrows: `ref` may be handed the function's own memory, because it keeps nothing of it; else it
        gets copies.
    An output whose lengths only the code can know is two operations: one that gives the lengths,
    which cuts the function into segments, and one that gives the numbers.
    """

    kind: ClassVar[str] = "Call"

    types: Callable[..., Sequence[TensorType]]
    shapes: Callable[..., Sequence[Shape]]
    borrows: bool = False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return tuple(self.types(*inputs, **params))

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return tuple(self.shapes(*(operand.shape for operand in operands), **params))

    def length_operands(self, node: Apply) -> tuple[Variable, ...]:
        """The integer scalars among the inputs whose values are lengths of the outputs."""
        return ()

    def handed(self, node: Apply) -> tuple[Variable, ...]:
        """The inputs that the code gets."""
        return node.inputs

    def folds(self, node: Apply) -> bool:
        """Whether the code may run while building, where all inputs are constants."""
        return False

    def run(
        self, node: Apply, arrays: Sequence[Array], params: Mapping[str, Any]
    ) -> tuple[Array, ...]:
        """What the code gives; what it raises has a note with the user's line."""
        given = arrays if self.borrows else [np.array(each) for each in arrays]
        try:
            return self.give(node, given, params)
        except Exception as error:
            place = "" if node.site is None else f" of {node.site}"
            error.add_note(f"gradc: raised by {node.op.name}{place}.")
            raise

    def give(
        self, node: Apply, arrays: Sequence[Array], params: Mapping[str, Any]
    ) -> tuple[Array, ...]:
        """`ref` on arrays that it may keep and change, if it does not borrow."""
        return self.evaluate(arrays, params)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        what = f"{self.name}: code of Python's has no forward mode."
        fix = "differentiate backwards (gradc.grad), or declare its pushforward."
        raise GradError(message(what, [where(node.outputs[0])], fix))

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        what = f"vectorize: {self.name} is code of Python's, which takes one element at a time."
        fix = "use it outside, or declare its batching."
        raise VectorizeError(message(what, [where(node.outputs[0])], fix))
