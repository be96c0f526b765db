"""What is computed in which loop, and in what order, once choices have become loops.

Takes a Graph with choices; gives units in order: nodes that are always computed, groups of nodes of
one need, needs (how often such a group runs), and shapes of what only its shape is known of.

A stage is how many groups have to end before a unit can begin.  A unit has the latest that it can
have, so that what a gradient needs of a branch stands with the gradient unless something else reads
it earlier; and a group takes what may be computed with it, so that there are few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.graph.graph import Graph
from gradc.graph.needs import Need, Needs, needs_of
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.kinds import Elemwise
from gradc.value import value

__all__ = ["Group", "Shape", "Staged", "Unit", "staged"]

_QUICK = 20  # arithmetic on single numbers: less than a loop of no turn costs


@value
class Shape:
    """The shapes of a node's outputs."""

    node: Apply


@value
class Group:
    """Nodes that run together if their need holds, and what of them is read elsewhere."""

    need: Need
    nodes: tuple[Apply, ...]
    outputs: tuple[Variable, ...]


Point = Apply | Need | Shape
Read = Variable | Need | Shape
Unit = Point | Group


@dataclass(eq=False)
class Staged:
    """A graph's nodes with their needs, and its units in order.

    pairs: of each output of a choice the operands that may be taken where it is needed.
    branches: the needs of its two sides, if both may be taken.
    """

    needs: Needs
    found: dict[Apply, Need]
    pairs: dict[Apply, list[tuple[Variable, ...]]] = field(default_factory=dict)
    branches: dict[tuple[Apply, bool], Need] = field(default_factory=dict)
    units: Sequence[Unit] = ()

    def need_of(self, x: Variable) -> Need:
        """The need of a value that is computed."""
        return self.needs.always if x.owner is None else self.found[x.owner]

    def is_there(self, x: Variable, need: Need) -> bool:
        """Whether a value has surely been computed where `need` holds."""
        return self.needs.implies(need, self.need_of(x))

    def is_switch(self, node: Apply, pair: Sequence[Variable]) -> bool:
        """Whether these operands of a choice are two numbers that are there in any case."""
        there = [self.is_there(each, self.found[node]) and not each.ndim for each in pair]
        return len(pair) > 1 and all(there)

    def group(self, unit: Point) -> Need | None:
        """The need of the group that a unit is part of; None for what is always there."""
        need = self.found[unit] if isinstance(unit, Apply) else self.needs.always
        return None if need is self.needs.always else need

    # -- what depends on what ----------------------------------------------------------------------

    def reads(self, unit: Point) -> list[Read]:
        """What has to be there before a unit is made."""
        if isinstance(unit, Need):
            assert unit.parent is not None
            if unit.which is None:
                return list(unit.members)
            above = [] if unit.parent is self.needs.always else [unit.parent]
            return [*above, unit.which]
        if isinstance(unit, Shape):
            return self._read_by_shape(unit.node)
        own = self.group(unit)
        found: list[Read] = [] if own is None else [own]
        if unit.op.kind == "LengthOf":
            return [*found, *self._shapes(unit.inputs)]
        if unit.op.kind != "Choice":
            return [*found, *unit.inputs]
        for pair in self.pairs[unit]:
            found += pair
            if self.is_switch(unit, pair):
                found.append(unit.inputs[0])
            elif len(pair) > 1:
                found += [self.branches[unit, holds] for holds in (True, False)]
                found += self._shapes(x for x in pair if self.is_there(x, self.found[unit]))
        return found

    def _read_by_shape(self, node: Apply) -> list[Read]:
        if node.op.kind != "Choice":
            return self._shapes(node.inputs)
        found = self._shapes(x for pair in self.pairs[node] for x in pair)
        if any(len(pair) > 1 for pair in self.pairs[node]):
            found += [self.branches[node, holds] for holds in (True, False)]
        return found

    def _shapes(self, values: Iterable[Variable]) -> list[Read]:
        """What says the shapes of values: they themselves, where they are always computed."""
        always = self.needs.always
        return [
            x if x.owner is None or self.found.get(x.owner) is always else Shape(x.owner)
            for x in values
        ]


def staged(graph: Graph) -> Staged:
    """The units of a graph, in order."""
    nodes, needs = graph.nodes, Needs()
    known = needs_of(nodes, graph.results, needs)
    found = {node: known[node.outputs[0]] for node in nodes if node.outputs[0] in known}
    found.update({node: needs.always for node in nodes if node.op.kind == "LengthOf"})
    made = Staged(needs, found)
    for node in nodes:
        if node.op.kind == "Choice":
            _sides(made, node)
    _raise(made, nodes)
    for node in nodes:
        if (node, True) in made.branches and node in made.found:
            made.pairs[node] = [_handed(made, node, pair) for pair in made.pairs[node]]
    made.units = _units(made, _ordered(made, graph.results))
    return made


def _sides(made: Staged, node: Apply) -> None:
    """The operands of a choice that may be taken where it is needed, and the needs of its sides."""
    half, which = len(node.outputs), node.inputs[0]
    need = made.found.get(node, made.needs.always)
    known = made.needs.decided(need, which)
    then, other = node.inputs[1 : 1 + half], node.inputs[1 + half :]
    if known is not None:
        made.pairs[node] = [(each,) for each in (then if known else other)]
        return
    made.pairs[node] = [(a,) if a is b else (a, b) for a, b in zip(then, other, strict=True)]
    for holds in (True, False):
        side = made.needs.branch(need, which, holds)
        assert side is not None
        made.branches[node, holds] = side


def _handed(made: Staged, node: Apply, pair: Sequence[Variable]) -> tuple[Variable, ...]:
    """Operands of a choice, of which what others need too is handed on by its branch."""
    found = []
    for x, holds in zip(pair, (True, False), strict=False):
        branch = made.branches[node, holds]
        is_own = len(pair) < 2 or made.need_of(x) is branch
        if not is_own and not made.is_there(x, made.found[node]):
            x = call("dimshuffle", x, order=tuple(range(x.ndim)))
            assert x.owner is not None
            made.found[x.owner] = branch
        found.append(x)
    return tuple(found)


# -- a little arithmetic ---------------------------------------------------------------------------


def _raise(made: Staged, nodes: Sequence[Apply]) -> None:
    """Let a little arithmetic on numbers be done where the branch that needs it is chosen."""
    listed: dict[Need, list[Apply]] = defaultdict(list)
    place = {node: k for k, node in enumerate(nodes)}
    levels: dict[int, dict[Need, None]] = defaultdict(dict)
    for node in nodes:
        if node in made.found:
            need = made.found[node]
            listed[need].append(node)
            levels[need.depth][need] = None
    for depth in range(max(levels, default=0), 0, -1):
        for need in list(levels[depth]):
            assert need.parent is not None
            levels[need.parent.depth][need.parent] = None
            mine = sorted(listed[need], key=lambda node: place[node])
            listed[need.parent] += _raised(made, mine, need.parent)


def _raised(made: Staged, nodes: Sequence[Apply], above: Need) -> list[Apply]:
    found: dict[Apply, None] = {}
    cost = 0
    for node in nodes:
        price = _price(made, node)
        read = node.inputs
        if node.op.kind == "Choice":
            read = (*node.inputs[:1], *(x for pair in made.pairs[node] for x in pair))
        if price is not None and all(x.owner in found or made.is_there(x, above) for x in read):
            found[node] = None
            cost += price
    if cost > _QUICK:
        return []
    made.found.update(dict.fromkeys(found, above))
    return list(found)


def _price(made: Staged, node: Apply) -> int | None:
    """What arithmetic on single numbers costs, for other nodes None."""
    if any(each.ndim for each in node.outputs):
        return None
    if node.op.kind == "Choice":
        return len(node.outputs)
    return node.op.rule.c.cost if isinstance(node.op.rule, Elemwise) else None


# -- order -----------------------------------------------------------------------------------------


def _point(read: Read) -> Point | None:
    return read.owner if isinstance(read, Variable) else read


def _ordered(made: Staged, roots: Iterable[Variable]) -> dict[Point, list[Read]]:
    """Everything that roots need, inputs first, with what each reads."""
    order: dict[Point, list[Read]] = {}
    reads: dict[Point, list[Read]] = {}
    points: list[Point] = []
    points += [each.owner for each in roots if each.owner is not None][::-1]
    while points:
        unit = points[-1]
        if unit in reads:
            points.pop()
            order.setdefault(unit, reads[unit])
            continue
        reads[unit] = list(dict.fromkeys(made.reads(unit)))
        below = [_point(each) for each in reads[unit]]
        points += [each for each in below if each is not None and each not in reads]
    return order


def _units(made: Staged, order: Mapping[Point, Sequence[Read]]) -> list[Unit]:
    """The units in the order of their stages, nodes of one need and stage as one."""
    stages = _stages(made, order)
    listed: dict[int, list[Unit]] = defaultdict(list)
    groups: dict[tuple[int, Need], list[Apply]] = defaultdict(list)
    readers: dict[Variable, set[tuple[int, Need | None]]] = defaultdict(set)
    for unit, reads in order.items():
        need, stage = made.group(unit), stages[unit]
        for each in reads:
            if isinstance(each, Variable):
                readers[each].add((stage, need))
        if need is None:
            listed[stage].append(unit)
        else:
            assert isinstance(unit, Apply)
            groups[stage, need].append(unit)
    for (stage, need), nodes in groups.items():
        outputs = [x for node in nodes for x in node.outputs]
        given = tuple(x for x in outputs if readers[x] - {(stage, need)})
        listed[stage].append(Group(need, tuple(nodes), given))
    return [unit for stage in sorted(listed) for unit in listed[stage]]


def _stages(made: Staged, order: Mapping[Point, Sequence[Read]]) -> dict[Point, int]:
    """The latest stage of each unit, or one that a group with its need has already."""
    edges = {
        unit: [
            (below, _weight(made, below, unit))
            for each in reads
            if (below := _point(each)) is not None
        ]
        for unit, reads in order.items()
    }
    first: dict[Point, int] = {}
    for unit, pairs in edges.items():
        first[unit] = max((first[each] + weight for each, weight in pairs), default=0)
    last = dict.fromkeys(order, max(first.values(), default=0))
    begun: dict[Need, set[int]] = defaultdict(set)
    for unit in reversed(list(order)):
        need = made.group(unit)
        if need is not None:
            there = [k for k in begun[need] if first[unit] <= k <= last[unit]]
            last[unit] = max(there, default=last[unit])
            begun[need].add(last[unit])
        for each, weight in edges[unit]:
            last[each] = min(last[each], last[unit] - weight)
    return last


def _weight(made: Staged, below: Point, above: Point) -> int:
    """1 if the unit below has to have ended, as part of a group, before the other can begin."""
    need = made.group(below)
    return int(need is not None and need is not made.group(above))
