"""Give results their place: outputs in fresh arrays, updates in shared storage or by a last copy.

Takes items and tasks; gives Placed: which value is computed into which of the call's `outs`, and
the tasks that write shared variables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.graph.variable import Variable
from gradc.lower.border import Border
from gradc.lower.changes import change_in_place
from gradc.lower.items import Items, copy_of
from gradc.lower.schedule import can_update_in_place
from gradc.lower.tasks import Item, Task, nest_of, next_number, run_before
from gradc.lower.values import Values

__all__ = ["Placed", "place_results"]


@dataclass
class Placed:
    """outs: value -> position in the call's outs.  writers: tasks at or behind the commit.

    last: the segment that all else waits for, which commits.
    """

    last: int
    outs: dict[Variable, int] = field(default_factory=dict)
    writers: set[Task] = field(default_factory=set)
    finals: list[Variable] = field(default_factory=list)


def place_results(
    values: Values,
    border: Border,
    items: Items,
    tasks: list[Task],
    home: dict[Variable, Task],
) -> Placed:
    """Decide where every result is computed."""
    segments = values.shapes.segments(border.results)
    placed = Placed(max([segments - 1, *(task.segment for task in tasks)]))
    placed.finals.extend(items.finals)
    for k, final in enumerate(items.finals[: border.outputs]):
        placed.outs[final] = k
    for k, final in enumerate(items.finals[border.outputs :], start=border.outputs):
        shared = border.updated[k - border.outputs]
        task = home[final]
        is_last = task.segment == placed.last
        writers = placed.writers
        chain = change_in_place(values, tasks, home, writers, shared, final) if is_last else []
        writers.update(chain)
        if not chain and not (is_last and can_update_in_place(values, tasks, task, shared, final)):
            final, task = _copy_task(values, tasks, home, shared, final, placed.last)
        placed.outs[final] = k
        placed.finals[k] = final
        writers.add(task)
    return placed


def _copy_task(
    values: Values,
    tasks: list[Task],
    home: dict[Variable, Task],
    shared: Variable,
    new: Variable,
    last: int,
) -> tuple[Variable, Task]:
    """A nest that copies `new` into the storage of `shared` when everything else is done."""
    copy = copy_of(values, new)
    source = home[new]
    task = nest_of(next_number(tasks), values, Item(copy, None, copy, (new,)))
    task.before = source.before | 1 << source.number
    task.reads.add(new)
    task.segment = last
    tasks.append(task)
    home[copy] = task
    for reader in tasks:
        if shared in reader.reads and reader is not task:
            run_before(tasks, reader, task)
    return copy, task
