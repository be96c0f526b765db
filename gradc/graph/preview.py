"""The value of an expression, now: `x.preview(...)`, by the interpreter, nothing compiled.

Takes a variable and values for what it depends on; gives an array, and on request the table of all
that was computed on the way: value by value its shape and range and the line that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, MissingInputError, message, printable
from gradc.graph.describe import elements, where
from gradc.graph.evaluate import evaluate
from gradc.graph.testvalues import known_value
from gradc.graph.text import labels
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import leaves, toposort

__all__ = ["preview"]


def preview(
    x: Variable,
    values: Mapping[Variable, Any] | None = None,
    /,
    *,
    show: bool = False,
    **named: Any,
) -> Any:
    """The value of the expression x for given inputs.

    values: from variables to numbers or arrays, cast to the variables' dtypes; inner variables may
    be given too.  named: the same by the names of inputs.  Inputs that are not given take their
    tag.test_value; shared variables have their present value.
    show: print each value on the way, with its shape, range and line.

    Returns: an array of x's dtype.  Raises: MissingInputError, ArgumentError for a name that no
    input has, and what the operations raise: at the line of the preview, and naming the line that
    built what failed.
    """
    given = dict(values or {})
    given.update(_by_name(x, named, given))
    for leaf in leaves([x], stop=given):
        if leaf in given or isinstance(leaf, Constant):
            continue
        found = known_value(leaf)
        if found is None:
            what = f"preview: {leaf} has no value."
            fix = f"pass one: preview({{{leaf.name or 'x'}: value}}), or give it a tag.test_value."
            raise MissingInputError(message(what, [where(leaf)], fix))
        given[leaf] = found
    nodes = toposort([x], stop=given)
    inner = [output for node in nodes for output in node.outputs]
    results = evaluate([*inner, x], given)
    if show:
        print(_table(x, given, dict(zip(inner, results, strict=False))), flush=True)
    return results[-1]


def _by_name(
    x: Variable, named: Mapping[str, Any], given: Mapping[Variable, Any]
) -> dict[Variable, Any]:
    """Values that were given by the names of inputs."""
    found = {}
    inputs = [leaf for leaf in leaves([x], stop=given) if not isinstance(leaf, Constant)]
    for name, value in named.items():
        matching = [leaf for leaf in inputs if leaf.name == name]
        if len(matching) != 1:
            many = f"{len(matching)} inputs are" if matching else "no input is"
            what = f"preview: {many} called {printable(name, 60)!r}."
            rows = [where(leaf) for leaf in inputs[:8]]
            raise ArgumentError(message(what, rows, "pass a dict from variables to values."))
        found[matching[0]] = value
    return found


def _table(x: Variable, given: Mapping[Variable, Any], inner: Mapping[Variable, Any]) -> str:
    """One line a value: what it is, its type in this preview, its elements, the user's line."""
    words = labels([x])
    rows = [(words.get(v, str(v)), "", np.asarray(a).astype(v.dtype), v) for v, a in given.items()]
    rows += [(words[v], f"= {_call(v, words)}", a, v) for v, a in inner.items()]
    cells = [
        (
            f"{printable(label, 60)} {call}".rstrip(),
            str(TensorType(a.dtype.name, a.shape)),
            elements(a) if a.size else "",
            "" if v.site is None else f"[{printable(str(v.site), 60)}]",
        )
        for label, call, a, v in rows
    ]
    widths = [max(len(row[k]) for row in cells) for k in range(3)]
    lines = (
        "  ".join([*(c.ljust(w) for c, w in zip(row[:3], widths, strict=True)), row[3]])
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _call(variable: Variable, words: Mapping[Variable, str]) -> str:
    node = variable.owner
    assert node is not None
    operands = ", ".join(printable(words.get(each, str(each)), 60) for each in node.inputs)
    return f"{node.op} {operands}"
