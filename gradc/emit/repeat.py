"""Loops of steps as C functions.

Takes a Repeat and what calls the steps of its turns; gives a Function.  The number of the turn is
put among the sizes of the call, where the functions of the steps find it.  A loop of numbers only
has no steps to call: its turns stand in the loop, and what goes from turn to turn is in locals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradc.dtypes import dtype_info
from gradc.emit.folds import FoldKinds
from gradc.emit.memory import COUNT, C, Memory, texts, wrapped
from gradc.emit.nest import chunk_function
from gradc.emit.plan import check_lines
from gradc.emit.views import Block, Branch, Function, Lines, Loop
from gradc.kernel.formula import formula
from gradc.kernel.program import Move, Nest, Read, Repeat, Store
from gradc.sizes import product

__all__ = ["is_straight", "part_function", "repeat_function", "straight_turns"]

_POLL = 4096  # turns of a loop of numbers between two looks at whether the user wants out


def is_straight(step: Repeat) -> bool:
    """Whether all its steps are straight-line code on single numbers."""
    return all(
        isinstance(each, Nest)
        and not each.axes
        and not each.folds
        and each.product is None
        and each.base is None
        for each in step.steps
    )


def straight_turns(
    step: Repeat, memory: Memory, kinds: FoldKinds, segment: int
) -> list[list[Block]]:
    """The code of each part of a turn, in place of calls."""
    turns: list[list[Block]] = []
    for turn in step.turns:
        blocks: list[Block] = []
        for each in turn.steps:
            assert isinstance(each, Nest)
            draft = chunk_function(each, "turn", memory, kinds, segment)
            title = [f"/* {line} */" for line in draft.comment]
            many = len(step.steps) > 1
            inner = (Lines(tuple(title)), *draft.body)
            blocks += [Branch("true", inner)] if many else inner
        turns.append(blocks)
    return turns


def repeat_function(
    step: Repeat, name: str, memory: Memory, turns: Sequence[Sequence[Block]]
) -> Function:
    """The function that runs all turns."""
    counter = formula(step.counter, C)
    is_quick = is_straight(step)
    locals_ = _locals(step, memory) if is_quick else []
    body: list[Block] = [Lines((f"const int64_t {counter} = turn;",))]
    if not is_quick:
        go_on = f"frame->sizes[{counter[1:]}] = turn;", "GC_DO(gc_next(table, frame));"
        body.append(Lines(go_on))
    else:
        poll = Lines(("GC_DO(gc_next(table, frame));",))
        body.append(Branch(f"turn % {_POLL} == 0", (poll,)))
    moves = _lines(step.moves)
    used = _names([*moves, *(block for blocks in turns for block in blocks)])
    used |= {name for turn in step.turns for line in check_lines(turn.checks)
             for name in _SIZE.findall(line)}  # fmt: skip
    for turn, blocks in zip(step.turns, turns, strict=True):
        reads = [r for r in turn.reads if not is_quick or formula(r.into, C) in used]
        lines = [part for read in reads for part in _read(read, is_quick)]
        lines += [part for line in check_lines(turn.checks) for part in wrapped(line)]
        body += [Lines(tuple(lines))] if lines else []
        body += blocks
    body += moves
    if step.until is not None:
        body.append(Lines(("taken = turn + 1;",)) if step.taken is not None else Lines(()))
        body.append(Branch(f"b{step.until}[0]", (Lines(("break;",)),)))
    return _function(step, name, memory, body, locals_)


def part_function(step: Repeat, name: str, memory: Memory, turn: Sequence[Block]) -> Function:
    """The function that takes some of the rows through all turns, with sizes of its own."""
    counter = formula(step.counter, C)
    top = [f"int64_t sizes[{COUNT}];", f"gc_frame own = gc_own(frame, sizes, {COUNT});"]
    cuts = [
        part
        for cut in step.cuts
        for part in wrapped(f"sizes[{formula(cut.into, C)[1:]}] = {formula(cut.part, C)};")
    ]
    go_on = f"sizes[{counter[1:]}] = turn;", "GC_DO(gc_next(table, frame));"
    loop = Loop("turn", "0", formula(step.count, C), "turn++", (Lines(go_on), *turn))
    body: list[Block] = [Lines((*top, *cuts)), loop]
    title = (f"some of the rows of {name.removesuffix('_part')}, through all its turns",)
    declared = Lines(tuple(memory.declare(body, set())))
    head = f"static int {name}(GC_CHUNK)"
    return Function(head, title, "", (declared, *body, Lines(("return GC_OK;",))))


def _function(
    step: Repeat, name: str, memory: Memory, body: list[Block], locals_: list[int]
) -> Function:
    counted = step.until is not None and step.taken is not None
    cuts = [(formula(cut.into, C), formula(cut.whole, C)) for cut in step.cuts]
    called = _names(body)
    lines = [
        f"{f'const int64_t {n} = ' if n in called else ''}frame->sizes[{n[1:]}] = {whole};"
        for n, whole in cuts
    ]
    before: list[Block] = _lines(step.before)
    if cuts:
        before.append(Lines(tuple(part for line in lines for part in wrapped(line))))
    after = [*_lines(step.after)]
    if counted:
        before.append(Lines(("int64_t taken = 0;",)))
        after.append(Lines((f"b{step.taken}[0] = taken;",)))
    count = formula(step.count, C)
    inside = _declared_inside(step, memory, body)
    turn: list[Block] = [*inside, *body[1:]]
    counter = body[:1] if formula(step.counter, C) in _names(turn) else []
    loop = Loop("turn", "0", count, "turn++", (*counter, *turn))
    blocks: list[Block] = [*before, loop, *after]
    known = _set_inside(step) | {f"b{number}" for number in locals_} | {n for n, _ in cuts}
    known |= {name for line in inside for text in line.lines for name in _DECLARED.findall(text)}
    written = _written(step, memory)
    top = [
        f"{dtype_info(memory.dtypes[number]).c_type} b{number}[1] = {{0}};" for number in locals_
    ]
    declared = [*memory.declare(blocks, written, known), *top]
    marker = " ".join(f"%{number}" for number in step.nodes)
    title = (step.title.replace("*/", "* /"),) if step.title else ()
    return Function(
        f"static int {name}(GC_CHUNK)", title, marker,
        (Lines(tuple(declared)), *blocks, Lines(("return GC_OK;",))),
    )  # fmt: skip


_DECLARED = re.compile(r"\b(b[0-9]+) =")
_SIZE = re.compile(r"\bn[0-9]+\b")


def _names(blocks: Sequence[Block]) -> set[str]:
    """The sizes that a body names."""
    return {name for text in texts(blocks) for name in _SIZE.findall(text)}


def _set_inside(step: Repeat) -> set[str]:
    """The sizes that are set in a turn."""
    names = {formula(step.counter, C)}
    return names | {formula(read.into, C) for turn in step.turns for read in turn.reads}


def _declared_inside(step: Repeat, memory: Memory, body: Sequence[Block]) -> list[Lines]:
    """Windows that the turn moves, as locals of a turn."""
    moving = _set_inside(step)
    named = sorted(set(re.findall(r"\bb([0-9]+)\b", "\n".join(texts(body)))), key=int)
    written = _written(step, memory)
    lines = []
    for number in map(int, named):
        buffer = memory.program.buffers[number]
        if buffer.place != "window":
            continue
        if moving & set(re.findall(r"\bn[0-9]+\b", formula(buffer.offset, C))):
            const = "" if number in written else "const "
            c_type = dtype_info(buffer.dtype).c_type
            same = memory.dtypes[buffer.index] == buffer.dtype
            base = f"b{buffer.index}" if same else memory.pointer(buffer.index)
            where = formula(buffer.offset, C)
            lines.append(f"{const}{c_type} *const b{number} = {base} + {where};")
    return [Lines(tuple(lines))] if lines else []


def _written(step: Repeat, memory: Memory) -> set[int]:
    """Buffers that are not const."""
    found = set(step.writes)
    for each in step.steps:
        if isinstance(each, Nest):
            bodies = (each.head, *(block.body for block in each.blocks))
            found |= {s.access.buffer for body in bodies for s in body if isinstance(s, Store)}
    windows = [memory.program.buffers[number] for number in found]
    return found | {each.index for each in windows if each.place == "window"}


def _locals(step: Repeat, memory: Memory) -> list[int]:
    """Buffers of one number that only the turns touch."""
    moves = (*step.before, *step.moves, *step.after)
    outside = {each.source for each in step.before} | {each.into for each in step.after}
    stores = [
        s.access.buffer
        for each in step.steps
        if isinstance(each, Nest)
        for body in (each.head, *(block.body for block in each.blocks))
        for s in body
        if isinstance(s, Store)
    ]
    touched = {*stores, *(n for move in moves for n in (move.into, move.source))}
    touched |= set() if step.until is None else {step.until}
    buffers = [memory.program.buffers[number] for number in sorted(touched - outside)]
    return [
        each.number
        for each in buffers
        if each.place == "work" and product(each.shape).constant == 1
    ]


def _read(read: Read, is_quick: bool) -> list[str]:
    into = formula(read.into, C)
    value = f"(int64_t)b{read.buffer}[{formula(read.offset, C)}]"
    lines = [f"const int64_t {into} = {value};"]
    return lines if is_quick else [*lines, f"frame->sizes[{into[1:]}] = {into};"]


def _lines(moves: Sequence[Move]) -> list[Block]:
    lines = [
        part
        for move in moves
        for part in wrapped(
            f"b{move.into}[{formula(move.place, C)}] = b{move.source}[{formula(move.offset, C)}];"
        )
    ]
    return [Lines(tuple(lines))] if lines else []
