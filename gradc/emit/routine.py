"""Routines: functions of C that are called once a row.

Takes a Routine step; gives the function that calls it for a block of rows.
"""

from __future__ import annotations

from gradc.emit.memory import C, wrapped
from gradc.emit.product import rows_of
from gradc.emit.shared import Draft
from gradc.emit.views import Block, Branch, Lines, Loop
from gradc.kernel.formula import formula, place
from gradc.kernel.program import Routine, Rows

__all__ = ["routine_function"]


def routine_function(step: Routine, name: str, after: str | None = None) -> Draft:
    """The function of a step: rows `begin` to `end` of a chunk, or all of them.

    after: the function of the nest that runs behind each image.
    """
    rows = formula(step.rows, C)
    cut, begin, end = [], "0", rows
    if step.blocks.constant != 1:
        length = f"gc_ceil_div({rows}, {formula(step.blocks, C)})"
        cut, begin, end = rows_of(length, rows), "begin", "end"
    body: list[Block] = [Lines(tuple(part for line in cut for part in wrapped(line)))]
    if step.rows.constant == 1:
        body += _row(step, "0", after)
    else:
        body.append(Loop("i", begin, end, "i++", tuple(_row(step, "i", after))))
    written = {*(each.buffer for each in step.writes), *step.scratch}
    title = (step.title.replace("*/", "* /"),) if step.title else ()
    return Draft(name, "step", tuple(body), frozenset(written), title, tuple(step.nodes))


def _row(step: Routine, row: str, after: str | None) -> list[Block]:
    """The call for one row."""
    pointers = [_pointer(each, row) for each in (*step.reads, *step.writes)]
    numbers = [formula(n, C) for n in step.numbers]
    args = [
        *(["table"] if step.fn.table else []),
        *(["frame"] if step.fn.shares else []),
        *([f"(const int64_t[]){{{', '.join(numbers)}}}"] if step.fn.listed else numbers),
        *pointers,
        *(f"b{number}" for number in step.scratch),
        *(["why"] if step.fn.fails else []),
        *(_after(step, after) if step.fn.after else []),
    ]
    call = f"{step.fn.function(step.dtype)}({', '.join(args)});"
    if not step.fn.fails:
        return [Lines(tuple(wrapped(call)))]
    lines = [f"int64_t why[GC_ERROR_VALUES] = {{{row}}};", *wrapped(f"const int status = {call}")]
    fail = f"return table->fail(frame, status, {step.note}, {row}, why);"
    return [Lines(tuple(lines)), Branch("status != GC_OK", (Lines((fail,)),))]


def _after(step: Routine, name: str | None) -> list[str]:
    """What runs behind each image, and in how many chunks."""
    if name is None or step.after is None:
        return ["NULL", "0"]
    return [name, formula(step.after.chunks, C)]


def _pointer(rows: Rows, row: str) -> str:
    """Where a row begins."""
    moves = [(row, rows.apart)] if row != "0" else []
    where = place(rows.offset, moves, C)
    return f"b{rows.buffer}" if where == "0" else f"b{rows.buffer} + {where}"
