"""Which values only a branch of a choice needs.

Takes expressions; gives the variables that no part of them needs whatever the conditions say.  A
loop neither keeps these for its gradient nor takes them out of its steps: they are computed where
their branch runs, in the step backwards once more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.graph.needs import Needs, needs_of
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort

__all__ = ["lazy"]


def lazy(outputs: Sequence[Variable], stop: Collection[Variable] = ()) -> set[Variable]:
    """The values below `outputs` that only branches need."""
    nodes = toposort(outputs, stop=stop)
    if not any(node.op.kind == "Choice" for node in nodes):
        return set()
    needs = Needs()
    found = needs_of(nodes, outputs, needs)
    made = (each for node in nodes for each in node.outputs)
    return {each for each in made if found.get(each) is not needs.always}
