"""Graphs in pickles and copies, without recursion.

Takes variables; gives what `__reduce__` gives.  A computed variable brings all nodes below it in a
list, inputs first: each finds what it reads in the pickler's memo, so nothing goes deep, and one
node stays one.  The list belongs to all of its nodes while it lives, as long as the pickler that
has it in its memo: so a second variable of the same graph costs two references.

Names and tags stay, and of lines the file's own name: no folder of the machine's is in a pickle.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from gradc.graph.site import Site

if TYPE_CHECKING:
    from gradc.graph.op import Apply
    from gradc.graph.variable import Variable

__all__ = ["Chain", "reduced_output", "without_folder"]


class Chain:
    """Nodes, inputs first, behind those of the lists `before`; plain lists when unpickled.

    A list takes in those before it that are no longer than itself, as a binary counter carries: so
    there are few, and of a thousand variables pickled one after the other no node stands in many.
    """

    __slots__ = ("__weakref__", "before", "nodes")

    before: tuple[Chain, ...]

    def __init__(self, variables: Iterable[Variable]) -> None:
        """The nodes below variables, which from now on refer to this list."""
        self.nodes, met = _below(variables)
        found = list(dict.fromkeys(each for chain in met for each in (*chain.before, chain)))
        while found and len(found[-1].nodes) <= len(self.nodes):
            self.nodes = found.pop().nodes + self.nodes
        self.before = tuple(found)
        mine = weakref.ref(self)
        for node in self.nodes:
            node.chain = mine

    def __reduce__(self) -> tuple[Any, ...]:
        return _listed, (self.before,), None, iter(self.nodes)


def _listed(before: object) -> list[Apply]:
    return []


def _below(variables: Iterable[Variable]) -> tuple[list[Apply], list[Chain]]:
    """The nodes that compute these, inputs first, down to those in a living list; these lists."""
    order: list[Apply] = []
    met: dict[Chain, None] = {}
    seen: set[Apply] = set()
    roots = [each.owner for each in variables if each.owner is not None]
    for root in roots:
        stack = [(root, iter((root,)))]  # the first entry is a door, not a node
        while stack:
            node, ahead = stack[-1]
            below = next((each for each in ahead if each not in seen), None)
            if below is None:
                stack.pop()
                if stack:
                    order.append(node)
                continue
            seen.add(below)
            chain = None if below.chain is None else below.chain()
            if chain is None:
                stack.append((below, iter([x.owner for x in below.inputs if x.owner is not None])))
            else:
                met.setdefault(chain)
    return order, list(met)


def reduced_output(variable: Variable) -> tuple[Any, ...]:
    """What __reduce__ gives for a computed variable."""
    node = variable.owner
    assert node is not None
    chain = None if node.chain is None else node.chain()
    return _output, (chain or Chain([variable]), node, variable.index)


def _output(chain: Sequence[Apply], node: Apply, index: int) -> Variable:
    return node.outputs[index]


def without_folder(site: Site | None) -> Site | None:
    """The line, its file by its own name only."""
    return None if site is None else Site(os.path.basename(site.file), site.line)
