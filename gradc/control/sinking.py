"""Choices as loops of one step or none: how what is not taken is not computed.

Takes a Graph; gives one of the same value without Choice nodes.  Each value has a need, the
conditions under which somebody needs it (graph/needs.py).  What is not always needed sinks into
loops that run once where its need holds, and not at all else: all of one need into one loop, or
into several where something else has to be computed in between.  A loop hands what later ones read
on as an array of one row or none; two of these, one behind the other, are what a choice gives.

Loops stand side by side, whatever is nested in what, so nothing is computed twice, and a program of
many choices is no longer than its graph.  A little arithmetic on single numbers does not sink: to
look whether it is to run would take longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gradc.control.choice import flag
from gradc.control.closed import Lines, close, is_small
from gradc.control.stages import Shape, Staged, staged
from gradc.differentiate.cotangent import is_zero
from gradc.graph.graph import Graph
from gradc.graph.needs import Need
from gradc.graph.op import Apply, apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import rebuild, toposort
from gradc.ops.calls import length_of, op_of
from gradc.ops.compare import and_, eq, neq, or_, switch
from gradc.ops.convert import as_variable
from gradc.ops.declare import insert_axes
from gradc.ops.elemwise import cast, mul
from gradc.ops.joining import join
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import broadcast_to, zeros
from gradc.ops.reduce import sum as sum_of
from gradc.ops.relabel import reshape

__all__ = ["sunk"]


def sunk(graph: Graph) -> Graph:
    """The graph with its choices as loops."""
    if not any(node.op.kind == "Choice" for node in graph.nodes):
        return graph
    return graph.replaced(_Sinking(staged(graph)).results(graph))


@dataclass(eq=False)
class _Sinking:
    """The new graph in the making.

    values: what stands for what is always needed.  stacks: for the rest, an array of one row if it
    was computed, else of none.  shapes: for the rest, something of the shape that it has.
    counts: how often what has a need is computed, 1 or 0.  holding: the same as truth values.
    """

    staged: Staged
    values: dict[Variable, Variable] = field(default_factory=dict)
    stacks: dict[Variable, Variable] = field(default_factory=dict)
    shapes: dict[Variable, Variable] = field(default_factory=dict)
    counts: dict[Need, Variable] = field(default_factory=dict)
    holding: dict[Need, Variable] = field(default_factory=dict)

    def results(self, graph: Graph) -> list[Variable]:
        """What stands for the graph's results."""
        for unit in self.staged.units:
            if isinstance(unit, Need):
                self.counts[unit] = self._count(unit)
            elif isinstance(unit, Shape):
                self.shapes.update(self._shaped(unit.node))
            elif isinstance(unit, Apply):
                with inherit(unit.site):
                    self.values.update(self._made(unit, _Outside(self.values)))
            else:
                with inherit(unit.nodes[-1].site):
                    self._loop(unit.need, unit.nodes, unit.outputs)
        return [self.values.get(each, each) for each in graph.results]

    # -- numbers of turns --------------------------------------------------------------------------

    def _count(self, need: Need) -> Variable:
        """1 where the need holds, else 0; for sizes a number of its own, not one of conditions."""
        if need.which is not None and need.parent is self.staged.needs.always:
            one = _is_one(self.values.get(need.which, need.which))
            self.holding[need] = neq(one, 0) if need.holds else eq(one, 0)
            return one if need.holds else 1 - one
        self.holding[need] = self._holds(need)
        return flag(cast(self.holding[need], "int64"))

    def _holds(self, need: Need) -> Variable:
        """Whether a need holds, as a truth value."""
        if need.which is None:
            first, *rest = (self.holding[each] for each in need.members)
            for each in rest:
                first = or_(first, each)
            return first
        assert need.parent is not None
        if need.which in self.stacks:  # of no row where nobody asked for the condition
            one = sum_of(self.stacks[need.which])
        else:
            one = self.values.get(need.which, need.which)
        return and_(self.holding[need.parent], neq(one, 0) if need.holds else eq(one, 0))

    # -- nodes -------------------------------------------------------------------------------------

    def _made(self, node: Apply, place: _Place) -> dict[Variable, Variable]:
        """What stands for the outputs of a node in one place."""
        if node.op.kind == "Choice":
            return {each: self._selected(node, k, place) for k, each in enumerate(node.outputs)}
        if node.op.kind == "LengthOf":
            x = node.inputs[0]
            return {node.outputs[0]: length_of(self._like(x), node.op.keywords["axis"])}
        made = rebuild(node, [place.value(each) for each in node.inputs])
        return dict(zip(node.outputs, made, strict=True))

    def _like(self, x: Variable) -> Variable:
        """Something of a value's shape, outside."""
        return self.values.get(x, self.shapes.get(x, x))

    def _shaped(self, node: Apply) -> dict[Variable, Variable]:
        """What has the shapes of a node's outputs, if nobody computes any of it."""
        if node.op.kind == "Choice":
            return {each: self._shape_of(node, k) for k, each in enumerate(node.outputs)}
        made = rebuild(node, [self._like(each) for each in node.inputs])
        return dict(zip(node.outputs, made, strict=True))

    def _shape_of(self, node: Apply, k: int) -> Variable:
        """Zeros in the place of what a choice gives; a number, which may be a length, as it is."""
        pair = self.staged.pairs[node][k]
        if len(pair) == 1:
            return self._like(pair[0])
        if pair[0].ndim:
            return zeros(self._lengths(node, k), pair[0].dtype)
        holds = neq(self.counts[self.staged.branches[node, True]], 0)
        return switch(holds, *map(self._like, pair))

    # -- choices -----------------------------------------------------------------------------------

    def _selected(self, node: Apply, k: int, place: _Place) -> Variable:
        """What a choice gives: the one of its operands that was computed."""
        pair = self.staged.pairs[node][k]
        if len(pair) == 1:
            return place.value(pair[0])
        if self.staged.is_switch(node, pair):
            holds = neq(place.value(node.inputs[0]), 0)
            return switch(holds, *map(place.value, pair))
        rows = [
            self._flat(x, self.staged.branches[node, holds], place)
            for x, holds in zip(pair, (True, False), strict=True)
        ]
        lengths = list(map(place.outer, self._lengths(node, k)))
        return reshape(join(0, *rows), lengths, ndim=pair[0].ndim)

    def _flat(self, x: Variable, branch: Need, place: _Place) -> Variable:
        """The numbers of an operand if its branch is taken, else none."""
        if x.owner is not None and self.staged.found[x.owner] is branch:
            return reshape(place.outer(self.stacks[x]), (-1,))
        count = place.outer(self.counts[branch])
        if is_zero(x):
            return zeros([place.outer(self._size(x) * count)], x.dtype)
        value = place.value(x)
        lengths = [length_of(value, axis) for axis in range(x.ndim)]
        return reshape(broadcast_to(insert_axes(value, (0,)), [count, *lengths]), (-1,))

    def _size(self, x: Variable) -> Variable:
        lengths = [self._length(x, axis) for axis in range(x.ndim)]
        return mul(*lengths) if len(lengths) > 1 else lengths[0] if lengths else as_variable(1)

    def _lengths(self, node: Apply, k: int) -> list[Variable]:
        """The lengths of what a choice gives."""
        pair, count = self.staged.pairs[node][k], self.counts.get(self.staged.branches[node, True])
        like = node.op.keywords.get("like")
        found = []
        for axis, known in enumerate(node.outputs[k].type.shape):
            if known is not None:
                found.append(as_variable(known))
            elif like is not None:
                found.append(self._length(pair[like], axis))
            else:
                n, m = (self._length(each, axis) for each in pair)
                found.append(m + count * (n - m))
        return found

    def _length(self, x: Variable, axis: int) -> Variable:
        known = self._like(x)
        if x in self.stacks and known is x:
            return length_of(self.stacks[x], 1 + axis)
        return length_of(known, axis)

    # -- loops -------------------------------------------------------------------------------------

    def _loop(self, need: Need, nodes: Sequence[Apply], outputs: Sequence[Variable]) -> None:
        """The loop that computes nodes of one need, if that holds."""
        place = _Inside(self)
        for node in nodes:
            place.mine.update(self._made(node, place))
        results = [place.mine[each] for each in outputs]
        inner = [*place.rows.values(), *place.operands]
        closed, more = close(inner, results)
        sites = [each.site for each in toposort(results, stop=[*inner, *more])]
        lines = Lines(sites, [each.name for each in (*inner, *more)])
        rows = [self.stacks[each] for each in place.rows]
        op = op_of("scan", graph=closed, lines=lines, sequences=len(rows), taps=(), word="ifelse")
        made = apply(op, [self.counts[need], *rows, *place.operands, *more]).outputs
        self.stacks.update(zip(outputs, made, strict=True))


class _Place(Protocol):
    """Where nodes are made."""

    def value(self, x: Variable) -> Variable:
        """What stands for a value of the graph."""

    def outer(self, x: Variable) -> Variable:
        """What stands for something outside."""


@dataclass(eq=False)
class _Outside:
    """Outside of all loops."""

    values: Mapping[Variable, Variable]

    def value(self, x: Variable) -> Variable:
        """What stands for a value of the graph, which is always needed."""
        return x if x.owner is None else self.values[x]

    def outer(self, x: Variable) -> Variable:
        """What stands for something outside: itself."""
        return x


@dataclass(eq=False)
class _Inside:
    """In a loop. rows: placeholders of what earlier loops hand on.  operands: what stands outside.

    mine: what the loop computes.
    """

    sinking: _Sinking
    rows: dict[Variable, Variable] = field(default_factory=dict)
    operands: dict[Variable, None] = field(default_factory=dict)
    mine: dict[Variable, Variable] = field(default_factory=dict)

    def value(self, x: Variable) -> Variable:
        """What stands for a value of the graph."""
        if x in self.mine:
            return self.mine[x]
        stack = self.sinking.stacks.get(x)
        if stack is None:
            return self.outer(x if x.owner is None else self.sinking.values[x])
        if x not in self.rows:
            self.rows[x] = Input(TensorType(stack.dtype, stack.type.shape[1:]), x.name)
        return self.rows[x]

    def outer(self, x: Variable) -> Variable:
        """What stands for something outside: itself, which the loop reads."""
        if not is_small(x):
            self.operands[x] = None
        return x


def _is_one(x: Variable) -> Variable:
    """1 for a condition that holds, else 0, which is known to be at most 1."""
    rule = None if x.owner is None else x.owner.op.rule
    return x if isinstance(rule, Elemwise) and rule.counts else flag(x)
