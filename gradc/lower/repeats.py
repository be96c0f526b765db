"""Turn a loop's node into a step whose turns are steps.

Takes the node and the assembly of what it stands in; gives steps: copies of first rows, then the
Repeat.  The step is lowered by the same machinery as the function, into the same buffers: its
inputs are windows on what stands outside, its results windows on what the loop gives.  A state of
one number goes from turn to turn in places of its own, so that C keeps it in registers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradc.affine import identity
from gradc.control.frame import Frame, depth_of, frame_of
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, Operand
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors
from gradc.kernel.loops import Check, Nest, Pack, Product
from gradc.kernel.loops import Repeat as Step
from gradc.kernel.repeats import Move, Read, Turn
from gradc.lower.analysis import analyse_step
from gradc.lower.bodies import step_of
from gradc.lower.border import Border
from gradc.lower.equations import row_conditions
from gradc.lower.loopreads import counting, steps_of
from gradc.lower.parting import parted
from gradc.lower.shapes import Shapes
from gradc.lower.values import Values
from gradc.sizes import (
    Atom,
    Call,
    Length,
    Size,
    deep_atoms,
    floor_div,
    is_natural,
    loop_room,
    maximum,
    product,
    size,
)
from gradc.value import field_names, is_value, replace

if TYPE_CHECKING:
    from gradc.lower.assemble import Assembly, StepAssembly

__all__ = ["Unplanned", "bounded", "plan_repeat"]

_FRESH = itertools.count()


class Unplanned(Exception):
    """A loop whose memory no plan can know: arrays of its step differ from turn to turn."""

    def __init__(self, node: Apply) -> None:
        self.node = node


@dataclass(eq=False)
class _Plan:
    """A loop in the making; buffers are numbers of the assembly outside."""

    node: Apply
    outer: Assembly
    turn: Size
    word: str
    used: set[Variable]
    leaves: dict[Variable, Operand] = field(default_factory=dict)
    places: dict[Variable, int] = field(default_factory=dict)  # leaf -> buffer
    reads: list[Read] = field(default_factory=list)
    before: list[Move] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    after: list[Move] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    @property
    def values(self) -> Values:
        """Those outside."""
        return self.outer.values

    @property
    def shapes(self) -> Shapes:
        """Those outside."""
        return self.outer.values.shapes

    @property
    def frame(self) -> Frame:
        """How inputs and outputs are laid out."""
        return frame_of(self.node.op.keywords)

    # -- what a step reads -------------------------------------------------------------------------

    def take_rows(self, rows: Sequence[Variable]) -> None:
        """Rows of sequences: windows that the turn moves."""
        _, sequences, _, _ = self.frame.apart(self.node.inputs)
        for row, sequence in zip(rows, sequences, strict=True):
            if row not in self.used:
                continue
            place = counting(self.values, sequence)
            if place is not None:
                step = place.factor(0)
                self.leaves[row] = Operand((), place.offset + step * self.turn)
                continue
            lengths = self.shapes.lengths(sequence)
            source, index = self.values.source(sequence)
            buffer = self.outer.buffer(source)
            access = self.values.access(buffer, source, index, sequence.ndim)
            offset = access.offset + access.strides[0] * self.turn
            self._leaf(row, self.outer.window(buffer, offset, row.dtype, lengths[1:]), lengths[1:])
            self.read.append(buffer)

    def take_rest(self, leaves: Sequence[Variable]) -> None:
        """What all steps read."""
        _, _, _, rest = self.frame.apart(self.node.inputs)
        for leaf, operand in zip(leaves, rest, strict=True):
            if leaf not in self.used:
                continue
            if self.shapes.is_size(operand):
                value = self.shapes.resolve(self.shapes.value[operand])
                self.leaves[leaf] = Operand((), value)
                continue
            lengths = self.shapes.lengths(operand)
            source, index = self.values.source(operand)
            buffer = self.outer.buffer(source)
            access = self.values.access(buffer, source, index, operand.ndim)
            window = buffer
            if source is not operand or access.offset.constant != 0:
                window = self.outer.window(buffer, access.offset, leaf.dtype, lengths)
            self._leaf(leaf, window, lengths)
            self.read.append(buffer)

    def _leaf(self, leaf: Variable, buffer: int, shape: Sequence[Size]) -> None:
        if leaf not in self.used:
            return
        value = None
        if not shape and leaf.dtype.startswith(("int", "uint")):
            value = size(Length(f"{self.word}each", len(self.reads)))
            self.reads.append(Read(value, buffer, size(0)))
        self.leaves[leaf] = Operand(tuple(shape), value)
        self.places[leaf] = buffer

    # -- states ------------------------------------------------------------------------------------

    def take_state(self, k: int, taps: Sequence[Variable]) -> int:
        """A state: windows on its rows for each tap; gives the buffer of the next row."""
        trace, places = self.node.outputs[k], self.frame.taps[k]
        row = self.shapes.lengths(trace)[1:]
        buffer, depth = self.outer.buffer(trace), depth_of(places)
        self.written.append(buffer)
        if product(row).constant == 1:
            return self._take_number(k, taps, buffer, row)
        for tap, leaf in zip(places, taps, strict=True):
            window = self._row(k, buffer, self.turn + (depth + tap), row)
            self._leaf(leaf, window, row)
        return self._row(k, buffer, self.turn + depth, row)

    def _row(self, k: int, buffer: int, number: Size, row: Sequence[Size]) -> int:
        trace = self.node.outputs[k]
        ring = self.values.rings.get(trace)
        place = number if ring is None else number - floor_div(number, ring.rows) * ring.rows
        return self.outer.window(buffer, place * product(row), trace.dtype, row)

    def _take_number(
        self, k: int, taps: Sequence[Variable], buffer: int, row: Sequence[Size]
    ) -> int:
        """A state of one number: its rows are shifted from place to place."""
        trace, depth = self.node.outputs[k], depth_of(self.frame.taps[k])
        one = tuple(size(1) for _ in row)
        rows = [self.outer.add(trace.dtype, one, "work") for _ in range(depth + 1)]
        self.written += rows
        for tap, leaf in zip(self.frame.taps[k], taps, strict=True):
            self._leaf(leaf, rows[depth + tap], row)
        zero = size(0)
        self.before += [Move(rows[j], zero, buffer, size(j)) for j in range(depth)]
        if trace in self.values.rings:
            self.after += [Move(buffer, size(j), rows[j], zero) for j in range(depth)]
        else:
            self.moves.append(Move(buffer, self.turn + depth, rows[depth], zero))
        self.moves += [Move(rows[j], zero, rows[j + 1], zero) for j in range(depth)]
        return rows[depth]

    def stack(self, k: int) -> int:
        """The window on the row that an output writes."""
        out = self.node.outputs[k]
        row = self.shapes.lengths(out)[1:]
        buffer = self.outer.buffer(out)
        self.written.append(buffer)
        first = self.values.access(buffer, out, identity(out.ndim), out.ndim).offset
        return self.outer.window(buffer, first + self.turn * product(row), out.dtype, row)


def plan_repeat(
    outer: Assembly, node: Apply, lowered: Callable[..., Any], title: str, nodes: tuple[int, ...]
) -> list[Pack | Step]:
    """The steps of a loop's node: what is packed once, and the loop.

    lowered: lowers a step into the assembly.
    """
    number = next(_FRESH)
    word = f"loop{number}."
    graph, states, stacks = _needed(outer, node)
    used = set(ancestors(graph.outputs))
    plan = _Plan(node, outer, size(Length(f"{word}turn", 0)), word, used)
    rows, taps, rest = plan.frame.apart_inside(graph.inputs)
    plan.take_rows(rows)
    plan.take_rest(rest)
    outs = [plan.take_state(k, taps[k]) for k in states]
    outs += [plan.stack(plan.frame.states + k) for k in stacks]
    until = None
    if plan.frame.until:
        until = outer.add("bool", (), "work")
        outs.append(until)
        plan.written.append(until)
    shapes = plan.shapes.inside(f"{word}data")
    analyse_step(shapes, graph, plan.leaves)
    places = [*states, *(plan.frame.states + k for k in stacks)]
    for k, new in zip(places, graph.outputs, strict=False):
        row = plan.shapes.lengths(node.outputs[k])[1:]
        row_conditions(shapes, node, new, row, k < plan.frame.states)
    border = Border(tuple(plan.places), 0, 0, graph.outputs, len(graph.outputs), ())
    try:
        inner = lowered(graph, shapes, border, outer, node, plan.places, outs)
    except Unplanned:
        raise Unplanned(node) from None  # what stands inside is interpreted with it
    packed = _packed_once(plan, inner)
    turns = _turns(plan, inner, shapes)
    taken = None
    if plan.frame.until and outer.is_read(node.outputs[-1]):
        taken = outer.buffer(node.outputs[-1])
        plan.written.append(taken)
    repeat = Step(
        plan.turn, steps_of(plan.values, node), turns, tuple(plan.before), tuple(plan.moves),
        tuple(plan.after), until, taken, tuple(dict.fromkeys(plan.read)),
        tuple(dict.fromkeys(plan.written)), title, nodes,
    )  # fmt: skip
    return [*packed, parted(repeat, word, (shapes, plan.shapes), outer.buffers)]


def _packed_once(plan: _Plan, inner: StepAssembly) -> list[Pack]:
    """The packing of matrices that are the same in every turn, taken out of the turns."""
    found = []
    for steps in inner.segments:
        for step in [each for each in steps if isinstance(each, Pack)]:
            buffer = plan.outer.buffers[step.y.buffer]
            whole = buffer.index if buffer.place == "window" else step.y.buffer
            stays = whole < inner.first and whole not in plan.written
            sizes = (step.y.offset, step.y.row, step.y.col, step.k, step.n, step.room, step.blocks)
            moving = any(_moves(plan, each) for each in (*sizes, buffer.offset))
            if stays and not moving:
                steps.remove(step)
                found.append(_for_all_turns(plan, steps, step))
                plan.read.append(step.panels)
    return found


def _for_all_turns(plan: _Plan, steps: list[Any], pack: Pack) -> Pack:
    """The packing of what all turns read: worth it from fewer rows on; its product knows it."""
    room = pack.room
    for k, step in enumerate(steps):
        product = step.product if isinstance(step, Nest) else step
        if isinstance(product, Product) and product.panels == pack.panels:
            room = loop_room(product.m, product.k, product.n)
            found = replace(product, room=room)
            steps[k] = replace(step, product=found) if isinstance(step, Nest) else found
    plan.outer.buffers[pack.panels] = replace(plan.outer.buffers[pack.panels], shape=(room,))
    blocks = pack.blocks.substitute(dict.fromkeys(pack.room.atoms, room))
    return replace(pack, room=room, blocks=blocks)


def _needed(outer: Assembly, node: Apply) -> tuple[Graph, list[int], list[int]]:
    """The step for what is read of the loop: which states it needs, which outputs are read."""
    whole, frame = step_of(node), frame_of(node.op.keywords)
    news, others, done = frame.given(whole.outputs)
    _, taps, _ = frame.apart_inside(whole.inputs)
    stacks = [k for k in range(len(others)) if outer.is_read(node.outputs[frame.states + k])]
    states = [k for k in range(frame.states) if outer.is_read(node.outputs[k])]
    wanted = [*([] if done is None else [done]), *(others[k] for k in stacks)]
    while True:
        below = set(ancestors([*wanted, *(news[k] for k in states)]))
        more = [k for k in range(frame.states) if k in states or below.intersection(taps[k])]
        if more == states:
            break
        states = more
    outputs = [*(news[k] for k in states), *(others[k] for k in stacks)]
    outputs += [] if done is None else [done]
    return Graph(whole.inputs, tuple(outputs)), states, stacks


def _turns(plan: _Plan, inner: StepAssembly, shapes: Shapes) -> tuple[Turn, ...]:
    """The steps of a turn, cut where one computes what the sizes of the next are made of."""
    count = len(inner.segments)
    reads: list[list[Read]] = [[] for _ in range(count)]
    checks: list[list[Check]] = [[] for _ in range(count)]
    reads[0] += plan.reads
    for k, variable in enumerate(shapes.data):
        into = size(Length(shapes.word, k))
        reads[shapes.level(into)].append(Read(into, inner.buffer(variable), size(0)))
    is_branch = is_natural(1 - steps_of(plan.values, plan.node))  # fails only if it is taken
    for level, check in shapes.checks:
        note = shapes.notes[check.note]
        moves = _moves(plan, check.left) or _moves(plan, check.right)
        if check.rule == "index" or moves or is_branch:
            checks[level].append(replace(check, note=inner.note(note)))
        else:
            plan.shapes.check(check.rule, check.left, check.right, note)
    inner.require_planned(lambda value: not _moves(plan, value))
    used = _atoms((*inner.segments, *checks, inner.buffers[inner.first :]))
    return tuple(
        Turn(tuple(read for read in a if read.into.atoms & used), tuple(b), tuple(c))
        for a, b, c in zip(reads, checks, inner.segments, strict=True)
    )


def _moves(plan: _Plan, value: Size) -> bool:
    """Whether a size may differ from turn to turn."""
    return any(
        isinstance(atom, Length) and atom.group.startswith(plan.word) for atom in deep_atoms(value)
    )


def _atoms(part: Any) -> set[Atom]:
    """Every atom of every size in a part of a Program."""
    found: set[Atom] = set()
    stack = [part]
    while stack:
        each = stack.pop()
        if isinstance(each, Size):
            found |= deep_atoms(each)
        elif isinstance(each, (tuple, list)):
            stack.extend(each)
        elif is_value(each):
            stack.extend(getattr(each, name) for name in field_names(type(each)))
    return found


def bounded(value: Size, is_fixed: Callable[[Size], bool]) -> Size | None:
    """A size that is never below a length, though that one moves; None where none is known."""
    if is_fixed(value):
        return value
    total = size(0)
    for monomial, factor in value.terms:
        alone = Size(((monomial, 1),))
        if factor < 0 and not is_fixed(alone) and is_natural(alone):
            continue
        term = size(factor)
        for atom in monomial:
            known = size(1) * Size((((atom,), 1),))
            found = known if is_fixed(known) else _bound_of(atom, is_fixed)
            if found is None or (factor < 0 and found != known):
                return None
            term = term * found
        total = total + term
    return total


def _bound_of(atom: Atom, is_fixed: Callable[[Size], bool]) -> Size | None:
    if not isinstance(atom, Call):
        return None
    if atom.name == "minimum":
        return next((arg for arg in atom.args if is_fixed(arg)), None)
    if atom.name in ("cut", "blocks"):
        return bounded(atom.args[-1], is_fixed)
    if atom.name == "maximum":
        parts = [bounded(arg, is_fixed) for arg in atom.args]
        known = [each for each in parts if each is not None]
        return maximum(*known) if len(known) == len(parts) else None
    return None
