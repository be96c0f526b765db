"""Rules that drop the guards of t * log(p) where they guard nothing.

Takes gradients of mul_log(t, s), s = log(p), which is 0 and has no slope where t = 0 and s = -inf:
there its cotangent w * t is 0 without a guard if w is finite, and what comes to a row of a
log-softmax is guarded as a whole, though no row of it is -inf everywhere.
"""

from __future__ import annotations

import math

from gradc.graph.variable import Variable
from gradc.rewrite.facts import Facts, node_of
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import scalar_value

__all__ = ["guard_of_a_softmax", "guard_of_zero"]


@rule(on=("switch",), keeps="rounding")
def guard_of_zero(out: Variable, facts: Facts) -> Variable | None:
    """switch(t != 0 or s != -inf, w * t, 0) -> w * t, w finite."""
    assert out.owner is not None
    condition, value, rest = out.owner.inputs
    found = _guard(condition, facts)
    node = node_of(value, facts, "mul")
    if found is None or node is None or scalar_value(rest) != 0 or value.type != out.type:
        return None
    t, _ = found
    others = list(node.inputs)
    if t not in others:
        return None
    others.remove(t)
    return value if all(_is_finite(each, facts) for each in others) else None


@rule(on=("switch",), keeps="rounding")
def guard_of_a_softmax(out: Variable, facts: Facts) -> Variable | None:
    """switch(any(t != 0 or s != -inf), x, 0) -> x, s a log-softmax over the axes of `any`.

    Its greatest element is -log(n) or more, or nan.
    """
    assert out.owner is not None
    condition, value, rest = out.owner.inputs
    shuffled = node_of(condition, facts, "dimshuffle")
    anywhere = node_of(condition if shuffled is None else shuffled.inputs[0], facts, "any")
    if anywhere is None or scalar_value(rest) != 0 or value.type != out.type:
        return None
    found = _guard(anywhere.inputs[0], facts)
    if found is None or found[1].type.shape != anywhere.inputs[0].type.shape:
        return None
    return value if _is_log_softmax(found[1], anywhere.op.keywords["axes"], facts) else None


def _guard(condition: Variable, facts: Facts) -> tuple[Variable, Variable] | None:
    """The t and the s of (t != 0) or (s != -inf)."""
    either = node_of(condition, facts, "or")
    halves = [] if either is None else [node_of(each, facts, "neq") for each in either.inputs]
    if len(halves) != 2 or halves[0] is None or halves[1] is None:
        return None
    (t, zero), (s, infinity) = halves[0].inputs, halves[1].inputs
    is_one = scalar_value(zero) == 0 and scalar_value(infinity) == -math.inf
    return (t, s) if is_one else None


def _is_finite(variable: Variable, facts: Facts) -> bool:
    """Whether each element is a finite number: a constant, or one divided by a length it has."""
    variable = _bare(variable, facts)
    number = scalar_value(variable)
    if number is not None:
        return math.isfinite(number)
    stretched = node_of(variable, facts, "broadcast_to")
    if stretched is None:
        return False
    inner = _bare(stretched.inputs[0], facts)
    number, quotient = scalar_value(inner), node_of(inner, facts, "true_div")
    if quotient is None:
        return number is not None and math.isfinite(number)
    above, below = scalar_value(quotient.inputs[0]), node_of(quotient.inputs[1], facts, "cast")
    if above is None or not math.isfinite(above) or below is None or below.inputs[0].ndim:
        return False
    return facts.value(below.inputs[0]) in facts.shape(variable)


def _bare(variable: Variable, facts: Facts) -> Variable:
    while (node := node_of(variable, facts, "dimshuffle", "neg")) is not None:
        variable = node.inputs[0]
    return variable


def _is_log_softmax(s: Variable, axes: tuple[int, ...], facts: Facts) -> bool:
    """Whether s is v - log(sum(exp(v))), v = z - peak(z), over these axes."""
    difference = node_of(s, facts, "sub")
    v, total = (None, None) if difference is None else difference.inputs
    if v is None or total is None:
        return False
    log = node_of(_unshuffled(total, facts), facts, "log")
    summed = None if log is None else node_of(_unshuffled(log.inputs[0], facts), facts, "sum")
    power = None if summed is None else node_of(summed.inputs[0], facts, "exp")
    if summed is None or power is None or power.inputs[0] is not v:
        return False
    shifted = node_of(v, facts, "sub")
    top = None if shifted is None else node_of(_unshuffled(shifted.inputs[1], facts), facts, "peak")
    if shifted is None or top is None or top.inputs[0] is not shifted.inputs[0]:
        return False
    return {axes} == {summed.op.keywords["axes"], top.op.keywords["axes"]}


def _unshuffled(variable: Variable, facts: Facts) -> Variable:
    node = node_of(variable, facts, "dimshuffle")
    return variable if node is None else node.inputs[0]
