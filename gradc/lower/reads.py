"""By which loops an item reads the values below it.

Takes Values and an Item; gives, per value in memory or in a nest that it is computed from, the
axes it is read along: the ground on which fusion and writing in place are decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.affine import IndexMap
from gradc.graph.variable import Variable
from gradc.lower.tasks import Item, Task
from gradc.lower.values import Values, plain_axis
from gradc.ops.kinds import Gather
from gradc.sizes import Size

__all__ = ["Axes", "plain_places", "plain_reads", "sources_of"]

Axes = list[int | None]


def sources_of(values: Values, variables: Sequence[Variable]) -> list[Variable]:
    """Values in memory or in nests that these are computed from, free ones looked through."""
    found: dict[Variable, None] = {}
    stack = list(variables)
    while stack:
        variable, _ = values.source(stack.pop())
        root = values.root(variable)
        if root is not variable:
            stack.append(root)
        elif values.is_free(variable):
            stack.extend(values.looked_through(variable))
        else:
            found.setdefault(variable)
    return list(found)


def plain_reads(
    values: Values, operand: Variable, item: Item
) -> list[tuple[Variable, Axes | None]]:
    """Each value below an operand with, per axis of it, the item's axis (None: length 1).

    The list is None where the value is read at other places than the item's own.
    """
    found: list[tuple[Variable, Axes | None]] = []
    stack = [(operand, _operand_axes(operand, item))]
    while stack:
        variable, axes = stack.pop()
        source, index = values.source(variable)
        mapped = _mapped(values.shapes.lengths(source), index, axes)
        root = values.root(source)
        if root is not source:
            found.append((root, None))
        elif values.is_free(source):
            stack.extend((each, mapped) for each in values.looked_through(source))
        else:
            found.append((source, mapped))
    return found


def _mapped(lengths: tuple[Size, ...], index: IndexMap, axes: Axes | None) -> Axes | None:
    """The axes through an index map; None where a place is not just an axis."""
    if axes is None:
        return None
    found: Axes = []
    for n, place in zip(lengths, index, strict=True):
        if n.constant == 1:
            found.append(None)
            continue
        axis = plain_axis(place)
        if axis is None or axes[axis] is None:
            return None
        found.append(axes[axis])
    return found


def _operand_axes(operand: Variable, item: Item) -> Axes | None:
    """The item's axes as the operand's own; None if it is gathered from."""
    is_gather = item.node is not None and isinstance(item.node.op.rule, Gather)
    return None if is_gather and operand is item.reads[0] else list(range(operand.ndim))


def plain_places(
    values: Values, task: Task, operand: Variable, item: Item
) -> list[tuple[Variable, tuple[int | None, ...] | None]]:
    """As `plain_reads`, with the nest's axes instead of the item's."""
    place = task.places[item.out]
    return [
        (source, None if index is None else tuple(None if a is None else place[a] for a in index))
        for source, index in plain_reads(values, operand, item)
    ]
