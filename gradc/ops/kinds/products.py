"""Contract and Gemm: sums of products, every matrix product there is."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_letters
from typing import Any, ClassVar

from gradc.dtypes import promote
from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Declaration, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.kinds.batches import batched
from gradc.ops.kinds.complexes import refuse_half
from gradc.sizes import Size
from gradc.value import record

__all__ = ["Contract", "Gemm"]


@record
class Contract(Declaration):
    """Sum of products over shared axes: every matrix product there is.

    Params x, y, out: one letter an axis, as in einsum.  Each letter stands in at least two of the
    three, at most once in each: in all three it is a batch axis, in x and y it is summed.
    """

    kind: ClassVar[str] = "Contract"

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse_half(self.name, inputs)
        static: dict[str, int | None] = {}
        for each, letters in zip(inputs, (params["x"], params["y"]), strict=True):
            for letter, n in zip(letters, each.type.shape, strict=True):
                known = static.get(letter)
                if known is not None and n is not None and known != n:
                    raise ShapeError(_contract_clash(inputs, params, letter))
                static[letter] = n if known is None else known
        dtype = promote(inputs[0].dtype, inputs[1].dtype)
        return (TensorType(dtype, tuple(static[letter] for letter in params["out"])),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        table: dict[str, Size] = {}
        for operand, letters in zip(operands, (params["x"], params["y"]), strict=True):
            for letter, n in zip(letters, operand.shape, strict=True):
                if letter not in table or n.constant is not None:
                    table[letter] = n
        return (tuple(table[letter] for letter in params["out"]),)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        (a, b), (ta, tb) = node.inputs, tangents
        found = [] if ta is None else [node.op(ta, b)]
        found += [] if tb is None else [node.op(a, tb)]
        return (OPERATORS["add"](*found) if len(found) > 1 else found[0],)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """One more letter: of a stack where both operands have it, else of rows or columns."""
        return (_stacked(inputs, batched(node, inputs), node.op.keywords),)


def _stacked(
    operands: Sequence[Variable], flags: Sequence[bool], params: Mapping[str, Any]
) -> Variable:
    x, y, out = params["x"], params["y"], params["out"]
    new = next(letter for letter in ascii_letters if letter not in x + y + out)
    of_a, of_b = (new if flag else "" for flag in flags)
    return call("contract", *operands, x=of_a + x, y=of_b + y, out=new * any(flags) + out)


def _contract_clash(inputs: Sequence[Variable], params: Mapping[str, Any], letter: str) -> str:
    axes = (params["x"].index(letter), params["y"].index(letter))
    lengths = [each.type.shape[axis] for each, axis in zip(inputs, axes, strict=True)]
    return message(
        f"matrix product: axis {axes[0]} of the left operand and axis {axes[1]} of the right one "
        f"have static lengths {lengths[0]} and {lengths[1]}.",
        [where(each) for each in inputs],
        "make the two lengths equal; a transpose (x.T) may be missing.",
    )


@record
class Gemm(Declaration):
    """beta * c + alpha * contract(x, y): made by rewriting so that BLAS accumulates.

    Inputs: c, alpha, x, y, beta (alpha and beta scalars of c's dtype). Params as Contract's.
    """

    kind: ClassVar[str] = "Gemm"

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse_half(self.name, inputs)
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        c, alpha, a, b, beta = node.inputs
        tc, talpha, ta, tb, tbeta = tangents
        mul = OPERATORS["mul"]
        found = [] if tc is None else [mul(beta, tc)]
        found += [] if talpha is None else [mul(talpha, _product(node, a, b))]
        found += [] if ta is None else [mul(alpha, _product(node, ta, b))]
        found += [] if tb is None else [mul(alpha, _product(node, a, tb))]
        found += [] if tbeta is None else [mul(tbeta, c)]
        return (OPERATORS["add"](*found) if len(found) > 1 else found[0],)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """Taken apart: rewriting puts it together again. Where beta is 0, c is still not read."""
        c, alpha, a, b, beta = inputs
        flags = batched(node, inputs)
        rank = node.outputs[0].ndim
        alpha, beta = (
            call("dimshuffle", each, order=(0, *("x",) * rank)) if flag else each
            for each, flag in ((alpha, flags[1]), (beta, flags[4]))
        )
        scaled = OPERATORS["mul"](alpha, _stacked((a, b), flags[2:4], node.op.keywords))
        kept = OPERATORS["switch"](OPERATORS["eq"](beta, 0), 0.0, OPERATORS["mul"](beta, c))
        return (OPERATORS["add"](kept, scaled),)


def _product(node: Apply, a: Variable, b: Variable) -> Variable:
    return call("contract", a, b, **node.op.keywords)
