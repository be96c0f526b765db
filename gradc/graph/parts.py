"""Parts of a graph by their ends: what lies between inputs and outputs, and what it starts from.

Takes variables; gives variables or nodes, inputs first.  Theano's words for walks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, leaves, toposort

__all__ = [
    "explicit_graph_inputs",
    "graph_inputs",
    "inputs",
    "io_toposort",
    "ops",
    "orphans",
    "truncated_graph_inputs",
    "variable_depends_on",
    "variables_between",
]


def graph_inputs(
    outputs: Sequence[Variable], blockers: Collection[Variable] = ()
) -> list[Variable]:
    """The leaves that outputs depend on (inputs, constants, shared variables), in order of use.

    blockers: variables that the walk does not go below; they count as leaves.
    """
    return leaves(outputs, blockers)


def explicit_graph_inputs(outputs: Sequence[Variable]) -> list[Input]:
    """The inputs that outputs depend on: leaves that are neither constant nor shared."""
    return [each for each in leaves(outputs) if isinstance(each, Input)]


def truncated_graph_inputs(
    outputs: Sequence[Variable], ancestors_to_include: Collection[Variable] = ()
) -> list[Variable]:
    """What outputs can be computed from, if these ancestors are given: they, and other leaves.

    Constants are not listed.
    """
    found = leaves(outputs, ancestors_to_include)
    given = set(ancestors_to_include)
    return [each for each in found if each in given or not isinstance(each, Constant)]


def inputs(
    variable_list: Sequence[Variable], blockers: Collection[Variable] = ()
) -> list[Variable]:
    """The leaves that variables depend on: graph_inputs by the name it had in Theano."""
    return leaves(variable_list, blockers)


def orphans(i: Collection[Variable], o: Sequence[Variable]) -> list[Variable]:
    """The leaves that o depend on and that are not among i: constants, shared variables."""
    given = set(i)
    return [each for each in leaves(o, i) if each not in given]


def ops(i: Collection[Variable], o: Sequence[Variable]) -> set[Apply]:
    """The nodes between i and o, in no order."""
    return set(toposort(o, stop=i))


def io_toposort(inputs: Collection[Variable], outputs: Sequence[Variable]) -> list[Apply]:
    """The nodes between inputs and outputs, each after those it reads from."""
    return toposort(outputs, stop=inputs)


def variables_between(inputs: Collection[Variable], outputs: Sequence[Variable]) -> list[Variable]:
    """Every variable that outputs depend on, down to inputs, both included."""
    return ancestors(outputs, stop=inputs)


def variable_depends_on(variable: Variable, on: Variable | Collection[Variable]) -> bool:
    """Whether the variable is one of these, or computed from one."""
    wanted = {on} if isinstance(on, Variable) else set(on)
    return any(each in wanted for each in ancestors([variable], stop=wanted))
