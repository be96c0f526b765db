"""Where cotangents live: what comes down a branch of a choice is chosen once, at its end.

Takes terms of a variable, each with the need where it means something; gives one cotangent that is
right wherever the variable has any.  Nothing is computed for a branch but under its own condition,
so no zero of a branch that was not taken meets an infinite slope, and no routine is asked for the
inverse of what was never inverted.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.differentiate.cotangent import Cotangent, Masks, is_zero
from gradc.dtypes import promote
from gradc.graph.needs import Need
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.ops.calls import op_of
from gradc.ops.elemwise import cast
from gradc.ops.lengths import broadcast_like, ones_like, zeros_like
from gradc.value import replace

__all__ = ["born", "everywhere", "gathered"]


def born(term: Cotangent, live: Need | None, masks: Masks) -> Cotangent:
    """A term of what lives there, by a pullback; choose(c, value, 0) lives under c too."""
    need, value = live or masks.needs.always, term.value
    while (node := value.owner) is not None and node.op.kind == "Choice":
        half = len(node.outputs)
        then, other = node.inputs[1 + value.index], node.inputs[1 + half + value.index]
        if not is_zero(then) and not is_zero(other):
            break
        holds = is_zero(other)
        inner = masks.needs.branch(need, node.inputs[0], holds)
        value = then if holds is (inner is not None) else other
        if inner is None:  # the side that it did not come through: zero
            break
        need = inner
    return replace(term, value=value, live=None if need is masks.needs.always else need)


def gathered(terms: Sequence[Cotangent], variable: Variable, masks: Masks) -> Cotangent:
    """The sum of a variable's terms, wherever they live."""
    undefined = next((each for each in terms if isinstance(each.value, Undefined)), None)
    if undefined is not None:
        return undefined
    needs = masks.needs
    listed: dict[Need, list[Cotangent]] = {}
    for each in terms:
        listed.setdefault(each.live or needs.always, []).append(each)
    groups = {need: masks.total(each) for need, each in listed.items()}
    live = needs.any(groups)
    while narrow := [each for each in groups if not needs.implies(live, each)]:
        need = max(narrow, key=lambda each: each.depth)
        opposite = needs.opposite(need) if need.which is not None else None
        other = None if opposite is None else groups.pop(opposite, None)
        wider, made = _chosen(need, groups.pop(need), other, variable, masks)
        groups[wider] = masks.total([groups[wider], made]) if wider in groups else made
    found = masks.total(list(groups.values()))
    return replace(found, live=None if live is needs.always else live)


def everywhere(ct: Cotangent, variable: Variable, masks: Masks) -> Variable:
    """The gradient of a variable as a plain expression: 0 where it is masked or does not live."""
    need = ct.live
    while need is not None and not isinstance(ct.value, Undefined):
        need, ct = _chosen(need, ct, None, variable, masks)
        need = None if need is masks.needs.always else need
    return masks.apply(ct)


def _chosen(
    need: Need, term: Cotangent, other: Cotangent | None, variable: Variable, masks: Masks
) -> tuple[Need, Cotangent]:
    """The term where `need` holds, else the other one or zeros; and where that is right."""
    assert need.parent is not None
    value = term.value
    rest = zeros_like(variable, value.dtype) if other is None else other.value
    if value.dtype != rest.dtype:
        dtype = promote(value.dtype, rest.dtype)
        value, rest = cast(value, dtype), cast(rest, dtype)
    guard = None
    if term.guard is not None or (other is not None and other.guard is not None):
        shown, hidden = _whole(term, variable), _whole(other, variable)
        guard = _either(need, need.parent, shown, hidden, True)
    clean = term.is_clean and (other is None or other.is_clean)
    chosen = _either(need, need.parent, value, rest, other is None)
    return need.parent, Cotangent(chosen, guard, clean)


def _either(need: Need, base: Need, value: Variable, other: Variable, has_shape: bool) -> Variable:
    """The value where `need` holds, else the other one: right where `base`, above it, holds.

    has_shape: whether the other one has the variable's shape even where it is not taken.
    """
    while need is not base:
        assert need.parent is not None
        if need.which is None:
            chosen = other
            for each in reversed(need.members):
                chosen = _either(each, need.parent, value, chosen, has_shape)
            value = chosen
        else:
            pair = (value, other) if need.holds else (other, value)
            like = int(need.holds) if has_shape else None
            value = op_of("choice", like=like)(need.which, *pair)
        need = need.parent
    return value


def _whole(ct: Cotangent | None, variable: Variable) -> Variable:
    """Where a cotangent means something, of the variable's shape."""
    if ct is None:
        return zeros_like(variable, "bool")
    if ct.guard is None:
        return ones_like(variable, "bool")
    return broadcast_like(ct.guard, variable)
