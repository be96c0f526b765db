"""Check that a sealed Graph keeps its promises.

Takes a Graph; gives nothing, or raises InternalError with the lines of the graph around the fault.
What holds in a sealed graph: leaves are arguments, constants or shared variables; every node reads
what stands above it (so there is no cycle); its types are those its declaration derives; no value
is computed twice; each update has the type of its shared variable.  User mistakes are not looked
for here: they raise typed errors when they are made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from gradc.errors import GradcError, InternalError, message
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.text import Row, rows
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable, constant_key
from gradc.value import value

__all__ = ["check"]

_AROUND = 3  # lines shown above and below the fault


@value
class _Fault:
    what: str
    subject: Apply | Variable | None


def check(graph: Graph, after: str = "") -> None:
    """Raise InternalError at the first promise that the graph breaks.

    `after` names what made the graph (a pass, a rule), for the message.
    """
    for fault in _faults(graph):
        lines = _lines_around(rows(graph.outputs, graph.inputs, graph.updates), fault.subject)
        cause = f" after {after}" if after else ""
        raise InternalError(message(f"graph{cause}: {fault.what}\n{lines}"))


def _faults(graph: Graph) -> Iterator[_Fault]:
    yield from _border_faults(graph)
    nodes = graph.nodes
    yield from _order_faults(nodes)
    for node in nodes:
        yield from _node_faults(node)
    yield from _leaf_faults(graph, nodes)
    yield from _duplicate_faults(nodes)
    yield from _update_faults(graph)


def _border_faults(graph: Graph) -> Iterator[_Fault]:
    for each in graph.inputs:
        if each.owner is not None or isinstance(each, Constant):
            yield _Fault(f"the input {each} is not a free leaf.", each.owner or each)
    if len(set(graph.inputs)) != len(graph.inputs):
        yield _Fault("an input is listed twice.", graph.inputs[0])


def _order_faults(nodes: list[Apply]) -> Iterator[_Fault]:
    done: set[Apply] = set()
    for node in nodes:
        for each in node.inputs:
            if each.owner is not None and each.owner not in done:
                yield _Fault("a node reads a value computed from itself.", node)
        done.add(node)


def _node_faults(node: Apply) -> Iterator[_Fault]:
    for index, output in enumerate(node.outputs):
        if output.owner is not node or output.index != index:
            yield _Fault(f"output {index} does not belong to its node.", node)
    for each in node.inputs:
        if each.owner is not None and each.owner.outputs[each.index] is not each:
            yield _Fault(f"reads {each}, which its own node does not give.", node)
    try:
        derived = node.op.rule.infer(node.inputs, node.op.keywords)
    except GradcError as error:
        yield _Fault(f"the declaration refuses the inputs: {error}", node)
        return
    types = tuple(output.type for output in node.outputs)
    if derived != types:
        yield _Fault(f"the declaration derives {_types(derived)}.", node)


def _types(types: tuple[TensorType, ...]) -> str:
    return ", ".join(map(str, types))


def _leaf_faults(graph: Graph, nodes: list[Apply]) -> Iterator[_Fault]:
    known = set(graph.inputs)
    uses: list[tuple[Variable, Apply | None]] = [(v, n) for n in nodes for v in n.inputs]
    for leaf, node in (*uses, *((result, None) for result in graph.results)):
        if leaf.owner is not None or isinstance(leaf, Constant) or leaf in known:
            continue
        if type(leaf) in (Input, Variable):  # a shared variable is of a class of its own
            yield _Fault(f"{leaf} is no argument, no constant and no shared variable.", node)


def _duplicate_faults(nodes: list[Apply]) -> Iterator[_Fault]:
    constants: dict[Hashable, Constant] = {}
    seen: set[Hashable] = set()
    for node in nodes:
        for each in node.inputs:
            if not isinstance(each, Constant):
                continue
            if constants.setdefault(constant_key(each), each) is not each:
                yield _Fault(f"the constant {each} stands here twice.", node)
        key = (node.op, *map(id, node.inputs))
        if node.op.rule.merges and key in seen:
            yield _Fault("this value is computed twice.", node)
        seen.add(key)


def _update_faults(graph: Graph) -> Iterator[_Fault]:
    targets = [old for old, _ in graph.updates]
    if len(set(targets)) != len(targets):
        yield _Fault("a shared variable is updated twice.", targets[0])
    for old, new in graph.updates:
        if old.owner is not None or isinstance(old, Constant):
            yield _Fault(f"the update of {old} has no shared variable.", old.owner or old)
        if not _may_hold(old.type, new.type):
            yield _Fault(f"{old} : {old.type} is updated with {new.type}.", new.owner or new)


def _may_hold(old: TensorType, new: TensorType) -> bool:
    """Whether a value of the new type may be one of the old; unknown lengths wait for the call."""
    return (
        old.dtype == new.dtype
        and old.ndim == new.ndim
        and all(None in (a, b) or a == b for a, b in zip(old.shape, new.shape, strict=True))
    )


def _lines_around(text: list[Row], subject: Apply | Variable | None) -> str:
    place = next((k for k, row in enumerate(text) if row.subject is subject), len(text) - 1)
    first = max(0, place - _AROUND)
    shown = text[first : place + _AROUND + 1]
    return "\n".join(
        f"  {'>' if first + k == place else ' '} {row.text}" for k, row in enumerate(shown)
    )
