"""Plan a segment's workspace: which buffers share memory.

Takes steps in execution order with the buffers each reads and writes; gives slots.  Two buffers
share a slot when they have the same number of bytes for every size of the arguments and are never
live at once.  A nest may write where it reads (in place) if every access to the dying buffer is at
the element that is written, in the same pass or an earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.kernel.loops import (
    Buffer,
    Callback,
    Indexed,
    Load,
    Nest,
    Pack,
    Pass,
    Product,
    Repeat,
    Require,
    Routine,
    Slot,
    Step,
    Store,
)
from gradc.sizes import Size, product
from gradc.value import replace

__all__ = ["Uses", "lasting_buffers", "plan_memory", "uses_of"]


@dataclass
class Uses:
    """The buffers a step touches; `in_place` holds (dying, written) pairs it would allow."""

    reads: set[int] = field(default_factory=set)
    writes: set[int] = field(default_factory=set)
    in_place: set[tuple[int, int]] = field(default_factory=set)

    def may_follow(self) -> dict[int, list[int]]:
        """Per written buffer those it may take the memory of, the lowest first."""
        found: dict[int, list[int]] = {}
        for dying, written in sorted(self.in_place):
            found.setdefault(written, []).append(dying)
        return found


def uses_of(step: Step) -> Uses:
    """What a step reads and writes."""
    if isinstance(step, Product):
        return _product_uses(step)
    if isinstance(step, Pack):
        return Uses({step.y.buffer}, {step.panels})
    if isinstance(step, Routine):
        return _routine_uses(step)
    if isinstance(step, Callback):
        return Uses({each.buffer for each in step.ins}, {each.buffer for each in step.outs})
    if isinstance(step, Require):
        return Uses({step.source}, {step.out})
    if isinstance(step, Repeat):
        return Uses(set(step.reads), set(step.writes))
    uses = _nest_uses(step)
    if step.base is not None:
        uses.reads.add(step.base)
    if step.product is not None:
        _add_first(uses, _product_uses(step.product))
    return uses


def _add_first(uses: Uses, first: Uses) -> None:
    """Add what runs for one chunk of a nest while others are through with it."""
    uses.in_place = {
        (a, b) for a, b in uses.in_place if a not in first.reads and b not in first.writes
    }
    uses.reads |= first.reads | first.writes
    uses.writes |= first.writes


def _routine_uses(step: Routine) -> Uses:
    own = Uses(
        {each.buffer for each in step.reads},
        {*(each.buffer for each in step.writes), *step.scratch},
    )
    if step.after is None:
        return own
    uses = _nest_uses(step.after)
    _add_first(uses, own)
    return uses


def _product_uses(step: Product) -> Uses:
    reads = {step.x.buffer, step.y.buffer}
    reads |= {scale.buffer for scale in (step.alpha, step.beta) if scale.buffer is not None}
    if step.panels is not None:
        reads.add(step.panels)
    uses = Uses(reads, {step.out.buffer})
    if step.source is not None:
        if step.source not in reads:
            uses.in_place.add((step.source, step.out.buffer))
        uses.reads.add(step.source)
    return uses


def _nest_uses(nest: Nest) -> Uses:
    uses = Uses()
    last_load: dict[int, int] = {}
    loads: dict[int, set[object]] = {}
    stores: dict[int, tuple[int, set[object]]] = {}
    blocks = [nest.head, *(block.body for block in nest.blocks)]
    in_pass = [False, *(isinstance(block, Pass) for block in nest.blocks)]
    for stage, body in enumerate(blocks):
        for each in body:
            if isinstance(each, (Load, Indexed)):
                number = each.access.buffer
                uses.reads.add(number)
                last_load[number] = stage
                plain = isinstance(each, Load) and (in_pass[stage] or not nest.axes)
                place = (each.access.offset, each.access.strides) if plain else each
                loads.setdefault(number, set()).add(place)
            elif isinstance(each, Store):
                number = each.access.buffer
                uses.writes.add(number)
                place = (each.access.offset, each.access.strides)
                first, places = stores.setdefault(number, (stage, set()))
                places.add(place if not each.terms and each.mode == "set" else each)
    for fold in nest.folds:
        uses.writes |= set(fold.partial) | ({fold.out} if fold.out is not None else set())
    for written, (first, places) in stores.items():
        for read, read_places in loads.items():
            if places == read_places and len(places) == 1 and last_load[read] <= first:
                uses.in_place.add((read, written))
    return uses


@dataclass
class _Planner:
    buffers: list[Buffer]
    segment: int
    slots: list[Slot] = field(default_factory=list)
    free: dict[tuple[Size, int, bool], list[int]] = field(default_factory=dict)
    slot_of: dict[int, int] = field(default_factory=dict)

    def key(self, buffer: Buffer) -> tuple[Size, int, bool]:
        itemsize = dtype_info(buffer.dtype).itemsize
        return (product(buffer.shape), itemsize, buffer.place == "scratch")

    def owns(self, number: int) -> bool:
        """Whether the buffer needs a slot here and has none yet."""
        buffer = self.buffers[number]
        mine = buffer.place in ("work", "partial", "scratch") and buffer.segment == self.segment
        return mine and number not in self.slot_of

    def take(self, number: int) -> None:
        key = self.key(self.buffers[number])
        waiting = self.free.get(key)
        if waiting:
            self.slot_of[number] = waiting.pop()
            return
        self.slot_of[number] = len(self.slots)
        self.slots.append(Slot(len(self.slots), *key))

    def give(self, number: int) -> None:
        slot = self.slot_of[number]
        if slot >= 0:
            self.free.setdefault(self.key(self.buffers[number]), []).append(slot)


def plan_memory(
    buffers: list[Buffer], steps: list[Step], lasting: set[int], segment: int
) -> tuple[Slot, ...]:
    """Assign slots to the work buffers of one segment's steps, in place in `buffers`.

    lasting: buffers that later segments read: their memory is never shared after they are written.
    """
    planner = _Planner(buffers, segment)
    _walk(planner, steps, lasting)
    for number, slot in planner.slot_of.items():
        buffers[number] = replace(buffers[number], index=slot)
    return tuple(planner.slots)


def lasting_buffers(steps: Sequence[Sequence[Step]]) -> set[int]:
    """Buffers that a later segment reads."""
    written: dict[int, int] = {}
    found: set[int] = set()
    for k, segment in enumerate(steps):
        for step in segment:
            uses = uses_of(step)
            found |= {b for b in uses.reads if written.get(b, k) < k}
            for b in uses.writes:
                written.setdefault(b, k)
    return found


def _walk(
    planner: _Planner,
    steps: Sequence[Step],
    lasting: Collection[int],
    held: Mapping[int, int] | None = None,
) -> None:
    """Give buffers memory in the order of steps; those of a loop's turns while it runs.

    held: the step that buffers live up to at least, being read ahead of it.
    """
    before = set(planner.slot_of)
    uses = [uses_of(step) for step in steps]
    last = {b: k for k, use in enumerate(uses) for b in use.reads | use.writes}
    last.update((b, max(k, last.get(b, k))) for b, k in (held or {}).items())
    for k, (step, use) in enumerate(zip(steps, uses, strict=True)):
        new = [b for b in sorted(use.writes) if planner.owns(b)]
        follows = use.may_follow()
        for number in new:
            dying = [
                b
                for b in follows.get(number, ())
                if last[b] == k and b not in lasting and b not in before
            ]
            _place(planner, number, dying, last)
        if isinstance(step, Repeat):
            _walk(planner, step.steps, lasting, _read_in_turns(step))
        for number in sorted(use.reads | use.writes):
            ends = last[number] == k and number in planner.slot_of
            if ends and number not in lasting and number not in before:
                planner.give(number)
                planner.slot_of.setdefault(number, -1)


def _read_in_turns(loop: Repeat) -> dict[int, int]:
    """The numbers that become sizes, and the step ahead of which each is read."""
    held: dict[int, int] = {}
    first = 0
    for turn in loop.turns:
        held.update((read.buffer, first) for read in turn.reads)
        first += len(turn.steps)
    return held


def _place(planner: _Planner, number: int, dying: Sequence[int], last: dict[int, int]) -> None:
    """Give a buffer the slot of one that nobody reads after this step, else one that is free."""
    key = planner.key(planner.buffers[number])
    for each in dying:
        if each in planner.slot_of and planner.key(planner.buffers[each]) == key:
            planner.slot_of[number] = planner.slot_of[each]
            last[each] = -1  # its slot lives on in `number`
            return
    planner.take(number)
