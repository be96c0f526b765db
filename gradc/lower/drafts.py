"""A nest in the making: statements by where they run, before loops and memory are laid out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gradc.graph.variable import Variable
from gradc.kernel.loops import Statement
from gradc.kernel.notes import Note
from gradc.lower.tasks import Item, Task
from gradc.ops.kinds import Reduce
from gradc.sizes import Size
from gradc.value import value

__all__ = ["HEAD", "PASS", "ROW", "Draft", "FoldPlan", "Local", "Memory"]

HEAD, ROW, PASS = 0, 1, 2


@value
class Local:
    """A C local: its number, and where it is computed (scope, and stage of the row)."""

    number: int
    scope: int
    stage: int


@dataclass(eq=False)
class FoldPlan:
    """A fold of the nest before its memory is laid out. Axes are the nest's."""

    item: Item
    rule: Reduce
    scope: str
    axes: tuple[int, ...]
    element: str
    linear: tuple[tuple[int, Size], ...]


@dataclass(eq=False)
class Draft:
    """A nest in the making.

    axes: lengths in loop order, the first `split` outer.  rows[t] runs before passes[t].
    """

    task: Task
    axes: list[Size]
    split: int
    head: list[Statement] = field(default_factory=list)
    rows: dict[int, list[Statement]] = field(default_factory=dict)
    passes: dict[int, list[Statement]] = field(default_factory=dict)
    folds: list[FoldPlan] = field(default_factory=list)

    @property
    def statements(self) -> list[Statement]:
        """All of them, in no particular order of blocks."""
        blocks = [self.head, *self.rows.values(), *self.passes.values()]
        return [each for block in blocks for each in block]

    def rewrite(self, change: Callable[[Statement], Statement]) -> None:
        """Replace every statement."""
        self.head = [change(each) for each in self.head]
        self.rows = {t: [change(each) for each in body] for t, body in self.rows.items()}
        self.passes = {t: [change(each) for each in body] for t, body in self.passes.items()}


@dataclass(eq=False)
class Memory:
    """What a nest asks of the function's memory."""

    buffer: Callable[[Variable], int]  # where a value is read
    stores: Callable[[Variable], bool]  # whether a value computed here goes to memory
    scratch: Callable[[str, Sequence[Size]], int]  # a new row a worker
    work: Callable[[str, Sequence[Size]], int]  # a new row for all
    note: Callable[[Note], int]
