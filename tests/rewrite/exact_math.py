"""Elementwise expressions in 1,100 digits: an answer that shares nothing with numpy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import mpmath

from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort

DIGITS = 1100  # 1 - sigmoid(1000) has 434 zeros behind the point

_TABLE = {
    "add": lambda *a: reduce(lambda x, y: x + y, a),
    "mul": lambda *a: reduce(lambda x, y: x * y, a),
    "sub": lambda x, y: x - y,
    "neg": lambda x: -x,
    "true_div": lambda x, y: x / y,
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "expm1": lambda x: mpmath.exp(x) - 1,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "cast": lambda x, dtype: x,
    "dimshuffle": lambda x, order: x,
}


def exactly(root: Variable, known: Mapping[Variable, Any]) -> Any:
    """The real value; None where there is none."""
    values = dict(known)
    with mpmath.workdps(DIGITS):
        for node in toposort([root]):
            inputs = [
                mpmath.mpf(float(each.data.reshape(-1)[0])) if isinstance(each, Constant)
                else values[each]
                for each in node.inputs
            ]  # fmt: skip
            try:
                value = _TABLE[node.op.name](*inputs, **node.op.keywords)
            except (ZeroDivisionError, ValueError):
                return None
            if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
                return None
            values[node.outputs[0]] = value
    return values[root]
