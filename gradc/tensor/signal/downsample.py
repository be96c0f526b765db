"""Pooling under the names that Theano had for it before version 0.9."""

from __future__ import annotations

from typing import Any

from gradc.graph.variable import Variable
from gradc.tensor.signal.pool import max_pool_2d_same_size, pool_2d

__all__ = ["max_pool_2d", "max_pool_2d_same_size"]


def max_pool_2d(
    input: Any, ds: Any, ignore_border: bool | None = None, st: Any = None, padding: Any = (0, 0),
    mode: str = "max",
) -> Variable:  # fmt: skip
    """pool_2d(input, ws=ds, ignore_border, stride=st, pad=padding, mode)."""
    return pool_2d(input, ds, ignore_border, st, padding, mode)
