"""What rules may ask about the graph they work in.

Takes the outputs of a graph and its walls; gives who reads a variable, and lengths as polynomials
in the lengths of leaves, so that two ways to write one length are seen to be equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from gradc.graph.op import Apply, Operand, Shape
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.rewrite.seen import Sight
from gradc.sizes import Length, Size, size

__all__ = ["Facts"]

_ARITHMETIC = frozenset({"add", "sub", "mul", "neg"})


class Facts:
    """Answers about one graph while it is rewritten."""

    def __init__(self, outputs: Sequence[Variable], walls: Collection[Variable] = ()) -> None:
        self.sight = Sight(walls)
        self._walls = walls
        self._clients: Counter[Variable] = Counter(outputs)
        nodes = toposort(outputs, stop=walls)
        for node in nodes:
            self._clients.update(node.inputs)
        self.size = len(nodes)
        self._operands: dict[Variable, Operand] = {}
        self._named: dict[Variable, int] = {}

    def clients(self, variable: Variable) -> int:
        """How often it is read, outputs included; 1 for what a rule has just made."""
        return max(self._clients[variable], 1)

    def is_wall(self, variable: Variable) -> bool:
        """Whether the variable must survive."""
        return variable in self._walls

    def stands_for(self, old: Variable, new: Variable) -> None:
        """Readers of `old` read `new` from now on."""
        if old is not new:
            self._clients[new] += self._clients[old]

    def shape(self, variable: Variable) -> Shape:
        """The lengths, as far as possible in the lengths of leaves."""
        return self._operand(variable).shape

    def value(self, variable: Variable) -> Size | None:
        """The value of an integer scalar as a polynomial; None for anything else."""
        return self._operand(variable).value

    def leaf(self, length: Length) -> Variable:
        """The variable that a Length of `shape` or `value` belongs to."""
        return list(self._named)[length.index]

    def _operand(self, variable: Variable) -> Operand:
        if variable not in self._operands:
            for node in toposort([variable], stop=self._operands.keys()):
                self._add_node(node)
            for each in (variable,):
                self._operands.setdefault(each, self._leaf_operand(each))
        return self._operands[variable]

    def _add_node(self, node: Apply) -> None:
        operands = []
        for each in node.inputs:
            if each not in self._operands:
                self._operands[each] = self._leaf_operand(each)
            operands.append(self._operands[each])
        if any(output in self._walls for output in node.outputs):
            shapes: Iterable[Shape] = [self._leaf_operand(output).shape for output in node.outputs]
        else:
            shapes = node.op.rule.lengths(operands, node.op.keywords)
        for output, shape in zip(node.outputs, shapes, strict=True):
            known = tuple(
                n if length is None else size(length)
                for n, length in zip(shape, output.type.shape, strict=True)
            )
            value = self._value(node, operands) if _is_index(output) else None
            if value is None and _is_index(output):
                value = size(Length("value", self._number(output)))
            self._operands[output] = Operand(known, value)

    def _value(self, node: Apply, operands: Sequence[Operand]) -> Size | None:
        if node.op.kind == "LengthOf":
            axis: int = node.op.keywords["axis"]
            return operands[0].shape[axis]
        if node.op.name not in _ARITHMETIC or node.outputs[0].dtype != "int64":
            return None
        values = [operand.value for operand in operands]
        return _polynomial(node.op.name, values)

    def _leaf_operand(self, leaf: Variable) -> Operand:
        number = self._number(leaf)
        shape = tuple(
            size(Length("arg", number, axis)) if n is None else size(n)
            for axis, n in enumerate(leaf.type.shape)
        )
        if not _is_index(leaf):
            return Operand(shape)
        if isinstance(leaf, Constant):
            return Operand(shape, size(int(leaf.data)))
        return Operand(shape, size(Length("value", number)))

    def _number(self, variable: Variable) -> int:
        return self._named.setdefault(variable, len(self._named))


def _is_index(variable: Variable) -> bool:
    return variable.ndim == 0 and variable.dtype.startswith(("int", "uint"))


def _polynomial(name: str, values: Sequence[Size | None]) -> Size | None:
    known = [value for value in values if value is not None]
    if len(known) != len(values):
        return None
    total = known[0]
    for value in known[1:]:
        total = total * value if name == "mul" else total + (-value if name == "sub" else value)
    return -total if name == "neg" else total
