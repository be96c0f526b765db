"""Test places of arrays where no loop that reads or writes them would do it.

Takes fused tasks; adds one for each gather or scatter whose nest has a loop around the test that
the index does not move along.  If that loop makes no turn (x[rows] of an x without columns) the
nest tests nothing, yet an index out of bounds is an error, as in numpy.  The task added reads the
index arrays only, and only then: its outermost loop makes one turn where the idle loops make none.
numpy looks at no index where the index arrays broadcast to no element; neither is done here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.lower.reads import sources_of
from gradc.lower.tasks import Item, Task, inner_axes, nest_of, next_number
from gradc.lower.values import Values
from gradc.ops.kinds import Gather, Scatter, indexed_axes
from gradc.sizes import Size, is_natural, maximum, product

__all__ = ["add_tests", "index_arrays", "place_space", "task_of_test"]


def add_tests(values: Values, tasks: list[Task], home: Mapping[Variable, Task]) -> None:
    """Add the tasks that test what nests may leave untested."""
    first = next_number(tasks)
    found: dict[Hashable, tuple[Apply, int, Size]] = {}
    for task in tasks:
        for node, idle in _untested(values, task):
            found.setdefault(_tested(values, node, idle), (node, task.segment, idle))
    for k, (node, segment, idle) in enumerate(found.values()):
        tasks.append(task_of_test(values, first + k, home, node, segment, idle))


def task_of_test(
    values: Values,
    number: int,
    home: Mapping[Variable, Task],
    node: Apply,
    segment: int,
    idle: Size | None = None,
) -> Task:
    """The task that tests the places of a gather or scatter; idle: only where this is 0."""
    test = Task(number, "places", node=node, segment=segment, idle=idle)
    test.reads.update(sources_of(values, index_arrays(node)))
    for source in test.reads:
        if source in home:
            test.before |= home[source].before | 1 << home[source].number
    return test


def place_space(values: Values, node: Apply, idle: Size | None) -> Variable:
    """A variable with the axes over which places are tested."""
    of = node.outputs[0] if isinstance(node.op.rule, Gather) else node.inputs[1]
    rank = index_arrays(node)[0].ndim
    lengths, shape = values.shapes.lengths(of)[:rank], of.type.shape[:rank]
    if idle is not None:
        lengths, shape = (maximum(1 - idle, 0), *lengths), (None, *shape)
    space = Variable(TensorType("int64", shape))
    values.shapes.shape[space] = lengths
    return space


def index_arrays(node: Apply) -> tuple[Variable, ...]:
    """The index arrays of a gather or scatter."""
    return node.inputs[1:] if isinstance(node.op.rule, Gather) else node.inputs[2:]


def _tested(values: Values, node: Apply, idle: Size) -> tuple[Hashable, ...]:
    """What a test looks at: a gather and its gradient's scatter want the same one."""
    indices, lengths = index_arrays(node), values.shapes.lengths(node.inputs[0])
    axes = indexed_axes(node.op.keywords, len(indices))
    return idle, axes, indices, tuple(lengths[axis] for axis in axes)


def _untested(values: Values, task: Task) -> Iterator[tuple[Apply, Size]]:
    """What a task reads or writes at places that it may leave untested, and the idle loops."""
    if task.kind == "scatter":
        node = task.node
        assert node is not None
        if "through" in node.op.keywords:
            return
        source = node.inputs[1]
        item = Item(Variable(source.type), None, source, ())
        nest, pairs = nest_of(-1, values, item), [(item, node)]
    else:
        nest = task
        pairs = [(each, each.node) for each in task.items if each.node is not None]
    for item, node in pairs:
        if isinstance(node.op.rule, Gather | Scatter):
            idle = _idle(values, nest, item, index_arrays(node)[0].ndim)
            if idle is not None and not is_natural(idle - 1):
                yield node, idle


def _idle(values: Values, nest: Task, item: Item, rank: int) -> Size | None:
    """The turns of the loops around a test that its index does not move along.

    None where the index is one number: it is tested ahead of the loops.
    """
    folded = (nest.folded(each) for each in nest.items if each.is_fold)
    inner = inner_axes(len(nest.axes), nest.inner, folded)
    moved = {k for k in nest.places[item.out][:rank] if k is not None}
    if not moved:
        return None
    around = set(range(len(nest.axes))) - (frozenset() if moved & inner else inner)
    return product([values.shapes.resolve(nest.axes[k]) for k in sorted(around - moved)])
