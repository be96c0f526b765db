"""Under which conditions a value is needed, where choices leave out what is not taken.

Takes nodes with choices among them; gives a Need for each value that somebody needs.  Equal needs
are one object.  What both branches of a choice need is needed where the choice is; what branches of
several choices need is needed where any of them is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.graph.op import Apply
from gradc.graph.variable import Variable

__all__ = ["Need", "Needs", "needs_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Need:
    """Always; or where `parent` is needed and the condition `which` holds, or does not; or any.

    members: of which it is any, else none; then `parent` is the nearest need that follows from all.
    depth: how many parents there are above.  conditions: what holds, all together.
    """

    parent: Need | None = None
    which: Variable | None = None
    holds: bool = True
    members: tuple[Need, ...] = ()
    depth: int = 0
    conditions: frozenset[tuple[Variable, bool] | Need] = frozenset()

    @property
    def parts(self) -> tuple[Need, ...]:
        """What it is any of: itself, if it is no such."""
        return self.members or (self,)


@dataclass(eq=False)
class Needs:
    """Makes needs; each is made once."""

    always: Need = field(default_factory=Need)
    _branches: dict[tuple[Need, Variable, bool], Need] = field(default_factory=dict)
    _any: dict[frozenset[Need], Need] = field(default_factory=dict)

    def branch(self, parent: Need, which: Variable, holds: bool) -> Need | None:
        """Where `parent` is needed and the condition holds or does not; None: that is never."""
        known = self.decided(parent, which)
        if known is not None:
            return parent if known == holds else None
        key = (parent, which, holds)
        if key not in self._branches:
            known_too = {parent} if parent.members else parent.conditions
            conditions = frozenset((*known_too, (which, holds)))
            self._branches[key] = Need(parent, which, holds, (), parent.depth + 1, conditions)
        return self._branches[key]

    def decided(self, need: Need, which: Variable) -> bool | None:
        """What a condition surely is where `need` holds."""
        each: Need | None = need
        while each is not None:
            if each.which is which:
                return each.holds
            each = each.parent
        return None

    def opposite(self, need: Need) -> Need | None:
        """The other branch, if it was asked for."""
        assert need.parent is not None
        assert need.which is not None
        return self._branches.get((need.parent, need.which, not need.holds))

    def any(self, needs: Iterable[Need]) -> Need:
        """Where any of these is; there is at least one."""
        found = dict.fromkeys(part for each in needs for part in each.parts)
        while self.always not in found:
            found = {
                each: None
                for each in found
                if not any(x.conditions < each.conditions for x in found)
            }
            pair = next((x for x in found if x.holds and self.opposite(x) in found), None)
            if pair is None:
                return self._of(tuple(found))
            assert pair.parent is not None
            rest = [x for x in found if (x.parent, x.which) != (pair.parent, pair.which)]
            found = dict.fromkeys((*rest, *pair.parent.parts))
        return self.always

    def _of(self, members: tuple[Need, ...]) -> Need:
        if len(members) == 1:
            return members[0]
        key = frozenset(members)
        if key not in self._any:
            above = self.common(members)
            self._any[key] = Need(above, members=members, depth=above.depth + 1)
        return self._any[key]

    def common(self, needs: Iterable[Need]) -> Need:
        """The nearest need that follows from each of these."""
        first, *rest = needs
        for other in rest:
            while first is not other:
                if first.depth < other.depth:
                    first, other = other, first
                assert first.parent is not None
                first = first.parent
        return first

    def implies(self, one: Need, other: Need) -> bool:
        """Whether `other` surely holds where `one` does."""
        return all(self._implied(each, other) for each in one.parts)

    def _implied(self, one: Need, other: Need) -> bool:
        if any(each.conditions <= one.conditions for each in other.parts):
            return True
        above = [each for each in one.conditions if isinstance(each, Need)]
        return any(each is other or self.implies(each, other) for each in above)


def needs_of(
    nodes: Sequence[Apply], results: Iterable[Variable], needs: Needs
) -> dict[Variable, Need]:
    """The need of every value below results that anybody needs.

    nodes: inputs first.  LengthOf needs nothing of what it is the length of.
    """
    below = _below(nodes)
    asked: dict[Variable, dict[Need, None]] = {each: {needs.always: None} for each in results}
    found: dict[Variable, Need] = {}
    for node in reversed(nodes):
        mine = [need for each in node.outputs for need in asked.get(each, ())]
        if not mine:
            continue
        need = _known_before(needs, needs.any(mine), node, below)
        found.update((each, need) for each in node.outputs)
        if node.op.kind == "LengthOf":
            continue
        half = len(node.outputs)
        for k, each in enumerate(node.inputs):
            is_choice = node.op.kind == "Choice" and k > 0
            part = needs.branch(need, node.inputs[0], k <= half) if is_choice else need
            if part is not None:
                asked.setdefault(each, {})[part] = None
    return found


def _below(nodes: Sequence[Apply]) -> dict[Apply, int]:
    """What each node depends on, itself included: a bit for each."""
    found: dict[Apply, int] = {}
    for k, node in enumerate(nodes):
        bits = 1 << k
        for each in node.inputs if node.op.kind != "LengthOf" else ():
            if each.owner is not None:
                bits |= found.get(each.owner, 0)
        found[node] = bits
    return found


def _known_before(needs: Needs, need: Need, node: Apply, below: Mapping[Apply, int]) -> Need:
    """The need without conditions that depend on the node itself: it cannot wait for these."""
    mine = below[node].bit_length() - 1

    def waits(each: Need) -> bool:
        if each.which is None:
            return any(map(waits, each.members))
        owner = each.which.owner
        return owner is not None and bool(below.get(owner, 0) >> mine & 1)

    parts = []
    for each in need.parts:
        above: Need = each
        known = each
        while above.parent is not None:
            if waits(above):
                known = above.parent
            above = above.parent
        parts.append(known)
    return needs.any(parts)
