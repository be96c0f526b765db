"""One node of reverse mode: from the cotangents of its outputs to terms for its inputs.

Takes an Apply and a cotangent (or None) an output; gives a term (or None) an input, of the input's
shape and, if that is a float, of its dtype.  The declaration's pullback says what is multiplied
with what; this module adds what holds for a whole kind: how guards travel (cotangent.py says why),
and that the gradient of an input which was broadcast is a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradc.differentiate.cotangent import Cotangent, Masks, is_zero
from gradc.differentiate.lives import born, gathered
from gradc.dtypes import dtype_info
from gradc.errors import InternalError, message
from gradc.graph.needs import Need
from gradc.graph.op import Apply
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Variable
from gradc.ops.compare import neq
from gradc.ops.declare import insert_axes, is_inexact
from gradc.ops.elemwise import cast
from gradc.ops.lengths import as_dtype, broadcast_like
from gradc.value import replace

__all__ = ["guarded", "pull"]

Term = Cotangent | None


def pull(node: Apply, cts: Sequence[Cotangent | None], masks: Masks) -> list[Term]:
    """Terms for the inputs. At least one cotangent is not None; only float outputs have one."""
    given = [ct for ct in cts if ct is not None]
    undefined = next((ct for ct in given if isinstance(ct.value, Undefined)), None)
    if undefined is not None:
        return _spread(node, cts, undefined)
    lives = list(dict.fromkeys(ct.live for ct in given))
    found = [_living(node, cts, live, masks) for live in lives]
    if len(found) == 1:
        return found[0]
    return [
        _gathered(each, x, masks)
        for each, x in zip(zip(*found, strict=True), node.inputs, strict=True)
    ]


def _living(
    node: Apply, cts: Sequence[Cotangent | None], live: Need | None, masks: Masks
) -> list[Term]:
    """Terms for the inputs from the cotangents that live at one place, as if that were all."""
    mine = [replace(ct, live=None) if ct and ct.live is live else None for ct in cts]
    terms = _RULES[node.op.rule.guards](node, mine, masks)
    dtype = next(ct.value.dtype for ct in mine if ct is not None)
    return [
        None if term is None else _fit(node, born(term, live, masks), each, dtype, masks)
        for term, each in zip(terms, node.inputs, strict=True)
    ]


def _gathered(terms: Sequence[Term], x: Variable, masks: Masks) -> Term:
    known = [term for term in terms if term is not None]
    return gathered(known, x, masks) if known else None


def _pullback(node: Apply, values: Sequence[Variable | None]) -> tuple[Variable | None, ...]:
    terms = node.op.rule.pullback(tuple(values), node.outputs, *node.inputs, **node.op.keywords)
    if len(terms) != len(node.inputs):
        what = (
            f"{node.op.name}: the pullback gives {len(terms)} terms for {len(node.inputs)} inputs."
        )
        raise InternalError(message(what))
    return tuple(None if isinstance(term, Disconnected) else term for term in terms)


def _spread(node: Apply, cts: Sequence[Cotangent | None], undefined: Cotangent) -> list[Term]:
    """An undefined gradient makes those of all connected inputs undefined."""
    stand_ins = [None if ct is None else out for ct, out in zip(cts, node.outputs, strict=True)]
    return [None if term is None else undefined for term in _pullback(node, stand_ins)]


def _plain(node: Apply, cts: Sequence[Cotangent | None], masks: Masks) -> list[Term]:
    """Masked values in, plain terms out: the guard ends here."""
    values = [None if ct is None else masks.apply(ct) for ct in cts]
    return [None if term is None else Cotangent(term) for term in _pullback(node, values)]


def _elementwise(node: Apply, cts: Sequence[Cotangent | None], masks: Masks) -> list[Term]:
    """The bare value through the pullback, the guard beside it."""
    (ct,) = cts
    assert ct is not None
    return [
        None if term is None else guarded(term, ct, masks) for term in _pullback(node, [ct.value])
    ]


def guarded(term: Variable, ct: Cotangent, masks: Masks) -> Cotangent:
    """The term under the guard of `ct` and, if it is switch(c, value, 0), under c."""
    if term is ct.value:
        return ct
    node = term.owner
    if node is not None and node.op.name == "switch":
        condition, chosen, other = node.inputs
        if is_zero(other):
            return masks.under(ct.with_value(chosen), condition)
        if is_zero(chosen):
            return masks.under(ct.with_value(other), masks.opposite(condition))
    return ct.with_value(term, keeps_zero=_is_linear_in(term, ct.value))


def _is_linear_in(term: Variable, value: Variable) -> bool:
    """Whether the term is the value but for sign, dtype and place of its elements."""
    while term is not value:
        node = term.owner
        if node is None or not (node.op.name in ("neg", "cast") or node.op.kind == "View"):
            return False
        term = node.inputs[0]
    return True


def _reduction(node: Apply, cts: Sequence[Cotangent | None], masks: Masks) -> list[Term]:
    """Elements of one group share one cotangent, and so one guard."""
    if len([ct for ct in cts if ct is not None]) > 1:
        return _plain(node, cts, masks)
    ct = next(ct for ct in cts if ct is not None)
    terms = _pullback(node, [None if each is None else each.value for each in cts])
    return [None if term is None else _spread_guard(node, term, ct, masks) for term in terms]


def _spread_guard(node: Apply, term: Variable, ct: Cotangent, masks: Masks) -> Cotangent:
    if ct.guard is None:
        return guarded(term, Cotangent(ct.value), masks)
    axes = node.op.keywords["axes"]
    spread = Cotangent(ct.value, insert_axes(ct.guard, axes), ct.is_clean)
    return guarded(term, spread, masks)


def _routed(node: Apply, cts: Sequence[Cotangent | None], masks: Masks) -> list[Term]:
    """Elements move and are added, with factors that are not negative.

    So the same pullback, given 1 where the guard is true, is positive where something arrives.
    """
    terms = _plain(node, cts, masks)
    ct = cts[0]
    if ct is None or ct.guard is None or len(cts) > 1:
        return terms
    if node.op.name == "dimshuffle":
        return _moved(node, ct, ct.guard)
    if node.op.kind == "Join":
        return _moved(node, ct, broadcast_like(ct.guard, node.outputs[0]))
    ones = broadcast_like(cast(ct.guard, ct.value.dtype), node.outputs[0])
    guards = [None if each is None else neq(each, 0) for each in _pullback(node, [ones])]
    return [
        None if term is None else Cotangent(term.value, guard)
        for term, guard in zip(terms, guards, strict=True)
    ]


def _moved(node: Apply, ct: Cotangent, guard: Variable) -> list[Term]:
    """Every element goes to one place, and its guard with it."""
    values = _pullback(node, [ct.value])
    guards = _pullback(node, [guard])
    return [
        None if moved is None else Cotangent(moved, beside, ct.is_clean)
        for moved, beside in zip(values, guards, strict=True)
    ]


def _fit(node: Apply, term: Cotangent, x: Variable, dtype: str, masks: Masks) -> Cotangent:
    """The term in the shape and dtype of x: summed where x was broadcast."""
    value = term.value
    if isinstance(value, Undefined):
        return term
    if value.ndim != x.ndim:
        what = f"{node.op.name}: the pullback gives {value.type} for an input of {x.type}."
        raise InternalError(message(what))
    pairs = list(enumerate(zip(value.type.shape, x.type.shape, strict=True)))
    stretched = tuple(axis for axis, (n, wanted) in pairs if wanted == 1 and n != 1)
    if stretched:
        term = replace(masks.summed(term, stretched), live=term.live)
    if any(n == 1 and wanted != 1 for _, (n, wanted) in pairs):
        term = term.with_value(broadcast_like(term.value, x), keeps_zero=True)
    wanted = x.dtype if is_inexact(x.dtype) else dtype_info(dtype).part.name
    if term.value.dtype != wanted:
        term = term.with_value(as_dtype(term.value, wanted), keeps_zero=True)
    return term


_RULES: Mapping[str, Callable[[Apply, Sequence[Cotangent | None], Masks], list[Term]]] = {
    "elementwise": _elementwise,
    "reduction": _reduction,
    "routed": _routed,
    "ended": _plain,
}
