"""Patterns, spelled like the expressions they match.

Takes `P.log(1 + P.exp(x))`, where P knows every declared operation and x is a wildcard; gives a
Pattern.  Sums and products are kept flat and signed, so that a - b, a + (-b) and (-1)*b + a are one
pattern; how they are matched against graphs is in `match`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gradc.errors import InternalError, message
from gradc.graph.op import DECLARATIONS, AnyOp
from gradc.value import replace, value

__all__ = ["Literal", "P", "Pattern", "Product", "Sum", "Term", "Wild", "wildcards"]


class Pattern:
    """What a variable may look like. Operators build sums, products and quotients of patterns."""

    __slots__ = ()

    def __add__(self, other: PatternLike) -> Pattern:
        return Sum((*_terms(self), *_terms(pattern(other))))

    def __radd__(self, other: PatternLike) -> Pattern:
        return pattern(other) + self

    def __neg__(self) -> Pattern:
        return Sum(tuple((not negated, term) for negated, term in _terms(self)))

    def __sub__(self, other: PatternLike) -> Pattern:
        return self + -pattern(other)

    def __rsub__(self, other: PatternLike) -> Pattern:
        return pattern(other) + -self

    def __mul__(self, other: PatternLike) -> Pattern:
        left, right = _product(self), _product(pattern(other))
        return Product(left.over + right.over, left.under + right.under)

    def __rmul__(self, other: PatternLike) -> Pattern:
        return pattern(other) * self

    def __truediv__(self, other: PatternLike) -> Pattern:
        left, right = _product(self), _product(pattern(other))
        return Product(left.over + right.under, left.under + right.over)

    def __rtruediv__(self, other: PatternLike) -> Pattern:
        return pattern(other) / self

    def __pow__(self, other: PatternLike) -> Pattern:
        return Term("pow", (self, pattern(other)))

    def parts(self) -> tuple[Pattern, ...]:
        """The patterns inside."""
        return ()

    def walk(self) -> Iterator[Pattern]:
        """This pattern and all inside it."""
        yield self
        for part in self.parts():
            yield from part.walk()


PatternLike = Pattern | float | int


@value
class Wild(Pattern):
    """Any variable; the same one wherever the name stands again."""

    name: str

    def __str__(self) -> str:
        return self.name


@value
class Literal(Pattern):
    """A constant with one element of this value, of any dtype and rank."""

    value: float

    def __str__(self) -> str:
        return str(self.value)


@value
class Term(Pattern):
    """An operation on patterns; its parameters are left open."""

    op: str
    args: tuple[Pattern, ...]
    label: str | None = None
    of: Any = None  # a user's operation, or its class, instead of a name

    def fits(self, op: AnyOp) -> bool:
        """Whether this is the operation."""
        if self.of is None:
            return op.name == self.op
        return isinstance(op, self.of) if isinstance(self.of, type) else bool(op == self.of)

    def parts(self) -> tuple[Pattern, ...]:
        """The patterns inside."""
        return self.args

    def named(self, label: str) -> Term:
        """The same; the rule receives what it matched under this name."""
        return replace(self, label=label)

    def __str__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.args))})"


@dataclass(frozen=True, slots=True)
class Sum(Pattern):
    """A sum of (negated, pattern) terms in any order; one term: a negation.

    needs: what must be among the terms for a match: operations, and numbers without their sign.
    """

    terms: tuple[tuple[bool, Pattern], ...]
    needs: frozenset[str | float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", _needs(self.parts()))

    def parts(self) -> tuple[Pattern, ...]:
        """The patterns inside."""
        return tuple(term for _, term in self.terms)

    def __str__(self) -> str:
        text = " ".join(f"{'-' if negated else '+'} {term}" for negated, term in self.terms)
        return f"({text[2:] if text.startswith('+') else text})"


@dataclass(frozen=True, slots=True)
class Product(Pattern):
    """A product of patterns in any order, over another; needs: as of a sum."""

    over: tuple[Pattern, ...]
    under: tuple[Pattern, ...] = ()
    needs: frozenset[str | float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", _needs(self.parts()))

    def parts(self) -> tuple[Pattern, ...]:
        """The patterns inside."""
        return self.over + self.under

    def __str__(self) -> str:
        text = " * ".join(map(str, self.over)) or "1"
        return text + "".join(f" / {each}" for each in self.under)


def pattern(value: PatternLike) -> Pattern:
    """A pattern; numbers become literals."""
    return value if isinstance(value, Pattern) else Literal(float(value))


def _needs(parts: Iterable[Pattern]) -> frozenset[str | float]:
    terms = {part.op for part in parts if isinstance(part, Term) and part.of is None}
    return frozenset(terms | {abs(part.value) for part in parts if isinstance(part, Literal)})


def _terms(value: Pattern) -> tuple[tuple[bool, Pattern], ...]:
    if isinstance(value, Sum):
        return value.terms
    if isinstance(value, Literal) and value.value < 0:
        return ((True, Literal(-value.value)),)
    return ((False, value),)


def _product(value: Pattern) -> Product:
    if isinstance(value, Literal) and value.value == 1:
        return Product(())  # a factor of 1 is not looked for
    return value if isinstance(value, Product) else Product((value,))


_SPELLINGS: dict[str, Callable[..., Pattern]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "neg": lambda a: -a,
    "mul": lambda a, b: a * b,
    "true_div": lambda a, b: a / b,
}


class _Patterns:
    """`P.name(...)`: the pattern of a declared operation; `P(op)(...)` of a user's, or a class."""

    def __call__(self, op: Any) -> Callable[..., Term]:
        word = op.__name__ if isinstance(op, type) else str(op)
        return lambda *args: Term(word, tuple(map(pattern, args)), of=op)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in DECLARATIONS:
            raise InternalError(message(f"P.{name}: no operation of this name is declared."))
        if name in _SPELLINGS:
            return lambda *args: _SPELLINGS[name](*map(pattern, args))
        return lambda *args: Term(name, tuple(map(pattern, args)))


P = _Patterns()


def wildcards(names: str) -> tuple[Wild, ...]:
    """Wildcards from names between blanks."""
    return tuple(map(Wild, names.split()))
