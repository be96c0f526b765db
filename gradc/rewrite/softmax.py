"""Rules for exponentials that are summed: logsumexp, softmax, and logs of products with them.

Takes exp(v) / sum(exp(v)) and log(sum(exp(v))) over any axes, behind any views; gives the same with
the peak of v subtracted first, so that exp neither overflows nor vanishes everywhere.  The peak is
a constant to differentiation: it cancels out of the value, hence out of every derivative.
Source: Blanchard, Higham, Higham, Accurately computing the log-sum-exp and softmax functions, 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.declare import insert_axes
from gradc.ops.elemwise import add, neg, sub, true_div
from gradc.ops.math import exp, log, softplus
from gradc.ops.stable import peak
from gradc.rewrite.facts import Facts
from gradc.rewrite.pattern import P, wildcards
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import Quotient, Seen, build

__all__ = ["SUMMED"]

_PEAKS = frozenset({"max", "peak"})
_KNOWN = frozenset({"mul", "true_div", "exp", "sigmoid", "sum"})

(x,) = wildcards("x")


def _sum_of_exp(seen: Seen, facts: Facts) -> tuple[Seen, Apply, Seen] | None:
    """`seen` as a sum of exponentials: where the sum stands, its node, and the exponent."""
    at = facts.sight.reach(seen, ("sum",))
    node = facts.sight.owner(at)
    if node is None or node.op.name != "sum" or at.negated:
        return None
    inner = facts.sight.reach(Seen(node.inputs[0]), ("exp",))
    source = facts.sight.owner(inner)
    if source is None or source.op.name != "exp" or inner.negated:
        return None
    operands = facts.sight.operands(inner)
    return None if operands is None else (at, node, operands[0])


def _shift(exponent: Seen, axes: Sequence[int], facts: Facts) -> tuple[Apply, Seen] | None:
    """Of an exponent that is already v - max(v) over these axes, the maximum's node and v."""
    terms = facts.sight.terms(exponent, deep=False).parts
    for k, term in enumerate(terms):
        node = _peak_of(term, facts)
        if node is None:
            continue
        rest = terms[:k] + terms[k + 1 :]
        top = facts.sight.key(Seen(node.inputs[0]))
        if len(rest) == 1 and facts.sight.key(rest[0]) == top:
            return (node, rest[0]) if tuple(node.op.keywords["axes"]) == tuple(axes) else None
    return None


def _peak_of(term: Seen, facts: Facts) -> Apply | None:
    """The reduction whose greatest element is subtracted here, also as "0 if it is inf"."""
    at = facts.sight.reach(term, _PEAKS | {"switch"})
    node = facts.sight.owner(at) if at.negated else None
    if node is not None and node.op.name == "switch":
        branches = [facts.sight.reach(Seen(each), _PEAKS) for each in node.inputs[1:]]
        found = [facts.sight.owner(each) for each in branches if not each.negated]
        node = next((each for each in found if each is not None), None)
    return node if node is not None and node.op.name in _PEAKS else None


def _log_sum_exp(node: Apply, exponent: Seen, facts: Facts) -> Variable | None:
    """The log of the sum, shifted; None if its exponent is shifted already."""
    axes = node.op.keywords["axes"]
    if _shift(exponent, axes, facts) is not None:
        return None
    v = build(exponent)
    top = peak(v, axis=axes)
    shifted = sub(v, insert_axes(top, axes))
    return add(log(node.op(exp(shifted))), top)


@rule(P.log(x), keeps="stabilises")
def log_of_sum_of_exp(x: Variable, facts: Facts) -> Variable | None:
    """log(sum(exp(v))) -> p + log(sum(exp(v - p))), p = peak(v), behind any view."""
    found = _sum_of_exp(Seen(x), facts)
    if found is None:
        return None
    at, node, exponent = found
    result = _log_sum_exp(node, exponent, facts)
    return None if result is None else build(Seen(result, at.wraps))


@rule(P.log(x), keeps="stabilises")
def log_of_product(x: Variable, facts: Facts) -> Variable | None:
    """log(a * exp(v) / b) -> log(a / b) + v; so for sigmoid and sums of exp, behind any view.

    The log of a softmax is this, whatever indexing stands between the two.
    """
    at = facts.sight.reach(Seen(x), ("mul", "true_div"))
    node = facts.sight.owner(at)
    if node is None or node.op.name not in ("mul", "true_div"):
        return None
    result = _log_of_factors(Seen(at.variable, negated=at.negated), facts)
    return None if result is None else build(Seen(result, at.wraps))


def _log_of_factors(product: Seen, facts: Facts) -> Variable | None:
    view = facts.sight.factors(product, deep=True)
    logs = []
    over, under = [], []
    for each in view.over:
        found = _known_log(each, facts)
        (over.append(each) if found is None else logs.append(found))
    for each in view.under:
        found = _known_log(each, facts)
        (under.append(each) if found is None else logs.append(neg(found)))
    if not logs or (view.negated and not over and not under):
        return None
    if over or under:
        logs.append(log(build(Quotient(tuple(over), tuple(under), view.negated))))
    return logs[0] if len(logs) == 1 else add(*logs)


def _known_log(factor: Seen, facts: Facts) -> Variable | None:
    """The log of a factor that is never negative and may under- or overflow."""
    at = facts.sight.reach(factor, ("exp", "sigmoid"))
    node, operands = facts.sight.owner(at), facts.sight.operands(at)
    if node is not None and operands is not None and node.op.name in ("exp", "sigmoid"):
        inner = None if at.negated else build(operands[0])
        return inner if inner is None or node.op.name == "exp" else neg(softplus(neg(inner)))
    found = _sum_of_exp(factor, facts)
    if found is None:
        return None
    at, total, exponent = found
    result = _log_sum_exp(total, exponent, facts)
    return build(Seen(log(at.variable) if result is None else result, at.wraps))


@rule(on=("true_div", "mul"), keeps="stabilises")
def softmax_by_hand(out: Variable, facts: Facts) -> Variable | None:
    """exp(v) / sum(exp(v)) -> the same of v - peak(v), over any axes.

    So for an exponent v - max(v): the maximum cancels, and as a peak it has no slope either.
    """
    view = facts.sight.factors(Seen(out), deep=True)
    for k, divisor in enumerate(view.under):
        found = _sum_of_exp(divisor, facts)
        if found is None:
            continue
        at, node, exponent = found
        j = _place_of_exp(view.over, exponent, facts)
        if j is None or not _is_aligned(at, node, exponent):
            continue
        shift = _shift(exponent, node.op.keywords["axes"], facts)
        if shift is not None and shift[0].op.name == "peak":
            continue
        exponent = exponent if shift is None else shift[1]
        over = view.over[:j] + view.over[j + 1 :]
        under = view.under[:k] + view.under[k + 1 :]
        whole = Quotient((*over, Seen(_shifted_softmax(node, at, exponent))), under, view.negated)
        return build(whole)
    return None


def _place_of_exp(over: Sequence[Seen], exponent: Seen, facts: Facts) -> int | None:
    for j, each in enumerate(over):
        at = facts.sight.reach(each, ("exp",))
        node, operands = facts.sight.owner(at), facts.sight.operands(at)
        if node is None or operands is None or node.op.name != "exp" or at.negated:
            continue
        if facts.sight.key(operands[0]) == facts.sight.key(exponent):
            return j
    return None


def _is_aligned(at: Seen, node: Apply, exponent: Seen) -> bool:
    """Whether the sum stands beside the exponential as with keepdims."""
    axes = node.op.keywords["axes"]
    kept = iter(range(node.outputs[0].ndim))
    wanted = ["x" if axis in axes else next(kept) for axis in range(node.inputs[0].ndim)]
    maps = [wrap for wrap in at.wraps if not isinstance(wrap, str)]
    return len(maps) == 1 and _order(maps[0]) == wanted


def _order(node: Apply) -> list[int | str] | None:
    if node.op.name != "dimshuffle":
        return None
    order: list[int | str] = list(node.op.keywords["order"])
    return order


def _shifted_softmax(node: Apply, at: Seen, exponent: Seen) -> Variable:
    v = build(exponent)
    axes = node.op.keywords["axes"]
    e = exp(sub(v, peak(v, axis=axes, keepdims=True)))
    return true_div(e, build(Seen(node.op(e), at.wraps)))


SUMMED = (log_of_sum_of_exp, log_of_product, softmax_by_hand)
