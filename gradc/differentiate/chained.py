"""`subgraph_grad`: backpropagation by hand, one stretch of a graph after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradc.differentiate.request import variables
from gradc.differentiate.reverse import grad
from gradc.errors import ArgumentError, message
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import substitute
from gradc.ops.elemwise import add

__all__ = ["subgraph_grad"]

Gradients = list[Variable]


def subgraph_grad(
    wrt: Sequence[Variable],
    end: Sequence[Variable],
    start: Mapping[Variable, Variable] | None = None,
    cost: Variable | None = None,
    details: bool = False,
) -> Any:
    """Gradients of the part of a graph that lies between `start` or `cost` and `end`.

    wrt: variables of that part.  end: where it ends: gradients arrive there and go no further, to
        be the start of the next part.
    start: variables with their gradients, as the part above gave them.  cost: a scalar that is
        added to what they stand for.
    Gives (gradients of wrt, gradients of end), two lists; with `details` also those of wrt and end
    by start alone and by the cost alone, None where there is none.
    Raises: ArgumentError if there is neither start nor cost; GradError.
    Source: Theano's function of this name.
    """
    if start is None and cost is None:
        what = "subgraph_grad: there is neither a start nor a cost."
        raise ArgumentError(message(what, fix="pass start={variable: its gradient}, or cost."))
    listed, ends = variables("wrt", wrt, "subgraph_grad"), variables("end", end, "subgraph_grad")
    stops: dict[Variable, Variable] = {each: Input(each.type, each.name) for each in ends}
    back = {new: old for old, new in stops.items()}
    params = [*(stops.get(each, each) for each in listed), *stops.values()]
    by_start = by_cost = None
    if start is not None:
        cut = substitute(list(start), stops)
        by_start = _gradients(None, params, dict(zip(cut, start.values(), strict=True)), back)
    if cost is not None:
        by_cost = _gradients(substitute([cost], stops)[0], params, None, back)
    total = by_start or by_cost or []
    if by_start is not None and by_cost is not None:
        total = [add(a, b) for a, b in zip(by_start, by_cost, strict=True)]
    split = total[: len(listed)], total[len(listed) :]
    return (*split, by_start, by_cost) if details else split


def _gradients(
    cost: Variable | None,
    params: Sequence[Variable],
    known: Mapping[Variable, Variable] | None,
    back: Mapping[Variable, Variable],
) -> Gradients:
    """Gradients down to the stops, in terms of what they stand for."""
    found = grad(cost, list(params), known_grads=known, disconnected_inputs="ignore")
    return substitute(found, back)
