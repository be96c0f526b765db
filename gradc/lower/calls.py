"""Steps for what loops cannot say: Python's code, and conditions that must hold.

Takes a Call or Check node; gives a Callback or Require.  A Callback names its code by the number of
its node among those of `callbacks`; whoever binds the function brings the code.
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.graph.describe import broken, compared
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.loops import Callback, Lent, Require
from gradc.kernel.notes import Note
from gradc.lower.values import Values
from gradc.ops.kinds import Call

__all__ = ["callbacks", "plan_call", "plan_check"]


def callbacks(graph: Graph) -> tuple[Apply, ...]:
    """The nodes whose code is Python's, in the order of their numbers."""
    return tuple(node for node in graph.nodes if isinstance(node.op.rule, Call))


def plan_call(
    values: Values,
    node: Apply,
    buffer: Callable[[Variable], int],
    number: int,
    title: str,
    nodes: tuple[int, ...],
) -> Callback:
    """The step that runs a node's code."""

    def lent(variable: Variable) -> Lent:
        return Lent(buffer(variable), values.shapes.lengths(variable))

    assert isinstance(node.op.rule, Call)
    ins, outs = tuple(map(lent, node.op.rule.handed(node))), tuple(map(lent, node.outputs))
    return Callback(number, ins, outs, title, nodes)


def plan_check(
    values: Values,
    node: Apply,
    buffer: Callable[[Variable], int],
    note: Callable[[Note], int],
    title: str,
    nodes: tuple[int, ...],
) -> Require:
    """The step that fails unless the condition holds."""
    (condition,) = node.inputs
    text = str(node.op.keywords["text"]).replace("{", "{{").replace("}", "}}")
    error, fix = broken(node.op.keywords)
    found = values.shapes.note(
        error, f"{{function}}: {text}{{at}}.", compared(condition), fix, about=node
    )
    return Require(buffer(condition), buffer(node.outputs[0]), note(found), title, nodes)
