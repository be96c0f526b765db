"""Rules: a pattern, what it becomes, and what that keeps.

Takes a function marked `@rule(pattern)`; gives a frozen Rule.  The function receives its wildcards
by name and returns the new expression, or None to decline.  It may also ask for `out`, the variable
that matched, and for `facts`, what the engine knows about the graph.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from gradc.errors import ArgumentTypeError, InternalError, message
from gradc.graph.variable import Variable
from gradc.rewrite.facts import Facts
from gradc.rewrite.match import match, roots
from gradc.rewrite.pattern import Pattern, Term, Wild
from gradc.value import frozen

__all__ = ["EVERY", "Keeps", "Rule", "rule"]

EVERY = ("*",)  # tried on every operation
Keeps = Literal["exact", "rounding", "stabilises"]
Over = Literal["reals", "any"]
Body = Callable[..., Variable | None]


@frozen
class Rule:
    """A rewrite.

    keeps: "exact", the same bits; "rounding", but for the rounding of a few operations;
    "stabilises", better values where the old form overflows or loses its digits.
    ops: operations whose results it is tried on, where no pattern says so.
    over: "reals", it is not tried where complex numbers go in or come out; "any", it holds for
    them too.
    """

    name: str
    doc: str
    keeps: Keeps
    patterns: tuple[Pattern, ...]
    body: Body
    ops: tuple[str, ...]
    wants: frozenset[str]
    takes_parts: bool = False  # whether it is tried on outputs that are one of several
    over: Over = "reals"

    @property
    def is_local(self) -> bool:
        """Whether it looks at nothing but the expression: having declined, it always will."""
        return "facts" not in self.wants

    def __reduce__(self) -> tuple[Any, ...]:
        """By its place in a module: what a name stands for is the Rule, not its function."""
        if "<locals>" in self.body.__qualname__:
            what = f"rule {self.name}: it was defined inside a function, so no pickle can find it."
            raise ArgumentTypeError(message(what, fix="define it at the top of a module."))
        return _found, (self.body.__module__, self.body.__qualname__)

    def results(self, out: Variable, facts: Facts) -> Iterable[Variable]:
        """What the rule would put in the place of `out`: nothing where it declines."""
        if self.over == "reals" and _is_complex(out, out.owner.inputs if out.owner else ()):
            return ()
        if self.patterns:
            return self._matches(out, facts)
        result = self.body(out) if self.is_local else self.body(out, facts)
        return () if result is None else (result,)

    def _matches(self, out: Variable, facts: Facts) -> Iterator[Variable]:
        extra = {k: v for k, v in (("out", out), ("facts", facts)) if k in self.wants}
        for pattern in self.patterns:
            for found in match(pattern, out, facts.sight):
                if self.over == "reals" and _is_complex(*found.variables().values()):
                    continue
                result = self.body(**found.variables(), **extra)
                if result is not None:
                    yield found.put(result)


def _is_complex(*variables: Any) -> bool:
    """Whether one is complex; sequences of variables are looked into."""
    for each in variables:
        if isinstance(each, Variable):
            if each.type.dtype.startswith("complex"):
                return True
        elif isinstance(each, (list, tuple)) and _is_complex(*each):
            return True
    return False


def _found(module: str, name: str) -> Any:
    import pkgutil  # for this only

    return pkgutil.resolve_name(f"{module}:{name}")


def rule(
    *patterns: Pattern, keeps: Keeps, on: tuple[str, ...] = (), over: Over = "reals"
) -> Callable[[Body], Rule]:
    """Make a function a Rule: `@rule(P.log(1 + P.exp(x)), keeps="stabilises")`.

    on: names of operations, for a rule without pattern that looks at `out` by itself.
    over: "any" where it holds for complex numbers too.
    """

    def decorate(body: Body) -> Rule:
        arguments = tuple(inspect.signature(body).parameters)
        wants = frozenset(arguments)
        if not patterns and arguments not in (("out",), ("out", "facts")):
            what = f"rule {body.__name__}: without a pattern it takes out, or out and facts."
            raise InternalError(message(what))
        for pattern in patterns:
            known = {"out", "facts"}
            for part in pattern.walk():
                if isinstance(part, Wild):
                    known.add(part.name)
                elif isinstance(part, Term) and part.label:
                    known.add(part.label)
            if not wants <= known or not known - {"out", "facts"} <= wants:
                what = f"rule {body.__name__}: arguments and wildcards differ."
                raise InternalError(message(what))
        triggers = dict.fromkeys((*on, *(name for each in patterns for name in roots(each))))
        doc = inspect.getdoc(body) or ""
        ops = EVERY if "*" in triggers else tuple(triggers)
        return Rule(body.__name__, doc, keeps, patterns, body, ops, wants, over=over)

    return decorate
