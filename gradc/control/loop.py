"""The kind Scan: a loop over a sealed graph, one node whatever the number of steps.

What the step reads besides its own inputs is an operand, so a loop is a value: equal loops are one
node, and nested ones cannot capture wrongly.  Everything else that programs may ask of a loop
(rows ahead, backwards, the first n) is a view of what goes in or comes out.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradc.control.closed import Closed, Lines, in_every_step, lengths_of, unknown_number
from gradc.control.frame import Frame, depth_of, frame_of
from gradc.errors import ArgumentError, ShapeError, UnsupportedError, message
from gradc.graph.describe import where
from gradc.graph.evaluate import evaluate
from gradc.graph.op import Apply, Array, Declaration, Operand, Shape
from gradc.graph.site import inherit
from gradc.graph.types import StaticShape, TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.convert import static_int
from gradc.sizes import Size, maximum, size
from gradc.value import record

__all__ = ["Scan", "body_of", "step_types"]

_ALIKE = "let every step give arrays of the same shapes."


@record
class Scan(Declaration):
    """A loop. Params: graph, a Closed; sequences, taps, until (frame.py); lines of its calls; word.

    truncate: how many steps its gradient goes back, where not all.
    Inputs: the number of steps, an int64 scalar; sequences of at least so many rows; of each state
    as many first rows as its taps reach back; what every step reads.
    Outputs: of each state its first rows, and behind them one a step; of each other output of the
    step an array with one row a step; with `until` the number of steps taken: rows behind are 0.
    """

    kind: ClassVar[str] = "Scan"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        frame, graph = frame_of(params), params["graph"]
        n, _, firsts, _ = frame.apart(inputs)
        wanted = step_types(frame, inputs)
        types: Sequence[TensorType] = graph.types
        if wanted != graph.inputs:
            types = [each.type for each in graph([Input(each) for each in wanted])]
        states, others, _ = frame.given(types)
        steps = static_int(n)
        found = [
            _trace_type(first, new, None if steps is None else steps + depth_of(taps))
            for first, new, taps in zip(firsts, states, frame.taps, strict=True)
        ]
        found += [TensorType(each.dtype, (steps, *each.shape)) for each in others]
        return (*found, *([TensorType("int64", ())] if frame.until else []))

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return _lengths(operands, params)

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        return _Run(arrays, params).results()


def _lengths(operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
    frame = frame_of(params)
    n, rows, firsts, rest = frame.apart(operands)
    assert n.value is not None
    count = maximum(n.value, 0)
    inside = [_row_of(each) for each in rows]
    for first, taps in zip(firsts, frame.taps, strict=True):
        inside += [_row_of(first)] * len(taps)
    _, others, _ = frame.given(lengths_of(params["graph"], [*inside, *rest]))
    traces = [
        (count + depth_of(taps), *first.shape[1:])
        for first, taps in zip(firsts, frame.taps, strict=True)
    ]
    found: list[Shape] = [*traces, *((count, *map(in_every_step, shape)) for shape in others)]
    return (*found, *([()] if frame.until else []))


def step_types(frame: Frame, inputs: Sequence[Variable]) -> tuple[TensorType, ...]:
    """The types of a step's inputs, from those of the node's."""
    _, sequences, firsts, rest = frame.apart(inputs)
    found = [_row_type(each) for each in sequences]
    for first, taps in zip(firsts, frame.taps, strict=True):
        found += [_row_type(first)] * len(taps)
    return (*found, *(each.type for each in rest))


def body_of(node: Apply) -> tuple[list[Input], list[Variable]]:
    """The step of a loop's node: placeholders of its inputs, and its outputs."""
    params = node.op.keywords
    lines: Lines = params["lines"]
    types = step_types(frame_of(params), node.inputs)
    names = (*lines.names, *(None,) * (len(types) - len(lines.names)))
    with inherit(node.site):
        inputs = [Input(each, name) for each, name in zip(types, names, strict=True)]
        return inputs, params["graph"](inputs, lines)


def _row_type(x: Variable) -> TensorType:
    return TensorType(x.dtype, x.type.shape[1:])


def _row_of(operand: Operand) -> Operand:
    shape = operand.shape[1:]
    return Operand(shape, None if shape else unknown_number())


def _trace_type(first: Variable, new: TensorType, rows: int | None) -> TensorType:
    row = _row_type(first)
    lengths: list[int | None] = []
    for axis, (old, length) in enumerate(zip(row.shape, new.shape, strict=True)):
        if None not in (old, length) and old != length:
            what = f"scan: axis {axis} of a state has length {old}, its next value {length}."
            raise ShapeError(message(what, [where(first)], "give the state its final shape."))
        lengths.append(length if old is None else old)
    shape: StaticShape = (rows, *lengths)
    return TensorType(first.dtype, shape)


class _Run:
    """One evaluation, step by step."""

    def __init__(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> None:
        self.graph: Closed = params["graph"]
        lines: Lines = params["lines"]
        self.frame, self.word = frame_of(params), params["word"]
        self.steps, self.rows, firsts, self.rest = self.frame.apart(arrays)
        self.count = int(self.steps)
        if self.count < 0:
            what = f"{self.word}: the number of steps is {self.count}."
            raise ArgumentError(message(what, fix="pass n_steps of at least 0."))
        for each in self.rows:
            if len(each) < self.count:
                what = f"{self.word}: {self.count} steps over a sequence of length {len(each)}."
                raise ArgumentError(message(what, fix="pass fewer n_steps, or a longer sequence."))
        self.wide = any(each.dtype == np.longdouble for each in arrays)
        self.inputs = self.graph.placeholders()
        self.outputs = self.graph(self.inputs, lines)
        self.traces = [
            np.zeros((self.count + len(first), *first.shape[1:]), first.dtype) for first in firsts
        ]
        for trace, first in zip(self.traces, firsts, strict=True):
            trace[: len(first)] = first
        others = self.frame.given(self.outputs)[1]
        self.stacks: list[list[Array]] = [[] for _ in others]
        self.arrays, self.params = arrays, params

    def results(self) -> tuple[Array, ...]:
        """All steps."""
        taken = 0
        for t in range(self.count):
            done = self._step(t)
            taken = t + 1
            if done:
                break
        found = [*self.traces, *(self._stacked(k) for k in range(len(self.stacks)))]
        return (*found, *([np.asarray(taken, "int64")] if self.frame.until else []))

    def _step(self, t: int) -> bool:
        given = [each[t] for each in self.rows]
        for trace, taps in zip(self.traces, self.frame.taps, strict=True):
            given += [trace[depth_of(taps) + tap + t] for tap in taps]
        values: dict[Variable, Array] = dict(zip(self.inputs, (*given, *self.rest), strict=True))
        found = evaluate(self.outputs, values, "longdouble" if self.wide else None)
        states, others, done = self.frame.given(found)
        for trace, taps, row in zip(self.traces, self.frame.taps, states, strict=True):
            self._check(trace.shape[1:], row)
            trace[depth_of(taps) + t] = row
        for stack, row in zip(self.stacks, others, strict=True):
            self._check(stack[0].shape if stack else row.shape, row)
            stack.append(row)
        return done is not None and bool(done)

    def _stacked(self, k: int) -> Array:
        """The rows of an output, and zeros for steps that were not taken."""
        rows = self.stacks[k]
        if not rows:
            return np.zeros(self._shape(k), self.frame.given(self.outputs)[1][k].dtype)
        found = np.zeros((self.count, *rows[0].shape), rows[0].dtype)
        found[: len(rows)] = rows
        return found

    def _shape(self, k: int) -> tuple[int, ...]:
        operands = [
            Operand(tuple(map(size, a.shape)), size(int(a)) if not a.ndim and a.dtype.kind in "iu"
                    else None)
            for a in self.arrays
        ]  # fmt: skip
        lengths = self.frame.given(_lengths(operands, self.params))[1][k]
        return tuple(map(_known, lengths))

    def _check(self, wanted: tuple[int, ...], row: Array) -> None:
        if wanted != row.shape:
            what = f"{self.word}: a step gives an array of shape {row.shape} for one of {wanted}."
            raise ShapeError(message(what, fix=_ALIKE))


def _known(length: Size) -> int:
    found = length.constant
    if found is None:
        what = "scan: the shape of what a step gives follows from the step's own numbers."
        raise UnsupportedError(message(what, fix=_ALIKE))
    return found
