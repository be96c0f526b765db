"""Applying declared operations by their word: what rules and declarations call each other by.

Takes a word, variables and parameters; gives a node's outputs.  Knows no operation itself, so that
kinds, which operations are declared as, can be written in terms of operations.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

import numpy as np

from gradc.graph.op import DECLARATIONS, Op
from gradc.graph.variable import Constant, Variable

__all__ = ["call", "lead", "length_of", "op_of", "stretched"]


def op_of(name: str, **params: Hashable) -> Op:
    """A declared operation with its parameters; those that are None are left out."""
    given = {key: value for key, value in params.items() if value is not None}
    return Op(DECLARATIONS[name], tuple(sorted(given.items())))


def call(name: str, *inputs: Variable, **params: Hashable) -> Variable:
    """Apply a declared operation of one output; parameters that are None are left out."""
    return cast(Variable, op_of(name, **params)(*inputs))


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
