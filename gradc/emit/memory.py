"""Where a function of the C finds its numbers: sizes, buffers, workspace.

Takes a Program; gives declarations such as `const double *const b0 = frame->args[0].data;`.  A
function declares what its text names and nothing else, so the text is written first and looked
through for names afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from gradc.dtypes import dtype_info
from gradc.emit.views import Block, Lines
from gradc.kernel.formula import formula
from gradc.kernel.program import Program, Slot
from gradc.sizes import Size, panel_scratch

__all__ = ["COUNT", "SIZE_NAME", "C", "Memory", "joined", "texts", "wrapped"]

C = "gc_"  # before the names of opaque functions on sizes
_COLUMNS = 94  # of a line before its function's indentation
SIZE_NAME = re.compile(r"\bn([0-9]+)\b")
COUNT = "@sizes@"  # how many numbers a call needs, before all slots are known
_SLOT = r"@(\d+)\.(\d+)@"  # the offset of a slot, before all slots are known
_NAMES = re.compile(r"\b[a-z_]+[0-9]*\b")


@dataclass
class Memory:
    """Buffers and workspace of a Program, its own slots and those that emission adds.

    `slots[k]` are the slots of segment k; their offsets stand in the call's sizes behind the
    Program's own entries.
    """

    program: Program
    slots: list[list[Slot]] = field(default_factory=list)
    first: int = 0
    panels: dict[int, int] = field(default_factory=dict)  # segment -> the slot of panel_scratch

    @classmethod
    def of(cls, program: Program) -> Memory:
        """The memory of a Program."""
        slots = [list(segment.slots) for segment in program.segments]
        return cls(program, slots, program.interface.sizes)

    @cached_property
    def dtypes(self) -> dict[int, str]:
        """The dtype of each buffer."""
        return {buffer.number: buffer.dtype for buffer in self.program.buffers}

    def add_scratch(self, segment: int, elements: Size, dtype: str) -> int:
        """A new slot with one copy a worker; gives its number."""
        number = len(self.slots[segment])
        self.slots[segment].append(Slot(number, elements, dtype_info(dtype).itemsize, True))
        return number

    def panel_scratch(self, segment: int) -> str:
        """The address of a worker's memory for rows in panels, which all products share."""
        if segment not in self.panels:
            self.panels[segment] = self.add_scratch(segment, panel_scratch(), "uint8")
        return self.place(segment, self.panels[segment])

    def place(self, segment: int, slot: int) -> str:
        """The address of a slot, for the worker that runs."""
        info = self.slots[segment][slot]
        offset = f"@{segment}.{slot}@" if slot else ""
        if info.per_worker:
            bytes_ = formula(info.elements * info.itemsize, C)
            mine = f"worker * gc_lines({bytes_})"
            offset = f"{offset} + {mine}" if offset else mine
        return f"gc_work(frame, {segment}, {offset or '0'})"

    def pointer(self, number: int) -> str:
        """The address of a buffer."""
        buffer = self.program.buffers[number]
        if buffer.place in ("arg", "out"):
            return f"frame->{buffer.place}s[{buffer.index}].data"
        if buffer.place == "window":
            c_type = dtype_info(buffer.dtype).c_type
            const = "const " if self.program.buffers[buffer.index].place == "arg" else ""
            whole = f"({const}{c_type} *){self.pointer(buffer.index)}"
            return f"{whole} + {formula(buffer.offset, C)}" if buffer.offset.terms else whole
        return self.place(buffer.segment, buffer.index)

    def declare_buffer(self, number: int, *, is_written: bool) -> str:
        """A buffer as a local."""
        c_type = dtype_info(self.program.buffers[number].dtype).c_type
        const = "" if is_written else "const "
        return f"{const}{c_type} *const b{number} = {self.pointer(number)};"

    def declare(
        self, body: Iterable[Block], written: set[int], known: Collection[str] = ()
    ) -> list[str]:
        """The declarations a body needs: sizes, then buffers; but for names that are `known`."""
        names = set(_NAMES.findall("\n".join(texts(body)))).difference(known)
        buffers = sorted(int(n[1:]) for n in names if re.fullmatch(r"b[0-9]+", n))
        lines = [self.declare_buffer(b, is_written=b in written) for b in buffers]
        sizes = [k for k in self.sizes_named([*names, *lines]) if f"n{k}" not in known]
        parts = [f"n{k} = frame->sizes[{k}]" for k in sizes]
        heads = [
            "const int64_t " + ", ".join(parts[k : k + 3]) + ";" for k in range(0, len(parts), 3)
        ]
        return heads + joined(lines)

    def sizes_named(self, lines: Iterable[str]) -> list[int]:
        """The sizes that lines name."""
        return sorted({int(number) for line in lines for number in SIZE_NAME.findall(line)})

    def resolve(self, text: str) -> str:
        """The text with every slot's offset in place, once all slots are known."""
        starts = [self.first]
        for slots in self.slots:
            starts.append(starts[-1] + len(slots))
        return re.sub(
            _SLOT,
            lambda m: f"frame->sizes[{starts[int(m[1])] + int(m[2])}]",
            text.replace(COUNT, str(self.sizes)),
        )

    @property
    def sizes(self) -> int:
        """How many numbers a call needs."""
        return self.first + sum(map(len, self.slots))


def joined(declarations: Iterable[str]) -> list[str]:
    """Declarations of pointers, neighbours of one type on one line as far as they fit."""
    lines: list[str] = []
    for each in sorted(declarations, key=lambda line: line.partition(" *const ")[0]):
        kind, star, rest = each.partition(" *const ")
        last = lines[-1] if lines else ""
        longer = f"{last[:-1]},{star}{rest}"
        length = len(re.sub(_SLOT, "frame->sizes[00]", longer))
        if star and last.startswith(kind + star) and length <= _COLUMNS:
            lines[-1] = longer
        else:
            lines.append(each)
    return lines


def texts(blocks: Iterable[Block]) -> Iterable[str]:
    """All text of a body."""
    for block in blocks:
        if isinstance(block, Lines):
            yield from block.lines
            continue
        if block.kind == "loop":
            yield f"{block.start} {block.stop} {block.advance}"  # type: ignore[union-attr]
        else:
            yield block.condition  # type: ignore[union-attr]
        yield from texts(block.body)


def wrapped(line: str) -> list[str]:
    """A statement cut at its commas and operators where it is too long."""
    lines = []
    while len(line) > _COLUMNS:
        cuts = [line.rfind(mark, 20, _COLUMNS) + len(mark) for mark in (", ", " + ", " * ", "? ")]
        cut = cuts[0] if cuts[0] > 40 else max(cuts)
        if cut < 24:
            break
        lines.append(line[:cut].rstrip())
        line = "    " + line[cut:]
    return [*lines, line]
