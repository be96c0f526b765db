"""Rules that put a cheaper operation in the place of a dear one."""

from __future__ import annotations

import math

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import eq, switch
from gradc.ops.declare import call
from gradc.ops.elemwise import add, mul, sqrt, sub, true_div
from gradc.rewrite.facts import Facts
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


@rule(on=("pow",), keeps="rounding")
def power_of_a_half(out: Variable) -> Variable | None:
    """The powers x ** 0.5 -> sqrt(x), x ** -0.5 -> 1 / sqrt(x).

    numpy, too, takes a root for x ** 0.5, whose -inf is nan.  It takes none for x ** -0.5: where x
    may be -inf or -0.0, the root is mended, which costs a twentieth of a power.
    """
    assert out.owner is not None
    base, exponent = out.owner.inputs
    power = scalar_value(exponent)
    if power not in (0.5, -0.5) or not _is_float(out, base):
        return None
    root = sqrt(base)
    if power == 0.5:
        return root
    if not _is_never_negative(base):
        least, most = _number(-math.inf, out), _number(math.inf, out)
        root = switch(eq(base, least), most, add(root, _number(0.0, out)))
    return true_div(_number(1.0, out), root)


@rule(on=("pow",), keeps="rounding")
def power_of_minus_two(out: Variable) -> Variable | None:
    """The power x ** -2 -> (1 / x) * (1 / x): 1 / (x * x) would overflow on the way."""
    assert out.owner is not None
    base, exponent = out.owner.inputs
    if scalar_value(exponent) != -2 or not _is_float(out, base):
        return None
    inverse = true_div(_number(1.0, out), base)
    return mul(inverse, inverse)


@rule(on=("sum",), keeps="rounding")
def sum_of_multiple(out: Variable, facts: Facts) -> Variable | None:
    """A sum of x * 3 -> sum(x) * 3, where nobody else reads the products.

    One product and one rounding in the place of many.  A factor below 1 stays inside, since sum(x)
    may overflow where the sum of smaller terms does not.
    """
    assert out.owner is not None
    (product,) = out.owner.inputs
    node = product.owner
    if node is None or node.op.name != "mul" or product.dtype != out.dtype:
        return None
    *others, last = node.inputs
    factor = scalar_value(last)
    if factor is None or not 1 < factor < math.inf or not _is_float(out, last):
        return None
    terms = mul(*others) if len(others) > 1 else others[0]
    is_whole = terms.type.shape == product.type.shape and facts.clients(product) == 1
    if not is_whole or facts.is_wall(product):
        return None
    return mul(call("sum", terms, **out.owner.op.keywords), _number(factor, out))


def _is_float(*variables: Variable) -> bool:
    """Whether all have one float dtype."""
    dtypes = {each.dtype for each in variables}
    return len(dtypes) == 1 and dtype_info(dtypes.pop()).is_float


def _number(value: float, like: Variable) -> Constant:
    return Constant(np.full((1,) * like.ndim, value, like.dtype))


_NEVER_NEGATIVE = frozenset({"abs", "exp", "exp2", "sigmoid", "softplus"})
_KEEPS_SIGN = frozenset({"add", "sum", "mean", "dimshuffle", "true_div"})


def _is_never_negative(x: Variable, depth: int = 4) -> bool:
    """Whether it is seen that x is no negative number, and not -0.0 either."""
    number = scalar_value(x)
    if number is not None or x.owner is None or depth == 0:
        return number is not None and number > 0
    name, operands = x.owner.op.name, x.owner.inputs
    if name in _NEVER_NEGATIVE:
        return True
    if name == "mul":
        return all(operands.count(each) % 2 == 0 for each in operands)
    return name in _KEEPS_SIGN and all(_is_never_negative(each, depth - 1) for each in operands)


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


STRENGTH = (
    division_by_power_of_two,
    power_of_a_half,
    power_of_minus_two,
    sum_of_multiple,
    minus_in_sum,
)
