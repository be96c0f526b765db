"""theano.gof.graph: walking expressions, and expressions as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradc.compat.theano.gof.type import Constant
from gradc.graph.compare import equal_computations
from gradc.graph.compare import is_same_graph as same
from gradc.graph.op import Apply
from gradc.graph.parts import clone_get_equiv
from gradc.graph.replace import clone as cloned
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors as ancestors_of
from gradc.graph.walk import leaves, toposort

__all__ = [
    "Apply", "Constant", "Variable", "ancestors", "as_string", "clone", "clone_get_equiv",
    "equal_computations", "general_toposort", "inputs", "io_connection_pattern", "io_toposort",
    "is_in_ancestors", "is_same_graph", "list_of_nodes", "op_as_string", "ops", "orphans",
    "stack_search", "variables", "variables_and_orphans", "view_roots",
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


def stack_search(
    start: Iterable[Any], expand: Callable[[Any], Iterable[Any] | None], mode: str = "bfs",
    build_inv: bool = False,
) -> Any:  # fmt: skip
    """Everything that is reached from `start` by `expand`, in the order of the search, each once.

    mode: "bfs", broad, or "dfs", deep.  build_inv: also a dict from each to those that lead to it.
    """
    if mode not in ("bfs", "dfs"):
        raise ValueError(f"stack_search: mode is bfs or dfs, got {mode!r}")
    queue, found, back = deque(start), dict[Any, None](), dict[Any, list[Any]]()
    while queue:
        each = queue.popleft() if mode == "bfs" else queue.pop()
        if each in found:
            continue
        found[each] = None
        for more in expand(each) or ():
            back.setdefault(more, []).append(each)
            queue.append(more)
    return (list(found), back) if build_inv else list(found)


def general_toposort(
    outputs: Iterable[Any], deps: Callable[[Any], Iterable[Any] | None], debug_print: bool = False,
    **caches: Any,
) -> list[Any]:  # fmt: skip
    """What outputs depend on by `deps`, themselves included, each behind what it depends on.

    debug_print and caches change nothing.  Raises: ValueError for a circle.
    """
    below: dict[Any, list[Any]] = {}

    def look(each: Any) -> list[Any]:
        below[each] = list(dict.fromkeys(deps(each) or ()))
        return below[each]

    _, readers = stack_search(outputs, look, build_inv=True)
    waits = {each: len(inner) for each, inner in below.items()}
    ready, order = deque(each for each, count in waits.items() if not count), list[Any]()
    while ready:
        order.append(ready.popleft())
        for reader in readers.get(order[-1], ()):
            waits[reader] -= 1
            if not waits[reader]:
                ready.append(reader)
    if len(order) != len(below):
        raise ValueError("general_toposort: there is a circle of dependencies")
    return order


def io_connection_pattern(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> list[list[bool]]:
    """Per input, which outputs a gradient reaches it from, as far as operations of users say."""
    reached: dict[Variable, set[Variable]] = {each: {each} for each in inputs}
    for node in toposort(outputs, set(inputs)):
        pattern = getattr(node.op, "connection_pattern", None)
        rows = pattern(node) if pattern else [[True] * len(node.outputs) for _ in node.inputs]
        for k, each in enumerate(node.outputs):
            linked = [v for v, row in zip(node.inputs, rows, strict=True) if row[k]]
            reached[each] = set[Variable]().union(*(reached.get(v, set()) for v in linked))
    return [[each in reached.get(output, set()) for output in outputs] for each in inputs]


def op_as_string(i: Sequence[Variable], op: Apply) -> str:
    """A node as text: the operation, and its operands by as_string."""
    return f"{op.op}({', '.join(as_string(i, op.inputs))})"


def as_string(i: Sequence[Variable], o: Sequence[Variable]) -> list[str]:
    """Expressions of inputs i as texts.

    What several read is written once, as *1 -> ..., and is *1 afterwards.
    """
    given, counts = set(i), dict[Variable, int]()
    operands = [operand for node in toposort(o, given) for operand in node.inputs]
    for variable in (*operands, *o):
        counts[variable] = counts.get(variable, 0) + 1
    numbers: dict[Variable, int] = {}
    found = []
    for output in o:
        parts, waiting = [], list[Variable | str]([output])
        while waiting:
            each = waiting.pop()
            if isinstance(each, str) or each.owner is None or each in given:
                parts.append(str(each))
            elif each in numbers:
                parts.append(f"*{numbers[each]}")
            else:
                if counts[each] > 1:
                    numbers[each] = len(numbers) + 1
                    parts.append(f"*{numbers[each]} -> ")
                waiting += reversed(_written(each.owner, each.index))
        found.append("".join(parts))
    return found


def _written(node: Apply, index: int) -> list[Variable | str]:
    """A node's result as texts and variables, one after the other."""
    found: list[Variable | str] = [f"{node.op}("]
    for k, each in enumerate(node.inputs):
        found += [", ", each] if k else [each]
    return [*found, ")" if len(node.outputs) == 1 else f").{index}"]
