"""What the C says above a block: the expression it computes, by node numbers.

Takes a graph; gives titles such as `%12 = sigmoid(neg(add(%9, %4)))`.  No user text: names are
added when the C is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.notes import NodeNote
from gradc.lower.bodies import numbers_of
from gradc.lower.tasks import Task
from gradc.lower.values import Values

__all__ = ["Titles", "node_notes"]

_MOST = 88  # characters


class Titles:
    """Names nodes by their number in the printed graph."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.number, self.inside = values.shapes.number, values.inside

    def node(self, node: Apply) -> tuple[str, tuple[int, ...]]:
        """Title and node numbers of a single node."""
        out = node.outputs[0]
        return self._cut(f"{self._name(out)} = {self._apply(node, frozenset())}"), self._of([out])

    def nest(self, task: Task, stored: Collection[Variable]) -> tuple[str, tuple[int, ...]]:
        """Title and node numbers of a nest: what it stores, as expressions."""
        outs = [item.out for item in task.items]
        inside = (frozenset(outs) - frozenset(stored)) | self._free_below(outs)
        shown = [item for item in task.items if item.out in stored]
        parts = [
            f"{self._name(item.out)} = "
            + (
                self._apply(item.node, inside)
                if item.node
                else self._operand(item.reads[0], inside)
            )
            for item in shown
        ]
        return self._cut(", ".join(parts)), self._of(outs)

    def _free_below(self, outs: Sequence[Variable]) -> frozenset[Variable]:
        """Arrays that the loop computes anew where it needs them."""
        found: set[Variable] = set()
        stack = list(outs)
        while stack:
            node = stack.pop().owner
            for each in () if node is None else node.inputs:
                if each not in found and each.ndim and self._is_shown_free(each):
                    found.add(each)
                    stack.append(each)
        return frozenset(found)

    def _is_shown_free(self, variable: Variable) -> bool:
        node = variable.owner
        return node is not None and node.op.kind == "Elemwise" and self.values.is_free(variable)

    def word(self, variable: Variable | None) -> str:
        """The number of a variable as the text shows it; empty for what the text does not show."""
        if variable is None or variable not in self.number:
            return ""
        return f"%{self.number[variable]}"

    def _of(self, outs: list[Variable]) -> tuple[int, ...]:
        return tuple(self.number[out] for out in outs if out in self.number)

    def _name(self, variable: Variable) -> str:
        if isinstance(variable, Constant) and variable.ndim == 0:
            return str(variable.data[()])
        if variable in self.number:
            return f"%{self.number[variable]}"
        if variable in self.inside:
            return f"part of {self._name(self.inside[variable][0])}"
        return "copy"

    def _apply(self, node: Apply, inside: Collection[Variable], depth: int = 6) -> str:
        operands = [self._operand(each, inside, depth) for each in node.inputs]
        return f"{node.op.rule.name}({', '.join(operands)})"

    def _operand(self, variable: Variable, inside: Collection[Variable], depth: int = 6) -> str:
        if variable in inside and variable.owner is not None and depth:
            return self._apply(variable.owner, inside, depth - 1)
        return self._name(variable)

    def _cut(self, text: str) -> str:
        return text if len(text) <= _MOST else text[: _MOST - 3] + "..."


def node_notes(graph: Graph) -> tuple[NodeNote, ...]:
    """What each number of the titles stands for in the user's program."""
    number = numbers_of(graph)
    notes = []
    for variable, k in number.items():
        op = variable.owner.op.name if variable.owner else "input"
        site = variable.site
        file, line = (site.file, site.line) if site else (None, None)
        notes.append(NodeNote(k, op, variable.name, file, line))
    return tuple(notes)
