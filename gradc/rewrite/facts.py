"""What rules may ask about the graph they work in.

Takes the outputs of a graph and its walls; gives who reads a variable, and lengths as polynomials
in the lengths of leaves, so that two ways to write one length are seen to be equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from gradc.graph.op import Apply, Operand, Shape
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.ops.kinds import Elemwise
from gradc.rewrite.seen import Seen, Sight
from gradc.sizes import Length, Size, is_known, size

__all__ = ["Facts", "node_of"]


_CLOSED = frozenset(("Choice", "Scan", "Subgraph"))  # whose steps may compute lengths


class Facts:
    """Answers about one graph while it is rewritten."""

    def __init__(self, outputs: Sequence[Variable], walls: Collection[Variable] = ()) -> None:
        self.sight = Sight(walls)
        self._walls = walls
        self._clients: Counter[Variable] = Counter(outputs)
        self._readers: dict[Variable, list[Apply]] = {}
        self._origins: dict[Variable, list[Variable]] = {}
        nodes = toposort(outputs, stop=walls)
        for node in nodes:
            self._clients.update(node.inputs)
            for each in node.inputs:
                self._readers.setdefault(each, []).append(node)
        self.size = len(nodes)
        self.image: dict[Variable, Variable] = {}  # what stands for what has been looked at
        self._operands: dict[Variable, Operand] = {}
        self._named: dict[Variable, int] = {}
        self._leaves: list[Variable] = []

    def clients(self, variable: Variable) -> int:
        """How often it is read, outputs included; 1 for what a rule has just made."""
        return max(self._clients[variable], 1)

    def is_wall(self, variable: Variable) -> bool:
        """Whether the variable must survive."""
        return variable in self._walls

    def is_end(self, variable: Variable) -> bool:
        """Whether its lengths follow from nothing: an input, a wall, code of a user's."""
        node = variable.owner
        return node is None or variable in self._walls or not node.op.rule.knows_lengths

    def stands_for(self, old: Variable, new: Variable) -> None:
        """Readers of `old` read `new` from now on."""
        if old is not new:
            self._clients[new] += self._clients[old]
            self._origins.setdefault(new, [new]).extend(self._origins.get(old, [old]))

    def readers(self, variable: Variable) -> list[tuple[Variable, Apply]]:
        """The nodes, as they were, that read it, each with what it read by its old name."""
        origins = dict.fromkeys(self._origins.get(variable, [variable]))
        return [(old, node) for old in origins for node in self._readers.get(old, ())]

    def factors(self, product: Variable) -> list[Seen]:
        """The settled factors of a product as it was, the products inside it opened and not."""
        found = [
            each for deep in (False, True) for each in self.sight.factors(Seen(product), deep).over
        ]
        image = self.image
        return [each._replace(variable=image.get(each.variable, each.variable)) for each in found]

    def shape(self, variable: Variable) -> Shape:
        """The lengths, as far as possible in the lengths of leaves."""
        return self._operand(variable).shape

    def value(self, variable: Variable) -> Size | None:
        """The value of an integer scalar as a polynomial; None for anything else."""
        return self._operand(variable).value

    def operands(self, node: Apply) -> list[Operand]:
        """What shape rules and index maps need of a node's inputs."""
        return [self._operand(each) for each in node.inputs]

    def leaf(self, length: Length) -> Variable:
        """The variable that a Length of `shape` or `value` belongs to."""
        return self._leaves[length.index]

    def _operand(self, variable: Variable) -> Operand:
        stack = [variable]
        while stack:
            each = stack.pop()
            if each in self._operands:
                continue
            node = each.owner
            if node is None or self.is_end(each):  # mypy wants both
                self._operands[each] = self._leaf_operand(each)
                continue
            waiting = [below for below in node.inputs if below not in self._operands]
            if waiting:
                stack.extend((each, *waiting))
            else:
                self._add_node(node)
        return self._operands[variable]

    def _add_node(self, node: Apply) -> None:
        operands = [self._operands[each] for each in node.inputs]
        shapes = node.op.rule.lengths(operands, node.op.keywords)
        for output, shape in zip(node.outputs, shapes, strict=True):
            if node.op.kind in _CLOSED:  # what its rule cannot say is a length of its own
                shape = tuple(
                    n if is_known(n) else size(Length("arg", self._number(output), axis))
                    for axis, n in enumerate(shape)
                )
            known = tuple(
                n if length is None else size(length)
                for n, length in zip(shape, output.type.shape, strict=True)
            )
            value = self._value(node, operands) if _is_index(output) else None
            if value is None and _is_index(output):
                value = size(Length("value", self._number(output)))
            self._operands.setdefault(output, Operand(known, value))

    def _value(self, node: Apply, operands: Sequence[Operand]) -> Size | None:
        if node.op.kind == "LengthOf":
            axis: int = node.op.keywords["axis"]
            return operands[0].shape[axis]
        rule = node.op.rule
        if not isinstance(rule, Elemwise) or rule.on_sizes is None or rule.counts:
            return None
        values = [operand.value for operand in operands]
        known = [value for value in values if value is not None]
        return rule.on_sizes(*known) if len(known) == len(values) else None

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
        if variable not in self._named:
            self._named[variable] = len(self._leaves)
            self._leaves.append(variable)
        return self._named[variable]


def _is_index(variable: Variable) -> bool:
    return variable.ndim == 0 and variable.dtype.startswith(("int", "uint"))


def node_of(variable: Variable, facts: Facts, *names: str) -> Apply | None:
    """What computes the variable, if it is one of these operations and may be looked through."""
    node = variable.owner
    if node is None or node.op.name not in names or facts.is_wall(variable):
        return None
    return node
