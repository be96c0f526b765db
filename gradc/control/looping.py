"""The operation that loops are: its derivatives, and what it is for each element of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.batch import batched
from gradc.control.closed import Closed, Lines
from gradc.control.frame import frame_of
from gradc.control.loop import Scan, body_of
from gradc.control.making import State, Step, make
from gradc.control.slopes import pulled_back, pushed_forward
from gradc.errors import VectorizeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.ops.calls import call, op_of, stretched
from gradc.ops.declare import Sample, declared
from gradc.ops.kinds.batches import refuse_lengths

__all__ = ["scan_node"]


def _pullback(
    cts: Sequence[Variable | None], outs: Sequence[Variable], *inputs: Variable, **params: Any
) -> tuple[Variable | None, ...]:
    node = outs[0].owner
    assert node is not None
    return pulled_back(node, cts)


def _pushforward(
    tangents: Sequence[Variable | None], outs: Sequence[Variable], *inputs: Variable, **params: Any
) -> tuple[Variable | None, ...]:
    node = outs[0].owner
    assert node is not None
    return pushed_forward(node, tangents)


def _batching(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    """One loop, each step of which does the step of all elements."""
    refuse_lengths(node, [inputs[0], *node.inputs[1:]], 0)
    frame, params = frame_of(node.op.keywords), node.op.keywords
    batch = next(new for new, old in zip(inputs, node.inputs, strict=True) if new.ndim > old.ndim)
    elements, outputs = body_of(node)
    rows, taps, fixed = frame.apart_inside(elements)
    n, _, firsts, rest = frame.apart(inputs)
    replace: dict[Variable, Variable] = dict(zip(fixed, rest, strict=True))
    arrays = _batched_rows(rows, inputs[1 : 1 + frame.sequences], replace)
    flags = [first.ndim > len(taps[k][0].type.shape) + 1 for k, first in enumerate(firsts)]
    news, others, _ = frame.given(outputs)
    while True:
        starts = [_start(x, flag, batch, places[0]) for x, flag, places in
                  zip(firsts, flags, taps, strict=True)]  # fmt: skip
        for start, places in zip(starts, taps, strict=True):
            replace |= {p: Input(_row_type(start), p.name) for p in places}
        made, stacks, until = frame.given(batched(outputs, replace))
        grown = [f or new.ndim > old.ndim for f, new, old in zip(flags, made, news, strict=True)]
        if grown == flags:
            break
        flags = grown
    _check_until(until, node)
    made = [stretched(new, batch) if flag and new.ndim == old.ndim else new
            for new, old, flag in zip(made, news, flags, strict=True)]  # fmt: skip
    states = [
        State(start, {tap: replace[p] for tap, p in zip(each, places, strict=True)}, new)
        for start, each, places, new in zip(starts, frame.taps, taps, made, strict=True)
    ]
    step = Step(arrays, states, stacks, until, params.get("truncate"), params["word"], fixed=rest)
    done = make(n, step)
    back = [_turned(x, flag) for x, flag in zip(done.traces, flags, strict=True)]
    back += [_turned(x, x.ndim > y.ndim + 1) for x, y in zip(done.stacks, others, strict=True)]
    return (*back, *([] if done.count is None else [done.count]))


def _batched_rows(
    rows: Sequence[Variable], sequences: Sequence[Variable], replace: dict[Variable, Variable]
) -> dict[Variable, Variable]:
    """Arrays of rows of all elements, by placeholders that stand for the rows of one."""
    arrays: dict[Variable, Variable] = {}
    for row, new in zip(rows, sequences, strict=True):
        array = _turned(new, new.ndim > row.ndim + 1)
        replace[row] = Input(_row_type(array), row.name)
        arrays[replace[row]] = array
    return arrays


def _row_type(x: Variable) -> TensorType:
    return TensorType(x.dtype, x.type.shape[1:])


def _start(x: Variable, flag: bool, batch: Variable, row: Variable) -> Variable:
    """First rows of a state, of all elements if it is batched."""
    if not flag:
        return x
    return _turned(x if x.ndim > row.ndim + 1 else stretched(x, batch), True)


def _check_until(until: Variable | None, node: Apply) -> None:
    if until is not None and until.ndim:
        what = f"vectorize: the condition that ends {node.op.keywords['word']} is batched."
        fix = "let all elements take as many steps, and mask what is too long: T.switch."
        raise VectorizeError(message(what, [where(node.outputs[0])], fix))


def _turned(x: Variable, flag: bool) -> Variable:
    """An array with its first two axes the other way round, if the batch is to be there."""
    return call("dimshuffle", x, order=(1, 0, *range(2, x.ndim))) if flag else x


def _running(x: Variable, y: Variable, *, back: int = 1, until: bool = False) -> Variable:
    """For tests: s = tanh(s * y + x[t]) of rows `back` steps before."""
    row, last = Input(TensorType(x.dtype, x.type.shape[1:])), Input(y.type)
    new = call("tanh", call("add", call("mul", last, y), row))
    first = call("broadcast_to", y[None], Constant(back), *(y.shape[k] for k in range(y.ndim)))
    state = State(first, {-back: last}, new)
    tick = Input(TensorType("int64", ()))
    rows: dict[Variable, Variable] = {row: x}
    if until:
        rows[tick] = call("iota", x.shape[0], dtype="int64")
    made = make(x.shape[0], Step(rows, [state], [new * last], tick > 1 if until else None))
    count = x.shape[0] if made.count is None else made.count
    return made.traces[0][: count + back].sum() + made.stacks[0][:count].sum(axis=0)


@declared(
    Scan,
    name="scan",
    ref=None,  # Scan.evaluate
    pullback=_pullback,
    pushforward=_pushforward,
    batching=_batching,
    samples=(
        Sample(lambda f, x, y: _running(x, y), ((4, 3), (3,))),
        Sample(lambda f, x, y: _running(x, y, back=2), ((4, 3), (3,))),
        Sample(lambda f, x, y: _running(x, y, until=True), ((4, 2), (2,))),
        Sample(lambda f, x, y: _running(x, y), ((0, 3), (3,))),
    ),
)
def scan_node(
    *inputs: Variable,
    graph: Closed,
    lines: Lines,
    sequences: int,
    taps: tuple[tuple[int, ...], ...],
    until: bool | None = None,
    truncate: int | None = None,
    word: str = "scan",
) -> tuple[Variable, ...]:
    """A loop of steps, each of them a graph: gradc.scan gives it.

    Gradient: a loop backwards, which reads what this one has computed.
    """
    op = op_of(
        "scan", graph=graph, lines=lines, sequences=sequences, taps=taps, until=until,
        truncate=truncate, word=word,
    )  # fmt: skip
    return apply(op, inputs).outputs
