"""Whether a gradient is the slope: by differences in long double, at points off all kinks.

The references judge what is compiled, but a wrong derivative is wrong in both; this looks at the
graph of a gradient as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from tests.fuzz.judge import precise
from tests.fuzz.pool import Array, Case

__all__ = ["moved", "slope_fault"]

STEP = np.longdouble(1e-5)
TRIES = 3
# Their derivatives divide differences by x, or have a constant subtracted: what that is off by,
# with seven digits, counts for more then.
CANCELLING = ("sinc_slope", "erfcx")
# Its gradient is that of a draw's order among all draws, not that of the sampler's own steps.
IMPLICIT = "drawn_gamma"
PROMISED = "nonzero_prod"  # its gradient divides by each element
TIED = ("maximum", "minimum", "clip")

Slope = tuple[Variable, Variable, Variable]  # a scalar, a leaf, what is said to be the gradient


def slope_fault(case: Case, slope: Slope) -> str:
    """What is wrong, or ""; kinks may hide in one try, not in three."""
    text = ""
    for attempt in range(TRIES):
        text = _fault(case, slope, np.random.default_rng(attempt))
        if not text:
            return ""
    return text


def _fault(case: Case, slope: Slope, rng: np.random.Generator) -> str:
    cost, x, gradient_of = slope
    point = moved(case, cost, rng)
    if point is None:
        return ""
    way = rng.normal(size=point[x].shape)
    (gradient,) = precise([gradient_of], point)
    with np.errstate(all="ignore"):
        said = np.sum(gradient * way)
        size = np.sum(np.abs(gradient * way))
        small, large = (_difference(cost, x, point, way, k) for k in (1, 3))
        allowed = 1e-6 * (size + np.abs(small)) + 30 * np.abs(small - large) + 1e-9
        if not np.isfinite(small) or not np.isfinite(large):
            return ""
        if np.abs(said - small) <= allowed:
            return ""
    return f"the gradient by {x} is {said:.9g} along a line, its slope {small:.9g}"


def moved(
    case: Case, cost: Variable, rng: np.random.Generator | None = None
) -> dict[Variable, Array] | None:
    """A point near the case's own, off kinks that lie on round numbers; None where none serves."""
    nodes = toposort([cost])
    if any(node.op.name in CANCELLING and _is_single(node.outputs) for node in nodes):
        return None
    if any(node.op.name == IMPLICIT for node in nodes):
        return None
    rng = rng or np.random.default_rng(0)
    point = {leaf: _near(value, rng) for leaf, value in case.values().items()}
    return None if _is_tied(cost, point) or _breaks_promise(cost, point) else point


def _is_single(results: Sequence[Variable]) -> bool:
    return any(each.dtype == "float32" for each in results)


def _is_tied(cost: Variable, point: dict[Variable, Array]) -> bool:
    """Whether it picks the greater of two numbers that are one, as in maximum(x, x).

    Each then has the whole gradient (docs/design.md), which is no slope.
    """
    nodes = [node for node in toposort([cost]) if node.op.name in TIED]
    operands = list(dict.fromkeys(each for node in nodes for each in node.inputs))
    values = dict(zip(operands, precise(operands, point), strict=True))
    pairs = [pair for node in nodes for pair in combinations(node.inputs, 2)]
    return any(bool(np.any(values[a] == values[b])) for a, b in pairs)


def _breaks_promise(cost: Variable, point: dict[Variable, Array]) -> bool:
    """Whether an element is 0 that was promised not to be: as the edge of a convolution may be."""
    operands = [node.inputs[0] for node in toposort([cost]) if node.op.name == PROMISED]
    return any(bool(np.any(value == 0)) for value in precise(operands, point))


def _near(value: Array, rng: np.random.Generator) -> Array:
    if value.dtype.kind != "f":
        return value
    return value.astype("longdouble") + 1e-3 * rng.normal(size=value.shape)


def _difference(
    cost: Variable, x: Variable, point: dict[Variable, Array], way: Array, factor: int
) -> np.longdouble:
    step = STEP * factor
    ahead, behind = (
        precise([cost], {**point, x: point[x] + sign * step * way})[0] for sign in (1, -1)
    )
    return np.longdouble((ahead - behind) / (2 * step))
