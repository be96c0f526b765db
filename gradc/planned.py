"""What profiles show beside times: rewriting by pass and rule, and memory step by step.

Takes the Timings and the Program of a function and the sizes of its last call; gives lines of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gradc.dtypes import dtype_info
from gradc.errors import printable
from gradc.kernel.formula import formula
from gradc.kernel.program import Buffer, Program, Segment
from gradc.kernel.text import spans
from gradc.rewrite.timings import Timings
from gradc.sizes import Size, product, size

__all__ = ["memory_lines", "optimizer_lines"]

_SHOWN = 4  # buffers in one row
Number = Callable[[Size], int]


def optimizer_lines(timings: Timings, n_rows: int) -> list[str]:
    """Seconds of passes, then of the rules that took longest."""
    total = sum(timings.passes.values()) or 1.0
    lines = ["By pass of rewriting: share, time"]
    for name, seconds in timings.passes.items():
        lines.append(f"  {100 * seconds / total:5.1f} %  {1e3 * seconds:9.3f} ms  {name}")
    lines += ["", "By rule: share, time, tried, applied"]
    rules = sorted(timings.rules.items(), key=lambda each: -each[1].seconds)
    for (stage, name), each in rules[:n_rows]:
        lines.append(
            f"  {100 * each.seconds / total:5.1f} %  {1e3 * each.seconds:9.3f} ms  "
            f"{each.tried:7d}  {each.applied:7d}  {stage}: {name}"
        )
    return lines


@dataclass(frozen=True)
class _Moment:
    """Memory while one step runs; `shared` in bytes, `per_worker` once for each thread."""

    shared: int
    per_worker: int
    begins: tuple[Buffer, ...]
    ends: tuple[Buffer, ...]


def memory_lines(program: Program, number: Number, titles: Sequence[str]) -> list[str]:
    """What of the workspace is in use while each step runs, and what begins and ends there.

    number: the value of a size in the last call.  titles: of the steps, in order.
    """
    moments = [each for k in range(len(program.segments)) for each in _moments(program, k, number)]
    planned = sum((_slots(segment) for segment in program.segments), size(0))
    lines = [
        f"Memory of intermediate values: {_bytes(number(planned))} planned ({formula(planned)})"
    ]
    if moments:
        k = max(range(len(moments)), key=lambda k: moments[k].shared)
        lines[0] += f", at most {_bytes(moments[k].shared)} in use at once, in step {k}"
    lines += ["By step: in use, a worker, what begins and ends"]
    for title, each in zip(titles, moments, strict=True):
        words = [
            f"{word} {_names(buffers, number)}"
            for word, buffers in (("begins", each.begins), ("ends", each.ends))
            if buffers
        ]
        cells = [f"{_bytes(n):>10}" for n in (each.shared, each.per_worker)]
        lines.append("  " + "  ".join([*cells, printable(title, 40), *words]))
    return lines


def _slots(segment: Segment) -> Size:
    """The bytes of a segment's workspace but for what each worker has."""
    parts = [slot.elements * slot.itemsize for slot in segment.slots if not slot.per_worker]
    return sum(parts, size(0))


def _moments(program: Program, segment: int, number: Number) -> Iterator[_Moment]:
    steps, slots = program.segments[segment].steps, program.segments[segment].slots
    used = spans(steps)
    lasting = {each for other in program.segments[segment + 1 :] for each in spans(other.steps)}
    mine = [
        each for each in program.buffers
        if each.place not in ("arg", "out") and each.segment == segment and each.number in used
    ]  # fmt: skip
    ends = {
        each.number: len(steps) if each.number in lasting else used[each.number][1] for each in mine
    }
    for k in range(len(steps)):
        live = [each for each in mine if used[each.number][0] <= k <= ends[each.number]]
        places = {each.index: slots[each.index] for each in live if each.index >= 0}
        amounts = {
            flag: sum(
                number(slot.elements) * slot.itemsize
                for slot in places.values()
                if slot.per_worker == flag
            )
            for flag in (False, True)
        }
        shown = [each for each in live if number(product(each.shape))]
        begins = tuple(each for each in shown if used[each.number][0] == k)
        over = tuple(each for each in shown if ends[each.number] == k)
        yield _Moment(amounts[False], amounts[True], begins, over)


def _names(buffers: Sequence[Buffer], number: Number) -> str:
    shown = [
        f"{each.comment or each.place} "
        f"{_bytes(number(product(each.shape)) * dtype_info(each.dtype).itemsize)}"
        for each in buffers[:_SHOWN]
    ]
    return ", ".join(shown + ["..."] * (len(buffers) > _SHOWN))


def _bytes(count: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= scale:
            return f"{count / scale:.2f} {unit}"
    return f"{count} B"
