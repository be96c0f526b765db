"""Products taken out of loops: one over all steps in the place of one a step.

Takes a loop's node; gives what stands for its outputs.  A product that depends on no state is done
ahead of the loop, for all rows of the sequences at once; one that no later step needs is done
behind it, of the rows that the loop gives.  What is left in the loop is what the recurrence needs.
What only a sum over the steps reads is computed behind the loop if the loop keeps what it is made
of, and else added up step by step (summing.py).  A row that is handed through is not copied.
A loop that a condition may end is left alone: it may take few of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.batch import batched
from gradc.control.frame import frame_of
from gradc.control.lazy import lazy
from gradc.control.loop import body_of
from gradc.control.making import Made, State, Step, build
from gradc.control.summing import Running, running, sums_of
from gradc.control.trimming import trimmed
from gradc.errors import VectorizeError
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, rebuild, substitute, toposort
from gradc.ops.calls import length_of
from gradc.ops.create import arange
from gradc.ops.kinds import Elemwise

__all__ = ["moved"]

Rewrite = Callable[[Graph], Graph]
_SEEN_THROUGH = frozenset(("View", "Relabel"))
_COSTLY = 12  # arithmetic instructions an element: as in making.py


def moved(graph: Graph, rewrite: Rewrite) -> Graph:
    """The graph with products moved out of its loops, and each loop's step rewritten."""
    graph = trimmed(graph)
    if not any(node.op.kind == "Scan" for node in graph.nodes):
        return graph
    values: dict[Variable, Variable] = {}
    sums = sums_of(graph)
    for node in graph.nodes:
        if node.outputs[0] in values:
            continue  # a sum that a loop has taken
        inputs = [values.get(each, each) for each in node.inputs]
        made = rebuild(node, inputs)
        if node.op.kind == "Scan":
            owner = made[0].owner
            assert owner is not None
            wanted = {k: sums[each] for k, each in enumerate(node.outputs) if each in sums}
            with inherit(node.site):
                made, totals = _moved(owner, rewrite, wanted)
            values.update(totals)
        values.update(zip(node.outputs, made, strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _moved(
    node: Apply, rewrite: Rewrite, sums: Mapping[int, Sequence[Apply]]
) -> tuple[tuple[Variable, ...], dict[Variable, Variable]]:
    """What stands for the outputs of one loop; only rewritten if lengths differ from row to row.

    sums: the outputs that only these sums read; gives what stands for those that the loop takes.
    """
    try:
        moving = _Moving(node, rewrite, sums)
        return tuple(moving.results()), moving.totals
    except VectorizeError:
        return tuple(_Moving(node, rewrite, {}, stays=True).results()), {}


@dataclass(eq=False)
class _Sorted:
    """The outputs of a loop by what becomes of them.

    kept: given by the loop still.  through: rows of a sequence.  behind: computed behind the loop.
    running: added up in it, by these sums.  leaves: what the loop gives for those behind it.
    """

    kept: Sequence[int]
    through: Sequence[int] = ()
    behind: Sequence[int] = ()
    running: Mapping[int, Sequence[Apply]] = field(default_factory=dict)
    leaves: Sequence[Variable] = ()


@dataclass(eq=False)
class _Moving:
    """One loop on its way; stays: nothing leaves it.

    made: the rows of products, and whether there are as many of them as steps.
    totals: what stands for the sums that the loop takes.
    """

    node: Apply
    rewrite: Rewrite
    sums: Mapping[int, Sequence[Apply]]
    stays: bool = False
    arrays: dict[Variable, Variable] = field(default_factory=dict)  # rows -> sequences
    made: dict[Variable, bool] = field(default_factory=dict)
    totals: dict[Variable, Variable] = field(default_factory=dict)

    def results(self) -> list[Variable]:
        """What stands for the node's outputs."""
        node, frame = self.node, frame_of(self.node.op.keywords)
        n, sequences, firsts, rest = frame.apart(node.inputs)
        inputs, outputs = body_of(node)
        rows, taps, fixed = frame.apart_inside(inputs)
        self.arrays.update(zip(rows, sequences, strict=True))
        self.fixed: dict[Variable, Variable] = dict(zip(fixed, rest, strict=True))
        if not (frame.until or self.stays):
            outputs = self.ahead(n, outputs, [row for each in taps for row in each])
        news, others, done = frame.given(outputs)
        sort = self.sorted(n, inputs, news, others)
        adding = self.running(n, sort.running, others)
        states = [
            State(first, dict(zip(places, read, strict=True)), new)
            for first, places, read, new in zip(firsts, frame.taps, taps, news, strict=True)
        ]
        states += [state for each in adding for state in each.states]
        params, own = node.op.keywords, frame.states
        step = Step(self.arrays, states, [*(others[k] for k in sort.kept), *sort.leaves], done,
                    params.get("truncate"), params["word"])  # fmt: skip
        made = build(n, step, self.fixed, self.rewrite)
        found = {k: self.cut(n, others[k]) for k in sort.through}
        products = self.outside(n, [others[k] for k in sort.behind], step, made)
        found.update(zip(sort.behind, products, strict=True))
        found.update(zip(sort.kept, made.stacks, strict=False))
        self.total(adding, made, own)
        back = [found.get(k, node.outputs[own + k]) for k in range(len(others))]
        return [*made.traces[:own], *back, *([] if made.count is None else [made.count])]

    def sorted(
        self,
        n: Variable,
        inputs: Sequence[Variable],
        news: Sequence[Variable],
        others: Sequence[Variable],
    ) -> _Sorted:
        """Which of the loop's outputs become what."""
        frame = frame_of(self.node.op.keywords)
        every = list(range(len(others)))
        if frame.until or self.stays:
            return _Sorted(every)
        through = [k for k in every if self.is_whole(n, others[k])]
        behind = self.behind(news, others)
        summed = [k for k in every if k not in behind and frame.states + k in self.sums]
        kept = [k for k in every if k not in {*through, *behind, *summed}]
        given = [others[k] for k in kept]
        leaves = self.leaves([others[k] for k in behind], [*inputs, *self.arrays, *news, *given])
        there = [*self.arrays, *self.fixed, *given, *leaves]
        outside = [k for k in summed if k not in through and made_of(others[k], there)]
        running = {k: self.sums[frame.states + k] for k in summed if k not in {*through, *outside}}
        return _Sorted(kept, through, [*behind, *outside], running, leaves)

    # -- sums --------------------------------------------------------------------------------------

    def running(
        self, n: Variable, sums: Mapping[int, Sequence[Apply]], others: Sequence[Variable]
    ) -> list[Running]:
        """Sums that the loop takes, and the number of the step that they go by."""
        if not sums:
            return []
        tick = Input(TensorType("int64", ()))
        self.arrays[tick] = arange(n)
        states = frame_of(self.node.op.keywords).states
        return [
            running(node, others[k], self.node.outputs[states + k], tick)
            for k, nodes in sums.items()
            for node in nodes
        ]

    def total(self, adding: Sequence[Running], made: Made, first: int) -> None:
        """What stands for the sums, from the states behind the loop's own."""
        for each in adding:
            self.totals[each.node.outputs[0]] = each.total(made, first)
            first += len(each.states)

    # -- ahead -------------------------------------------------------------------------------------

    def ahead(
        self, n: Variable, outputs: Sequence[Variable], states: Sequence[Variable]
    ) -> list[Variable]:
        """The outputs with products of rows in sequences of their own."""
        late, rowed, branches = set(states), set(self.arrays), lazy(outputs)
        found: dict[Variable, None] = {}
        for node in toposort(outputs):
            if any(each in late for each in node.inputs):
                late.update(node.outputs)
            elif any(each in rowed for each in node.inputs):
                rowed.update(node.outputs)
                product = node.outputs[0]
                leaves = node.op.kind == "Contract" and product not in branches
                if leaves and _cannot_fail(node.outputs):
                    found.setdefault(product)
        first = toposort(outputs, stop=found)
        read = {each for node in first for each in node.inputs} | set(outputs)
        products = [each for each in found if each in read]
        if not products:
            return list(outputs)
        replace = {**self.fixed, **{row: self.cut(n, row) for row in self.arrays}}
        is_whole = all(self.is_whole(n, row) for row in self.arrays)
        places: dict[Variable, Variable] = {}
        for each, array in zip(products, batched(products, replace), strict=True):
            places[each] = Input(TensorType(array.dtype, array.type.shape[1:]), each.name)
            self.arrays[places[each]] = array
            self.made[places[each]] = is_whole
        return substitute(outputs, places)

    def cut(self, n: Variable, row: Variable) -> Variable:
        """The rows of a sequence that the loop reads."""
        found: Variable = self.arrays[row] if self.is_whole(n, row) else self.arrays[row][:n]
        return found

    def is_whole(self, n: Variable, row: Variable) -> bool:
        """Whether a value is a row of a sequence that surely has one for every step."""
        sequence, node = self.arrays.get(row), n.owner
        if sequence is None:
            return False
        if node is not None and node.op.kind == "LengthOf" and node.inputs[0] is sequence:
            return bool(node.op.keywords["axis"] == 0)
        known = isinstance(n, Constant) and sequence.type.shape[0] == int(n.data)
        return known or self.made.get(row, False)

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

    def outside(
        self, n: Variable, products: Sequence[Variable], step: Step, made: Made
    ) -> list[Variable]:
        """The products of all steps at once; n of them where the loop gives nothing else."""
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
        for row in self.arrays:
            replace.setdefault(row, self.cut(n if count is None else count, row))
        for each, stack in zip(step.outputs, made.stacks, strict=True):
            replace.setdefault(each, stack)
        return batched(products, replace)


def made_of(output: Variable, there: Sequence[Variable]) -> bool:
    """Whether a value follows cheaply from arrays that are there, and from those alone."""
    stack, known = [output], set(there)
    while stack:
        each = stack.pop()
        if each in known or (each.owner is None and isinstance(each, Constant)):
            continue
        if each.owner is None or not _is_cheap(each.owner):
            return False
        stack.extend(each.owner.inputs)
    return True


def _is_cheap(node: Apply) -> bool:
    """Whether a value costs little to compute where it is read, and fuses with what reads it."""
    if isinstance(node.op.rule, Elemwise):
        return node.op.rule.c.cost < _COSTLY
    return node.op.kind in _SEEN_THROUGH or node.op.kind == "LengthOf" or node.op.name == "sum"


def _cannot_fail(outputs: Sequence[Variable]) -> bool:
    """Whether nothing that may fail is computed for these, however many rows there are."""
    kinds = {node.op.kind for node in toposort(outputs)}
    return not kinds & {"Gather", "Scatter", "Routine", "Check", "Call", "Scan", "Random"}
