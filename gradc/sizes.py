"""Integer expressions over array lengths: what `?` in a shape becomes while lowering.

Takes ints and named lengths; gives polynomials in normal form, so that two ways of writing one
length are equal values (n*m == m*n, n+1-1 == n).  Division, minimum and maximum are opaque atoms.
Lives in the foundation because both the expression side (shape rules) and the machine side
(buffers, loops) speak of lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Union

from gradc.value import keyed

__all__ = [
    "Atom",
    "Call",
    "Length",
    "Size",
    "SizeLike",
    "blocks",
    "ceil_div",
    "cut",
    "deep_atoms",
    "floor_div",
    "halvings",
    "is_known",
    "is_natural",
    "loop_room",
    "maximum",
    "minimum",
    "digits",
    "panel_blocks",
    "panel_count",
    "panel_room",
    "panel_scratch",
    "product",
    "size",
    "total",
    "wrap",
]


@dataclass(frozen=True, slots=True, order=True)
class Length:
    """A number known only at the call, e.g. axis 0 of argument 2, or an integer that was computed.

    `group` says what kind of number it is, `index` and `axis` which: "arg" and "unknown" are
    lengths of arrays, "value" and "data" integers of any sign.
    """

    group: str
    index: int
    axis: int = 0

    def __str__(self) -> str:
        return f"{self.group}{self.index}.{self.axis}"


@keyed
class Call:
    """An opaque operation on sizes, by the name of the function below that makes it."""

    name: str
    args: tuple[Size, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


Atom = Length | Call
Monomial = tuple[Atom, ...]  # a product of atoms, sorted; () is the constant term
_ONE: tuple[tuple[Monomial, int], ...] = (((), 1),)
SizeLike = Union["Size", int]


_REMEMBERED = 1 << 12  # results of pure functions: a graph asks for few sizes, again and again


@lru_cache(_REMEMBERED)
def _key(atom: Atom) -> tuple[int, str]:
    return (isinstance(atom, Call), str(atom))


@keyed
class Size:
    """A polynomial with integer coefficients; `terms` is sorted and holds no zero."""

    terms: tuple[tuple[Monomial, int], ...]

    @property
    def constant(self) -> int | None:
        """The number, if this is one."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    @property
    def atoms(self) -> frozenset[Atom]:
        """Every atom of every term, outermost only."""
        return frozenset(atom for monomial, _ in self.terms for atom in monomial)

    def __add__(self, other: SizeLike) -> Size:
        other = size(other)
        if not other.terms:
            return self
        if not self.terms:
            return other
        terms = dict(self.terms)
        for monomial, factor in other.terms:
            terms[monomial] = terms.get(monomial, 0) + factor
        return _size(terms)

    def __mul__(self, other: SizeLike) -> Size:
        other = size(other)
        if not self.terms or other.terms == _ONE:
            return self
        if not other.terms or self.terms == _ONE:
            return other
        terms: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in other.terms:
                monomial = tuple(sorted(left + right, key=_key)) if left and right else left + right
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _size(terms)

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: SizeLike) -> Size:
        return self + -size(other)

    def __rsub__(self, other: SizeLike) -> Size:
        return size(other) - self

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        return " + ".join(_term_text(monomial, factor) for monomial, factor in self.terms)

    __repr__ = __str__

    def substitute(self, values: Mapping[Atom, Size]) -> Size:
        """Replace atoms, inside calls too."""
        return self.fold(size, lambda atom: _substitute_atom(atom, values))

    def evaluate(self, lookup: Callable[[Length], int]) -> int:
        """The number, given every Length's."""
        result = self.fold(size, lambda atom: size(_evaluate_atom(atom, lookup))).constant
        assert result is not None
        return result

    def fold(self, number: Callable[[int], Size], atom: Callable[[Atom], Size]) -> Size:
        """Rebuild from constants and atoms."""
        if self.constant is not None:
            return number(self.constant)
        total = number(0)
        for monomial, factor in self.terms:
            term = number(factor)
            for each in monomial:
                term = term * atom(each)
            total = total + term
        return total


def _size(terms: Mapping[Monomial, int]) -> Size:
    kept = [(monomial, factor) for monomial, factor in terms.items() if factor]
    if len(kept) > 1:
        kept.sort(key=lambda term: (len(term[0]), [_key(atom) for atom in term[0]]), reverse=True)
    return Size(tuple(kept))


def _term_text(monomial: Monomial, factor: int) -> str:
    names = [str(atom) for atom in monomial]
    if factor != 1 or not names:
        names.insert(0, str(factor))
    return "*".join(names)


def size(value: SizeLike | Length) -> Size:
    """A Size from an int, a Length or a Size."""
    if isinstance(value, Size):
        return value
    if isinstance(value, Length):
        return Size((((value,), 1),))
    return _number(int(value))


@lru_cache(_REMEMBERED)
def _number(value: int) -> Size:
    return Size((((), value),)) if value else Size(())


def _call(name: str, *operands: SizeLike) -> Size:
    args = tuple(size(each) for each in operands)
    numbers = [arg.constant for arg in args if arg.constant is not None]
    if len(numbers) == len(args):
        return size(_NUMBERS[name](*numbers))
    return Size((((Call(name, args),), 1),))


def _divide(a: int, b: int) -> int:
    return a // b if b else 0


def _divide_up(a: int, b: int) -> int:
    return -(-a // b) if b else 0


def _wrap(index: int, length: int) -> int:
    return index + length if index < 0 else index


def _cut(work: int, grain: int, most: int) -> int:
    return max(min(work // grain, most), 1)


def _blocks(work: int, least: int, whole: int, most: int) -> int:
    return min(2 * _cut(work, whole, 8), _cut(work, least, most))


def _halvings(work: int, least: int, most: int) -> int:
    count = 1
    while 2 * count <= most and work // (2 * count) >= least:
        count *= 2
    return count


_NUMBERS: dict[str, Callable[..., int]] = {
    "blocks": _blocks,
    "ceil_div": _divide_up,
    "cut": _cut,
    "floor_div": _divide,
    "minimum": min,
    "halvings": _halvings,
    "maximum": max,
    "digits": lambda n: max(n, 0).bit_length(),
    "wrap": _wrap,
}


def deep_atoms(value: Size) -> set[Atom]:
    """Every atom of a size, those inside calls too."""
    found: set[Atom] = set()
    stack = [value]
    while stack:
        for atom in stack.pop().atoms:
            found.add(atom)
            if isinstance(atom, Call):
                stack.extend(atom.args)
    return found


def is_known(value: Size) -> bool:
    """Whether no number enters that a shape rule was not told: of such Lengths axis is below 0."""
    return not any(isinstance(each, Length) and each.axis < 0 for each in deep_atoms(value))


def floor_div(left: SizeLike, right: SizeLike) -> Size:
    """The quotient left // right as Python rounds; 0 where right is 0. Exact factors cancel."""
    a, b = size(left), size(right)
    if b.constant == 1:
        return a
    exact = _exact_quotient(a, b)
    return exact if exact is not None else _call("floor_div", a, b)


def _exact_quotient(a: Size, b: Size) -> Size | None:
    """The quotient a / b where b is a single constant that divides every coefficient."""
    if b.constant is None or b.constant == 0 or a.constant is not None:
        return None
    if any(factor % b.constant for _, factor in a.terms):
        return None
    return _size({monomial: factor // b.constant for monomial, factor in a.terms})


def ceil_div(left: SizeLike, right: SizeLike) -> Size:
    """The smallest integer not below left / right, for right > 0."""
    return size(left) if size(right).constant == 1 else _call("ceil_div", left, right)


def minimum(left: SizeLike, right: SizeLike) -> Size:
    """The smaller length; differences whose sign is known are decided here."""
    return _extremum("minimum", size(left), size(right), keep_left=lambda d: d <= 0)


def maximum(left: SizeLike, right: SizeLike) -> Size:
    """The larger length; differences whose sign is known are decided here: max(n, 0) is n."""
    return _extremum("maximum", size(left), size(right), keep_left=lambda d: d >= 0)


def is_natural(value: SizeLike) -> bool:
    """Whether no call can make the size negative.

    It is made of lengths, and what goes off is known to be no more than what is there.
    """
    least: dict[Monomial, int] = {}
    for monomial, factor in size(value).terms:
        if not all(_is_natural_atom(atom) for atom in monomial):
            return False
        if factor < 0:
            monomial, factor = _at_most(monomial, factor)
        least[monomial] = least.get(monomial, 0) + factor
    return all(factor >= 0 for factor in least.values())


def _at_most(monomial: Monomial, factor: int) -> tuple[Monomial, int]:
    """A product with what is at most a number as that number."""
    rest = []
    for atom in monomial:
        end = atom.args[1].constant if isinstance(atom, Call) and atom.name == "minimum" else None
        if end is None:
            rest.append(atom)
        else:
            factor *= end
    return tuple(rest), factor


def _is_natural_atom(atom: Atom) -> bool:
    if isinstance(atom, Length):
        return atom.group in ("arg", "unknown")
    parts = [is_natural(arg) for arg in atom.args]
    if atom.name == "maximum":
        return any(parts)
    return all(parts) if atom.name in ("minimum", "floor_div") else atom.name == "cut"


def _extremum(name: str, left: Size, right: Size, keep_left: Callable[[int], bool]) -> Size:
    difference = left - right
    if difference.constant is not None:
        return left if keep_left(difference.constant) else right
    for sign in (1, -1):  # one that is longer by what is never negative
        if is_natural(difference * sign):
            return left if keep_left(sign) else right
    return _call(name, left, right)


def wrap(index: SizeLike, length: SizeLike) -> Size:
    """A Python index as a position: index + length where index is negative."""
    start = size(index)
    if start.constant is not None:
        return start if start.constant >= 0 else start + length
    if is_natural(start):
        return start
    return _call("wrap", start, length)


def cut(work: SizeLike, grain: SizeLike, most: SizeLike) -> Size:
    """How many pieces of about `grain` units `work` is cut into: at least 1, at most `most`."""
    return _call("cut", work, grain, most)


def blocks(work: SizeLike, least: SizeLike, whole: SizeLike, most: SizeLike) -> Size:
    """Into how many blocks a matrix product of `work` multiplications is cut.

    One below twice `least`, then two, more in pairs as each comes to have `whole`; at most `most`.
    """
    return _call("blocks", work, least, whole, most)


def halvings(work: SizeLike, least: SizeLike, most: SizeLike) -> Size:
    """The largest power of two, at most `most`, that leaves each piece at least `least` work."""
    return _call("halvings", work, least, most)


def digits(count: SizeLike) -> Size:
    """How many binary digits a natural number has; none for 0."""
    return _call("digits", count)


def panel_room(m: SizeLike, k: SizeLike, n: SizeLike) -> Size:
    """Elements of the panels that the right operand of a product [m, k] by [k, n] is packed into.

    0 where packing it for all threads is not worth it.
    """
    return _known_in_c("panel_room", m, k, n)


def panel_blocks(m: SizeLike, k: SizeLike, n: SizeLike) -> Size:
    """Into how many blocks of rows a product [m, k] by [k, n] is worth cutting at most."""
    return _known_in_c("panel_blocks", m, k, n)


def loop_room(m: SizeLike, k: SizeLike, n: SizeLike) -> Size:
    """The same of a right operand that is packed once for all turns of a loop."""
    return _known_in_c("loop_room", m, k, n)


def panel_count(n: SizeLike) -> Size:
    """How many groups of columns the panels of a matrix of n columns are shared out in."""
    return _known_in_c("panel_count", n)


def panel_scratch() -> Size:
    """Bytes of a worker's memory for rows in panels."""
    return _known_in_c("panel_scratch")


def _known_in_c(name: str, *operands: SizeLike) -> Size:
    """A call of csrc/inline/gradc/step.h that only C works out: its constants stand there alone."""
    return Size((((Call(name, tuple(size(each) for each in operands)),), 1),))


def product(sizes: Sequence[SizeLike]) -> Size:
    """The product of lengths; 1 for none."""
    total = size(1)
    for each in sizes:
        total = total * each
    return total


def total(sizes: Iterable[SizeLike]) -> Size:
    """The sum of lengths; 0 for none.  Terms are sorted once, and not for each that is added."""
    terms: dict[Monomial, int] = {}
    for each in sizes:
        for monomial, factor in size(each).terms:
            terms[monomial] = terms.get(monomial, 0) + factor
    return _size(terms)


def _substitute_atom(atom: Atom, values: Mapping[Atom, Size]) -> Size:
    if atom in values:
        return values[atom]
    if isinstance(atom, Length):
        return size(atom)
    args = tuple(arg.substitute(values) for arg in atom.args)
    rebuild: dict[str, Callable[..., Size]] = {
        "blocks": blocks, "ceil_div": ceil_div, "cut": cut, "floor_div": floor_div,
        "digits": digits, "halvings": halvings,
        "loop_room": loop_room, "maximum": maximum, "minimum": minimum,
        "panel_blocks": panel_blocks, "panel_count": panel_count,
        "panel_room": panel_room, "panel_scratch": panel_scratch, "wrap": wrap,
    }  # fmt: skip
    return rebuild[atom.name](*args)


def _evaluate_atom(atom: Atom, lookup: Callable[[Length], int]) -> int:
    if isinstance(atom, Length):
        return lookup(atom)
    return _NUMBERS[atom.name](*(arg.evaluate(lookup) for arg in atom.args))
