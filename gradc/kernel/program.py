"""The loop-nest program: what a function computes, in loops, products and buffers, before it is C.

The values it is made of stand in `gradc.kernel.loops` and are handed on from here.
"""

from __future__ import annotations

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
    Fold,
    FoldStep,
    Indexed,
    Lent,
    Literal_,
    Load,
    Matrix,
    Nest,
    Number,
    Pack,
    Pass,
    Position,
    Product,
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
    "Fold",
    "FoldStep",
    "Indexed",
    "Lent",
    "Literal_",
    "Load",
    "Matrix",
    "Nest",
    "Note",
    "Number",
    "Pack",
    "Pass",
    "Position",
    "Product",
    "Program",
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
]


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
