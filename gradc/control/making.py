"""Make a loop's node from expressions of one step.

Takes placeholders and what they stand for, and the step's outputs; gives the node's.  What the step
reads besides is an operand: an expression that depends on no placeholder is computed once, outside.
The step is stabilised before it is sealed, since derivatives are taken of it as it is, and what is
costly to compute again is an output too: derivatives read it, and where none do it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradc.control.closed import Closed, Lines, close
from gradc.control.frame import Frame, depth_of
from gradc.differentiate.prepare import prepare
from gradc.graph.op import Apply, apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.ops.calls import op_of
from gradc.ops.kinds import Elemwise

__all__ = ["Made", "State", "Step", "captured", "make"]

_COSTLY = 12  # arithmetic instructions an element: vector math is read again rather than computed
_CHEAP = frozenset(("View", "Relabel", "Iota", "LengthOf", "Check", "Join"))
_SMALL = 64  # elements of a constant that is part of the step


@dataclass(eq=False)
class State:
    """One state of a loop: its first rows, placeholders of the rows a step reads, its next row."""

    first: Variable
    taps: Mapping[int, Variable]
    new: Variable

    @property
    def places(self) -> tuple[int, ...]:
        """The taps, the furthest back first."""
        return tuple(sorted(self.taps))


@dataclass(eq=False)
class Step:
    """What one step takes and gives.

    sequences: from placeholders to arrays of one row a step.  until: a bool scalar that ends it.
    truncate: how many steps gradients go back; None for all.
    """

    sequences: Mapping[Variable, Variable]
    states: Sequence[State]
    outputs: Sequence[Variable] = ()
    until: Variable | None = None
    truncate: int | None = None
    word: str = "scan"


@dataclass(eq=False)
class Made:
    """What a loop gives: of each state first rows and all others, arrays, how many steps."""

    traces: list[Variable]
    stacks: list[Variable]
    count: Variable | None
    depths: list[int] = field(default_factory=list)


def make(n: Variable, step: Step) -> Made:
    """The loop of n steps, an int64 scalar."""
    wanted = [*(each.new for each in step.states), *step.outputs]
    wanted += [] if step.until is None else [step.until]
    outputs = list(prepare(wanted, frozenset()).roots)
    rows = [ph for state in step.states for ph in (state.taps[tap] for tap in state.places)]
    used = _used(outputs, step.sequences)
    inputs = [*used, *rows]
    rest = captured(inputs, outputs)
    last = [outputs.pop()] if step.until is not None else []
    outputs += _costly([*inputs, *rest], [*outputs, *last], inputs)
    graph, more = close([*inputs, *rest], [*outputs, *last])
    operands = [n, *(step.sequences[each] for each in used), *(s.first for s in step.states)]
    op = op_of(
        "scan",
        graph=graph,
        lines=_lines([*outputs, *last], [*inputs, *rest, *more], graph),
        sequences=len(used),
        taps=tuple(state.places for state in step.states),
        until=True if last else None,
        truncate=step.truncate,
        word=step.word,
    )
    node = apply(op, [*operands, *rest, *more])
    frame = Frame(len(used), tuple(s.places for s in step.states), bool(last))
    traces, stacks, count = frame.given(node.outputs)
    depths = [depth_of(state.places) for state in step.states]
    return Made(list(traces), list(stacks[: len(step.outputs)]), count, depths)


def _lines(outputs: Sequence[Variable], inputs: Sequence[Variable], graph: Closed) -> Lines:
    sites = [node.site for node in toposort(outputs, stop=inputs)]
    assert len(sites) == len(graph.calls)
    return Lines(sites, [each.name for each in inputs])


def _used(outputs: Sequence[Variable], sequences: Mapping[Variable, Variable]) -> list[Variable]:
    """The sequences that the step reads."""
    read = {each for node in toposort(outputs) for each in node.inputs}
    read.update(outputs)
    return [each for each in sequences if each in read]


def captured(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[Variable]:
    """What outputs read that depends on no input: computed once, outside.

    Small constants are part of what reads them.
    """
    inside = set(inputs)
    found: dict[Variable, None] = {}
    for node in toposort(outputs, stop=inputs):
        if any(each in inside for each in node.inputs):
            inside.update(node.outputs)
            found.update((each, None) for each in node.inputs if each not in inside)
    found.update((each, None) for each in outputs if each not in inside)
    return [each for each in found if not (isinstance(each, Constant) and each.data.size <= _SMALL)]


def _costly(
    stop: Sequence[Variable], outputs: Sequence[Variable], inputs: Sequence[Variable]
) -> list[Variable]:
    """Values inside the step that are costly to compute again, and are no outputs yet."""
    known = {*outputs, *inputs}
    return [
        each
        for node in toposort(outputs, stop=stop)
        if _is_costly(node)
        for each in node.outputs
        if each not in known
    ]


def _is_costly(node: Apply) -> bool:
    rule = node.op.rule
    if not rule.merges:
        return True
    if isinstance(rule, Elemwise):
        return rule.c.cost >= _COSTLY
    return node.op.kind not in _CHEAP
