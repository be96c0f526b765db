"""Parts of a graph by their ends: what lies between inputs and outputs, and what it starts from.

Takes variables; gives variables or nodes, inputs first.  Theano's words for walks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from gradc.graph.op import Apply
from gradc.graph.replace import copied
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, leaves, rebuild, toposort

__all__ = [
    "clone_get_equiv",
    "explicit_graph_inputs",
    "graph_inputs",
    "inputs",
    "io_toposort",
    "list_of_nodes",
    "map_variables",
    "ops",
    "orphans",
    "truncated_graph_inputs",
    "variable_depends_on",
    "variables",
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


def variables(i: Collection[Variable], o: Sequence[Variable]) -> set[Variable]:
    """The variables between i and o, both included, in no order."""
    return {*variables_between(i, o), *i}


def list_of_nodes(inputs: Collection[Variable], outputs: Sequence[Variable]) -> list[Apply]:
    """The nodes between inputs and outputs: io_toposort by another name of Theano's."""
    return io_toposort(inputs, outputs)


def clone_get_equiv(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    copy_inputs: bool = True,
    memo: Mapping[Variable, Variable] | None = None,
) -> dict[Variable, Variable]:
    """A copy of the nodes between inputs and outputs: from each variable to that of the copy.

    copy_inputs: make inputs of the same names and types, too.  Constants and shared variables stay.
    memo: what stands for some variables already.
    """
    found: dict[Variable, Variable] = dict(memo or {})
    for each in inputs:
        if each not in found:
            new = Input(each.type, each.name) if copy_inputs else each
            found[each] = new
    copied(outputs, found)
    for each in ancestors(outputs, stop=[*found]):
        found.setdefault(each, each)
    return found


def map_variables(
    replacer: Callable[[Variable], Variable], graphs: Sequence[Variable]
) -> list[Variable]:
    """The graphs with every variable v replaced by replacer(v), what it depends on first.

    replacer gives the variable itself where nothing changes; it is asked about leaves too, and sees
    nodes on operands that are replaced already.
    """
    values: dict[Variable, Variable] = {}

    def now(variable: Variable) -> Variable:
        if variable not in values:
            values[variable] = replacer(variable)
        return values[variable]

    for node in toposort(graphs):
        made = rebuild(node, [now(each) for each in node.inputs])
        values.update(zip(node.outputs, map(replacer, made), strict=True))
    return [now(each) for each in graphs]


def variable_depends_on(variable: Variable, on: Variable | Collection[Variable]) -> bool:
    """Whether the variable is one of these, or computed from one."""
    wanted = {on} if isinstance(on, Variable) else set(on)
    return any(each in wanted for each in ancestors([variable], stop=wanted))
