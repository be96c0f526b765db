"""From a running function back into Python: what stands behind its callbacks.

Takes Call nodes; gives the tuple that csrc/python/callback.c reads: a callable a node, which is
handed the operands and the results to fill in as arrays in the function's own memory, and their
types.  Code of users gets copies, since it may keep what it is given (Call.run).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.kinds import Call

__all__ = ["callbacks_of"]

Array = npt.NDArray[Any]
Types = tuple[tuple[np.dtype[Any], int], ...]
Callback = tuple[Callable[[tuple[Array, ...], tuple[Array, ...]], None], Types, Types]


def callbacks_of(nodes: Sequence[Apply]) -> tuple[Callback, ...]:
    """One entry a node, in order."""
    return tuple((_code(node), _types(_handed(node)), _types(node.outputs)) for node in nodes)


def _handed(node: Apply) -> Sequence[Variable]:
    assert isinstance(node.op.rule, Call)
    return node.op.rule.handed(node)


def _types(variables: Sequence[Variable]) -> Types:
    return tuple((np.dtype(each.dtype), each.ndim) for each in variables)


def _code(node: Apply) -> Callable[[tuple[Array, ...], tuple[Array, ...]], None]:
    rule, params = node.op.rule, node.op.keywords
    assert isinstance(rule, Call)

    def run(operands: tuple[Array, ...], results: tuple[Array, ...]) -> None:
        found = rule.run(node, operands, params)
        for output, result, value in zip(node.outputs, results, found, strict=True):
            _put(output, result, np.asarray(value))

    return run


def _put(output: Variable, result: Array, value: Array) -> None:
    if value.shape != result.shape:
        what = f"{output}: its code gave an array of shape {value.shape}, announced {result.shape}."
        raise ShapeError(message(what, [where(output)], "correct the rule of its lengths."))
    result[...] = value
