"""From plain data back to a graph: the other way of gradc.graph.flat.

Takes the body of a Flat, and the leaves, which it does not hold; gives the variables by number, and
the graph.  Nothing in the data is called: words are looked up among declarations and among values
of this package.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.graph.graph import Graph
from gradc.graph.op import DECLARATIONS, Apply, Op
from gradc.graph.site import Site
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.value import is_value_class

__all__ = ["leaves_of", "unflatten"]


def leaves_of(body: Sequence[Any]) -> list[tuple[int, TensorType, str]]:
    """Number, type and role of each leaf: "input", "shared" or "constant"."""
    count, places, rows, *_ = body
    found = []
    for number, (dtype, shape, *digest) in zip(places, rows, strict=True):
        role = "constant" if digest else "input" if number < count else "shared"
        found.append((number, TensorType(dtype, tuple(shape)), role))
    return found


def unflatten(
    body: Sequence[Any],
    leaves: Mapping[int, Variable],
    sites: Mapping[int, Site],
    names: Mapping[int, str],
) -> Graph:
    """The graph of a body; sites and names are by number, sites those of their first variable.

    Raises: KeyError, ValueError, TypeError, IndexError for what is no body of these leaves.
    """
    count, _, _, calls, outputs, updates, lines = body
    known: dict[int, Variable] = dict(leaves)
    for number, leaf in known.items():
        leaf.site = sites.get(lines[number])
    for op, inputs, results in calls:
        types = [TensorType(dtype, tuple(shape)) for _, dtype, shape in results]
        operands = [known[k] for k in inputs]
        numbers = [number for number, _, _ in results]
        site = sites.get(lines[numbers[0]])
        node = Apply(_op(op), operands, types, site, [names.get(k) for k in numbers])
        known.update(zip(numbers, node.outputs, strict=True))
    border = tuple(known[k] for k in range(count))
    pairs = tuple((known[old], known[new]) for old, new in updates)
    image = {each: each for each in known.values()}
    return Graph(border, tuple(known[k] for k in outputs), pairs, image)


def _op(data: Sequence[Any]) -> Op:
    name, *params = data
    return Op(DECLARATIONS[name], tuple((word, _param(each)) for word, each in params))


def _param(data: Any) -> Any:
    if isinstance(data, list):
        return tuple(map(_param, data))
    if not isinstance(data, dict):
        return data
    ((word, each),) = data.items()
    if word == "float":
        return float.fromhex(each)
    if word == "slice":
        return slice(*map(_param, each))
    if word == "op":
        return _op(each)
    module, _, name = word.rpartition(".")
    kind = getattr(sys.modules[module] if module.startswith("gradc.") else None, name)
    if not is_value_class(kind):
        raise ValueError(f"{word} is no class of values")
    return kind(**{field: _param(value) for field, value in each})
