"""Theano's conversion of numbers, where it differs from NumPy 2's.

A Python number that is made a constant by name (T.constant, T.as_tensor_variable) gets the smallest
dtype that holds it.  In arithmetic, x * 2, it stays weak, as everywhere in gradc.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Constant, Variable
from gradc.ops import convert
from gradc.options import config

__all__ = ["as_tensor_variable", "constant", "smallest_dtype"]


def smallest_dtype(x: Any) -> str | None:
    """The dtype Theano gives a Python number; None for what brings its own.

    Whole numbers: int8 to int64.  Floats: float32 where config.floatX or the number's digits let
    it, else float64.
    """
    if type(x) is int:
        for dtype in ("int8", "int16", "int32"):
            if np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
                return dtype
        return "int64"
    if type(x) is float:
        with np.errstate(over="ignore"):
            is_exact = float(np.float32(x)) == x or x != x
        return "float32" if is_exact or config.floatX == "float32" else "float64"
    return None


def constant(
    x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None
) -> Constant:
    """A constant; Python numbers get the smallest dtype that holds them (2 is int8)."""
    return convert.constant(x, name, ndim, dtype or smallest_dtype(x))


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Variable:
    """The variable that stands for x; Python numbers get the smallest dtype that holds them."""
    return convert.as_variable(x, name, ndim, smallest_dtype(x))


def _asarray(a: Any, dtype: Any, order: Any = None) -> npt.NDArray[Any]:
    """numpy.asarray with a dtype; "floatX" is config.floatX."""
    return np.asarray(a, config.floatX if dtype == "floatX" else dtype, order=order)
