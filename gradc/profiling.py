"""What a profile shows: tables by step and by line of the user's program.

Takes what functions have measured; gives text.  A step (a nest of loops, a product, a routine)
often computes operations of several lines; its time is shared out evenly among its operations, so
a line's time is an estimate and a step's is measured.  Bytes are those of all arrays that a step
touches, operations those of its declarations; both follow from the sizes of the last call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradc.call.profile import Measured
from gradc.descent import Descent
from gradc.dtypes import dtype_info
from gradc.errors import printable
from gradc.graph.site import Site
from gradc.graph.text import numbering
from gradc.kernel.program import Compute, Nest, Pass, Product, Program, Routine, Step
from gradc.kernel.text import touched
from gradc.planned import memory_lines, optimizer_lines
from gradc.sizes import Length, Size, product

__all__ = ["summary_text"]

_WIDTH = 72  # characters of what a row is about


@dataclass
class _Row:
    """One row of a table."""

    seconds: float
    title: str
    lines: str = ""
    bytes: int = 0
    operations: int = 0


def summary_text(functions: Sequence[Measured], n_rows: int) -> str:
    """The whole report."""
    parts = [_function_text(each, n_rows) for each in functions]
    return "\n\n".join(parts) if parts else "No function is profiled."


def _function_text(measured: Measured, n_rows: int) -> str:
    descent = measured.stages.descent
    assert descent is not None
    calls, total = measured.calls, measured.total
    each = f", {_time(total / calls)} each" if calls else ""
    inside = sum(measured.steps)
    lines = [
        f"Profile of {printable(measured.name, 60)}: {calls} calls, {_time(total)}{each}",
        f"  {_share(measured.planning, total)} {_time(measured.planning)} planning",
        f"  {_share(inside, total)} {_time(inside)} in steps",
        "",
        "By step: share, time a call, GB/s, 1e9 operations/s",
    ]
    lines += _table(_steps(measured, descent), total, calls, n_rows, rates=True)
    lines += ["", "By line: share, time a call (a step's time, shared out among its operations)"]
    lines += _table(_lines(measured, descent), total, calls, n_rows, rates=False)
    if measured.memory:
        program = descent.program
        titles = [f"{_word(step)} {k}" for k, step in enumerate(_all(program))]
        lines += ["", *memory_lines(program, lambda n: _number(n, measured.sizes), titles)]
    if descent.timings is not None:
        lines += ["", *optimizer_lines(descent.timings, n_rows)]
    return "\n".join(lines)


def _table(rows: Sequence[_Row], total: float, calls: int, most: int, *, rates: bool) -> list[str]:
    ordered = sorted(rows, key=lambda row: -row.seconds)
    found = []
    for row in ordered[:most]:
        cells = [_share(row.seconds, total), _time(row.seconds / max(calls, 1))]
        if rates:
            cells += [
                _rate(row.bytes, row.seconds, calls),
                _rate(row.operations, row.seconds, calls),
            ]
        text = "  ".join([*cells, row.title])
        found.append("  " + f"{text}  {row.lines}".rstrip())
    rest = ordered[most:]
    if rest:
        seconds = sum(row.seconds for row in rest)
        found.append(
            f"  {_share(seconds, total)}  {_time(seconds / max(calls, 1))}  {len(rest)} more"
        )
    return found


def _share(part: float, total: float) -> str:
    return f"{100 * part / total if total else 0:5.1f} %"


def _time(seconds: float) -> str:
    for unit, scale in (("s ", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:7.2f} {unit}"
    return f"{seconds / 1e-9:7.2f} ns"


def _rate(amount: int, seconds: float, calls: int) -> str:
    return f"{amount * calls / seconds / 1e9:7.2f}" if amount and seconds else f"{'-':>7}"


# -- by step ---------------------------------------------------------------------------------------


def _steps(measured: Measured, descent: Descent) -> list[_Row]:
    sites = _sites(descent)
    rows = []
    for k, (step, seconds) in enumerate(zip(_all(descent.program), measured.steps, strict=True)):
        places = dict.fromkeys(str(site) for n in _nodes(step) if (site := sites.get(n)))
        title = f"{_word(step)} {k}: {getattr(step, 'title', '')}".rstrip(": ")
        row = _Row(seconds, printable(title, _WIDTH), f"[{printable(', '.join(places), 60)}]")
        row.bytes = _number(_bytes(step, descent.program), measured.sizes)
        row.operations = _number(_operations(step), measured.sizes)
        rows.append(row)
    return rows


def _all(program: Program) -> list[Step]:
    return [step for segment in program.segments for step in segment.steps]


def _word(step: Step) -> str:
    return "product" if isinstance(step, Nest) and step.product else type(step).__name__.lower()


def _nodes(step: Step) -> tuple[int, ...]:
    """The numbers of the operations that a step computes."""
    inner = step.after if isinstance(step, Routine) else getattr(step, "product", None)
    found = (*getattr(step, "nodes", ()), *(() if inner is None else inner.nodes))
    return tuple(dict.fromkeys(found))


def _sites(descent: Descent) -> dict[int, Site]:
    graph = descent.prepared
    number = numbering(graph.results, graph.inputs, graph.updates)
    return {k: each.site for each, k in number.items() if each.site is not None}


def _number(value: Size, sizes: Sequence[int]) -> int:
    def lookup(length: Length) -> int:
        return sizes[length.index]

    return value.evaluate(lookup)


def _bytes(step: Step, program: Program) -> Size:
    total = Size(())
    for number in sorted(touched(step)):
        buffer = program.buffers[number]
        total = total + product(buffer.shape) * dtype_info(buffer.dtype).itemsize
    return total


def _operations(step: Step) -> Size:
    """Arithmetic: two for each term of a product, a declaration's cost for each element."""
    if isinstance(step, Product):
        return product((*step.batch, step.m, step.n, step.k)) * 2
    if isinstance(step, Routine) and step.after is not None:
        return _operations(step.after)
    if not isinstance(step, Nest):
        return Size(())
    total = Size(()) if step.product is None else _operations(step.product)
    for block in step.blocks:
        axes = step.axes if isinstance(block, Pass) else step.axes[: step.split]
        count = sum(each.fn.cost for each in block.body if isinstance(each, Compute))
        total = total + product(axes) * (count + len(step.folds) * isinstance(block, Pass))
    return total


# -- by line ---------------------------------------------------------------------------------------


def _lines(measured: Measured, descent: Descent) -> list[_Row]:
    sites = _sites(descent)
    rows: dict[Any, _Row] = {}
    for step, seconds in zip(_all(descent.program), measured.steps, strict=True):
        nodes = _nodes(step)
        for number in nodes:
            site = sites.get(number)
            place = "(no line)" if site is None else f"{site}  {site.text}"
            row = rows.setdefault(place, _Row(0.0, printable(place, _WIDTH + 20)))
            row.seconds += seconds / len(nodes)
    return list(rows.values())
