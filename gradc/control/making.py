"""Make a loop's node from expressions of one step.

Takes placeholders and what they stand for, and the step's outputs; gives the node's.  What the step
reads besides is an operand: an expression that depends on no placeholder is computed once, outside.
The step is stabilised before it is sealed, since derivatives are taken of it as it is, and what is
costly to compute again is an output too: derivatives read it, and where none do it is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.control.closed import Closed, Lines, close, is_small, lengths_of, unknown_number
from gradc.control.frame import Frame, depth_of
from gradc.control.lazy import lazy
from gradc.differentiate.prepare import prepare
from gradc.graph.graph import Graph, seal
from gradc.graph.op import Apply, Operand, apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import substitute, toposort
from gradc.ops.calls import op_of
from gradc.ops.kinds import Elemwise
from gradc.sizes import Length, is_known, size

__all__ = ["Made", "State", "Step", "build", "captured", "make"]

_COSTLY = 12  # arithmetic instructions an element: vector math is read again rather than computed
_CHEAP = frozenset(("View", "Relabel", "Iota", "LengthOf", "Check", "Join"))
_FALLIBLE = ("Gather", "Scatter", "Routine", "Check", "Call", "Scan", "Subgraph")


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
    keeps: whether what is costly to compute again is an output too.
    fixed: what is computed outside in any case, though only a branch of the step reads it.
    """

    sequences: Mapping[Variable, Variable]
    states: Sequence[State]
    outputs: Sequence[Variable] = ()
    until: Variable | None = None
    truncate: int | None = None
    word: str = "scan"
    keeps: bool = True
    fixed: Sequence[Variable] = ()


@dataclass(eq=False)
class Made:
    """What a loop gives: of each state first rows and all others, arrays, how many steps."""

    traces: list[Variable]
    stacks: list[Variable]
    count: Variable | None
    depths: list[int] = field(default_factory=list)


def make(n: Variable, step: Step) -> Made:
    """The loop of n steps, an int64 scalar, with what is costly to compute again as outputs."""
    wanted = _wanted(step)
    walls = frozenset(step.fixed if any(x in step.fixed for x in lazy(wanted)) else ())
    outputs = list(prepare(wanted, walls).roots)
    inputs = _inputs(step, outputs)
    rest = captured(inputs, outputs, fixed=step.fixed)
    last = [outputs.pop()] if step.until is not None else []
    if step.keeps:
        outputs += _costly([*inputs, *rest], [*outputs, *last], inputs)
    return _node(n, step, inputs, rest, {}, [*outputs, *last])


def build(
    n: Variable,
    step: Step,
    fixed: Mapping[Variable, Variable],
    rewrite: Callable[[Graph], Graph],
) -> Made:
    """The loop of n steps, its step rewritten, and what is the same in all of them done outside.

    fixed: placeholders of what all steps read, and what they stand for.
    """
    rows = [*step.sequences, *(ph for state in step.states for ph in state.taps.values()), *fixed]
    outputs = list(rewrite(seal(rows, _wanted(step))).outputs)
    inputs = _inputs(step, outputs)
    return _node(n, step, inputs, captured(inputs, outputs, is_safe=True), fixed, outputs)


def _wanted(step: Step) -> list[Variable]:
    wanted = [*(each.new for each in step.states), *step.outputs]
    return wanted if step.until is None else [*wanted, step.until]


def _inputs(step: Step, outputs: Sequence[Variable]) -> list[Variable]:
    """The rows that the step takes: of sequences that it reads, and of states."""
    rows = [state.taps[tap] for state in step.states for tap in state.places]
    return [*_used(outputs, step.sequences), *rows]


def _node(
    n: Variable,
    step: Step,
    inputs: Sequence[Variable],
    rest: Sequence[Variable],
    fixed: Mapping[Variable, Variable],
    outputs: Sequence[Variable],
) -> Made:
    graph, more = close([*inputs, *rest], outputs)
    used = [each for each in inputs if each in step.sequences]
    operands = [n, *(step.sequences[each] for each in used), *(s.first for s in step.states)]
    op = op_of(
        "scan",
        graph=graph,
        lines=_lines(outputs, [*inputs, *rest, *more], graph),
        sequences=len(used),
        taps=tuple(state.places for state in step.states),
        until=None if step.until is None else True,
        truncate=step.truncate,
        word=step.word,
    )
    node = apply(op, [*operands, *substitute([*rest, *more], fixed)])
    frame = Frame(len(used), tuple(s.places for s in step.states), step.until is not None)
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


def captured(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    *,
    is_safe: bool = False,
    fixed: Sequence[Variable] = (),
) -> list[Variable]:
    """What outputs read that depends on no input: computed once, outside.

    Small constants are part of what reads them, and what only a branch needs stays in it, unless it
    is `fixed` outside.  is_safe: views stay inside, and what may fail.
    """
    inside = set(inputs)
    for node in toposort(outputs, stop=inputs):
        if any(each in inside for each in node.inputs):
            inside.update(node.outputs)
    found: dict[Variable, None] = {}
    stack = [*outputs]
    seen: set[Variable] = set(inputs)
    branches = lazy(outputs, inputs) - set(fixed)
    while stack:
        each = stack.pop()
        if each in seen:
            continue
        seen.add(each)
        stays = each in branches
        stays |= each.owner is not None and is_safe and not _may_leave(each.owner)
        if each in inside or stays or _is_number(each):
            stack.extend(() if each.owner is None else each.owner.inputs)
        elif not is_small(each):
            found.setdefault(each)
    return list(found)[::-1]


def _is_number(x: Variable) -> bool:
    """Whether it is one number that building knows, stretched perhaps: views of it cost nothing."""
    stack = [x]
    while stack:
        each = stack.pop()
        if each.owner is None:
            if not isinstance(each, Constant) or each.data.size > 1:
                return False
        elif each.owner.op.kind == "View" or (each.owner.op.kind == "Elemwise" and each.ndim == 0):
            stack.extend(each.owner.inputs)
        else:
            return False
    return True


def _may_leave(node: Apply) -> bool:
    """Whether a value is worth being computed ahead of the loop, and cannot fail there."""
    return node.op.kind not in ("View", "Relabel", *_FALLIBLE)


def _costly(
    stop: Sequence[Variable], outputs: Sequence[Variable], inputs: Sequence[Variable]
) -> list[Variable]:
    """Values inside the step that are costly to compute again, and are no outputs yet."""
    known = {*outputs, *inputs}
    branches = lazy(outputs, stop)
    nodes = toposort(outputs, stop=stop)
    found = [
        each
        for node in nodes
        if _is_costly(node)
        for each in node.outputs
        if each not in known and (each not in branches or not node.op.rule.merges)
    ]
    return _alike(stop, found, inputs) if any(map(_says_lengths, nodes)) else found


def _says_lengths(node: Apply) -> bool:
    """Whether a number that is computed may say how long what it gives is."""
    if node.op.kind not in ("View", "Relabel", "Iota", "Routine"):
        return node.op.kind == "Choice"
    numbers = [each for each in node.inputs if not each.ndim and each.dtype.startswith("int")]
    return not all(isinstance(each, Constant) for each in numbers)


def _alike(
    stop: Sequence[Variable], values: Sequence[Variable], inputs: Sequence[Variable]
) -> list[Variable]:
    """Those of the values that have the same shape in every step."""
    graph, more = close(stop, values)
    operands = [_operand(k, each, each in inputs) for k, each in enumerate((*stop, *more))]
    shapes = lengths_of(graph, operands)
    return [each for each, shape in zip(values, shapes, strict=True) if all(map(is_known, shape))]


def _operand(k: int, x: Variable, is_row: bool) -> Operand:
    """What is known of a step's input: any lengths, and of what is no row any number."""
    shape = tuple(
        size(Length("unknown", k, axis)) if n is None else size(n)
        for axis, n in enumerate(x.type.shape)
    )
    value = unknown_number() if is_row else size(Length("unknown", k))
    return Operand(shape, None if shape else value)


def _is_costly(node: Apply) -> bool:
    rule = node.op.rule
    if not rule.merges:
        return True
    if isinstance(rule, Elemwise):
        return rule.c.cost >= _COSTLY
    return node.op.kind not in _CHEAP
