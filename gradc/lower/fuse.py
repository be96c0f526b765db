"""Decide which values share one loop nest.

Takes Values; gives tasks in an executable order: nests (groups of elementwise operations, folds,
gathers, copies), products, scatters and routines.

One rule serves every graph.  A value joins the nest of a producer, or of a sibling that reads the
same array or fills the same join, if (1) its axes are axes of the nest, each at its own place, (2)
no path leads out of the nest and back into the value, and (3) a fold it needs from the nest is
finished inside a row: it runs over exactly the nest's inner axes.  Nests that were begun apart, for
want of an array that both read, become one when a value reads both.  Everything else goes through
memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.reads import Axes, plain_reads, sources_of
from gradc.lower.routines import arrays_of
from gradc.lower.tasks import Item, Task, TaskKind, inner_axes, nest_of
from gradc.lower.values import Values

__all__ = ["fuse"]

_MOST_ITEMS = 96  # items a nest: longer bodies spill registers and compile slowly
_MOST_SIBLINGS = 6

Place = tuple[int | None, ...]


@dataclass
class _Fuser:
    values: Values
    chains_only: bool
    fuses: bool = True
    tasks: list[Task] = field(default_factory=list)
    made: int = 0  # tasks so far, those that have become part of another one included
    home: dict[Variable, Task] = field(default_factory=dict)  # value -> the task that computes it
    readers: dict[Variable, list[Task]] = field(default_factory=dict)
    fillers: dict[Variable, list[Task]] = field(default_factory=dict)  # of joins, by the join
    items: dict[Variable, Item] = field(default_factory=dict)  # of nests, by their value
    _sources: dict[tuple[Variable, ...], list[Variable]] = field(default_factory=dict)
    _reads: dict[Item, list[tuple[Variable, Axes | None]]] = field(default_factory=dict)

    # -- what a value depends on ---------------------------------------------------------------

    def sources(self, variables: tuple[Variable, ...]) -> list[Variable]:
        """Values in memory or in nests that these are computed from, free ones looked through."""
        if variables not in self._sources:
            self._sources[variables] = sources_of(self.values, variables)
        return self._sources[variables]

    def reads(self, item: Item) -> list[tuple[Variable, Axes | None]]:
        """The values below an item, and the axes it reads each along."""
        if item not in self._reads:
            found = [plain_reads(self.values, operand, item) for operand in item.reads]
            self._reads[item] = [each for below in found for each in below]
        return self._reads[item]

    def needed(self, variables: tuple[Variable, ...]) -> int:
        """Bits of all tasks that must run before something that reads `variables`."""
        bits = 0
        for source in self.sources(variables):
            task = self.home.get(source)
            if task is not None:
                bits |= task.before | 1 << task.number
        return bits

    # -- adding ----------------------------------------------------------------------------------

    def add_step(self, kind: TaskKind, node: Apply, reads: tuple[Variable, ...]) -> None:
        task = Task(self._number(), kind, node=node, before=self.needed(reads))
        task.segment = self.values.shapes.segment[node.outputs[0]]
        task.outs.extend(node.outputs)
        self.tasks.append(task)
        for out in node.outputs:
            self._register(task, out, reads)

    def _number(self) -> int:
        self.made += 1
        return self.made - 1

    def add_item(self, item: Item) -> None:
        if self.fuses and not self.chains_only:
            self._unite_below(item)
        for task in self._candidates(item) if self.fuses else ():
            if self._join(task, item):
                return
        task = nest_of(self._number(), self.values, item)
        task.before = self.needed(item.reads)
        self.tasks.append(task)
        self.items[item.out] = item
        self._register(task, item.out, item.reads)

    def _put(self, task: Task, item: Item, place: Place) -> None:
        task.items.append(item)
        task.outs.append(item.out)
        task.places[item.out] = place
        self.items[item.out] = item
        self._register(task, item.out, item.reads)

    def _register(self, task: Task, out: Variable, reads: tuple[Variable, ...]) -> None:
        self.home[out] = task
        if out in self.values.inside:
            self.fillers.setdefault(self.values.inside[out][0], []).append(task)
        for source in self.sources(reads):
            task.reads.add(source)
            readers = self.readers.setdefault(source, [])
            if not readers or readers[-1] is not task:
                readers.append(task)

    def _candidates(self, item: Item) -> list[Task]:
        found: dict[Task, None] = {}
        sources = self.sources(item.reads)
        for source in reversed(sources):
            task = self.home.get(source)
            if task is not None:
                found.setdefault(task)
        if not self.chains_only:
            for source in sources:
                for task in self.readers.get(source, [])[-_MOST_SIBLINGS:]:
                    found.setdefault(task)
            if item.out in self.values.inside:
                target, _ = self.values.inside[item.out]
                found |= dict.fromkeys(self.fillers.get(target, [])[-_MOST_SIBLINGS:])
            if found and all(len(task.items) >= _MOST_ITEMS for task in found):
                found |= dict.fromkeys(self.tasks[-_MOST_SIBLINGS:])  # any sweep rather than none
        segment = self.values.shapes.segment[item.out]
        return [
            task
            for task in found
            if task.kind == "nest" and task.segment == segment and len(task.items) < _MOST_ITEMS
        ]

    # -- joining a nest ----------------------------------------------------------------------------

    def _join(self, task: Task, item: Item) -> bool:
        needed = self.needed_outside(task, item)
        if needed is None:
            return False
        place = self._place(task, item)
        if place is None:
            return False
        inner = self._inner(task, item, place)
        if inner is False:
            return False
        task.inner = inner
        self._grow(task, needed)
        self._put(task, item, place)
        return True

    def needed_outside(self, task: Task, item: Item) -> int | None:
        """Tasks the item needs besides `task`; None if one of them needs `task` itself."""
        bits = 0
        for source in self.sources(item.reads):
            other = self.home.get(source)
            if other is None or other is task:
                continue
            if other.needs(task):
                return None
            bits |= other.before | 1 << other.number
        return bits

    def _grow(self, task: Task, needed: int) -> None:
        if needed | task.before == task.before:
            return
        task.before |= needed
        for other in self.tasks:
            if other.needs(task):
                other.before |= needed

    def _place(self, task: Task, item: Item) -> Place | None:
        """The nest's axis of each axis of the item's space, or None if they do not fit."""
        lengths = self.values.shapes.lengths(item.space)
        place: list[int | None] = [None] * len(lengths)
        if not self._place_by_producers(task, item, place):
            return None
        for axis, n in enumerate(lengths):
            if n.constant == 1 or place[axis] is not None:
                continue
            fit = [k for k, m in enumerate(task.axes) if m == n and k not in place]
            if not fit:
                return None
            place[axis] = fit[0]
        real = [k for k in place if k is not None]
        if len(real) != len(task.axes) and not self._reads_row(task, item, set(real)):
            return None
        if any(task.axes[k] != lengths[a] for a, k in enumerate(place) if k is not None):
            return None
        return tuple(place)

    def _reads_row(self, task: Task, item: Item, axes: set[int]) -> bool:
        """Whether a value of fewer axes belongs to the rows of the nest."""
        folds = [each for each in task.items if each.is_fold]
        producers = [s for s in self.sources(item.reads) if self.home.get(s) is task]
        if not producers or not folds:
            return False
        return all(self._axes_of(task, each) <= axes for each in producers)

    def _axes_of(self, task: Task, variable: Variable) -> set[int]:
        folded = self.items[variable].fold_axes
        return {
            k
            for axis, k in enumerate(task.places[variable])
            if k is not None and axis not in folded
        }

    def _place_by_producers(self, task: Task, item: Item, place: list[int | None]) -> bool:
        """Fix axes through what the item reads from the nest; False if a reading is not plain."""
        for source, index in self.reads(item):
            if self.home.get(source) is not task:
                continue
            if index is None or not self._fix(task, source, index, place):
                return False
        return True

    def _fix(
        self, task: Task, source: Variable, index: list[int | None], place: list[int | None]
    ) -> bool:
        folded = self.items[source].fold_axes
        kept = [k for axis, k in enumerate(task.places[source]) if axis not in folded]
        for k, axis in zip(kept, index, strict=True):
            if k is None:
                continue
            if axis is None or place[axis] not in (None, k):
                return False
            if place[axis] is None and k in place:
                return False
            place[axis] = k
        return True

    # -- two nests made one ------------------------------------------------------------------------

    def _unite_below(self, item: Item) -> None:
        """Make one nest of those that the item reads, where that is legal.

        They were begun apart, because they have no array in common; left so, all that the item
        needs of one of them would go through memory.
        """
        below = dict.fromkeys(self.home.get(source) for source in self.sources(item.reads))
        nests = [task for task in below if task is not None and task.kind == "nest"]
        for k, other in enumerate(nests[1:]):
            one = nests[k]
            first, then = (other, one) if one.needs(other) else (one, other)
            nests[k + 1] = first if self._unite(first, then) else other

    def _unite(self, first: Task, then: Task) -> bool:
        """Whether the items of `then` could be put behind those of `first`."""
        fits = len(first.axes) > 1 and first.axes == then.axes and first.segment == then.segment
        if not fits or len(first.items) + len(then.items) > _MOST_ITEMS or first.needs(then):
            return False
        if any(then.needs(each) and each.needs(first) for each in self.tasks):
            return False
        count, inner = len(first.items), first.inner
        for item in then.items:
            place = self._place(first, item)
            found = False if place is None else self._inner(first, item, place)
            if place is None or found is False:
                self._part(first, then, count, inner)
                return False
            first.inner = found
            first.items.append(item)
            first.outs.append(item.out)
            first.places[item.out] = place
            self.home[item.out] = first
        self._replace(then, first)
        return True

    def _part(self, first: Task, then: Task, count: int, inner: frozenset[int] | None) -> None:
        """Take back what has been put behind the first `count` items."""
        for item in first.items[count:]:
            del first.places[item.out]
            self.home[item.out] = then
        del first.items[count:], first.outs[count:]
        first.inner = inner

    def _replace(self, gone: Task, by: Task) -> None:
        """Let a task stand for another one, which is a part of it now."""
        self.tasks.remove(gone)
        by.reads |= gone.reads
        mine, its = 1 << by.number, 1 << gone.number
        by.before = (by.before | gone.before) & ~(mine | its)
        for task in self.tasks:
            if task is not by and task.before & (mine | its):
                task.before = (task.before | by.before | mine) & ~its
        for known in (self.readers, self.fillers):
            for tasks in known.values():
                if gone in tasks:
                    tasks[:] = dict.fromkeys(by if task is gone else task for task in tasks)

    # -- which axes a row folds --------------------------------------------------------------------

    def _inner(
        self, task: Task, item: Item, place: Place
    ) -> frozenset[int] | Literal[False] | None:
        """The nest's inner axes with the item in it (None: still free), or False: not legal."""
        inner = task.inner
        for source in self.sources(item.reads):
            if self.home.get(source) is not task:
                continue
            producer = self.items[source]
            if not producer.is_fold:
                continue
            if self.chains_only:
                return False
            folded = task.folded(producer)
            if inner is None:
                inner = folded
            if folded != inner:
                return False
        if inner is None and not item.is_fold:
            return None
        new = (item, place)
        items = [*((each, task.places[each.out]) for each in task.items), new]
        changed = items if inner != task.inner else [new]  # the others fit already
        if inner is not None and not _rows_fit(task, changed, inner):
            return False
        if (item.is_fold or inner != task.inner) and not _keeps_order(task, items, inner):
            return False
        return inner


def _rows_fit(task: Task, items: list[tuple[Item, Place]], inner: frozenset[int]) -> bool:
    """Whether the items can be computed in rows over the inner axes."""
    if not inner or len(inner) == len(task.axes) or len(task.axes) - 1 not in inner:
        return False
    for item, place in items:
        if not task.is_full(item, place) and inner & set(place):
            return False
        folded = task.folded(item, place)
        if folded & inner and not inner <= folded:
            return False
    return True


def _keeps_order(task: Task, items: list[tuple[Item, Place]], inner: frozenset[int] | None) -> bool:
    """Whether the states of folds, which stand in the order of the loops, are in that of the axes.

    A fold that is finished in a row is stored by its own axes.
    """
    folds = [(item, place, task.folded(item, place)) for item, place in items if item.is_fold]
    rows = inner_axes(len(task.axes), inner, (folded for *_, folded in folds))
    for item, place, folded in folds:
        if folded == rows and task.is_full(item, place) and len(rows) < len(task.axes):
            continue
        kept = [k for axis, k in enumerate(place) if axis not in item.fold_axes and k is not None]
        if kept != sorted(kept, key=lambda k: (k in rows, k)):
            return False
    return True


def fuse(
    values: Values,
    steps: Iterable[Item | tuple[TaskKind, Apply]],
    chains_only: bool,
    fuses: bool = True,
) -> tuple[list[Task], dict[Variable, Task]]:
    """Group items into nests; steps come in the order of the graph.

    chains_only: FAST_COMPILE's fusion, elementwise chains without folds' consumers or siblings.
    fuses: False gives every item a nest of its own.
    """
    fuser = _Fuser(values, chains_only, fuses)
    for step in steps:
        if isinstance(step, Item):
            fuser.add_item(step)
        else:
            kind, node = step
            fuser.add_step(kind, node, values.parts.get(node.outputs[0], arrays_of(node)))
    return fuser.tasks, fuser.home
