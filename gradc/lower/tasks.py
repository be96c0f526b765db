"""What fusion works on: values to compute, and the steps that compute them.

An Item is one value of a nest; a Task is a step in the making: a nest of items, a product, a
scatter, the test of places ahead of what uses them, a routine, or a join, which does nothing: it
stands for all that fill the join.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.values import Values
from gradc.ops.kinds import Gather, Reduce, Routine
from gradc.sizes import Size

__all__ = ["Item", "Task", "TaskKind", "inner_axes", "nest_of", "next_number", "run_before"]

TaskKind = Literal[
    "nest", "product", "scatter", "places", "routine", "join", "call", "check", "loop"
]  # fmt: skip


@dataclass(eq=False)
class Item:
    """One value a nest computes.

    space: the variable whose axes the loops run over (a fold's operand, else the value itself).
    reads: operand variables, before views are looked through.
    """

    out: Variable
    node: Apply | None  # None: a copy of a view or leaf
    space: Variable
    reads: tuple[Variable, ...]

    @property
    def fold_axes(self) -> tuple[int, ...]:
        """The folded axes of the space; none unless this is a fold."""
        if self.node is None or not isinstance(self.node.op.rule, Reduce):
            return ()
        axes: tuple[int, ...] = self.node.op.keywords["axes"]
        return axes

    @property
    def is_fold(self) -> bool:
        """Whether the value is a reduction's."""
        return self.node is not None and isinstance(self.node.op.rule, Reduce)

    @property
    def is_fallible(self) -> bool:
        """Whether computing it can fail."""
        return self.node is not None and isinstance(self.node.op.rule, Gather)


@dataclass(eq=False)
class Task:
    """A step in the making.

    axes: lengths of a nest's loops.  places: per item, the nest's axis of each axis of its space
    (None for axes of length 1).  inner: axes folded within a row, once something needs that.
    call, check and loop stand alone: code of Python's, a condition that must hold, steps of steps.
    before: numbers of the tasks that must run before, as bits, theirs included.
    """

    number: int
    kind: TaskKind
    axes: tuple[Size, ...] = ()
    items: list[Item] = field(default_factory=list)
    places: dict[Variable, tuple[int | None, ...]] = field(default_factory=dict)
    inner: frozenset[int] | None = None
    before: int = 0
    node: Apply | None = None
    outs: list[Variable] = field(default_factory=list)
    reads: set[Variable] = field(default_factory=set)
    segment: int = 0
    product: Task | None = None  # a product or convolution that runs piece by piece before the nest
    into: Variable | None = None  # of a nest: the value in whose memory the result of that can lie
    base: Variable | None = None  # of a scatter: the shared variable that it changes where it is
    is_tested: bool = False  # of a scatter: its places have been seen to lie inside
    idle: Size | None = None  # of places: they are tested only where this is 0

    @property
    def is_fallible(self) -> bool:
        """Whether the step can fail."""
        if self.kind in ("scatter", "places"):
            assert self.node is not None
            return self.node.op.keywords.get("through") is None and not self.is_tested
        if self.kind == "routine":
            assert self.node is not None
            assert isinstance(self.node.op.rule, Routine)
            return self.node.op.rule.c.fails
        return self.kind in ("call", "check", "loop") or any(
            item.is_fallible for item in self.items
        )

    def needs(self, other: Task) -> bool:
        """Whether the other must have run before."""
        return bool(self.before >> other.number & 1)

    def folded(self, item: Item, place: tuple[int | None, ...] | None = None) -> frozenset[int]:
        """The nest's axes that an item folds; `place`: where it would stand."""
        places = self.places[item.out] if place is None else place
        return frozenset(k for a in item.fold_axes if (k := places[a]) is not None)

    def is_full(self, item: Item, place: tuple[int | None, ...] | None = None) -> bool:
        """Whether an item's space has all axes of the nest."""
        places = self.places[item.out] if place is None else place
        return len([k for k in places if k is not None]) == len(self.axes)


def inner_axes(
    count: int, wanted: frozenset[int] | None, folded: Iterable[frozenset[int]]
) -> frozenset[int]:
    """The inner axes of a nest of `count` loops: those wanted, or what its folds have in common."""
    if wanted is not None:
        return wanted
    if not count:
        return frozenset()
    kinds = set(folded)
    if len(kinds) == 1:
        (axes,) = kinds
        if count - 1 in axes and len(axes) < count:
            return axes
    return frozenset((count - 1,))


def nest_of(number: int, values: Values, item: Item) -> Task:
    """A nest of one item, its loops over the item's space."""
    lengths = values.shapes.lengths(item.space)
    real = [axis for axis, n in enumerate(lengths) if n.constant != 1]
    task = Task(number, "nest", tuple(lengths[a] for a in real), [item], outs=[item.out])
    task.places[item.out] = tuple(real.index(a) if a in real else None for a in range(len(lengths)))
    task.segment = values.shapes.segment.get(item.out, 0)
    return task


def next_number(tasks: Sequence[Task]) -> int:
    """A number for one more task: there are fewer than numbers where nests have been united."""
    return 1 + max((task.number for task in tasks), default=-1)


def run_before(tasks: Sequence[Task], first: Task, then: Task) -> None:
    """`first` must run before `then` and all that follow it."""
    needed = first.before | 1 << first.number
    if needed | then.before == then.before:
        return
    then.before |= needed
    for other in tasks:
        if other.needs(then):
            other.before |= needed
