"""How a matcher sees a variable: behind views and casts, as a signed sum, as a signed product.

Takes variables of a graph; gives Seen values, which say "this variable, behind these index maps and
widening casts, negated or not" without building anything, and builds them once a rule needs them.
Elementwise operations commute with index maps, so exp behind a transpose is the exp of something
behind that transpose: that is what lets one pattern stand for all spellings.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.ops.declare import call
from gradc.ops.kinds import Elemwise
from gradc.value import value

__all__ = ["Factors", "Head", "Quotient", "Seen", "Sight", "Total", "build", "scalar_value"]

LIMIT = 12  # terms a sum or product is flattened to; keeps a chain of 10,000 sums linear
_SHUFFLES = frozenset({"dimshuffle", "transpose", "broadcast_to"})  # keep length-1 axes stretching
_INDEXING = frozenset({"View", "Relabel", "Gather"})

_SUMS = frozenset({"add", "sub"})
_PRODUCTS = frozenset({"mul", "true_div", "reciprocal", "square"})

Wrap = Apply | str  # an index map to apply to another array, or a dtype to cast to
Head = str | float  # what a pattern may look for first: an operation, or a number without its sign


class Seen(NamedTuple):
    """`variable` behind `wraps` (the innermost first), negated or not."""

    variable: Variable
    wraps: tuple[Wrap, ...] = ()
    negated: bool = False

    def flipped(self, negated: bool = True) -> Seen:
        """The negative of this, if asked."""
        return Seen(self.variable, self.wraps, not self.negated) if negated else self


@value
class Total:
    """A sum of some terms of a larger sum."""

    terms: tuple[Seen, ...]


@value
class Quotient:
    """A product of some factors of a larger one, over others."""

    over: tuple[Seen, ...]
    under: tuple[Seen, ...]
    negated: bool = False


Found = Seen | Total | Quotient


@value
class Factors:
    """A variable as (-1)^negated * product of over / product of under; heads: of the factors."""

    negated: bool
    over: tuple[Seen, ...]
    under: tuple[Seen, ...]
    heads: frozenset[Head]


@value
class Terms:
    """A variable as the sum of parts; heads: of the parts."""

    parts: list[Seen]
    heads: frozenset[Head]


def scalar_value(variable: Variable) -> float | None:
    """The number, if this is a constant with one element, of any dtype and rank."""
    if variable.owner is None:
        return variable.number if isinstance(variable, Constant) else None
    dtype = variable.dtype
    while variable.owner is not None and variable.owner.op.name in ("dimshuffle", "cast"):
        variable = variable.owner.inputs[0]
        if variable.dtype != dtype and variable.dtype.startswith("float"):
            return None  # a cast that rounds
    if isinstance(variable, Constant) and variable.data.size == 1:
        value: float = variable.data.reshape(-1)[0].astype(dtype).item()
        return value
    return None


class Sight:
    """Looks into expressions, but not through walls.

    Many rules look at one sum or product, and a sum of n terms is looked at n times while it is
    settled: so whatever is found is remembered, and every variable is taken apart once.
    """

    def __init__(self, walls: Collection[Variable] = ()) -> None:
        self._walls = walls
        self._terms: dict[tuple[Seen, bool], Terms] = {}
        self._factors: dict[tuple[Seen, bool], Factors] = {}
        self._layers: dict[Seen, tuple[Seen, ...]] = {}
        self._heads: dict[Seen, frozenset[Head]] = {}
        self._parts: dict[Seen, list[Seen] | None] = {}

    def owner(self, seen: Seen) -> Apply | None:
        """What computes the variable, unless it is a wall or has several outputs."""
        node = seen.variable.owner
        if node is None or seen.variable in self._walls or len(node.outputs) != 1:
            return None
        return node

    def behind(self, seen: Seen) -> Seen | None:
        """One step through an index map or a widening cast; None if there is none."""
        node = self.owner(seen)
        if node is None:
            return None
        if node.op.kind in _INDEXING:
            return Seen(node.inputs[0], (node, *seen.wraps), seen.negated)
        if node.op.name == "cast" and _widens(node.inputs[0].dtype, seen.variable.dtype):
            return Seen(node.inputs[0], (seen.variable.dtype, *seen.wraps), seen.negated)
        return None

    def layers(self, seen: Seen) -> tuple[Seen, ...]:
        """The computed values that this is, from outside in: each behind one more map or cast."""
        found = self._layers.get(seen)
        if found is None:
            layers: list[Seen] = []
            at: Seen | None = self.signed(seen)
            while at is not None and self.owner(at) is not None:
                layers.append(at)
                inner = self.behind(at)
                at = None if inner is None else self.signed(inner)
            found = self._layers[seen] = tuple(layers)
        return found

    def number(self, seen: Seen) -> float | None:
        """The number, if this is one, behind any maps but stretching."""
        at = self.signed(seen)
        while (number := scalar_value(at.variable)) is None:
            node, inner = self.owner(at), self.behind(at)
            if node is None or inner is None or node.op.name == "broadcast_to":
                return None
            at = self.signed(inner)
        return -number if at.negated else number

    def heads(self, seen: Seen) -> frozenset[Head]:
        """The operations that this may be taken for, and its number, if it is one."""
        found = self._heads.get(seen)
        if found is None:
            names: set[Head] = set()
            for at in self.layers(seen):
                assert at.variable.owner is not None
                names.add(at.variable.owner.op.name)
            number = self.number(seen)
            if number is not None:
                names.add(abs(number))
            found = self._heads[seen] = frozenset(names)
        return found

    def _heads_of(self, parts: Sequence[Seen]) -> frozenset[Head]:
        return frozenset[Head]().union(*map(self.heads, parts))

    def reach(self, seen: Seen, names: Collection[str]) -> Seen:
        """Behind maps, widening casts and signs as far as one of these operations; else `seen`."""
        at: Seen | None = seen
        while at is not None:
            node = self.owner(at)
            if node is None:
                return seen
            if node.op.name in names:
                return at
            at = self.behind(at)
            at = None if at is None else self.signed(at)
        return seen

    def operands(self, seen: Seen) -> list[Seen] | None:
        """The operands of an elementwise node, each behind what the node itself is behind."""
        node = self.owner(seen)
        if node is None or not isinstance(node.op.rule, Elemwise):
            return None
        dtypes = tuple([each.type.dtype for each in node.inputs])
        plain = node.op.name == "cast" or set(dtypes) == {seen.variable.type.dtype}
        if plain and not seen.wraps:
            return [Seen(each) for each in node.inputs]
        wanted = dtypes if plain else node.op.rule.dtype(dtypes)[0]
        found = []
        for each, dtype in zip(node.inputs, wanted, strict=True):
            pushed = _pushed(each, seen)
            if pushed is None:
                return None
            casts = () if each.dtype == dtype else (dtype,)
            found.append(Seen(pushed.variable, (*casts, *pushed.wraps)))
        return found

    def signed(self, seen: Seen) -> Seen:
        """Negations (and factors of -1) taken into the sign."""
        while True:
            node = self.owner(seen)
            if node is None or not _may_negate(node) or not _moves(seen):
                return seen
            operands = self.operands(seen)
            if operands is None:
                return seen
            if node.op.name == "mul":
                operands = [each for each in operands if scalar_value(each.variable) != -1]
                if len(operands) != 1:
                    return seen
            seen = Seen(operands[0].variable, operands[0].wraps, not seen.negated)

    def terms(self, seen: Seen, deep: bool) -> Terms:
        """The terms of a sum; `deep` opens the sums inside it too."""
        found = self._terms.get((seen, deep))
        if found is None:
            parts = self._find_terms(seen, deep)
            found = self._terms[seen, deep] = Terms(parts, self._heads_of(parts))
        return found

    def factors(self, seen: Seen, deep: bool) -> Factors:
        """The factors of a product or quotient; `deep` opens those inside it too."""
        found = self._factors.get((seen, deep))
        if found is None:
            found = self._factors[seen, deep] = self._find_factors(seen, deep)
        return found

    def _find_terms(self, seen: Seen, deep: bool) -> list[Seen]:
        found: list[Seen] = []
        stack = [(seen, True)]
        while stack:
            each, opens = stack.pop()
            each = self.signed(each)
            parts = self._summands(each) if opens and len(found) + len(stack) < LIMIT else None
            if parts is None:
                found.append(each)
            else:
                stack.extend((part, deep) for part in reversed(parts))
        return found

    def _summands(self, seen: Seen) -> list[Seen] | None:
        if seen not in self._parts:
            self._parts[seen] = self._find_summands(seen)
        return self._parts[seen]

    def _find_summands(self, seen: Seen) -> list[Seen] | None:
        seen = self.reach(seen, _SUMS)
        node = self.owner(seen)
        if node is None or node.op.name not in _SUMS or not _moves(seen):
            return None
        operands = self.operands(seen)
        if operands is None:
            return None
        if node.op.name == "sub":
            operands = [operands[0], operands[1].flipped()]
        return [each.flipped(seen.negated) for each in operands]

    def _find_factors(self, seen: Seen, deep: bool) -> Factors:
        negated, over, under = False, list[Seen](), list[Seen]()
        stack = [(seen, False, True)]
        while stack:
            each, inverse, opens = stack.pop()
            each = self.signed(each)
            many = len(over) + len(under) + len(stack) >= LIMIT
            if opens and not many:
                each = self.reach(each, _PRODUCTS)
            negated ^= each.negated
            each = each.flipped(each.negated)
            parts = self._opened(each) if opens and not many else None
            if parts is not None:
                stack.extend((part, inverse ^ turn, deep) for part, turn in reversed(parts))
            elif scalar_value(each.variable) != 1:
                (under if inverse else over).append(each)
        return Factors(negated, tuple(over), tuple(under), self._heads_of(over + under))

    def _opened(self, seen: Seen) -> list[tuple[Seen, bool]] | None:
        node = self.owner(seen)
        if node is None or node.op.name not in _PRODUCTS or not _moves(seen):
            return None
        operands = self.operands(seen)
        if operands is None:
            return None
        if node.op.name == "true_div":
            return [(operands[0], False), (operands[1], True)]
        if node.op.name == "reciprocal":
            return [(operands[0], True)]
        if node.op.name == "square":
            return [(operands[0], False), (operands[0], False)]
        return [(each, False) for each in operands]

    def key(self, seen: Seen) -> Hashable:
        """Equal for two Seen that are one value."""
        seen = self.signed(seen)
        inner = self.behind(seen)
        while inner is not None:
            seen = self.signed(inner)
            inner = self.behind(seen)
        chain = tuple(
            wrap if isinstance(wrap, str) else (wrap.op, *map(id, wrap.inputs[1:]))
            for wrap in seen.wraps
        )
        return (id(seen.variable), chain, seen.negated)


def _may_negate(node: Apply) -> bool:
    """Whether the node is a negation, or a product that may be one: x * -1."""
    if node.op.name == "neg":
        return True
    if node.op.name != "mul" or len(node.inputs) != 2:
        return False
    return any(scalar_value(each) == -1 for each in node.inputs)


def _widens(inner: str, outer: str) -> bool:
    """Whether the cast keeps every value and its arithmetic: float32 to float64."""
    return dtype_info(inner).is_float and dtype_info(outer).is_float and inner <= outer


def _moves(seen: Seen) -> bool:
    """Whether arithmetic commutes with the casts around: not for integers turned into others."""
    if dtype_info(seen.variable.dtype).is_float:
        return True
    return not any(isinstance(wrap, str) for wrap in seen.wraps)


def _pushed(operand: Variable, result: Seen) -> Seen | None:
    """The operand behind the index maps of the result; None where they do not apply to it.

    Maps that only move, add or stretch axes apply to every operand, others to those that do not
    stretch.  A single number needs no map, only the rank.
    """
    wraps, out = result.wraps, result.variable
    if all(isinstance(wrap, str) or wrap.op.name in _SHUFFLES for wrap in wraps):
        return Seen(operand, wraps)
    if operand.broadcastable == out.broadcastable:
        return Seen(operand, wraps)
    value = operand
    while value.owner is not None and value.owner.op.name == "dimshuffle":
        value = value.owner.inputs[0]
    if not isinstance(value, Constant) or value.data.size != 1:
        return None
    ndim = [wrap.outputs[0].ndim for wrap in wraps if not isinstance(wrap, str)][-1]
    casts = tuple(wrap for wrap in wraps if isinstance(wrap, str))
    return Seen(Constant(value.data.reshape((1,) * ndim)), casts)


def build(found: Found) -> Variable:
    """The variable that a Found stands for."""
    if isinstance(found, Total):
        parts = [build(term) for term in found.terms]
        return parts[0] if len(parts) == 1 else call("add", *parts)
    if isinstance(found, Quotient):
        return _build_quotient(found)
    result = found.variable
    for wrap in found.wraps:
        if not isinstance(wrap, str):
            (result,) = (wrap.op(result, *wrap.inputs[1:]),)
        elif result.dtype != wrap:
            result = call("cast", result, dtype=wrap)
    return call("neg", result) if found.negated else result


def _build_quotient(found: Quotient) -> Variable:
    over = [build(each) for each in found.over]
    under = [build(each) for each in found.under]
    if not over:
        over = [Constant(np.ones((1,) * under[0].ndim, under[0].dtype))]
    result = over[0] if len(over) == 1 else call("mul", *over)
    if under:
        result = call("true_div", result, under[0] if len(under) == 1 else call("mul", *under))
    return call("neg", result) if found.negated else result
