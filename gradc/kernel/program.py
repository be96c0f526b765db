"""The loop-nest program: what a function computes, in loops, products and buffers, before it is C.

The values it is made of stand in `gradc.kernel.loops` and are handed on from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from gradc.kernel.interface import Interface
from gradc.kernel.loops import (
    Access,
    Block,
    Bound,
    Buffer,
    Callback,
    Check,
    Compute,
    Cut,
    Fold,
    FoldStep,
    Indexed,
    Lent,
    Literal_,
    Load,
    Matrix,
    Move,
    Nest,
    Number,
    Pack,
    Pass,
    Position,
    Product,
    Read,
    Repeat,
    Require,
    Routine,
    Row,
    RowResult,
    Rows,
    Scale,
    Segment,
    SizeDef,
    Slot,
    Statement,
    Step,
    Store,
    Turn,
)
from gradc.kernel.notes import Note
from gradc.kernel.text import program_text
from gradc.value import value

__all__ = [
    "Access",
    "Block",
    "Bound",
    "Buffer",
    "Callback",
    "Check",
    "Compute",
    "Cut",
    "Fold",
    "FoldStep",
    "Indexed",
    "Lent",
    "Literal_",
    "Load",
    "Matrix",
    "Move",
    "Nest",
    "Note",
    "Number",
    "Pack",
    "Pass",
    "Position",
    "Product",
    "Program",
    "Read",
    "Repeat",
    "Routine",
    "Require",
    "Row",
    "RowResult",
    "Rows",
    "Scale",
    "Segment",
    "SizeDef",
    "Slot",
    "Statement",
    "Step",
    "Store",
    "Turn",
    "all_steps",
]


def all_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, and those inside loops behind the loop they stand in."""
    stack = [iter(steps)]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        yield step
        if isinstance(step, Repeat):
            stack.append(iter(step.steps))


@value
class Program:
    """A whole function."""

    interface: Interface
    buffers: tuple[Buffer, ...]
    segments: tuple[Segment, ...]
    notes: tuple[Note, ...] = field(default=())

    @property
    def steps(self) -> int:
        """How many there are in all segments."""
        return sum(len(segment.steps) for segment in self.segments)

    def __str__(self) -> str:
        return program_text(self.interface, self.buffers, self.segments)
