"""One node of forward mode: from the tangents of its inputs to those of its outputs.

Takes an Apply and a tangent (or None, for zero) an input; gives a tangent (or None) an output, of
the output's shape and dtype.  The declaration's forward rule says what is multiplied with what;
this module adds how guards travel (cotangent.py says why), as pull.py does for reverse mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradc.differentiate.cotangent import Cotangent, Masks, is_zero
from gradc.differentiate.pull import guarded
from gradc.errors import InternalError, message
from gradc.graph.op import Apply
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.ops.compare import neq
from gradc.ops.declare import drop_axes, is_inexact
from gradc.ops.elemwise import cast
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import broadcast_like, ones_like

__all__ = ["push"]

Tangent = Cotangent | None  # a pair of value and guard serves both modes


def push(node: Apply, tangents: Sequence[Tangent], masks: Masks) -> list[Tangent]:
    """Tangents of the outputs. At least one of `tangents` is not None."""
    undefined = next((t for t in tangents if t and isinstance(t.value, Undefined)), None)
    if undefined is not None:
        found: list[Tangent] = [undefined for _ in node.outputs]
    else:
        found = _RULES[node.op.rule.guards](node, tangents, masks)
    if len(found) != len(node.outputs):
        what = f"{node.op.name}: the forward rule gives {len(found)} tangents."
        raise InternalError(message(what))
    return [
        _fit(node, t, out) if t is not None and is_inexact(out.dtype) else None
        for t, out in zip(found, node.outputs, strict=True)
    ]


def _ended(node: Apply, tangents: Sequence[Tangent], masks: Masks) -> list[Tangent]:
    """Masked values in, plain ones out: the guard ends here."""
    values = [None if t is None else masks.apply(t) for t in tangents]
    return [None if t is None else Cotangent(t) for t in node.op.rule.forward(node, values)]


def _elementwise(node: Apply, tangents: Sequence[Tangent], masks: Masks) -> list[Tangent]:
    """The bare values through the rule, the guard beside them.

    A term an input, each with its guard, unless the rule has a form of its own for all of them.
    """
    rule = node.op.rule
    if rule.pushforward is not None or not isinstance(rule, Elemwise):
        joint, values = _together([t for t in tangents if t is not None], tangents, masks)
        (found,) = rule.forward(node, values)
        return [None if found is None else guarded(found, joint, masks)]
    values = [None if t is None else t.value for t in tangents]
    terms = [
        guarded(term, t, masks)
        for term, t in zip(rule.terms(node, values), tangents, strict=True)
        if term is not None and t is not None and not is_zero(term)
    ]
    return [masks.total(terms) if terms else None]


def _together(
    given: Sequence[Cotangent], tangents: Sequence[Tangent], masks: Masks
) -> tuple[Cotangent, list[Variable | None]]:
    """What guards several tangents at once, and their values: masked where guards differ."""
    if all(t.guard is given[0].guard for t in given):
        joint = Cotangent(given[0].value, given[0].guard, all(t.is_clean for t in given))
        return joint, [None if t is None else t.value for t in tangents]
    values = [None if t is None else masks.apply(t) for t in tangents]
    return Cotangent(given[0].value, masks.either([t.guard for t in given])), values


def _reduction(node: Apply, tangents: Sequence[Tangent], masks: Masks) -> list[Tangent]:
    """A fold moves if any of its elements does."""
    found = _ended(node, tangents, masks)
    (t,) = tangents
    if t is None or t.guard is None:
        return found
    axes = node.op.keywords["axes"]
    guard = drop_axes(masks.any(t.guard, axes), axes)
    return [None if each is None else Cotangent(each.value, guard) for each in found]


def _routed(node: Apply, tangents: Sequence[Tangent], masks: Masks) -> list[Tangent]:
    """Elements move and are added, with factors that are not negative.

    So the same rule, given 1 where the guard is true, is positive where something arrives.
    """
    if all(t is None or t.guard is None for t in tangents):
        return _ended(node, tangents, masks)
    rule = node.op.rule
    if node.op.kind in _MOVES:
        t = tangents[0]
        assert t is not None
        assert t.guard is not None
        rest = (None,) * (len(tangents) - 1)
        whole = broadcast_like(t.guard, node.inputs[0])
        (moved,), (guard,) = (rule.forward(node, (each, *rest)) for each in (t.value, whole))
        return [None if moved is None else Cotangent(moved, guard, t.is_clean)]
    found = _ended(node, tangents, masks)
    ones = [
        None if t is None else _indicator(t, x) for t, x in zip(tangents, node.inputs, strict=True)
    ]
    guards = [None if each is None else neq(each, 0) for each in rule.forward(node, ones)]
    return [
        None if each is None else Cotangent(each.value, guard)
        for each, guard in zip(found, guards, strict=True)
    ]


def _indicator(t: Cotangent, x: Variable) -> Variable:
    """1 where x moves, 0 where it does not, of x's shape."""
    if t.guard is None:
        return ones_like(x, dtype=t.value.dtype)
    return broadcast_like(cast(t.guard, t.value.dtype), x)


def _fit(node: Apply, t: Cotangent, out: Variable) -> Cotangent:
    """The tangent in the shape and dtype of the output."""
    value = t.value
    if isinstance(value, Undefined):
        return t
    if value.ndim != out.ndim:
        what = f"{node.op.name}: the forward rule gives {value.type} for an output of {out.type}."
        raise InternalError(message(what))
    shapes = zip(value.type.shape, out.type.shape, strict=True)
    if any(n == 1 and wanted != 1 for n, wanted in shapes):
        t = t.with_value(broadcast_like(value, out), keeps_zero=True)
    if t.value.dtype != out.dtype:
        t = t.with_value(cast(t.value, out.dtype), keeps_zero=True)
    return t


_MOVES = frozenset({"View", "Relabel", "Gather"})  # every element of the output is one of the input
_RULES: Mapping[str, Callable[[Apply, Sequence[Tangent], Masks], list[Tangent]]] = {
    "elementwise": _elementwise,
    "reduction": _reduction,
    "routed": _routed,
    "ended": _ended,
}
