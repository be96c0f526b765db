"""Walking graphs: order, ancestors, consumers, substitution.

Takes variables; gives nodes or variables.  Every walk is a loop with a stack of its own, so that a
chain of 100,000 nodes stays clear of Python's recursion limit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable

__all__ = [
    "ancestors",
    "consumers",
    "images",
    "leaves",
    "rebuild",
    "substitute",
    "toposort",
]


def toposort(outputs: Iterable[Variable], stop: Collection[Variable] = ()) -> list[Apply]:
    """Nodes that compute `outputs`, inputs first, each once; the walk ends at `stop`."""
    walls = set(stop)
    order: list[Apply] = []
    seen: set[Apply] = set()
    for output in outputs:
        if output.owner is None or output in walls or output.owner in seen:
            continue
        seen.add(output.owner)
        nodes, waiting = [output.owner], [iter(output.owner.inputs)]
        while nodes:
            for below in waiting[-1]:
                owner = below.owner
                if owner is not None and owner not in seen and below not in walls:
                    seen.add(owner)
                    nodes.append(owner)
                    waiting.append(iter(owner.inputs))
                    break
            else:
                waiting.pop()
                order.append(nodes.pop())
    return order


def ancestors(outputs: Sequence[Variable], stop: Collection[Variable] = ()) -> list[Variable]:
    """Every variable that `outputs` depend on, themselves included, inputs first."""
    seen: dict[Variable, None] = {}
    for node in toposort(outputs, stop):
        for variable in (*node.inputs, *node.outputs):
            seen.setdefault(variable)
    for output in outputs:
        seen.setdefault(output)
    return list(seen)


def leaves(outputs: Sequence[Variable], stop: Collection[Variable] = ()) -> list[Variable]:
    """The variables without owner (or in `stop`) that `outputs` depend on, in order of use."""
    walls = set(stop)
    return [v for v in ancestors(outputs, stop) if v.owner is None or v in walls]


def consumers(
    outputs: Sequence[Variable], stop: Collection[Variable] = ()
) -> dict[Variable, list[tuple[Apply, int]]]:
    """For every variable, the nodes that read it and at which position."""
    table: dict[Variable, list[tuple[Apply, int]]] = {}
    for node in toposort(outputs, stop):
        for position, variable in enumerate(node.inputs):
            table.setdefault(variable, []).append((node, position))
    return table


def rebuild(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    """The node's outputs on other inputs: the node itself if they are the same."""
    if all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
        return node.outputs
    types = node.op.rule.infer(inputs, node.op.keywords)
    names = [output.name for output in node.outputs]
    return Apply(node.op, inputs, types, node.site, names).outputs


def substitute(outputs: Sequence[Variable], replace: Mapping[Variable, Variable]) -> list[Variable]:
    """`outputs` with variables replaced; nodes that do not depend on any stay themselves."""
    values = images(outputs, replace)
    return [values.get(output, output) for output in outputs]


def images(
    outputs: Sequence[Variable],
    replace: Mapping[Variable, Variable],
    stop: Collection[Variable] = (),
) -> dict[Variable, Variable]:
    """What stands for each variable below `outputs` once some are replaced.

    stop: variables that the walk does not go below, beside those replaced.
    """
    values: dict[Variable, Variable] = dict(replace)
    for node in toposort(outputs, stop={*replace, *stop}):
        inputs = [values.get(each, each) for each in node.inputs]
        for old, new in zip(node.outputs, rebuild(node, inputs), strict=True):
            values.setdefault(old, new)
    return values
