"""Subgraph: a graph as one operation, which may state its own derivatives.

It is one node where gradients are taken, and no more than its nodes where it is compiled:
`inlined` puts them in its place before a function is sealed, so they fuse with what is around.
What it does not state follows from the graph: its gradient, its forward mode, its batches.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradc.batch import batched
from gradc.control.closed import Closed, close, lengths_of
from gradc.control.overrides import Batched, Override, plain_pull, plain_push, pulled_by, pushed_by
from gradc.graph.evaluate import evaluate
from gradc.graph.op import Apply, Array, Declaration, Operand, Shape, apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import rebuild, toposort
from gradc.ops.calls import op_of
from gradc.ops.declare import Sample, declared
from gradc.value import record

__all__ = ["Subgraph", "inlined", "subgraph"]


@record
class Subgraph(Declaration):
    """A Closed graph applied to variables. Params: graph, word; vjp and jvp where they are stated.

    vjp, jvp: Overrides (control/overrides.py).
    """

    kind: ClassVar[str] = "Subgraph"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        graph: Closed = params["graph"]
        if all(x.type == type_ for x, type_ in zip(inputs, graph.inputs, strict=True)):
            return graph.types
        return tuple(each.type for each in graph([Input(x.type) for x in inputs]))

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return lengths_of(params["graph"], operands)

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        graph: Closed = params["graph"]
        inputs = graph.placeholders()
        wide = any(array.dtype == np.longdouble for array in arrays)
        values: dict[Variable, Array] = dict(zip(inputs, arrays, strict=True))
        return tuple(evaluate(graph(inputs), values, "longdouble" if wide else None))

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        params = node.op.keywords
        if "jvp" in params or "vjp" in params:
            return pushed_by(params, node, tangents)
        return tuple(plain_push(params, node, tangents))

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        params = node.op.keywords
        graph: Closed = params["graph"]
        elements = graph.placeholders()
        if not {"vjp", "jvp"} & set(params):
            return tuple(batched(graph(elements), dict(zip(elements, inputs, strict=True))))
        stacks = [Input(each.type) for each in inputs]
        replace: dict[Variable, Variable] = dict(zip(elements, stacks, strict=True))
        stacked = batched(graph(elements), replace)
        closed, more = close(stacks, stacked)
        flags = tuple(new.ndim > old.ndim for new, old in zip(inputs, node.inputs, strict=True))
        outs = tuple(new.ndim > old.ndim for new, old in zip(stacked, node.outputs, strict=True))
        stated: dict[str, Any] = {
            key: Batched(params[key], graph.inputs, graph.types, flags, outs, key == "vjp")
            for key in ("vjp", "jvp")
            if key in params
        }
        op = op_of(self.name, **{**params, **stated, "graph": closed})
        return apply(op, [*inputs, *more]).outputs


def _pullback(
    cts: Sequence[Variable | None], outs: Sequence[Variable], *operands: Variable, **params: Any
) -> tuple[Variable | None, ...]:
    node = outs[0].owner
    assert node is not None
    is_stated = "vjp" in params or "jvp" in params
    return pulled_by(params, node, cts) if is_stated else tuple(plain_pull(params, node, cts))


def _example(inputs: Sequence[Variable], body: Callable[..., Variable]) -> Variable:
    closed, captured = close(inputs, [body(*inputs)])
    return subgraph(*inputs, *captured, graph=closed, word="example")[0]


@declared(
    Subgraph,
    ref=lambda *arrays, graph, **params: (graph, arrays),
    pullback=_pullback,
    samples=(
        Sample(
            lambda f, x, y: _example((x, y), lambda x, y: (x * y).sum(axis=0) + x[0] / 3),
            ((2, 3), (2, 3)),
        ),
        Sample(lambda f, x: _example((x,), lambda x: x.reshape((x.shape[1], -1)) * 2), ((2, 3),)),
    ),
)
def subgraph(
    *inputs: Variable,
    graph: Closed,
    word: str,
    vjp: Override | None = None,
    jvp: Override | None = None,
) -> tuple[Variable, ...]:
    """A graph as one operation: OpFromGraph and custom_gradient give it.

    Gradient: that of the graph, or the one that is stated.
    """
    op = op_of("subgraph", graph=graph, word=word, vjp=vjp, jvp=jvp)
    return apply(op, inputs).outputs


def inlined(outputs: Sequence[Variable]) -> list[Variable]:
    """The outputs with the nodes of subgraphs in their place, at any depth."""
    found = list(outputs)
    while any(node.op.kind == "Subgraph" for node in toposort(found)):
        values: dict[Variable, Variable] = {}
        for node in toposort(found):
            inputs = [values.get(each, each) for each in node.inputs]
            if node.op.kind == "Subgraph":
                with inherit(node.site):
                    made: Sequence[Variable] = node.op.keywords["graph"](inputs)
            else:
                made = rebuild(node, inputs)
            for old, new in zip(node.outputs, made, strict=True):
                values.setdefault(old, new)
        found = [values.get(each, each) for each in found]
    return found
