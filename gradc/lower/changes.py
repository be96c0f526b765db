"""Let scatters change a shared variable where it is: what an embedding's update costs is its rows.

Takes tasks and an update; gives the scatters, first to last, that may write into the variable's own
storage.  They run behind the commit, where nothing may fail, so their places are tested by tasks of
their own ahead of it; nobody else may read the old value afterwards, nor the scatters themselves
but as what they change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.places import task_of_test
from gradc.lower.reads import sources_of
from gradc.lower.schedule import can_update_in_place
from gradc.lower.tasks import Task, next_number, run_before
from gradc.lower.values import Values

__all__ = ["change_in_place"]


def change_in_place(
    values: Values,
    tasks: list[Task],
    home: dict[Variable, Task],
    writers: Collection[Task],
    shared: Variable,
    new: Variable,
) -> list[Task]:
    """The tasks that turn `shared` into `new` in its storage; none if that is not possible.

    They are scatters, perhaps behind a nest that computes element by element what they begin with.
    """
    chain, start = _scatters(values, home, shared, new)
    scatters = [task for task in chain if task.kind == "scatter"]
    if not scatters or any(_reads(values, task, shared) for task in scatters):
        return []
    after = [t for t in tasks if t not in chain and any(t.needs(each) for each in chain)]
    if any(task.is_fallible or shared in task.reads for task in after):
        return []
    tests = [
        task_of_test(values, next_number(tasks) + k, home, node, task.segment)
        for k, (task, node) in enumerate(_fallible(scatters))
    ]
    if any(test.needs(writer) for test in tests for writer in [*writers, *chain]):
        return []
    for task in scatters:
        task.is_tested = True
    if start is not None and not can_update_in_place(values, tasks, chain[0], shared, start):
        for task in scatters:
            task.is_tested = False
        return []
    tested = [test.node for test in tests]
    tasks[:] = [each for each in tasks if each.kind != "places" or each.node not in tested]
    tasks.extend(tests)
    if start is None:
        chain[0].base = shared
    readers = [task for task in tasks if shared in task.reads and task not in chain]
    for first in (*tests, *readers):
        run_before(tasks, first, chain[0])
    return chain


def _scatters(
    values: Values, home: dict[Variable, Task], shared: Variable, new: Variable
) -> tuple[list[Task], Variable | None]:
    """Scatters in each other's memory, first to last, and what a nest in front of them computes.

    Without such a nest they begin with the shared variable itself.
    """
    found = [home[new]]
    while found[-1].kind == "scatter":
        node = found[-1].node
        assert node is not None
        base = values.root(node.inputs[0])
        if base is shared:
            return found[::-1], None
        if base not in values.becomes:
            break
        task = home[base]
        found.append(task)
        if task.kind == "nest":
            return found[::-1], base
    return [], None


def _operands(task: Task) -> tuple[Variable, ...]:
    """What a scatter reads besides what it changes: values, then index arrays."""
    assert task.node is not None
    is_view = task.node.op.keywords.get("through") is not None
    return task.node.inputs[1:2] if is_view else task.node.inputs[1:]


def _fallible(scatters: Iterable[Task]) -> list[tuple[Task, Apply]]:
    return [(task, task.node) for task in scatters if task.is_fallible and task.node is not None]


def _reads(values: Values, task: Task, shared: Variable) -> bool:
    return shared in sources_of(values, _operands(task))
