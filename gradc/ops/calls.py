"""Applying declared operations by their word: what rules and declarations call each other by.

Takes a word, variables and parameters; gives a node's outputs.  Knows no operation itself, so that
kinds, which operations are declared as, can be written in terms of operations.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np

from gradc.graph.op import DECLARATIONS, Op
from gradc.graph.variable import Constant, Variable

__all__ = ["applied", "call", "lead", "length_of", "op_of", "stretched"]

_HALF = "float16"


def op_of(name: str, **params: Hashable) -> Op:
    """A declared operation with its parameters; those that are None are left out."""
    given = {key: value for key, value in params.items() if value is not None}
    return Op(DECLARATIONS[name], tuple(sorted(given.items())))


def call(name: str, *inputs: Variable, **params: Hashable) -> Variable:
    """Apply a declared operation of one output; parameters that are None are left out."""
    return applied(op_of(name, **params), inputs)


def applied(op: Op, inputs: Sequence[Variable]) -> Variable:
    """The operation's output; of float16, unless only bits move, by way of float32.

    So arithmetic on float16 is numpy's: computed in float32 and rounded once an operation.
    """
    params = op.keywords
    asked = params.get("dtype") == _HALF
    if not (asked or any(x.type.dtype == _HALF for x in inputs)) or op.rule.moves_half(params):
        return cast(Variable, op(*inputs))
    wide = [_cast(x, "float32") if x.type.dtype == _HALF else x for x in inputs]
    changed = {key: "float32" if value == _HALF else value for key, value in op.params}
    found: Variable = Op(op.rule, tuple(changed.items()))(*wide)
    others = {x.type.dtype for x in inputs} & {"float32", "float64", "complex64", "complex128"}
    is_free = "dtype" not in params and not others
    is_half = found.type.dtype == "float32" and (asked or is_free)
    return _cast(found, _HALF) if is_half else found


def _cast(x: Variable, dtype: str) -> Variable:
    return cast(Variable, op_of("cast", dtype=dtype)(x))


def length_of(x: Variable, axis: int) -> Variable:
    """The length of an axis, an int64 scalar; a constant where it is known while building."""
    static = x.type.shape[axis]
    if static is not None:
        return Constant(np.asarray(static, "int64"))
    return call("length", x, axis=axis)


def lead(x: Variable) -> Variable:
    """The array with one axis of length 1 in front, which stretches against a batch."""
    return call("dimshuffle", x, order=("x", *range(x.ndim)))


def stretched(x: Variable, batch: Variable) -> Variable:
    """The array once for each element of a batch, the first axis of `batch`. A view."""
    lengths = (length_of(batch, 0), *(length_of(x, axis) for axis in range(x.ndim)))
    return call("broadcast_to", lead(x), *lengths)
