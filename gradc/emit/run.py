"""The run of a segment as C functions: its steps in order, and the commit point.

Takes a Segment; gives Functions.  Steps before the commit are numbered over all segments, so that a
test can make each of them fail; behind it nothing is asked any more.  Long runs are cut into
several functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.emit.calls import callback_function, require_function
from gradc.emit.folds import FoldKinds
from gradc.emit.memory import C, Memory, wrapped
from gradc.emit.nest import chunk_function, tail_function
from gradc.emit.product import pack_function, product_function
from gradc.emit.repeat import is_straight, part_function, repeat_function, straight_turns
from gradc.emit.routine import routine_function
from gradc.emit.shared import Draft, finished
from gradc.emit.stage import ARGUMENTS, MOST, chain
from gradc.emit.views import Block, Function, Lines
from gradc.kernel.formula import formula
from gradc.kernel.program import Callback, Nest, Pack, Repeat, Require, Routine, Step
from gradc.sizes import Size, size

__all__ = ["Steps"]


def _call(name: str, count: Size) -> str:
    """The call of all chunks of a step."""
    if count.constant == 1:
        return f"{name}(table, frame, 0, 0)"
    return f"gc_chunks(table, frame, {name}, {formula(count, C)})"


@dataclass
class Steps:
    """The functions of all steps of a Program, written segment by segment."""

    memory: Memory
    kinds: FoldKinds = field(default_factory=FoldKinds)
    drafts: list[Draft | Function] = field(default_factory=list)  # of the steps
    runs: list[Function] = field(default_factory=list)
    routines: dict[str, tuple[str, ...]] = field(default_factory=dict)  # function -> its definition
    points: int = 0  # steps that can be made to fail
    timers: int = 0  # steps whose time can be taken; those that can fail go by the same numbers
    count: int = 0

    @property
    def functions(self) -> list[Function]:
        """All functions, once every segment is written."""
        return [*finished(self.drafts, self.memory), *self.runs]

    def segment(self, number: int) -> None:
        """Write the functions of a segment's steps, and its `run{number}`."""
        segment = self.memory.program.segments[number]
        is_last = number == len(self.memory.program.segments) - 1
        lines: list[list[str]] = []
        for k, step in enumerate(segment.steps):
            if is_last and k == segment.commit:
                lines.append(self._commit())
            lines.append(self._step(step, number, may_fail=not is_last or k < segment.commit))
        if is_last and segment.commit >= len(segment.steps):
            lines.append(self._commit())
        self._run(number, lines)

    def _commit(self) -> list[str]:
        self.points += 1
        self.timers += 1
        return [f"GC_COMMIT({self.points - 1});"]

    def _step(self, step: Step, segment: int, *, may_fail: bool) -> list[str]:
        """Write a step's functions; gives the lines that call them."""
        name, count, tail = self._functions(step, segment)
        call = _call(name, count)
        if isinstance(step, Repeat) and step.parts is not None:
            parts = formula(step.parts, C)
            call = f"{parts} > 1 ? gc_chunks(table, frame, {name}_part, {parts}) : {call}"
        if may_fail:
            lines = wrapped(f"GC_STEP({self.points}, {call});")
            self.points += 1
        else:
            lines = wrapped(f"GC_TIME({self.timers}, {call});")
        if tail is not None:
            lines.append(f"GC_TIME({self.timers}, {tail});")
        self.timers += 1
        return lines

    def _functions(self, step: Step, segment: int) -> tuple[str, Size, str | None]:
        """Write a step's functions; gives its name, its chunks, the call of what is behind them."""
        tail = None
        draft: Draft | Function
        inner: list[list[Block]] = []
        parts: list[Block] = []
        if isinstance(step, Repeat):
            inner, parts = self._turns(step, segment)
        if isinstance(step, Nest):
            name, count = f"nest{self.count}", step.chunks
            draft = chunk_function(step, name, self.memory, self.kinds, segment)
            tail = tail_function(step, name, self.kinds)
        elif isinstance(step, Pack):
            name, count = f"pack{self.count}", step.blocks
            draft = pack_function(step, name)
        elif isinstance(step, Routine):
            name, count = f"routine{self.count}_{step.fn.name}", step.blocks
            draft = routine_function(step, name, self._after(step, name, segment))
            self.routines.setdefault(step.fn.function(step.dtype), step.fn.lines(step.dtype))
        elif isinstance(step, Callback):
            name, count = f"callback{self.count}", size(1)
            draft = callback_function(step, name, self.memory)
        elif isinstance(step, Require):
            name, count = f"check{self.count}", size(1)
            draft = require_function(step, name, self.memory)
        elif isinstance(step, Repeat):
            name, count = f"loop{self.count}", size(1)
            draft = repeat_function(step, name, self.memory, inner)
            if step.parts is not None:
                self.drafts.append(part_function(step, f"{name}_part", self.memory, parts))
        else:
            name, count = f"product{self.count}", step.blocks
            draft = product_function(step, name, self.memory, segment)
        self.count += 1
        self.drafts.append(draft)
        if tail is not None:
            self.drafts.append(tail)
        return name, count, None if tail is None else f"{name}_tail(frame)"

    def _after(self, step: Routine, name: str, segment: int) -> str | None:
        """Write the function of the nest that a routine calls behind its images; gives its name."""
        if step.after is None:
            return None
        name = f"{name}_after"
        self.drafts.append(chunk_function(step.after, name, self.memory, self.kinds, segment))
        return name

    def _turns(self, step: Repeat, segment: int) -> tuple[list[list[Block]], list[Block]]:
        """What each turn of a loop does, cut where it sets sizes; and on one part of the rows."""
        if is_straight(step):
            return straight_turns(step, self.memory, self.kinds, segment), []
        turns: list[list[Block]] = []
        parts: list[str] = []
        for turn in step.turns:
            lines: list[str] = []
            for each in turn.steps:
                name, count, tail = self._functions(each, segment)
                lines += wrapped(f"GC_DO({_call(name, count)});")
                lines += [] if tail is None else [f"{tail};"]
                parts.append(f"GC_DO({name}(table, &own, chunk, worker));")
            turns.append([Lines(tuple(lines))] if lines else [])
        return turns, [Lines(tuple(parts))]

    def _run(self, number: int, steps: list[list[str]]) -> None:
        """The functions that call the steps."""
        pieces = [steps[k : k + MOST] for k in range(0, len(steps), MOST)]
        if len(pieces) <= 1:
            self._calls(f"run{number}", [line for step in steps for line in step])
            return
        names = []
        for k, piece in enumerate(pieces):
            names.append(f"run{number}_{k}")
            self._calls(names[-1], [line for step in piece for line in step])
        self.runs += chain(f"run{number}", names)

    def _calls(self, name: str, lines: list[str]) -> None:
        blocks: list[Block] = [Lines(tuple(lines))]
        sizes = self.memory.declare(blocks, set())
        idle = "" if any("table" in line for line in lines) else "(void)table; "
        idle += "" if any("frame" in line for line in [*lines, *sizes]) else "(void)frame;"
        top = [Lines(tuple(line for line in (idle.strip(), *sizes) if line))]
        body = (*top, *blocks, Lines(("return GC_OK;",)))
        self.runs.append(Function(f"static int {name}{ARGUMENTS}", (), "", body))
