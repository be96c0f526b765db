"""Order the tasks of a function, and decide which updates are written in place.

Takes tasks with what each needs; gives their order, in which every step that can fail comes before
the first that writes a shared variable.

The new value of a shared variable is computed straight into its storage if nothing that can fail
follows, nobody else reads the old value afterwards, and the task itself reads it only at the
element it writes.  Otherwise it goes to memory of its own and is copied when all else is done: a
copy cannot fail.
"""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.lower.reads import plain_places
from gradc.lower.tasks import Task, run_before
from gradc.lower.values import Values
from gradc.ops.kinds import Gemm

__all__ = ["can_update_in_place", "order_tasks"]


def can_update_in_place(
    values: Values, tasks: list[Task], task: Task, shared: Variable, new: Variable
) -> bool:
    """Whether `task` may compute `new` into the storage of `shared`; orders the readers before."""
    if task.kind == "join" or _changes_other(values, task):  # other tasks write it too
        return False
    if task.is_fallible or any(t.is_fallible and t.needs(task) for t in tasks):
        return False
    if shared in task.reads:
        lengths = values.shapes.lengths
        if lengths(shared) != lengths(new) or not _reads_in_place(values, task, shared, new):
            return False
    readers = [t for t in tasks if shared in t.reads and t is not task]
    if any(t.needs(task) for t in readers):
        return False
    for reader in readers:
        run_before(tasks, reader, task)
    return True


def _changes_other(values: Values, task: Task) -> bool:
    """Whether a scatter changes what another task computes into its memory."""
    if task.kind != "scatter" or task.node is None:
        return False
    return values.root(task.node.inputs[0]) in values.becomes


def _reads_in_place(values: Values, task: Task, shared: Variable, new: Variable) -> bool:
    """Whether every reading of the old value is at the element that is written."""
    if task.kind == "product":
        return _accumulates(values, task, shared)
    if task.kind != "nest" or task.inner is not None or task.product is not None:
        return False
    target = next((item for item in task.items if item.out is new), None)
    if target is None or target.is_fold:
        return False
    written = task.places[target.out]
    for item in task.items:
        for operand in item.reads:
            for source, place in plain_places(values, task, operand, item):
                if source is shared and place != written:
                    return False
    return True


def _accumulates(values: Values, task: Task, shared: Variable) -> bool:
    node = task.node
    if node is None or not isinstance(node.op.rule, Gemm):
        return False
    c, *others = node.inputs
    same = values.source(c)[0] is shared and c is shared
    return same and all(values.source(each)[0] is not shared for each in others)


def order_tasks(tasks: list[Task], writers: set[Task]) -> tuple[list[Task], dict[int, int]]:
    """Tasks by segment, those that write shared variables (and what needs them) last.

    Gives the order and, per segment, the position of the first writer in it.
    """
    late = 0
    for task in writers:
        late |= 1 << task.number
    after = {task for task in tasks if task in writers or task.before & late}
    order = sorted(tasks, key=lambda t: (t.segment, t in after, t.before.bit_count(), t.number))
    commit: dict[int, int] = {}
    counts: dict[int, int] = {}
    for task in order:
        k = task.segment
        if task in after:
            commit.setdefault(k, counts.get(k, 0))
        counts[k] = counts.get(k, 0) + 1
    return order, commit
