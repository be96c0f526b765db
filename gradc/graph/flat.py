"""A graph as plain data: what it computes, without a word of the user's.

Takes a sealed Graph; gives a Flat: lists, numbers and words that JSON holds, and the number of
every variable in them.  Operations, parameters, types and the bytes of constants are in it; names,
files, lines and the values of shared variables are not, so that two programs that differ in those
are equal.  What is in it of lines is who shares one: nodes that differentiation made belong to the
line of the node they come from, and messages that were prepared for one graph (gradc.call.origins)
must name the right line in every graph that is equal to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradc.digests import sha256
from gradc.graph.graph import Graph
from gradc.graph.lines import Lines, lines_within
from gradc.graph.op import AnyOp, Apply, Declaration, Op
from gradc.graph.site import Site
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.value import fields_of, is_value, value

__all__ = ["Flat", "flatten"]


class _NotPlain(Exception):
    """Something has no spelling as plain data."""


@value
class Flat:
    """The graph's variables, each with its number, and what they compute.

    body: plain data, or None where there is none that says it all: the graph holds a Python
    callback or an operation of the user's.
    """

    variables: tuple[Variable, ...]
    number: dict[Variable, int]
    body: list[Any] | None


def flatten(graph: Graph, is_known: Callable[[Declaration], bool]) -> Flat:
    """The graph as plain data; `is_known` says whether a declaration's name stands for it."""
    nodes = toposort(graph.results)
    number = _numbers(graph, nodes)
    try:
        rows = [_leaf(each) for each in number if each.owner is None]
        calls = [_call(node, number, is_known) for node in nodes]
    except _NotPlain:
        return Flat(tuple(number), number, None)
    places = [number[each] for each in number if each.owner is None]
    outputs = [number[each] for each in graph.outputs]
    updates = [[number[old], number[new]] for old, new in graph.updates]
    body = [len(graph.inputs), places, rows, calls, outputs, updates, _lines(number, nodes)]
    return Flat(tuple(number), number, body)


def _numbers(graph: Graph, nodes: Sequence[Apply]) -> dict[Variable, int]:
    """Inputs, then leaves where they are first used and outputs of nodes, in order."""
    order = dict.fromkeys(graph.inputs)
    for node in nodes:
        order |= dict.fromkeys((*node.inputs, *node.outputs))
    order |= dict.fromkeys((*graph.results, *(old for old, _ in graph.updates)))
    return {variable: k for k, variable in enumerate(order)}


def _leaf(leaf: Variable) -> list[Any]:
    """Type, and the digest of a constant's bytes."""
    data = [sha256(leaf.data.tobytes()).hexdigest()] if isinstance(leaf, Constant) else []
    return [*_type(leaf.type), *data]


def _call(
    node: Apply, number: Mapping[Variable, int], is_known: Callable[[Declaration], bool]
) -> list[Any]:
    if not is_known(node.op.rule):
        raise _NotPlain
    inputs = [number[each] for each in node.inputs]
    op = _op(node.op, is_known)
    return [op, inputs, [[number[v], *_type(v.type)] for v in node.outputs]]


def _lines(variables: Iterable[Variable], nodes: Iterable[Apply]) -> list[int]:
    """Per variable the number of the first one with its Site, or -1; equal Sites are still two.

    Behind them, in the same numbers, what stands inside loops.
    """
    seen: dict[int, int] = {}
    sites: list[Site | None] = [each.site for each in variables]
    for node in nodes:
        sites += [site for _, lines in lines_within(node.op) for site in lines.sites]
    return [-1 if s is None else seen.setdefault(id(s), k) for k, s in enumerate(sites)]


def _type(type: TensorType) -> list[Any]:
    return [type.dtype, list(type.shape)]


def _op(op: AnyOp, is_known: Callable[[Declaration], bool]) -> list[Any]:
    return [op.name, *([name, _plain(value, is_known)] for name, value in op.params)]


def _plain(value: object, is_known: Callable[[Declaration], bool]) -> Any:
    """A parameter as plain data that no other parameter has."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"float": value.hex()}
    if type(value) is bytes:
        return {"bytes": value.hex()}
    if type(value) is tuple:
        return [_plain(each, is_known) for each in value]
    if isinstance(value, slice):
        return {"slice": _plain((value.start, value.stop, value.step), is_known)}
    if isinstance(value, Lines):
        return {"lines": len(value.sites)}
    if isinstance(value, Op) and is_known(value.rule):
        return {"op": _op(value, is_known)}
    if is_value(value) and not isinstance(value, Op):
        kind = type(value)
        fields = [[name, _plain(each, is_known)] for name, each in fields_of(value).items()]
        return {f"{kind.__module__}.{kind.__qualname__}": fields}
    raise _NotPlain
