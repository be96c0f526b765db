"""Where nobody can say what a graph should give, to the last digit or at all.

Takes what the judge has computed of a graph, and its samples; gives whether a result may be another
for a compiled function that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from tests.fuzz.exact import LINEAR
from tests.fuzz.pool import Array

__all__ = ["MARGIN", "ULPS", "is_open", "tossed", "turns"]

MARGIN = 16.0  # of the spread, which is an estimate from few samples
ULPS = 16.0  # what vector math, and an operation written as another, may be off by
_NOISE = 1 << 20  # of long double: some hundred roundings of a double
_COMPARE = frozenset(("lt", "le", "gt", "ge", "eq", "neq"))
_ORDERED = frozenset(("lt", "le", "gt", "ge"))


def is_open(result: Variable, is_slope: bool, known: Mapping[Variable, Array]) -> bool:
    """Whether nobody can say what it is: linear algebra of what is not finite is behind it.

    Or, where another expression is the judge, a comparison with nan: what was rewritten may compare
    a number.  Or two numbers that rounding alone tells apart are asked whether they are equal, as
    the largest are by the gradient of max.
    """

    def has(operands: Sequence[Variable], wrong: Callable[[Array], Any]) -> bool:
        floats = [each for each in operands if each.dtype.startswith("float")]
        return any(np.any(wrong(known[each])) for each in floats if each in known)

    return any(
        (node.op.name in LINEAR | {"lu"} and has(node.inputs, lambda x: ~np.isfinite(x)))
        or (is_slope and node.op.name in _COMPARE and has(node.inputs, np.isnan))
        or (node.op.name == "eq" and _nearly_ties(node.inputs, known))
        or (node.op.name.startswith("qr_") and _has_no_sign(known.get(node.outputs[0])))
        for node in toposort([result])
    )


def _has_no_sign(q: Array | None) -> bool:
    """Whether rounding alone has turned a column of Q round: what is below its diagonal is noise.

    Exact zeros there leave the column as it is.
    """
    if q is None:
        return False
    below = np.max(np.abs(np.tril(q, -1)), axis=-2, initial=0)
    return bool(np.any((below > 0) & (below <= _NOISE * np.finfo(q.dtype).eps)))


def turns(result: Variable, known: Mapping[Variable, Array]) -> bool:
    """Whether a comparison has met what became infinite, or nan, on its way from other numbers.

    What was rewritten may compare a number there: log1p(expm1(-700)) is -700, as written -inf, and
    exp(inf) / (1 + exp(inf)) is 1, as written nan.
    """
    born: set[Variable] = set()
    for node in toposort([result]):
        if not born.isdisjoint(node.inputs) or _overflows(node, known):
            if node.op.name in _COMPARE:
                return True
            born.update(node.outputs)
    return False


def _overflows(node: Apply, known: Mapping[Variable, Array]) -> bool:
    """Whether a result is infinite where all operands are finite, or nan where none is."""
    values = [known[each] for each in node.inputs if each in known]
    found = [known[each] for each in node.outputs if each in known]
    floats = [x for x in found if x.dtype.kind == "f" and not np.isfinite(x).all()]
    if not floats:
        return False
    with np.errstate(all="ignore"):
        parts = [x if node.op.kind == "Elemwise" else np.asarray(np.sum(x)) for x in values]
    finite = np.logical_and.reduce(np.broadcast_arrays(*map(np.isfinite, parts)))
    number = ~np.logical_or.reduce(np.broadcast_arrays(*map(np.isnan, parts)))
    return any(bool(np.any(np.isinf(x) & finite | np.isnan(x) & number)) for x in floats)


def tossed(
    node: Apply, known: Mapping[Variable, Array], shaken: Sequence[Mapping[Variable, Array]]
) -> bool:
    """Whether rounding may turn a comparison round: few samples may all have come out alike."""
    if node.op.name not in _ORDERED or not all(x.dtype.startswith("float") for x in node.inputs):
        return False
    if not all(each in values for each in node.inputs for values in (known, *shaken)):
        return False
    if any(each[x].shape != known[x].shape for each in shaken for x in node.inputs):
        return True  # how many there are to compare hangs on it already
    a, b = node.inputs
    with np.errstate(all="ignore"):
        gap = known[a] - known[b]
        moves = [np.abs(each[a] - each[b] - gap) for each in shaken]
        return any(bool(np.any((x > 0) & (np.abs(gap) <= MARGIN * x))) for x in moves)


def _nearly_ties(operands: Sequence[Variable], known: Mapping[Variable, Array]) -> bool:
    if not all(each.dtype.startswith("float") and each in known for each in operands):
        return False
    a, b = (known[each] for each in operands)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= 4 * ULPS * np.finfo(operands[0].dtype).eps * np.abs(a)
    return bool(np.any(near & (a != b)))
