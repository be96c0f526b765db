"""Users' operations as steps of a call: what lowering puts in their place.

Takes a graph; gives one of the same value in which each operation of a user's knows the lengths of
its outputs, because they are among its inputs: what infer_shape says, as expressions; else
what a step ahead has measured, which performs the operation and keeps what it gave for the step
that wants it.  Measuring cuts the function, for memory is planned from what it finds.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentTypeError, message
from gradc.extend.code import Code
from gradc.extend.op import Op
from gradc.graph.describe import where
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, Array, Operand, Shape, apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.graph.walk import rebuild
from gradc.ops.elemwise import cast
from gradc.ops.lengths import entry_of, lengths_of, shape_tuple
from gradc.sizes import size
from gradc.value import value

__all__ = ["expanded"]

_SERIAL = itertools.count(1)


class _Kept(threading.local):
    """What a step has computed for a later one of the same call.

    Calls may run inside each other, and one may end in between: so what is kept has a number, which
    the later step is given; without it, that step computes once more.
    """

    def __init__(self) -> None:
        self.number, self.results = 0, ()

    def put(self, results: Any) -> int:
        """Keep results; their number."""
        self.number, self.results = next(_SERIAL), results
        return self.number

    def take(self, number: int) -> Any:
        """The results of this number, or None."""
        found = self.results if self.number == number else None
        if found is not None:
            self.number, self.results = 0, ()
        return found


@value
class Measured(Code):
    """Performs `node`, an operation of a user's: a number, and the lengths that nobody knew."""

    node: Apply
    kept: _Kept

    @property
    def name(self) -> str:
        """The user's word."""
        return self.node.op.name

    def types(self, inputs: Sequence[Variable]) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType("int64", (1 + len(_unknown(self.node)),)),)

    def lengths(self, operands: Sequence[Operand]) -> tuple[Shape, ...]:
        """Known by its type."""
        return ((size(1 + len(_unknown(self.node))),),)

    def run(self, node: Apply, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """Perform, and keep."""
        results = _perform(self.node, arrays)
        found = [results[k].shape[axis] for k, axis in _unknown(self.node)]
        return (np.array([self.kept.put(results), *found], "int64"),)

    def __str__(self) -> str:
        return f"lengths of {self.node.op}"


@value
class Called(Code):
    """Performs `node`, or takes what was kept; the lengths of its outputs are operands behind."""

    node: Apply
    kept: _Kept | None

    @property
    def name(self) -> str:
        """The user's word."""
        return self.node.op.name

    def types(self, inputs: Sequence[Variable]) -> tuple[TensorType, ...]:
        """As they were announced."""
        return tuple(each.type for each in self.node.outputs)

    def lengths(self, operands: Sequence[Operand]) -> tuple[Shape, ...]:
        """Static ones, and those of the operands behind."""
        given = iter(each.value for each in operands[len(self.node.inputs) :])
        return tuple(
            tuple(next(given) if n is None else size(n) for n in y.type.shape)  # type: ignore[misc]
            for y in self.node.outputs
        )

    def length_operands(self, node: Apply) -> tuple[Variable, ...]:
        """One for each length that the types leave open."""
        start = len(self.node.inputs)
        return node.inputs[start : start + len(_unknown(self.node))]

    def handed(self, node: Apply) -> tuple[Variable, ...]:
        """The user's inputs, and the number behind all."""
        return node.inputs[: len(self.node.inputs)] + node.inputs[len(node.inputs) - self.numbers :]

    @property
    def numbers(self) -> int:
        """How many numbers of what was kept are among the inputs."""
        return 0 if self.kept is None else 1

    def run(self, node: Apply, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """Perform, unless that is done."""
        kept = None if self.kept is None else self.kept.take(int(arrays[-1]))
        return kept or _perform(self.node, arrays[: len(self.node.inputs)])

    def __str__(self) -> str:
        return str(self.node.op)


def _perform(node: Apply, arrays: Sequence[Array]) -> tuple[Array, ...]:
    assert isinstance(node.op, Op)
    return node.op.run(node, arrays)


def _unknown(node: Apply) -> list[tuple[int, int]]:
    """(output, axis) of the lengths that types leave open."""
    return [
        (k, axis)
        for k, each in enumerate(node.outputs)
        for axis, n in enumerate(each.type.shape)
        if n is None
    ]


def expanded(graph: Graph) -> Graph:
    """The graph with users' operations as steps."""
    nodes = graph.nodes
    if not any(isinstance(node.op, Op) for node in nodes):
        return graph
    values: dict[Variable, Variable] = {}
    for node in nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        made = rebuild(node, inputs)
        if isinstance(node.op, Op):
            with inherit(node.site):
                made = _step(made[0].owner)
            for old, new in zip(node.outputs, made, strict=True):
                new.name = old.name
        values.update(zip(node.outputs, made, strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _step(node: Apply | None) -> tuple[Variable, ...]:
    assert node is not None
    assert isinstance(node.op, Op)
    if type(node.op).perform is Op.perform:
        node.op.perform(node, [], [])  # there is none: it says so, before any call
    places, inferred = _unknown(node), _inferred(node)
    if not places or all(inferred[k] is not None for k, _ in places):
        lengths = [inferred[k][axis] for k, axis in places]
        return apply(Called(node, None), [*node.inputs, *lengths]).outputs
    kept = _Kept()
    (vector,) = apply(Measured(node, kept), node.inputs).outputs
    lengths = [entry_of(vector, 1 + k) for k in range(len(places))]
    number = entry_of(vector, 0)
    return apply(Called(node, kept), [*node.inputs, *lengths, number]).outputs


def _inferred(node: Apply) -> list[Any]:
    """The lengths of each output by the user's rule; None where it has none."""
    assert isinstance(node.op, Op)
    try:
        found = node.op.infer_shape(node, [tuple(shape_tuple(each)) for each in node.inputs])
    except NotImplementedError:
        return [None] * len(node.outputs)
    except Exception as error:
        place = "" if node.site is None else f" of {node.site}"
        error.add_note(f"gradc: raised by infer_shape of {node.op.name}{place}.")
        raise
    if len(found) != len(node.outputs):
        what = f"{node.op}: infer_shape gives {len(found)} shapes for {len(node.outputs)} outputs."
        raise ArgumentTypeError(message(what, [where(each) for each in node.outputs]))
    return [
        None if shape is None else _lengths(node, output, shape)
        for shape, output in zip(found, node.outputs, strict=True)
    ]


def _lengths(node: Apply, output: Variable, shape: Any) -> list[Variable]:
    found = lengths_of(f"{node.op.name}.infer_shape", shape, output.ndim)
    if len(found) != output.ndim:
        what = f"{node.op}: infer_shape gives {len(found)} lengths for {output.type}."
        raise ArgumentTypeError(message(what, [where(output)], "give one an axis."))
    return [each if each.dtype == "int64" else cast(each, "int64") for each in found]
