"""Loops without what nobody reads: outputs, states that only they need, and what only those read.

Takes a Graph; gives one of the same value.  Much of what a loop gives is there in case somebody
differentiates it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gradc.control.closed import Lines, close
from gradc.control.frame import frame_of
from gradc.control.loop import body_of
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, apply
from gradc.graph.site import inherit
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors, rebuild, toposort
from gradc.ops.calls import op_of
from gradc.value import value

__all__ = ["Kept", "loop_of", "trimmed"]


@value
class Kept:
    """What stays of a loop's node: positions of its inputs and outputs, and its parameters."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    params: tuple[tuple[str, object], ...]


def trimmed(graph: Graph) -> Graph:
    """The graph with its loops trimmed."""
    nodes = graph.nodes
    if not any(node.op.kind == "Scan" for node in nodes):
        return graph
    needed, kept = set(graph.results), {}
    for node in reversed(nodes):
        if node.op.kind == "Scan":
            used = [k for k, each in enumerate(node.outputs) if each in needed]
            kept[node] = _kept(node, used)
            needed.update(node.inputs[k] for k in kept[node].inputs)
        else:
            needed.update(node.inputs)
    values: dict[Variable, Variable] = {}
    for node in nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        if node in kept:
            values.update(loop_of(node, inputs, kept[node]))
        else:
            values.update(zip(node.outputs, rebuild(node, inputs), strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def loop_of(node: Apply, inputs: Sequence[Variable], kept: Kept) -> Mapping[Variable, Variable]:
    """What stands for the outputs that stay."""
    if len(kept.outputs) == len(node.outputs):
        made = rebuild(node, inputs)
    else:
        with inherit(node.site):
            op = op_of("scan", **dict(kept.params))
            made = apply(op, [inputs[k] for k in kept.inputs]).outputs
    return dict(zip((node.outputs[k] for k in kept.outputs), made, strict=True))


def _kept(node: Apply, used: Collection[int]) -> Kept:
    """What stays if these outputs are read."""
    params = node.op.keywords
    frame = frame_of(params)
    inputs, outputs = body_of(node)
    news, others, done = frame.given(outputs)
    rows, taps, rest = frame.apart_inside(inputs)
    stacks = [k for k in range(len(others)) if frame.states + k in used]
    wanted = [*([] if done is None else [done]), *(others[k] for k in stacks)]
    states = [k for k in range(frame.states) if k in used]
    while True:
        read = set(ancestors([*wanted, *(news[k] for k in states)]))
        more = [k for k in range(frame.states) if k in states or read.intersection(taps[k])]
        if more == states:
            break
        states = more
    if not states and not stacks:  # something has to say how many rows there are
        states, stacks = ([0], []) if frame.states else ([], [0])
    ends = [] if done is None else [len(node.outputs) - 1]
    places = (*states, *(frame.states + k for k in stacks), *ends)
    if len(places) == len(node.outputs):
        return Kept(tuple(range(len(node.inputs))), tuple(range(len(node.outputs))), node.op.params)
    results = [outputs[k] for k in places]
    read = set(ancestors(results))
    seen = [k for k, row in enumerate(rows) if row in read]
    fixed = [k for k, each in enumerate(rest) if each in read]
    inner = [*(rows[k] for k in seen), *(t for k in states for t in taps[k])]
    inner += [rest[k] for k in fixed]
    closed, _ = close(inner, results)
    sites = [each.site for each in toposort(results, stop=inner)]
    start = 1 + frame.sequences
    return Kept(
        (0, *(1 + k for k in seen), *(start + k for k in states),
         *(start + frame.states + k for k in fixed)),
        places,
        tuple({
            **params, "graph": closed, "lines": Lines(sites, [each.name for each in inner]),
            "sequences": len(seen), "taps": tuple(frame.taps[k] for k in states),
        }.items()),
    )  # fmt: skip
