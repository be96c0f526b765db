"""The border of a function: which arrays come in and go out, in which order.

Takes a graph; gives its arguments (inputs, shared variables, array constants) and results
(outputs, then updates) with the Ports that the call path obeys.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradc.control.frame import frame_of
from gradc.control.loop import Scan
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.interface import Interface, Port
from gradc.lower.shapes import Shapes
from gradc.ops.kinds import Call, Check, Contract, Gather, Gemm, Relabel, Routine, View
from gradc.value import value

__all__ = ["Border", "array_constants"]


@value
class Border:
    """Arguments and results of a graph."""

    arguments: tuple[Variable, ...]
    inputs: int
    shared: int
    results: tuple[Variable, ...]
    outputs: int
    updated: tuple[Variable, ...]  # per update, the shared variable it replaces

    @staticmethod
    def of(graph: Graph) -> Border:
        """Read the border off a graph."""
        arguments = (*graph.inputs, *graph.shared, *array_constants(graph))
        return Border(
            arguments,
            len(graph.inputs),
            len(graph.shared),
            graph.results,
            len(graph.outputs),
            tuple(old for old, _ in graph.updates),
        )

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The arrays that the function brings along."""
        rest = self.arguments[self.inputs + self.shared :]
        return tuple(each for each in rest if isinstance(each, Constant))

    def levels(self, shapes: Shapes) -> list[int]:
        """The segment whose plan knows the lengths of each result."""
        return [max([0, *map(shapes.level, shapes.lengths(each))]) for each in self.results]

    def interface(
        self, segments: list[int], sizes: int, units: Mapping[Variable, tuple[int, ...]]
    ) -> Interface:
        """The Ports.

        segments: per result, the segment that plans its lengths.  units: of arguments that come in
        any order, the axes one of which must have stride 1.
        """
        args = []
        for k, each in enumerate(self.arguments):
            role = "input" if k < self.inputs else "shared"
            role = "constant" if k >= self.inputs + self.shared else role
            args.append(Port(role, each.dtype, each.ndim, units.get(each, ())))  # type: ignore[arg-type]
        outs = []
        place = {each: k for k, each in enumerate(self.arguments)}
        for k, (each, segment) in enumerate(zip(self.results, segments, strict=True)):
            if k < self.outputs:
                outs.append(Port("output", each.dtype, each.ndim, segment=segment))
            else:
                old = place[self.updated[k - self.outputs]]
                outs.append(Port("update", each.dtype, each.ndim, segment=segment, shared=old))
        return Interface(tuple(args), tuple(outs), sizes, max([0, *segments]) + 1)


def array_constants(graph: Graph) -> list[Constant]:
    """Constants that are read from memory: arrays, and what products, gathers and reshaping read.

    Other numbers are printed into the C text.
    """
    found: dict[Constant, None] = {}
    for node in graph.nodes:
        for each in node.inputs:
            if isinstance(each, Constant) and each.data.size != 1:
                found.setdefault(each)
        for each in _read_from_memory(node):
            while each.owner is not None and isinstance(each.owner.op.rule, View):
                each = each.owner.inputs[0]
            if isinstance(each, Constant):
                found.setdefault(each)
    for each in graph.results:
        if isinstance(each, Constant) and each.data.size != 1:
            found.setdefault(each)
    return list(found)


def _read_from_memory(node: Apply) -> tuple[Variable, ...]:
    """Operands of a node that are no elements of a loop."""
    if isinstance(node.op.rule, Gather | Relabel):
        return node.inputs[:1]
    if isinstance(node.op.rule, Call):
        return node.op.rule.handed(node)
    if isinstance(node.op.rule, Contract | Routine | Check):
        return node.inputs
    if isinstance(node.op.rule, Scan):
        _, sequences, _, rest = frame_of(node.op.keywords).apart(node.inputs)
        return (*sequences, *rest)
    if isinstance(node.op.rule, Gemm):
        c, _, x, y, _ = node.inputs
        return (c, x, y)
    return ()
