"""Gradients that arrive at the last row of an array alone.

Takes a gradient as indexing gives it, zeros with a row put in; gives the row, and what else there
is.  A loop backwards begins with the row, and need not read zeros for all other steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.differentiate.cotangent import is_zero
from gradc.graph.variable import Variable
from gradc.ops.elemwise import add
from gradc.ops.entries import Cut

__all__ = ["last_row"]


def last_row(ct: Variable) -> tuple[Variable | None, Variable | None]:
    """The part of a gradient that is the last row's, without the others; and the rest of it."""
    is_sum = ct.owner is not None and ct.owner.op.name == "add"
    terms = list(ct.owner.inputs) if ct.owner is not None and is_sum else [ct]
    rows = [_placed_last(each) for each in terms]
    found = [each for each in rows if each is not None]
    rest = [each for each, row in zip(terms, rows, strict=True) if row is None]
    return _total(found), _total(rest)


def _total(terms: Sequence[Variable]) -> Variable | None:
    return None if not terms else add(*terms) if len(terms) > 1 else terms[0]


def _placed_last(ct: Variable) -> Variable | None:
    """The row that alone is not zero, if it is the last one: the gradient of x[1:][-1]."""
    while ct.owner is not None and ct.owner.op.kind == "Scatter":
        base, values, *_ = ct.owner.inputs
        params = ct.owner.op.keywords
        view = params.get("through")
        if params["mode"] != "add" or view is None or view.name != "subtensor":
            return None
        first, *others = view.keywords["index"]
        if not is_zero(base) or any(each != Cut(None, None) for each in others):
            return None
        if first == -1:
            return values
        if not isinstance(first, Cut) or first.stop is not None or first.step != 1:
            return None
        ct = values
    return None
