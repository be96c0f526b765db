"""Rules that bring sums, products, powers and signs to one spelling.

Takes settled expressions; gives sums of possibly negated terms, products with at most one sign
outside, no reciprocal, square or constant power.  Only what keeps the bits is regrouped:
(a + b) + c is a + b + c from left to right, a + (b + c) is not; patterns see through both.
"""

from __future__ import annotations

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.variable import Constant, Variable
from gradc.ops.elemwise import add, mul, neg, true_div
from gradc.ops.lengths import ones_like
from gradc.ops.stops import STOPS
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import LIMIT, scalar_value

__all__ = ["ARITHMETIC"]


@rule(on=("neg",), keeps="exact", over="any")
def neg_of_neg(out: Variable, facts: Facts) -> Variable | None:
    """-(-x) -> x."""
    assert out.owner is not None
    (inner,) = out.owner.inputs
    node = inner.owner
    if node is None or node.op.name != "neg" or facts.is_wall(inner):
        return None
    return node.inputs[0] if node.inputs[0].dtype == out.dtype else None


@rule(on=STOPS, keeps="exact", over="any")
def stop_of_gradient(out: Variable) -> Variable | None:
    """zero_grad(x), grad_clip(x, -1, 1) and kin -> x: gradients have been taken by now."""
    assert out.owner is not None
    x, *rest = out.owner.inputs
    stretched = any(n != 1 for each in rest for n in each.type.shape)
    return None if stretched else x


@rule(on=("sub",), keeps="exact")
def difference(out: Variable) -> Variable | None:
    """A difference x - y -> x + (-y): sums have one spelling; the C compiler subtracts."""
    assert out.owner is not None
    left, right = out.owner.inputs
    return add(left, neg(right)) if left.dtype == right.dtype == out.dtype else None


@rule(on=("add", "mul"), keeps="exact")
def first_operand_alike(out: Variable, facts: Facts) -> Variable | None:
    """(a + b) + c -> a + b + c, and so for products, where nobody else reads a + b."""
    assert out.owner is not None
    inner, *others = out.owner.inputs
    node = inner.owner
    if node is None or node.op != out.owner.op or inner.type.shape != out.type.shape:
        return None
    if facts.is_wall(inner) or facts.clients(inner) > 1 or inner.dtype != out.dtype:
        return None
    if len(node.inputs) + len(others) > LIMIT:
        return None
    return node.op(*node.inputs, *others)  # type: ignore[no-any-return]


@rule(on=("mul", "true_div"), keeps="exact")
def negative_factor(out: Variable, facts: Facts) -> Variable | None:
    """(-x) * y -> -(x * y), and so for quotients of floats."""
    assert out.owner is not None
    operands, negated = [], False
    for each in out.owner.inputs:
        node = each.owner
        if node is None or node.op.name != "neg" or each.dtype != out.dtype or facts.is_wall(each):
            operands.append(each)
        else:
            operands.append(node.inputs[0])
            negated = not negated
    if operands == list(out.owner.inputs):
        return None
    result: Variable = out.owner.op(*operands)
    return neg(result) if negated else result


@rule(on=("neg",), keeps="exact")
def negative_product(out: Variable, facts: Facts) -> Variable | None:
    """-(x * 2) -> x * -2, where nobody else reads x * 2."""
    assert out.owner is not None
    (product,) = out.owner.inputs
    node = product.owner
    if node is None or node.op.name != "mul" or facts.clients(product) > 1:
        return None
    last = node.inputs[-1]
    if not isinstance(last, Constant) or last.data.size != 1 or facts.is_wall(product):
        return None
    if not dtype_info(last.dtype).is_float or last.dtype != out.dtype:
        return None
    return mul(*node.inputs[:-1], Constant(-last.data))


@rule(on=("reciprocal",), keeps="exact")
def reciprocal_as_quotient(out: Variable) -> Variable | None:
    """reciprocal(x) -> 1 / x."""
    assert out.owner is not None
    (inner,) = out.owner.inputs
    if inner.dtype != out.dtype or not dtype_info(out.dtype).is_float:
        return None
    return true_div(Constant(np.ones((1,) * out.ndim, out.dtype)), inner)


@rule(on=("square",), keeps="exact", over="any")
def square_as_product(out: Variable) -> Variable | None:
    """square(x) -> x * x."""
    assert out.owner is not None
    (inner,) = out.owner.inputs
    return mul(inner, inner) if inner.dtype == out.dtype and out.dtype != "bool" else None


@rule(on=("pow",), keeps="exact", over="any")
def power_of_one(out: Variable) -> Variable | None:
    """The power x ** 1 -> x."""
    assert out.owner is not None
    base, exponent = out.owner.inputs
    return base if scalar_value(exponent) == 1 and base.dtype == out.dtype else None


@rule(on=("pow",), keeps="exact", over="any")
def power_of_zero(out: Variable) -> Variable | None:
    """The power x ** 0 -> 1, for nan and infinities too, as C99 and numpy say."""
    assert out.owner is not None
    base, exponent = out.owner.inputs
    is_whole = scalar_value(exponent) == 0 and base.type.shape == out.type.shape
    return ones_like(base, out.dtype) if is_whole and out.dtype != "bool" else None


@rule(on=("pow",), keeps="rounding", over="any")
def small_power(out: Variable) -> Variable | None:
    """The powers x ** 2 -> x * x, 3 alike, x ** 4 -> (x * x) * (x * x), x ** -1 -> 1 / x."""
    assert out.owner is not None
    base, exponent = out.owner.inputs
    if base.dtype != out.dtype or exponent.dtype != out.dtype:
        return None
    power = scalar_value(exponent)
    if power == 2:
        return mul(base, base)
    if power == 3:
        return mul(base, base, base)
    if power == 4:
        return mul(mul(base, base), mul(base, base))
    if power == -1 and dtype_info(out.dtype).is_inexact:
        return true_div(Constant(np.ones((1,) * out.ndim, out.dtype)), base)
    return None


ARITHMETIC = (
    stop_of_gradient,
    neg_of_neg,
    difference,
    reciprocal_as_quotient,
    square_as_product,
    power_of_one,
    power_of_zero,
    small_power,
    negative_factor,
    negative_product,
    first_operand_alike,
)
