"""Rules that keep log, exp and sigmoid from overflowing or losing their digits.

Takes expressions in any spelling; gives forms that are right where the old ones overflow, underflow
or cancel.  Rules look at settled expressions: 1 - sigmoid(x) is sigmoid(-x) by the time its log is
looked at, so the few rules here compose to all the forms of the tests' table.
Source: Mächler, Accurately computing log(1 - exp(-|a|)), 2012, for log1mexp; the rest is algebra.
"""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.ops.elemwise import neg
from gradc.ops.math import erf, erfc, exp, expm1, log1p, sigmoid, softplus
from gradc.ops.stable import log1mexp, log_erfc, mul_log
from gradc.rewrite.facts import Facts
from gradc.rewrite.pattern import P, wildcards
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import Seen, scalar_value

__all__ = ["ELEMENTARY"]

x, y = wildcards("x y")


@rule(P.log(P.exp(x)), keeps="stabilises")
def log_of_exp(x: Variable) -> Variable:
    """log(exp(x)) -> x.  exp overflows above 709 and is 0 below -745."""
    return x


@rule(P.log(P.sigmoid(x)), keeps="stabilises")
def log_of_sigmoid(x: Variable) -> Variable:
    """log(sigmoid(x)) -> -softplus(-x).  sigmoid is 0 below -745."""
    return neg(softplus(neg(x)))


@rule(P.log(1 + P.exp(x)), P.log1p(P.exp(x)), keeps="stabilises")
def log_of_one_plus_exp(x: Variable) -> Variable:
    """log(1 + exp(x)) -> softplus(x).  exp overflows above 709."""
    return softplus(x)


@rule(P.log(1 - P.exp(x)), P.log(-P.expm1(x)), P.log1p(-P.exp(x)), keeps="stabilises")
def log_of_one_minus_exp(x: Variable) -> Variable:
    """log(1 - exp(x)) -> log1mexp(x).  1 - exp(x) cancels near 0 and rounds to 1 below -37."""
    return log1mexp(x)


@rule(P.log1p(-P.sigmoid(x)), keeps="stabilises")
def log1p_of_minus_sigmoid(x: Variable) -> Variable:
    """log1p(-sigmoid(x)) -> -softplus(x).  sigmoid rounds to 1 above 37."""
    return neg(softplus(x))


@rule(P.log1p(P.expm1(x)), keeps="stabilises")
def log1p_of_expm1(x: Variable) -> Variable:
    """log1p(expm1(x)) -> x.  expm1 overflows above 709."""
    return x


@rule(P.log(1 + x), keeps="stabilises")
def log_of_one_plus(x: Variable) -> Variable:
    """log(1 + x) -> log1p(x).  1 + x loses the digits of a small x."""
    return log1p(x)


@rule(P.exp(x) - 1, keeps="stabilises")
def exp_minus_one(x: Variable) -> Variable:
    """exp(x) - 1 -> expm1(x).  The difference loses the digits of a small x."""
    return expm1(x)


@rule(1 + P.expm1(x), keeps="stabilises")
def one_plus_expm1(x: Variable) -> Variable:
    """1 + expm1(x) -> exp(x).  The sum is 0 below -37; log1p(expm1(x))'s slope divides by it."""
    return exp(x)


@rule(1 - P.sigmoid(x).named("inner"), keeps="stabilises")
def one_minus_sigmoid(x: Variable, inner: Variable, out: Variable, facts: Facts) -> Variable | None:
    """1 - sigmoid(x) -> sigmoid(-x).  The difference is 0 above 37.

    Declines where every reader multiplies it with sigmoid(x) again: that product is sigmoid's own
    slope, which a training step takes from the stored value and not from a second exp.
    """
    readers = facts.readers(out)
    if readers and all(_is_slope(facts, reader.outputs[0], inner) for _, reader in readers):
        return None
    return sigmoid(neg(x))


def _is_slope(facts: Facts, product: Variable, inner: Variable) -> bool:
    if product.owner is None or product.owner.op.name != "mul":
        return False
    wanted = facts.sight.key(Seen(inner))
    return any(facts.sight.key(each) == wanted for each in facts.factors(product))


@rule(1 / (1 + P.exp(x)), keeps="stabilises")
def one_over_one_plus_exp(x: Variable) -> Variable:
    """1 / (1 + exp(x)) -> sigmoid(-x), which has a slope where exp overflows."""
    return sigmoid(neg(x))


@rule(P.exp(x) / (1 + P.exp(x)), keeps="stabilises")
def exp_over_one_plus_exp(x: Variable) -> Variable:
    """exp(x) / (1 + exp(x)) -> sigmoid(x).  The quotient is nan above 709."""
    return sigmoid(x)


@rule(y * P.log(x).named("logarithm"), y * P.log1p(x).named("logarithm"), keeps="stabilises")
def product_with_log(y: Variable, x: Variable, logarithm: Variable) -> Variable | None:
    """A product y * log(x) -> mul_log(y, log(x)), which is 0 at y = x = 0: the limit."""
    return None if _never_zero(y) else mul_log(y, logarithm)


def _never_zero(variable: Variable) -> bool:
    number = scalar_value(variable)
    return number is not None and number != 0


@rule(1 - P.erf(x), keeps="stabilises")
def one_minus_erf(x: Variable) -> Variable:
    """1 - erf(x) -> erfc(x).  The difference is 0 above 6."""
    return erfc(x)


@rule(1 + P.erf(x), keeps="stabilises")
def one_plus_erf(x: Variable) -> Variable:
    """1 + erf(x) -> erfc(-x).  The sum is 0 below -6."""
    return erfc(neg(x))


@rule(1 - P.erfc(x), keeps="stabilises")
def one_minus_erfc(x: Variable) -> Variable:
    """1 - erfc(x) -> erf(x).  The difference loses the digits of a small x."""
    return erf(x)


@rule(P.log(P.erfc(x)), keeps="stabilises")
def log_of_erfc(x: Variable) -> Variable:
    """log(erfc(x)) -> log_erfc(x).  erfc is 0 above 27."""
    return log_erfc(x)


ELEMENTARY = (
    log_of_exp,
    log_of_sigmoid,
    log_of_one_plus_exp,
    log_of_one_minus_exp,
    log1p_of_minus_sigmoid,
    log1p_of_expm1,
    log_of_erfc,
    log_of_one_plus,
    exp_minus_one,
    one_plus_expm1,
    one_minus_sigmoid,
    exp_over_one_plus_exp,
    one_over_one_plus_exp,
    one_minus_erf,
    one_plus_erf,
    one_minus_erfc,
    product_with_log,
)
