"""The steps of loops as graphs of their own, and the numbers that all variables go by.

Takes a loop's node; gives its step, prepared as the function is.  A node has one step: whoever
asks for it gets the same variables, so what is numbered here is what errors and comments speak of.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from gradc.control.loop import body_of
from gradc.control.subgraph import inlined
from gradc.graph.graph import Graph, seal
from gradc.graph.op import Apply
from gradc.graph.text import numbering
from gradc.graph.variable import Variable
from gradc.lower.prepare import prepare

__all__ = ["numbers_of", "step_of"]

_STEPS: WeakKeyDictionary[Apply, Graph] = WeakKeyDictionary()


def step_of(node: Apply) -> Graph:
    """The prepared step of a loop's node."""
    found = _STEPS.get(node)
    if found is None:
        inputs, outputs = body_of(node)
        found = _STEPS[node] = prepare(seal(inputs, inlined(outputs)))
    return found


def numbers_of(graph: Graph) -> dict[Variable, int]:
    """The number of every variable, those inside loops behind all others."""
    found = numbering(graph.results, graph.inputs, graph.updates)
    graphs = [graph]
    while graphs:
        for node in graphs.pop().nodes:
            if node.op.kind == "Scan":
                step = step_of(node)
                graphs.append(step)
                for each in numbering(step.results, step.inputs):
                    found.setdefault(each, len(found))
    return found
