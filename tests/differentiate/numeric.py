"""Gradients by central differences, in long double: the independent answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable

STEP = 1e-6  # with 64 bits of mantissa the error is about STEP ** 2


def value(variable: Variable, values: Mapping[Variable, Any]) -> Any:
    """The numbers of one expression."""
    return evaluate([variable], values)[0]


def slope(cost: Variable, wrt: Variable, values: Mapping[Variable, Any]) -> Any:
    """d cost / d wrt, element by element, from the values of the cost alone."""
    point = np.array(values[wrt], np.longdouble)
    result = np.empty(point.shape, np.longdouble)
    for place in np.ndindex(point.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = point.copy()
            moved[place] += step
            ends.append(evaluate([cost], {**values, wrt: moved}, upcast="longdouble")[0])
        result[place] = (ends[0] - ends[1]) / (2 * np.longdouble(STEP))
    return result.astype(float)
