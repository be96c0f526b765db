"""Elemwise: one number out of one number of each input, at every position."""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Declaration, Guards, Operand, Shape
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.kernel.scalar import ScalarFn
from gradc.ops.kinds.batches import all_led
from gradc.ops.kinds.complexes import refuse_complex, refuse_half
from gradc.ops.kinds.shapes import broadcast_static, longest
from gradc.sizes import Size
from gradc.value import record

__all__ = ["DtypeRule", "Elemwise"]

DtypeRule = Callable[[tuple[str, ...]], tuple[tuple[str, ...], str]]


@record
class Elemwise(Declaration):
    """One number out of one number of each input, at every position.

    c: the C of one element, by dtype class of `by` (an operand's position).
    dtype: rule from operand dtypes to (dtype each operand is cast to, dtype of the result).
    domain: (low, high) per operand where tests and gradient checks sample.
    variadic: takes two or more operands; `c` is applied from left to right.
    on_sizes: the operation on lengths, where integer scalars are part of a shape.
    counts: what it gives is a length, so what it is applied to is one.
    The inputs of a node have equal ranks and an axis of static length 1 stretches.
    """

    kind: ClassVar[str] = "Elemwise"
    guards: ClassVar[Guards] = "elementwise"

    c: ScalarFn
    dtype: DtypeRule
    arity: int = 1
    by: int = 0
    domain: tuple[tuple[float, float], ...] = ((-5.0, 5.0),)
    variadic: bool = False
    commutes: bool = False
    on_sizes: Callable[..., Size] | None = None
    counts: bool = False

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return self.c.supports("float16")

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse_complex(self.name, inputs, self.c.supports("complex128"))
        refuse_half(self.name, inputs, self.moves_half(params))
        dtypes = tuple(each.dtype for each in inputs)
        result = params["dtype"] if "dtype" in params else self.dtype(dtypes)[1]
        return (TensorType(result, broadcast_static(self.name, inputs)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shapes = [operand.shape for operand in operands]
        return (tuple(longest(lengths) for lengths in zip(*shapes, strict=True)),)

    def terms(self, node: Apply, tangents: Sequence[Variable | None]) -> list[Variable | None]:
        """The share of each input in the output's tangent.

        The jacobian is diagonal, so the pullback's term for an input, given the input's tangent in
        place of a cotangent, is just that.
        """
        params = node.op.keywords
        return [
            None if t is None else self.pullback((t,), node.outputs, *node.inputs, **params)[k]
            for k, t in enumerate(tangents)
        ]

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        found = [term for term in self.terms(node, tangents) if term is not None]
        return (OPERATORS["add"](*found) if len(found) > 1 else found[0] if found else None,)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        return (node.op(*all_led(node, inputs)),)
