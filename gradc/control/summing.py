"""Sums over all steps of a loop, taken while it runs.

Takes what a step gives and the sums that alone read it; gives states that add it up.  So the
gradient of what all steps read needs memory of its own size, not of one such array a step.

Each 64 rows go to a second sum, and each 64 of these to a third.  So a sum of 10^5 steps is nearly
as accurate as one that is taken behind the loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradc.control.making import Made, State
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.calls import call, length_of
from gradc.ops.compare import eq, switch
from gradc.ops.declare import is_inexact
from gradc.ops.elemwise import add, mod
from gradc.ops.lengths import zeros

__all__ = ["Running", "running", "sums_of"]

_RUN = 64  # additions in a row
_LEVELS = 3


def sums_of(graph: Graph) -> dict[Variable, tuple[Apply, ...]]:
    """The values of a graph that nothing reads but sums over their first axis, with these sums."""
    readers: dict[Variable, list[Apply]] = {}
    for node in graph.nodes:
        for each in set(node.inputs):
            readers.setdefault(each, []).append(node)
    results = set(graph.results)
    return {
        each: tuple(nodes)
        for each, nodes in readers.items()
        if each not in results and all(_is_over_rows(node) for node in nodes)
    }


def _is_over_rows(node: Apply) -> bool:
    if node.op.name != "sum" or 0 not in node.op.keywords["axes"]:
        return False
    dtype = node.inputs[0].dtype
    same = {node.outputs[0].dtype, node.op.keywords.get("acc_dtype") or dtype} == {dtype}
    return same and is_inexact(dtype)


@dataclass(eq=False)
class Running:
    """A sum in the making: its states, and what it adds up."""

    node: Apply
    states: list[State]

    def total(self, made: Made, first: int) -> Variable:
        """The sum, from the states of the loop, of which these begin at a number."""
        count = len(self.states)
        lasts = [trace[-1] for trace in made.traces[first : first + count]]
        found: Variable = lasts[0]
        for each in lasts[1:]:
            found = add(found, each)
        return found


def running(node: Apply, row: Variable, stack: Variable, tick: Variable) -> Running:
    """The states that add up what `node` sums.

    row: what a step gives.  stack: the rows of all steps, of which the lengths are used.
    tick: the number of the step.
    """
    axes = node.op.keywords["axes"]
    inner = tuple(axis - 1 for axis in axes if axis)
    rest = {**node.op.keywords, "axes": inner}
    carried = call("sum", row, **rest) if inner else row
    kept = [axis for axis in range(1, stack.ndim) if axis not in axes]
    lengths = [length_of(stack, axis) for axis in kept]
    type_ = TensorType(row.dtype, tuple(row.type.shape[axis - 1] for axis in kept))
    states: list[State] = []
    for level in range(_LEVELS):
        place = Input(type_)
        total = new = add(place, carried)
        if level < _LEVELS - 1:
            full = eq(mod(add(tick, 1), _RUN ** (level + 1)), 0)
            new, carried = switch(full, 0.0, total), switch(full, total, 0.0)
        states.append(State(zeros([1, *lengths], row.dtype), {-1: place}, new))
    return Running(node, states)
