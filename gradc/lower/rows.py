"""The loops of a nest, and in which passes over a row each of its values is computed.

Takes a Task; gives Rows: the order of loops, which of them are inner, and per item its stage (the
first pass, behind the folds it needs), the passes that compute it, and whether a scratch row keeps
it.  A value that a later pass needs again is loaded if it went to memory, computed again if that is
cheap, and kept in a scratch row otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.affine import Affine, IndexMap, fixed
from gradc.graph.variable import Variable
from gradc.lower.tasks import Item, Task, inner_axes
from gradc.lower.values import Values
from gradc.ops.kinds import Elemwise, Gather
from gradc.sizes import Size, size

__all__ = ["Rows"]

_RECOMPUTE = 8  # arithmetic an element cheaper than a store and a load of a scratch row


class Rows:
    """How the items of a task are spread over loops and passes.

    stage: per value, the first pass it can be computed in.  passes: those that compute it.
    kept: values that a scratch row keeps from their stage for later passes.
    """

    def __init__(self, task: Task, values: Values, stores: Callable[[Variable], bool]) -> None:
        self.task, self.values, self.stores = task, values, stores
        self.items = {item.out: item for item in task.items}
        count = len(task.axes)
        folded = (task.folded(item) for item in task.items if item.is_fold)
        self.inner = inner_axes(count, task.inner, folded)
        order = sorted(range(count), key=lambda k: (k in self.inner, k))
        self.position = {axis: k for k, axis in enumerate(order)}
        self.axes: list[Size] = [task.axes[k] for k in order]
        self.split = count - len(self.inner)
        self.stage: dict[Variable, int] = {}
        self.passes: dict[Variable, set[int]] = {}
        self.kept: dict[Variable, None] = {}
        self._plan_stages()

    # -- loops -----------------------------------------------------------------------------------

    def space_index(self, item: Item) -> IndexMap:
        """The loops as the axes of the item's space."""
        return tuple(
            fixed(0) if k is None else Affine(size(0), ((self.position[k], size(1)),))
            for k in self.task.places[item.out]
        )

    def in_pass(self, item: Item) -> bool:
        """Whether the item is computed at every element, not once a row."""
        return self.task.is_full(item)

    def folds_row(self, item: Item) -> bool:
        """Whether the item is a fold that is ready behind its row."""
        if not item.is_fold or not self.in_pass(item):
            return False
        return self.task.folded(item) == self.inner and len(self.inner) < len(self.axes)

    # -- passes ----------------------------------------------------------------------------------

    def producers(self, item: Item) -> list[Item]:
        """Items of this nest that `item` reads, free values looked through."""
        found: dict[Item, None] = {}
        stack = list(item.reads)
        while stack:
            source, _ = self.values.source(stack.pop())
            if source in self.items:
                found.setdefault(self.items[source])
            else:
                stack.extend(self.values.looked_through(source))
        return list(found)

    def _plan_stages(self) -> None:
        effort: dict[Variable, int] = {}
        below = {item: self.producers(item) for item in self.task.items}
        for item in self.task.items:
            ready = (self.stage[p.out] + self.folds_row(p) for p in below[item])
            self.stage[item.out] = max(ready, default=0)
            effort[item.out] = _cost(item) + sum(
                effort[p.out] for p in below[item] if self.in_pass(p) and not p.is_fold
            )
        for item in reversed(self.task.items):
            self._plan_passes(item, below[item], effort)

    def _plan_passes(self, item: Item, below: list[Item], effort: dict[Variable, int]) -> None:
        passes = self.passes.setdefault(item.out, set())
        is_stored = self.stores(item.out) or item.out in self.kept
        if item.is_fold or is_stored or not self.in_pass(item):
            passes.add(self.stage[item.out])
        for producer in below:
            if producer.is_fold or not self.in_pass(producer):
                continue
            for t in passes:
                self._need(producer, t, effort)

    def _need(self, producer: Item, t: int, effort: dict[Variable, int]) -> None:
        passes = self.passes.setdefault(producer.out, set())
        if t == self.stage[producer.out] or effort[producer.out] <= _RECOMPUTE:
            passes.add(t)
        elif not self.stores(producer.out):
            self.kept.setdefault(producer.out)
            passes.add(self.stage[producer.out])


def _cost(item: Item) -> int:
    if item.node is None:
        return 1
    rule = item.node.op.rule
    if isinstance(rule, Elemwise):
        return rule.c.cost * max(1, len(item.node.inputs) - 1 if rule.variadic else 1)
    return 4 if isinstance(rule, Gather) else 1
