"""An operation of the user's for each element of a batch: what `vectorize` puts in its place.

Takes a node and which inputs carry the batch; gives a node that performs it for one element after
the other.  Its gradient is that of each element, summed for an input that all elements share.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import VectorizeError, message
from gradc.extend.gradients import Batched, Stated
from gradc.extend.op import Op, is_overridden, result_of
from gradc.graph.describe import where
from gradc.graph.evaluate import evaluate
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import leaves, substitute
from gradc.ops.lengths import lengths_of

__all__ = ["Looped"]


class Looped(Op):
    """`element`, an Op, in a loop over the first axis of the inputs that `flags` marks."""

    __props__ = ("element", "flags")

    def __init__(self, element: Op, flags: tuple[bool, ...]) -> None:
        self.element, self.flags = element, flags
        self.name = f"{element.name} for each"

    def _one(self, inputs: Sequence[Variable]) -> Apply:
        """A node of one element."""
        types = [
            TensorType(x.dtype, x.type.shape[1:]) if flag else x.type
            for x, flag in zip(inputs, self.flags, strict=True)
        ]
        return self.element.make_node(*map(Input, types))

    def make_node(self, *inputs: Any) -> Apply:
        """With one axis more in front of every output."""
        lengths = {x.type.shape[0] for x, flag in zip(inputs, self.flags, strict=True) if flag}
        known = [n for n in lengths if n is not None]
        count = known[0] if known else None
        one = self._one(inputs)
        for y in one.outputs:
            if y.type.is_object:
                what = f"{self.element.name}: it gives objects, of which there are no batches."
                raise VectorizeError(message(what, [where(y)], "use it outside of vectorize."))
        types = [TensorType(y.dtype, (count, *y.type.shape)) for y in one.outputs]
        return Apply(self, inputs, types)

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]]) -> None:
        """Element by element, stacked."""
        one = self._one(node.inputs)
        counts = {len(x) for x, flag in zip(inputs, self.flags, strict=True) if flag}
        if len(counts) > 1:
            what = f"{self.name}: batches have lengths {sorted(counts)}."
            raise VectorizeError(message(what, [where(node.outputs[0])]))
        found: list[list[Any]] = [[] for _ in one.outputs]
        for k in range(counts.pop()):
            pairs = zip(inputs, self.flags, strict=True)
            given = [np.array(x[k, ...]) if flag else copy.copy(x) for x, flag in pairs]
            cells: list[list[Any]] = [[None] for _ in one.outputs]
            self.element.perform(one, given, cells)
            for rows, output, cell in zip(found, one.outputs, cells, strict=True):
                rows.append(result_of(self.element, output, cell[0]))
        for k, (rows, store) in enumerate(zip(found, output_storage, strict=True)):
            store[0] = (
                self._stacked(rows, node.outputs[k]) if rows else self._empty(node, inputs, k)
            )

    def _stacked(self, rows: list[Any], output: Variable) -> Any:
        if len({row.shape for row in rows}) > 1:
            what = f"{self.element.name}: its results have other lengths from element to element."
            fix = "use it outside of vectorize, or pad what it gives."
            raise VectorizeError(message(what, [where(output)], fix))
        return np.stack(rows)

    def _empty(self, node: Apply, inputs: list[Any], k: int) -> Any:
        """An output of no elements: its lengths are known without performing, or not at all."""
        output = node.outputs[k]
        shape = output.type.shape[1:]
        if None in shape:
            lengths = [tuple(Constant(np.asarray(n)) for n in x.shape) for x in inputs]
            try:
                found = lengths_of(self.name, self.infer_shape(node, lengths)[k], output.ndim)
            except NotImplementedError:
                what = f"{self.element.name}: an empty batch does not say how long its results are."
                raise VectorizeError(message(what, [where(output)], "write infer_shape.")) from None
            shape = tuple(
                int(n) for n in evaluate(found[1:], dict(zip(node.inputs, inputs, strict=True)))
            )
        return np.empty((0, *shape), output.dtype)

    def infer_shape(self, node: Apply, input_shapes: list[Any]) -> Any:
        """That of an element, and the length of the batch in front."""
        if not is_overridden(self.element, "infer_shape"):
            raise NotImplementedError
        one = self._one(node.inputs)
        pairs = list(zip(input_shapes, self.flags, strict=True))
        inner = [tuple(shape[1:]) if flag else shape for shape, flag in pairs]
        count = next(shape[0] for shape, flag in pairs if flag)
        found = self.element.infer_shape(one, inner)
        lengths = [n for shape in found for n in shape if isinstance(n, Variable)]
        batched = {x for x, flag in zip(one.inputs, self.flags, strict=True) if flag}
        if batched & set(leaves(lengths)):
            raise NotImplementedError  # it depends on the numbers of an element
        pairs_of = zip(one.inputs, node.inputs, strict=True)
        made = iter(substitute(lengths, {a: b for a, b in pairs_of if a not in batched}))
        return [
            (count, *(next(made) if isinstance(n, Variable) else n for n in shape))
            for shape in found
        ]

    def _batched(self, inputs: Sequence[Variable], is_forward: bool) -> Batched:
        one = self._one(inputs)
        return Batched(
            Stated(self.element, len(inputs), is_forward),
            tuple(x.type for x in one.inputs),
            tuple(y.type for y in one.outputs),
            self.flags,
            (True,) * len(one.outputs),
            not is_forward,
        )

    def L_op(self, inputs: list[Any], outputs: list[Any], output_grads: list[Any]) -> Any:
        """That of each element."""
        return list(self._batched(inputs, False)(inputs, outputs, output_grads))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """That of an element."""
        return self.element.connection_pattern(self._one(node.inputs))

    def do_constant_folding(self, node: Apply) -> bool:
        """As the element says."""
        return self.element.do_constant_folding(self._one(node.inputs))
