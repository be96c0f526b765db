"""Products taken out of loops: one over all steps in the place of one a step.

Takes a loop's node; gives what stands for its outputs.  A product that depends on no state is done
ahead of the loop, for all rows of the sequences at once; one that no later step needs is done
behind it, of the rows that the loop gives.  What is left in the loop is what the recurrence needs.
A loop that a condition may end is left alone: it may take few of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gradc.batch import batched
from gradc.control.frame import frame_of
from gradc.control.loop import body_of
from gradc.control.making import Made, State, Step, build
from gradc.control.trimming import trimmed
from gradc.errors import VectorizeError
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, rebuild, substitute, toposort
from gradc.ops.calls import length_of

__all__ = ["moved"]

Rewrite = Callable[[Graph], Graph]
_SEEN_THROUGH = frozenset(("View", "Relabel"))


def moved(graph: Graph, rewrite: Rewrite) -> Graph:
    """The graph with products moved out of its loops, and each loop's step rewritten."""
    graph = trimmed(graph)
    if not any(node.op.kind == "Scan" for node in graph.nodes):
        return graph
    values: dict[Variable, Variable] = {}
    for node in graph.nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        made = rebuild(node, inputs)
        if node.op.kind == "Scan":
            owner = made[0].owner
            assert owner is not None
            with inherit(node.site):
                made = tuple(_moved(owner, rewrite))
        values.update(zip(node.outputs, made, strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _moved(node: Apply, rewrite: Rewrite) -> list[Variable]:
    """What stands for the outputs of one loop; only rewritten if lengths differ from row to row."""
    try:
        return _Moving(node, rewrite).results()
    except VectorizeError:
        return _Moving(node, rewrite, stays=True).results()


@dataclass(eq=False)
class _Moving:
    """One loop on its way; stays: nothing leaves it."""

    node: Apply
    rewrite: Rewrite
    stays: bool = False
    arrays: dict[Variable, Variable] = field(default_factory=dict)  # rows -> sequences

    def results(self) -> list[Variable]:
        """What stands for the node's outputs."""
        node, frame = self.node, frame_of(self.node.op.keywords)
        n, sequences, firsts, rest = frame.apart(node.inputs)
        inputs, outputs = body_of(node)
        rows, taps, fixed = frame.apart_inside(inputs)
        self.arrays.update(zip(rows, sequences, strict=True))
        self.fixed: dict[Variable, Variable] = dict(zip(fixed, rest, strict=True))
        stays = frame.until or self.stays
        if not stays:
            outputs = self.ahead(n, outputs, [row for each in taps for row in each])
        news, others, done = frame.given(outputs)
        behind = [] if stays else self.behind(news, others)
        kept = [each for k, each in enumerate(others) if k not in behind]
        leaves = self.leaves([others[k] for k in behind], [*inputs, *self.arrays, *news, *kept])
        states = [
            State(first, dict(zip(places, read, strict=True)), new)
            for first, places, read, new in zip(firsts, frame.taps, taps, news, strict=True)
        ]
        params = node.op.keywords
        step = Step(self.arrays, states, [*kept, *leaves], done, params.get("truncate"),
                    params["word"])  # fmt: skip
        made = build(n, step, self.fixed, self.rewrite)
        found = self.outside([others[k] for k in behind], step, made)
        stacks, pushed = iter(made.stacks), iter(found)
        back = [next(pushed) if k in behind else next(stacks) for k in range(len(others))]
        return [*made.traces, *back, *([] if made.count is None else [made.count])]

    # -- ahead -------------------------------------------------------------------------------------

    def ahead(
        self, n: Variable, outputs: Sequence[Variable], states: Sequence[Variable]
    ) -> list[Variable]:
        """The outputs with products of rows in sequences of their own."""
        late, rowed = set(states), set(self.arrays)
        found: dict[Variable, None] = {}
        for node in toposort(outputs):
            if any(each in late for each in node.inputs):
                late.update(node.outputs)
            elif any(each in rowed for each in node.inputs):
                rowed.update(node.outputs)
                if node.op.kind == "Contract" and _cannot_fail(node.outputs):
                    found.setdefault(node.outputs[0])
        first = toposort(outputs, stop=found)
        read = {each for node in first for each in node.inputs} | set(outputs)
        products = [each for each in found if each in read]
        if not products:
            return list(outputs)
        replace = {**self.fixed, **{row: self.cut(n, row) for row in self.arrays}}
        places: dict[Variable, Variable] = {}
        for each, array in zip(products, batched(products, replace), strict=True):
            places[each] = Input(TensorType(array.dtype, array.type.shape[1:]), each.name)
            self.arrays[places[each]] = array
        return substitute(outputs, places)

    def cut(self, n: Variable, row: Variable) -> Variable:
        """The rows of a sequence that the loop reads."""
        sequence = self.arrays[row]
        node = n.owner
        if node is not None and node.op.kind == "LengthOf" and node.inputs[0] is sequence:
            return sequence
        if isinstance(n, Constant) and sequence.type.shape[0] == int(n.data):
            return sequence
        found: Variable = sequence[:n]
        return found

    # -- behind ------------------------------------------------------------------------------------

    def behind(self, news: Sequence[Variable], others: Sequence[Variable]) -> list[int]:
        """The outputs that are products which nothing else in the loop needs."""
        products = [
            k
            for k, each in enumerate(others)
            if each.owner is not None and each.owner.op.kind == "Contract"
        ]
        rest = [each for k, each in enumerate(others) if k not in products]
        needed = set(ancestors([*news, *rest]))
        return [k for k in products if others[k] not in needed]

    def leaves(self, products: Sequence[Variable], known: Sequence[Variable]) -> list[Variable]:
        """What products are made of that the loop does not give already."""
        there = set(known)
        found: dict[Variable, None] = {}
        for product in products:
            assert product.owner is not None
            stack = list(product.owner.inputs)
            while stack:
                each = stack.pop()
                if each in there or isinstance(each, Constant):
                    continue
                is_length = each.ndim == 0 and each.dtype == "int64"
                if each.owner is not None and (is_length or each.owner.op.kind in _SEEN_THROUGH):
                    stack.extend(each.owner.inputs)
                else:
                    found.setdefault(each)
        return list(found)

    def outside(self, products: Sequence[Variable], step: Step, made: Made) -> list[Variable]:
        """The products of all steps at once."""
        if not products:
            return []
        replace: dict[Variable, Variable] = dict(self.fixed)
        count = length_of(made.stacks[0], 0) if made.stacks else None
        for trace, state, depth in zip(made.traces, step.states, made.depths, strict=True):
            rows = length_of(trace, 0) - depth if count is None else count
            count = rows
            for tap, row in state.taps.items():
                replace[row] = trace[depth + tap : rows + (depth + tap)]
            if state.new.owner is not None:
                replace[state.new] = trace[depth:]
        assert count is not None
        for row in self.arrays:
            replace.setdefault(row, self.cut(count, row))
        for each, stack in zip(step.outputs, made.stacks, strict=True):
            replace.setdefault(each, stack)
        return batched(products, replace)


def _cannot_fail(outputs: Sequence[Variable]) -> bool:
    """Whether nothing that may fail is computed for these, however many rows there are."""
    kinds = {node.op.kind for node in toposort(outputs)}
    return not kinds & {"Gather", "Scatter", "Routine", "Check", "Call", "Scan", "Random"}
