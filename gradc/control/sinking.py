"""Choices as loops of one step or none: how what is not taken is not computed.

Takes a Graph; gives one of the same value without Choice nodes.  What only one branch of a choice
needs sinks into a loop that runs once if that branch is taken, and not at all else; one behind the
other the two give the result.  Ahead of that, a choice of something or zeros moves behind what is
linear in it, so that gradients of a branch sink too, and choices of one condition become one.
A choice between a few numbers is a switch: to look which is to run would take longer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.control.choice import choose, flag
from gradc.control.closed import Lines, close
from gradc.differentiate.cotangent import is_zero
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, apply
from gradc.graph.site import inherit
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import rebuild, substitute, toposort
from gradc.ops.calls import length_of, op_of
from gradc.ops.compare import neq, switch
from gradc.ops.elemwise import add
from gradc.ops.joining import join
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import zeros_like
from gradc.ops.relabel import reshape
from gradc.value import value

__all__ = ["behind", "sunk"]

_SMALL = 64  # elements of a constant that is part of what reads it
_QUICK = 40  # arithmetic on single numbers: less than two loops of no turn cost


def sunk(graph: Graph) -> Graph:
    """The graph with its choices as loops."""
    if not any(node.op.kind == "Choice" for node in graph.nodes):
        return graph
    graph = _together(behind(graph))
    while choices := [node for node in graph.nodes if node.op.kind == "Choice"]:
        node = choices[-1]
        with inherit(node.site):
            made = _as_loops(graph, node)
        graph = graph.replaced(
            substitute(graph.results, dict(zip(node.outputs, made, strict=True)))
        )
    return graph


def _together(graph: Graph) -> Graph:
    """The graph with choices of one condition as one: what only they need sinks with all of them.

    What one of them reads of another one is what that one gives in the same case.
    """
    done: set[Variable] = set()
    while True:
        groups: dict[Variable, list[Apply]] = {}
        for node in graph.nodes:
            if node.op.kind == "Choice" and node.inputs[0] not in done:
                groups.setdefault(node.inputs[0], []).append(node)
        several = [(which, group) for which, group in groups.items() if len(group) > 1]
        if not several:
            return graph
        which, group = several[0]
        done.add(which)
        group = _pure(group)
        if len(group) > 1:
            outputs = [each for node in group for each in node.outputs]
            with inherit(group[0].site):
                made = choose(which, _case(group, True), _case(group, False))
            found = dict(zip(outputs, made, strict=True))
            graph = graph.replaced(substitute(graph.results, found))


def _pure(group: Sequence[Apply]) -> list[Apply]:
    """Those choices of a group between which and the first no code of Python's stands."""
    found: list[Apply] = []
    for node in group:
        after = {each for one in found for each in one.outputs}
        for below in toposort(node.inputs):
            if after.intersection(below.inputs):
                if below.op.kind in ("Call", "Check"):
                    break
                after.update(below.outputs)
        else:
            found.append(node)
    return found


def _case(group: Sequence[Apply], holds: bool) -> list[Variable]:
    """What the choices of a group give if their condition holds, or does not."""
    values: dict[Variable, Variable] = {}
    for node in toposort([each for one in group for each in one.inputs]):
        inputs = [values.get(each, each) for each in node.inputs]
        made = _side(inputs, holds) if node in group else rebuild(node, inputs)
        values.update(zip(node.outputs, made, strict=True))
    return [values.get(each, each) for node in group for each in _side(node.inputs, holds)]


def _side(inputs: Sequence[Variable], holds: bool) -> Sequence[Variable]:
    """The operands of a choice that are taken in one case."""
    half = len(inputs) // 2
    return inputs[1 : 1 + half] if holds else inputs[1 + half :]


# -- sinking ---------------------------------------------------------------------------------------


def _as_loops(graph: Graph, node: Apply) -> list[Variable]:
    """What stands for the outputs of a choice."""
    half, which = len(node.outputs), node.inputs[0]
    then, other = node.inputs[1 : 1 + half], node.inputs[1 + half :]
    if all(a is b for a, b in zip(then, other, strict=True)):
        return list(then)
    mine = _owned(graph, node, then, {which, *other})
    its = _owned(graph, node, other, {which, *then})
    owner = which.owner
    is_flag = owner is not None and isinstance(owner.op.rule, Elemwise) and owner.op.rule.counts
    if _is_quick(node.outputs, mine | its):
        holds = neq(owner.inputs[0] if owner is not None and is_flag else which, 0)
        return [switch(holds, a, b) for a, b in zip(then, other, strict=True)]
    count = which if is_flag else flag(which)
    first = _loop(count, then, mine)
    second = _loop(1 - count, other, its)
    return [
        _either(count, a, b, x, y) for a, b, x, y in zip(then, other, first, second, strict=True)
    ]


def _is_quick(outputs: Sequence[Variable], nodes: Collection[Apply]) -> bool:
    """Whether both branches take less time than to look which is to run: a few numbers."""
    cost = 0
    for node in nodes:
        rule = node.op.rule
        if not isinstance(rule, Elemwise) or node.outputs[0].ndim:
            return False
        cost += rule.c.cost
    return cost <= _QUICK and not any(each.ndim for each in outputs)


def _either(
    count: Variable, a: Variable, b: Variable, first: Variable, second: Variable
) -> Variable:
    """The one row of two arrays, of which one has a row and one has none: `first` has `count`."""
    lengths = []
    for axis in range(a.ndim):
        n, m = length_of(a, axis), length_of(b, axis)
        same = n is m or a.type.shape[axis] == b.type.shape[axis] is not None
        lengths.append(n if same else count * n + (1 - count) * m)
    whole = join(0, reshape(first, (-1,)), reshape(second, (-1,)))
    return reshape(whole, lengths, ndim=a.ndim)


def _loop(n: Variable, results: Sequence[Variable], mine: Collection[Apply]) -> Sequence[Variable]:
    """A loop of n steps, 0 or 1, that computes what is its own."""
    operands: dict[Variable, None] = {}
    for owner in toposort(results):
        if owner in mine:
            operands.update((each, None) for each in owner.inputs if each.owner not in mine)
    operands.update((each, None) for each in results if each.owner not in mine)
    inner = [each for each in operands if not _is_small(each)]
    closed, more = close(inner, results)
    sites = [each.site for each in toposort(results, stop=[*inner, *more])]
    lines = Lines(sites, [each.name for each in (*inner, *more)])
    op = op_of("scan", graph=closed, lines=lines, sequences=0, taps=(), word="ifelse")
    return apply(op, [n, *inner, *more]).outputs


def _is_small(x: Variable) -> bool:
    return isinstance(x, Constant) and x.data.size <= _SMALL


def _owned(
    graph: Graph, node: Apply, results: Sequence[Variable], outside: Collection[Variable]
) -> set[Apply]:
    """The nodes that these operands of a choice alone need."""
    needed = set(graph.results)
    below = set(toposort(results))
    mine: set[Apply] = set()
    for each in reversed(graph.nodes):
        if each is node:
            needed.update(outside)
        elif each.op.kind == "LengthOf":
            continue  # it stays outside, and needs nothing of what it is the length of
        elif each in below and not needed.intersection(each.outputs):
            mine.add(each)
        else:
            needed.update(each.inputs)
    return mine


# -- gradients of branches -------------------------------------------------------------------------


@value
class _Half:
    """A choice of something or zeros: the something, and whether it is what holds."""

    which: Variable
    value: Variable
    is_then: bool

    def of(self, found: Variable) -> Variable:
        """The choice of something else, or zeros."""
        zeros = zeros_like(found)
        pair = (found, zeros) if self.is_then else (zeros, found)
        return choose(self.which, [pair[0]], [pair[1]])[0]


def behind(graph: Graph) -> Graph:
    """The graph with choices of something or zeros behind what is linear in them."""
    if not any(node.op.kind == "Choice" for node in graph.nodes):
        return graph
    values: dict[Variable, Variable] = {}
    for node in graph.nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        made = rebuild(node, inputs)
        owner = made[0].owner
        assert owner is not None
        with inherit(node.site):
            moved = _moved(owner)
        values.update(zip(node.outputs, made if moved is None else [moved], strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _half(x: Variable) -> _Half | None:
    node = x.owner
    if node is None or node.op.kind != "Choice":
        return None
    half = len(node.outputs)
    then, other = node.inputs[1 + x.index], node.inputs[1 + half + x.index]
    if is_zero(other):
        return _Half(node.inputs[0], then, True)
    return _Half(node.inputs[0], other, False) if is_zero(then) else None


def _moved(node: Apply) -> Variable | None:
    """The node's output as a choice, where it is linear in one."""
    if len(node.outputs) != 1:
        return None
    halves = {k: half for k in _linear_in(node) if (half := _half(node.inputs[k])) is not None}
    if not halves:
        return None
    if node.op.name == "add":
        return _sum(node, halves)
    if len(halves) != 1:
        return None
    ((k, half),) = halves.items()
    if node.op.kind == "Scatter":  # zeros added to an array leave it
        base, _, *places = node.inputs
        put: Variable = node.op(base, half.value, *places)
        pair = (put, base) if half.is_then else (base, put)
        return choose(half.which, [pair[0]], [pair[1]])[0]
    inputs = [half.value if j == k else each for j, each in enumerate(node.inputs)]
    found: Variable = node.op(*inputs)
    return half.of(found) if found.type.shape == node.outputs[0].type.shape else None


def _linear_in(node: Apply) -> Sequence[int]:
    """The operands in which the node is linear, the others being what they are."""
    name, kind = node.op.name, node.op.kind
    if name in ("add", "mul"):
        return range(len(node.inputs))
    if kind == "Contract":
        return (0, 1)
    if kind == "Scatter" and node.op.keywords["mode"] == "add":
        return (1,)
    return (0,) if name in ("neg", "cast", "true_div", "sum") or kind in ("View", "Relabel") else ()


def _sum(node: Apply, halves: dict[int, _Half]) -> Variable | None:
    """A sum of halves of one choice as a choice of sums."""
    which = next(iter(halves.values())).which
    same = {k: half for k, half in halves.items() if half.which is which}
    out = node.outputs[0]
    if any(half.value.type.shape != out.type.shape for half in same.values()):
        return None
    sides = [
        [half.value for half in same.values() if half.is_then is flag] for flag in (True, False)
    ]
    then, other = (_total(side, out) for side in sides)
    found = choose(which, [then], [other])[0]
    rest = [each for k, each in enumerate(node.inputs) if k not in same]
    return add(*rest, found) if rest else found


def _total(side: Sequence[Variable], out: Variable) -> Variable:
    if not side:
        return zeros_like(out)
    return add(*side) if len(side) > 1 else side[0]
