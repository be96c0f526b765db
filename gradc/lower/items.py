"""List what has to be computed, in the order of the graph.

Takes Values and the Border; gives items (values that nests compute), products and scatters, and
decides which views are materialised and which cheap values go to memory all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.border import Border
from gradc.lower.fuse import Item, TaskKind
from gradc.lower.products import needs_packing
from gradc.lower.values import Values
from gradc.ops.kinds import Contract, Elemwise, Gather, Gemm, Reduce, Scatter, View

__all__ = ["Items", "copy_of", "list_items"]

Step = Item | tuple[TaskKind, Apply]


@dataclass
class Items:
    """steps in order; finals[k] is the variable that holds result k (the result or a copy)."""

    steps: list[Step] = field(default_factory=list)
    finals: list[Variable] = field(default_factory=list)


def list_items(values: Values, border: Border) -> Items:
    """Everything the function computes."""
    _pin(values)
    items = Items()
    for node in values.graph.nodes:
        items.steps.extend(_steps(values, node))
    _finals(values, border, items)
    items.steps.sort(key=lambda step: _segment(values, step))
    return items


def _segment(values: Values, step: Step) -> int:
    out = step.out if isinstance(step, Item) else step[1].outputs[0]
    return values.shapes.segment[out]


def _pin(values: Values) -> None:
    """Values that must stand in memory: what BLAS, scatters and reshaping read, and data sizes."""
    values.pinned.update(values.shapes.data)
    values.pinned.update(
        each for each in values.graph.results
        if each.owner is not None and isinstance(each.owner.op.rule, Elemwise)
    )  # fmt: skip
    for node in values.graph.nodes:
        if isinstance(node.op.rule, Contract | Gemm):
            values.pinned.update(node.inputs)
            values.copied.update(v for v in needs_packing(values, node) if _is_view(v))
            if isinstance(node.op.rule, Gemm):
                values.copied.update(v for v in (node.inputs[0], node.inputs[1], node.inputs[4])
                                     if _is_view(v))  # fmt: skip
            for each in node.inputs:
                values.pinned.add(values.source(each)[0])
        elif node.op.kind == "Relabel" and _is_view(node.inputs[0]):
            values.copied.add(node.inputs[0])
        elif node.op.kind == "Relabel":
            values.pinned.add(node.inputs[0])
        elif isinstance(node.op.rule, Gather):
            values.pinned.add(values.source(node.inputs[0])[0])


def _is_view(variable: Variable) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op.rule, View)


def _steps(values: Values, node: Apply) -> list[Step]:
    rule, out = node.op.rule, node.outputs[0]
    if isinstance(rule, Contract | Gemm):
        return [("product", node)]
    if isinstance(rule, Scatter):
        return [("scatter", node)]
    if isinstance(rule, View):
        return [Item(out, None, out, (_twin(values, node),))] if out in values.copied else []
    if isinstance(rule, Reduce):
        return [Item(out, node, node.inputs[0], node.inputs)]
    if node.op.kind in ("Relabel", "LengthOf") and out not in values.pinned:
        return []
    if isinstance(rule, Elemwise) and values.is_free(out):
        return []
    if node.op.kind == "Iota":
        return [Item(out, node, out, ())] if out in values.pinned else []
    if node.op.kind == "Relabel":
        return []
    return [Item(out, node, out, () if node.op.kind == "LengthOf" else node.inputs)]


def _twin(values: Values, node: Apply) -> Variable:
    """The view again, as a variable that is not materialised: what the copy reads."""
    twin = Apply(node.op, node.inputs, [node.outputs[0].type]).outputs[0]
    values.shapes.shape[twin] = values.shapes.shape[node.outputs[0]]
    return twin


def _finals(values: Values, border: Border, items: Items) -> None:
    """Give each result a variable of its own: a computed one once, copies of all others."""
    computed = {step.out for step in items.steps if isinstance(step, Item)}
    computed |= {step[1].outputs[0] for step in items.steps if not isinstance(step, Item)}
    taken: set[Variable] = set()
    for result in border.results:
        root = values.root(result)
        if root in computed and root not in taken:
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
