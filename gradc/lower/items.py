"""List what has to be computed, in the order of the graph.

Takes Values and the Border; gives items (values that nests compute), products and scatters, and
decides which views are materialised and which cheap values go to memory all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.control.loop import Scan
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from gradc.lower.border import Border
from gradc.lower.loopreads import find_rings, kept_by_loop, not_in_rows, read_by_loop
from gradc.lower.orders import loosen
from gradc.lower.pieces import pieces_of, place_pieces
from gradc.lower.products import needs_packing
from gradc.lower.routines import arrays_of, not_in_a_run
from gradc.lower.tasks import Item, TaskKind
from gradc.lower.values import Values
from gradc.ops.kinds import (
    Call,
    Check,
    Contract,
    Elemwise,
    Gather,
    Gemm,
    Join,
    Reduce,
    Relabel,
    Routine,
    Scatter,
    View,
)

__all__ = ["Items", "copy_of", "list_items"]

Step = Item | tuple[TaskKind, Apply]


@dataclass
class Items:
    """steps in order; finals[k] is the variable that holds result k (the result or a copy)."""

    steps: list[Step] = field(default_factory=list)
    finals: list[Variable] = field(default_factory=list)


def list_items(values: Values, border: Border) -> Items:
    """Everything the function computes."""
    nodes = _needed_nodes(values)
    reads = [(node, _numbers_of(values, node)) for node in nodes]
    loosen(values, reads, border.arguments[: border.inputs])
    _copy_views(values, nodes)
    find_rings(values, nodes)
    _pin(values, nodes)
    _scatter_in_place(values, nodes)
    place_pieces(values, nodes)
    items = Items()
    for node in nodes:
        items.steps.extend(_steps(values, node))
    _finals(values, border, items)
    items.steps.sort(key=lambda step: _segment(values, step))
    return items


def _needed_nodes(values: Values) -> list[Apply]:
    """Nodes whose numbers the results need: not those of which only the lengths are asked."""
    needed = set(values.graph.results) | set(values.shapes.data)
    found = []
    for node in reversed(_in_order(values)):
        if any(each in needed for each in node.outputs):
            found.append(node)
            needed.update(_numbers_of(values, node))
    return found[::-1]


def _in_order(values: Values) -> list[Apply]:
    """The graph's nodes, those of the largest results first: they choose the nest they join.

    A loss that is read off a matrix would else tie what the matrix's own sweep waits for to itself.
    """
    ranked = sorted(values.graph.results, key=lambda each: -each.ndim)
    return toposort([*ranked, *values.shapes.data])


def _numbers_of(values: Values, node: Apply) -> tuple[Variable, ...]:
    """The inputs whose numbers a node reads, rather than their lengths or their values as sizes."""
    if values.shapes.is_size(node.outputs[0]) or node.op.kind == "Iota":
        return ()
    if isinstance(node.op.rule, View | Relabel):
        return node.inputs[:1]
    if isinstance(node.op.rule, Routine):
        return arrays_of(node)
    if isinstance(node.op.rule, Call):
        return node.op.rule.handed(node)
    if isinstance(node.op.rule, Scan):
        return read_by_loop(values, node)
    is_through = isinstance(node.op.rule, Scatter) and node.op.keywords.get("through")
    return node.inputs[:2] if is_through else node.inputs


def _segment(values: Values, step: Step) -> int:
    outs = (step.out,) if isinstance(step, Item) else step[1].outputs
    return max(values.shapes.segment[out] for out in outs)


def _copy_views(values: Values, nodes: Sequence[Apply]) -> None:
    """Decide which views are materialised: what reshaping, and what BLAS cannot read as it is."""
    values.copy(each for each in values.shapes.data if _is_view(each))
    products = [node for node in nodes if isinstance(node.op.rule, Contract | Gemm)]
    routines = [node for node in nodes if isinstance(node.op.rule, Routine)]
    loops = [node for node in nodes if isinstance(node.op.rule, Scan)]
    for node in nodes:
        if isinstance(node.op.rule, Relabel):
            values.copy(filter(_is_view, node.inputs[:1]))
        elif isinstance(node.op.rule, Call | Check):
            values.copy(filter(_is_view, _numbers_of(values, node)))
        elif isinstance(node.op.rule, Gemm):
            c, alpha, _, _, beta = node.inputs
            values.copy(filter(_is_view, (c, alpha, beta)))
    before = -1
    while before != len(values.copied):  # a copy changes what is read through the views of it
        before = len(values.copied)
        for node in products:
            values.copy(filter(_is_view, needs_packing(values, node)))
        for node in routines:
            values.copy(filter(_is_view, not_in_a_run(values, node)))
        for node in loops:
            values.copy(filter(_is_view, not_in_rows(values, node)))


def _pin(values: Values, nodes: Sequence[Apply]) -> None:
    """Values that must stand in memory: what BLAS, gathers and reshaping read, and data sizes."""
    values.pinned.update(values.shapes.data)
    values.pinned.update(
        each for each in values.graph.results
        if each.owner is not None and isinstance(each.owner.op.rule, Elemwise)
    )  # fmt: skip
    for node in nodes:
        rule = node.op.rule
        if isinstance(rule, Contract | Gemm | Call | Check):
            values.pinned.update(values.source(each)[0] for each in _numbers_of(values, node))
        elif isinstance(rule, Routine):
            values.pinned.update(values.source(each)[0] for each in arrays_of(node))
        elif isinstance(rule, Scan):
            values.pinned.update(values.source(each)[0] for each in kept_by_loop(values, node))
        elif isinstance(rule, Relabel) or (isinstance(rule, Gather) and not _counts(node)):
            values.pinned.add(values.source(node.inputs[0])[0])


def _counts(node: Apply) -> bool:
    """Whether a gather reads 0, 1, 2...: what stands at a place is the place."""
    x = node.inputs[0]
    return x.owner is not None and x.owner.op.kind == "Iota" and x.ndim == 1


def _scatter_in_place(values: Values, nodes: Sequence[Apply]) -> None:
    """Let a scatter turn a computed array that it alone reads into its result."""
    readers = Counter(each for node in nodes for each in node.inputs)
    readers.update(values.graph.results)
    segment = values.shapes.segment
    for node in nodes:
        if not isinstance(node.op.rule, Scatter):
            continue
        base, out = node.inputs[0], node.outputs[0]
        while base.owner is not None and base.owner.op.kind == "Relabel" and readers[base] == 1:
            base = base.owner.inputs[0]
        is_computed = base.owner is not None and isinstance(base.owner.op.rule, Elemwise | Scatter)
        if is_computed and readers[base] == 1 and segment[base] == segment[out]:
            values.becomes[base] = out
            values.pinned.add(base)


def _is_view(variable: Variable) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op.rule, View)


def _steps(values: Values, node: Apply) -> list[Step]:
    rule, out = node.op.rule, node.outputs[0]
    if isinstance(rule, Contract | Gemm):
        return [("product", node)]
    if isinstance(rule, Scatter):
        return [("scatter", node)]
    if isinstance(rule, Routine):
        return [("routine", node)]
    if isinstance(rule, Join):
        return [*pieces_of(values, node), ("join", node)]
    if isinstance(rule, Scan):
        return [("loop", node)]
    if isinstance(rule, Call | Check):
        return [("call" if isinstance(rule, Call) else "check", node)]
    if isinstance(rule, View):
        return [Item(out, None, out, (_twin(values, node),))] if out in values.copied else []
    if isinstance(rule, Reduce):
        return [Item(out, node, node.inputs[0], node.inputs)]
    if isinstance(rule, Relabel) or (values.is_free(out) and out not in values.pinned):
        return []
    is_read = not values.shapes.is_size(out) and node.op.kind != "Iota"
    return [Item(out, node, out, node.inputs if is_read else ())]


def _twin(values: Values, node: Apply) -> Variable:
    """The view again, as a variable that is not materialised: what the copy reads."""
    twin = Apply(node.op, node.inputs, [node.outputs[0].type]).outputs[0]
    values.shapes.shape[twin] = values.shapes.shape[node.outputs[0]]
    return twin


def _finals(values: Values, border: Border, items: Items) -> None:
    """Give each result a variable of its own: a computed one once, copies of all others."""
    computed = {step.out for step in items.steps if isinstance(step, Item)}
    steps = [step[1] for step in items.steps if not isinstance(step, Item)]
    computed |= {output for node in steps for output in node.outputs}
    taken: set[Variable] = set()
    shapes = values.shapes
    for result in border.results:
        root = values.root(result)
        level = max((shapes.level(n) for n in shapes.lengths(result)), default=0)
        is_in_time = level <= shapes.segment.get(root, 0)  # its memory is there when it is computed
        if root in computed and root not in taken and is_in_time:
            taken.add(root)
            items.finals.append(root)
        else:
            copy = copy_of(values, result)
            items.steps.append(Item(copy, None, copy, (result,)))
            items.finals.append(copy)


def copy_of(values: Values, variable: Variable) -> Variable:
    """A new variable with the same type and lengths."""
    copy = Variable(variable.type)
    values.shapes.shape[copy] = values.shapes.shape[variable]
    values.shapes.segment[copy] = values.shapes.segment[variable]
    return copy
