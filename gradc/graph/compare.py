"""Whether two expressions are the same computation, whoever's variables they are.

Takes variables; numbers values as a sealed graph would intern them: equal operations on equal
values, equal constants and the same leaf have one number.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Constant, Variable, constant_key
from gradc.graph.walk import toposort

__all__ = ["equal_computations", "is_same_graph"]


def equal_computations(
    xs: Sequence[Variable],
    ys: Sequence[Variable],
    in_xs: Sequence[Variable] = (),
    in_ys: Sequence[Variable] = (),
) -> bool:
    """Whether `xs` are computed as `ys` are, pair by pair.

    in_xs, in_ys: pairs that count as equal, whatever computes them; all other leaves but constants
        must be the same variables.
    Raises: ArgumentError if the lists differ in length.
    """
    if len(in_xs) != len(in_ys):
        what = f"equal_computations: in_xs has {len(in_xs)} variables, in_ys {len(in_ys)}."
        raise ArgumentError(message(what))
    if len(xs) != len(ys) or any(x.type != y.type for x, y in zip(in_xs, in_ys, strict=True)):
        return False
    table: dict[Hashable, int] = {}
    given_x = {x: _number(table, ("given", k)) for k, x in enumerate(in_xs)}
    given_y = {y: _number(table, ("given", k)) for k, y in enumerate(in_ys)}
    return _numbers(xs, given_x, table) == _numbers(ys, given_y, table)


def is_same_graph(
    x: Variable, y: Variable, givens: Mapping[Variable, Variable] | None = None
) -> bool:
    """Whether x is computed as y is; givens: pairs of variables that count as equal."""
    pairs = dict(givens or {})
    return equal_computations([x], [y], list(pairs), list(pairs.values()))


def _number(table: dict[Hashable, int], key: Hashable) -> int:
    return table.setdefault(key, len(table))


def _numbers(
    outputs: Sequence[Variable], given: Mapping[Variable, int], table: dict[Hashable, int]
) -> list[int]:
    """The number of each output; the same in one table for the same computation."""
    known = dict(given)

    def number(leaf: Variable) -> int:
        if leaf not in known:
            key = constant_key(leaf) if isinstance(leaf, Constant) else id(leaf)
            known[leaf] = _number(table, ("leaf", key))
        return known[leaf]

    for node in toposort(outputs, stop=given.keys()):
        inputs = tuple(number(each) for each in node.inputs)
        for output in node.outputs:
            known.setdefault(output, _number(table, (node.op, inputs, output.index, output.type)))
    return [number(output) for output in outputs]
