"""Who made the first nan: where NanGuardMode's error points.

Takes the optimised graph and a call's values; evaluates node by node and gives the message about
the first value that is not allowed: the operation, its line, what it gave, what it got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.call.arguments import describe_value
from gradc.errors import Message, Where, message
from gradc.graph.describe import elements, where
from gradc.graph.evaluate import evaluate
from gradc.graph.graph import Graph
from gradc.graph.variable import Variable
from gradc.value import replace

__all__ = ["first_bad"]

_BIG = 1e10  # gradc.rewrite.guard.BIG


def first_bad(
    graph: Graph, values: Mapping[Variable, Any], guards: Sequence[str], function: str
) -> Message | None:
    """The message about the first value that is not allowed, or None if there is none."""
    known = dict(values)
    for leaf, array in values.items():
        word = _fault(array, guards)
        if word:
            what = f"{function}: the input {leaf} has {word}."
            return message(what, [_row(leaf, array)], "pass other values.")
    for node in graph.nodes:
        if node.op.kind == "Call":
            return None  # its code is not run again
        results = evaluate(node.outputs, known)
        known.update(zip(node.outputs, results, strict=True))
        for output, array in zip(node.outputs, results, strict=True):
            word = _fault(array, guards)
            if word:
                rows = [_row(each, known[each]) for each in (output, *node.inputs) if each in known]
                place = "" if node.site is None else f" ({node.site})"
                what = f"{function}: {node.op.name}{place} gives {word}."
                fix = "look at what it got; a clip, another scale or a smaller step may help."
                return message(what, rows, fix)
    return None


def _fault(array: Any, guards: Sequence[str]) -> str:
    """What is wrong with an array, in words; nothing if nothing is."""
    if array.dtype.kind not in "fc":
        return ""
    tests: dict[str, Callable[[Any], Any]] = {
        "nan": np.isnan,
        "inf": np.isinf,
        "big": lambda x: (np.abs(x) > _BIG) & ~np.isinf(x),
    }
    words = {"nan": "nan", "inf": "an infinity", "big": f"a number above {_BIG:g}"}
    for name, test in tests.items():
        bad = int(np.count_nonzero(test(array)))
        if name in guards and bad:
            return f"{words[name]} ({bad} of {array.size} elements)"
    return ""


def _row(variable: Variable, array: Any) -> Where:
    text = elements(array) if array.size else ""
    return replace(where(variable), got=f"{describe_value(array)} {text}".rstrip())
