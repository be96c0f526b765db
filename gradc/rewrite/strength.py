"""Rules that put a cheaper operation in the place of a dear one."""

from __future__ import annotations

import math

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.variable import Constant, Variable
from gradc.ops.elemwise import add, mul, sub
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import scalar_value

__all__ = ["STRENGTH"]


@rule(on=("true_div",), keeps="exact")
def division_by_power_of_two(out: Variable) -> Variable | None:
    """A quotient x / 8 -> x * 0.125: the inverse of a power of two is exact."""
    assert out.owner is not None
    over, under = out.owner.inputs
    divisor = scalar_value(under)
    if not divisor or not math.isfinite(divisor) or not dtype_info(out.dtype).is_float:
        return None
    inverse = 1 / divisor
    if abs(math.frexp(divisor)[0]) != 0.5 or abs(inverse) < np.finfo(out.dtype).tiny:
        return None
    with np.errstate(over="ignore"):
        value = np.asarray(inverse, out.dtype)
    return mul(over, Constant(value.reshape((1,) * out.ndim))) if np.isfinite(value) else None


@rule(on=("add",), keeps="exact")
def minus_in_sum(out: Variable) -> Variable | None:
    """A sum x + -y -> x - y, term by term from the left; -x + y -> y - x.

    Runs when all other rules have: they look at sums, in which every term is alike.
    """
    assert out.owner is not None
    terms = list(out.owner.inputs)
    minus = [_negated(term) is not None for term in terms]
    if not any(minus):
        return None
    if minus[0] and not minus[1]:
        terms[:2] = [terms[1], terms[0]]
    total = terms[0]
    for term in terms[1:]:
        taken = _negated(term)
        total = add(total, term) if taken is None else sub(total, taken)
    return total


def _negated(term: Variable) -> Variable | None:
    """What the term is minus of."""
    if term.owner is None or term.owner.op.name != "neg":
        return None
    return term.owner.inputs[0]


STRENGTH = (division_by_power_of_two, minus_in_sum)
