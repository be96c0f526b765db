"""Which values only a branch of a choice needs.

Takes expressions; gives the variables that no part of them needs whatever the conditions say.  A
loop neither keeps these for its gradient nor takes them out of its steps: they are computed where
their branch runs, in the step backwards once more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort

__all__ = ["lazy"]

_Needs = set[tuple[Apply, bool] | None]  # branches that need a value; None: it is always needed


def lazy(outputs: Sequence[Variable], stop: Collection[Variable] = ()) -> set[Variable]:
    """The values below `outputs` that only branches need."""
    nodes = toposort(outputs, stop=stop)
    if not any(node.op.kind == "Choice" for node in nodes):
        return set()
    needs: dict[Variable, _Needs] = {each: {None} for each in outputs}
    choices: dict[Apply, _Needs] = {}
    for node in reversed(nodes):
        mine: _Needs = set().union(*(needs.get(each, ()) for each in node.outputs))
        mine = _joined(mine, choices)
        needs.update((each, mine) for each in node.outputs)
        if node.op.kind == "LengthOf":  # it needs nothing of what it is the length of
            continue
        half = len(node.outputs)
        for k, each in enumerate(node.inputs):
            if node.op.kind == "Choice" and k:
                choices[node] = mine
                needs.setdefault(each, set()).add((node, k <= half))
            else:
                needs.setdefault(each, set()).update(mine)
    return {each for node in nodes for each in node.outputs if None not in needs[each]}


def _joined(needs: _Needs, choices: dict[Apply, _Needs]) -> _Needs:
    """What both branches of a choice need is needed where the choice is."""
    while None not in needs:
        both = next((x for x in needs if x and x[1] and (x[0], False) in needs), None)
        if both is None:
            return needs
        needs = (needs - {both, (both[0], False)}) | choices[both[0]]
    return {None}
