"""Let scatters change a shared variable where it is: what an embedding's update costs is its rows.

Takes tasks and an update; gives the scatters, first to last, that may write into the variable's own
storage.  They run behind the commit, where nothing may fail, so their places are tested by tasks of
their own ahead of it; nobody else may read the old value afterwards, nor the scatters themselves
but as what they change.
"""

from __future__ import annotations

from collections.abc import Collection

from gradc.graph.variable import Variable
from gradc.lower.reads import sources_of
from gradc.lower.tasks import Task, run_before
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
    """The scatters that turn `shared` into `new` in its storage; none if that is not possible."""
    chain = _scatters(values, home, shared, new)
    others = [task for task in tasks if task not in chain]
    if not chain or any(_reads(values, task, shared) for task in chain):
        return []
    after = [task for task in others if any(task.needs(each) for each in chain)]
    if any(task.is_fallible or shared in task.reads for task in after):
        return []
    tests = [
        _test(values, len(tasks) + k, home, task)
        for k, task in enumerate(each for each in chain if each.is_fallible)
    ]
    if any(test.needs(writer) for test in tests for writer in [*writers, *chain]):
        return []
    tasks.extend(tests)
    for first in (*tests, *(task for task in others if shared in task.reads)):
        run_before(tasks, first, chain[0])
    for task in chain:
        task.is_tested = True
    chain[0].base = shared
    return chain


def _scatters(
    values: Values, home: dict[Variable, Task], shared: Variable, new: Variable
) -> list[Task]:
    """Scatters in each other's memory that begin with the shared variable, first to last."""
    found = [home[new]]
    while found[-1].kind == "scatter":
        node = found[-1].node
        assert node is not None
        base = values.root(node.inputs[0])
        if base is shared:
            return found[::-1]
        if base not in values.becomes:
            break
        found.append(home[base])
    return []


def _operands(task: Task) -> tuple[Variable, ...]:
    """What a scatter reads besides what it changes: values, then index arrays."""
    assert task.node is not None
    is_view = task.node.op.keywords.get("through") is not None
    return task.node.inputs[1:2] if is_view else task.node.inputs[1:]


def _reads(values: Values, task: Task, shared: Variable) -> bool:
    return shared in sources_of(values, _operands(task))


def _test(values: Values, number: int, home: dict[Variable, Task], scatter: Task) -> Task:
    """The task that tests the places of a scatter."""
    test = Task(number, "places", node=scatter.node, segment=scatter.segment)
    test.reads.update(sources_of(values, _operands(scatter)[1:]))
    for source in test.reads:
        if source in home:
            test.before |= home[source].before | 1 << home[source].number
    return test
