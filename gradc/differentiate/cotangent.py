"""Cotangents that carry their guard: why switch(x > 0, log(x), 0) has gradient 0 at 0.

Multiplying out the chain rule gives 0 * (1/0) = nan there.  But that zero is no number: it says
that the branch was not taken.  So a cotangent is a pair (value, guard).  The guard is a boolean
expression, false where the cost does not depend on this element at all; there the value means
nothing and may be nan.  It is masked, switch(guard, value, 0), and never multiplied away.

- A guard is born where a pullback gives switch(c, ct, 0): in `switch` itself, in maximum, clip,
  relu and kin.  No operation declares anything for it.
- Elementwise pullbacks carry it along unchanged and work on the bare value; the mask is applied
  once, where elements are about to be mixed: before a sum, a scatter, a product of matrices, before
  terms with other guards are added, and on the result.  So a guard costs what the switch of the
  pullback would have cost.
- Where elements are mixed a guard becomes "any of those": through the sum that undoes a broadcast,
  through reductions, index maps and gathers.  It ends at matrix products and at routines, whose
  sums no mask can reach into.
- Terms of one variable: the same guard stays; other guards are joined by "or"; a term without a
  guard ends it.  So a 0*nan that the user wrote, and that the cost does depend on, stays nan.

Forward mode carries tangents in the same pairs, the other way: there a guard says that an element
does not move with the inputs, and sqrt(maximum(x, 0)) has the tangent 0 below 0, not 0 * inf.

A value is *clean* if it is exactly 0 wherever the guard is false; a mask on it would do nothing.

A choice (ifelse) is a guard of all elements at once, and travels further: a cotangent is *live*
where the branch is taken that it came through, and means nothing elsewhere.  No operation ends
that, since one condition holds for all that is mixed: what goes down a branch is computed with as
if there were no other.  It is chosen, choose(condition, value, 0), only where terms that live
elsewhere are added to it, and on the result.  So all of it belongs to the branch (differentiate/
lives.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.graph.needs import Need, Needs
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import and_, invert, or_, switch
from gradc.ops.elemwise import add
from gradc.ops.reduce import any as any_of
from gradc.ops.reduce import sum as sum_of
from gradc.value import value

__all__ = ["Cotangent", "Masks", "is_zero"]

_WIDTH = 16  # terms of one sum


@value
class Cotangent:
    """A gradient on its way down. guard: bool, of the value's rank; it may stretch.

    live: the need where it means something; None: always.
    """

    value: Variable
    guard: Variable | None = None
    is_clean: bool = True
    live: Need | None = None

    def with_value(self, value: Variable, keeps_zero: bool = False) -> Cotangent:
        """The same guard on something computed element by element from the value."""
        clean = self.guard is None or (self.is_clean and keeps_zero)
        return Cotangent(value, self.guard, clean, self.live)


class Masks:
    """Applies, joins and sums guards; each result is built once and then remembered."""

    def __init__(self) -> None:
        self.needs = Needs()
        self._masked: dict[tuple[Variable, Variable], Variable] = {}
        self._joined: dict[tuple[str, Variable, Variable], Variable] = {}
        self._opposite: dict[Variable, Variable] = {}
        self._summed: dict[tuple[Variable, tuple[int, ...]], Variable] = {}

    def apply(self, ct: Cotangent) -> Variable:
        """The gradient as a plain expression: 0 wherever the guard is false."""
        if ct.guard is None or ct.is_clean or isinstance(ct.value, Undefined):
            return ct.value
        key = (ct.guard, ct.value)
        if key not in self._masked:
            zero = Constant(np.zeros((1,) * ct.value.ndim, ct.value.dtype))
            self._masked[key] = switch(ct.guard, ct.value, zero)
        return self._masked[key]

    def clean(self, ct: Cotangent) -> Cotangent:
        """The same, its mask applied."""
        return Cotangent(self.apply(ct), ct.guard)

    def under(self, ct: Cotangent, condition: Variable) -> Cotangent:
        """The value, meant only where `condition` holds too."""
        if ct.guard is None or ct.guard is condition:
            return Cotangent(ct.value, condition, is_clean=False)
        return Cotangent(ct.value, self._join("and", ct.guard, condition), is_clean=False)

    def opposite(self, condition: Variable) -> Variable:
        """Its negation, known as such, so that a branch and the other make the whole."""
        if condition not in self._opposite:
            negated = invert(condition)
            self._opposite[condition] = negated
            self._opposite[negated] = condition
        return self._opposite[condition]

    def total(self, terms: Sequence[Cotangent]) -> Cotangent:
        """The sum of a variable's terms."""
        undefined = [term for term in terms if isinstance(term.value, Undefined)]
        if undefined or len(terms) == 1:
            return (undefined or terms)[0]
        guard = terms[0].guard
        if all(term.guard is guard for term in terms):
            clean = all(term.is_clean for term in terms)
            return Cotangent(_sum([term.value for term in terms]), guard, clean)
        value = _sum([self.apply(term) for term in terms])
        return Cotangent(value, self.either([term.guard for term in terms]))

    def summed(self, ct: Cotangent, axes: tuple[int, ...]) -> Cotangent:
        """The sum over axes, which stay with length 1: what undoes a broadcast."""
        value = sum_of(self.apply(ct), axis=axes, keepdims=True)
        if ct.guard is None:
            return Cotangent(value)
        return Cotangent(value, self.any(ct.guard, axes))

    def any(self, guard: Variable, axes: tuple[int, ...]) -> Variable:
        """Whether any of a group is true; the axes stay with length 1."""
        long = tuple(axis for axis in axes if guard.type.shape[axis] != 1)
        if not long:
            return guard
        if (guard, long) not in self._summed:
            self._summed[guard, long] = any_of(guard, axis=long, keepdims=True)
        return self._summed[guard, long]

    def either(self, guards: Sequence[Variable | None]) -> Variable | None:
        """Whether one of them is true; None if that is always so."""
        found: dict[Variable, None] = {}
        for guard in guards:
            if guard is None or self._opposite.get(guard) in found:
                return None
            found.setdefault(guard)
        first, *rest = found
        for guard in rest:
            first = self._join("or", first, guard)
        return first

    def _join(self, word: str, left: Variable, right: Variable) -> Variable:
        key = (word, left, right)
        if key not in self._joined:
            join = and_ if word == "and" else or_
            self._joined[key] = join(left, right)
        return self._joined[key]


def _sum(values: Sequence[Variable]) -> Variable:
    """A tree of sums, so that many terms make neither a deep graph nor a wide node."""
    level = list(values)
    while len(level) > 1:
        groups = [level[k : k + _WIDTH] for k in range(0, len(level), _WIDTH)]
        level = [add(*group) if len(group) > 1 else group[0] for group in groups]
    return level[0]


def is_zero(variable: Variable) -> bool:
    """Whether it is the constant 0, seen through views and casts."""
    while (node := variable.owner) is not None:
        if node.op.kind != "View" and node.op.name != "cast":
            return False
        variable = node.inputs[0]
    return isinstance(variable, Constant) and not variable.data.any()
