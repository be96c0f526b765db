"""theano.gof.graph: walking expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradc.compat.theano.gof.type import Constant
from gradc.graph.compare import equal_computations
from gradc.graph.compare import is_same_graph as same
from gradc.graph.op import Apply
from gradc.graph.replace import clone as cloned
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors as ancestors_of
from gradc.graph.walk import leaves, toposort

__all__ = [
    "Apply", "Constant", "Variable", "ancestors", "clone", "equal_computations", "inputs",
    "io_toposort", "is_in_ancestors", "is_same_graph", "list_of_nodes", "ops", "orphans",
    "variables", "variables_and_orphans", "view_roots",
]  # fmt: skip


def ancestors(
    variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> list[Variable]:
    """Every variable that these depend on, themselves included; blockers are not looked behind.

    In Theano's order, which programs take for that of their parameters: the last variable first,
    then what it is computed from, depth first, operands from left to right.
    """
    walls, found = set(blockers or ()), dict[Variable, None]()
    stack = list(variable_list)
    while stack:
        variable = stack.pop()
        if variable not in found:
            found[variable] = None
            if variable.owner is not None and variable not in walls:
                stack.extend(reversed(variable.owner.inputs))
    return list(found)


def inputs(
    variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> list[Variable]:
    """The variables without an owner that these depend on, constants and shared ones included.

    In the order of `ancestors`: give reversed(outputs) to have the first output's first.
    """
    return [each for each in ancestors(variable_list, blockers) if each.owner is None]


def variables_and_orphans(
    i: Sequence[Variable], o: Sequence[Variable]
) -> tuple[list[Variable], list[Variable]]:
    """What lies between inputs i and outputs o, and of that the leaves that are not in i."""
    found = ancestors_of(o, set(i))
    given = set(i)
    return found, [each for each in found if each.owner is None and each not in given]


def variables(i: Sequence[Variable], o: Sequence[Variable]) -> list[Variable]:
    """The variables between inputs and outputs, both included."""
    return variables_and_orphans(i, o)[0]


def orphans(i: Sequence[Variable], o: Sequence[Variable]) -> list[Variable]:
    """The leaves that outputs depend on besides the inputs: constants, shared variables."""
    return variables_and_orphans(i, o)[1]


def ops(i: Sequence[Variable], o: Sequence[Variable]) -> set[Apply]:
    """The nodes between inputs and outputs."""
    return set(toposort(o, set(i)))


def list_of_nodes(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[Apply]:
    """The nodes between inputs and outputs."""
    return toposort(outputs, set(inputs))


def io_toposort(
    inputs: Sequence[Variable], outputs: Sequence[Variable], orderings: Any = None
) -> list[Apply]:
    """The nodes between inputs and outputs, inputs first; orderings must be empty."""
    if orderings:
        raise ValueError("io_toposort: gradc's nodes have no order but that of what they read")
    return toposort(outputs, set(inputs))


def is_in_ancestors(l_node: Apply, f_node: Apply) -> bool:
    """Whether f_node is needed to compute l_node."""
    return f_node in toposort(l_node.outputs)


def is_same_graph(var1: Variable, var2: Variable, givens: Any = None, debug: bool = False) -> bool:
    """Whether two variables are computed alike; givens: pairs that count as equal."""
    pairs = givens if givens is None or isinstance(givens, Mapping) else dict(givens)
    return same(var1, var2, pairs)


def clone(
    i: Sequence[Variable], o: Sequence[Variable], copy_inputs: bool = True
) -> tuple[list[Variable], list[Variable]]:
    """Copies of inputs and outputs; the inputs themselves unless copy_inputs."""
    copies = [each.clone() if copy_inputs and not _stays(each) else each for each in i]
    return copies, cloned(list(o), dict(zip(i, copies, strict=True)))


def _stays(variable: Variable) -> bool:
    return hasattr(variable, "get_value") or isinstance(variable, Constant)


def view_roots(r: Variable) -> list[Variable]:
    """The leaves that a variable depends on."""
    return leaves([r])
