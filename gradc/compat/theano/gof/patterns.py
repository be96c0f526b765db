"""Patterns as Theano's PatternSub writes them: tuples of operations, names and numbers.

Takes (T.mul, 2, "x"); gives a pattern of gradc.rewrite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.op import AnyOp
from gradc.graph.variable import Constant, Variable
from gradc.rewrite.pattern import Literal, P, Pattern, Term, Wild

__all__ = ["pattern_of", "wildcards_in", "written"]

Constraints = dict[str, list[Callable[[Variable], Any]]]


def pattern_of(given: Any, constraints: Constraints) -> Pattern:
    """A pattern; what is asked of its wildcards and labelled parts goes to `constraints`."""
    if isinstance(given, str):
        return Wild(given)
    if isinstance(given, dict):
        return _constrained(given, constraints)
    if isinstance(given, (tuple, list)) and given:
        return _applied(given[0])(*(pattern_of(each, constraints) for each in given[1:]))
    number = given.number if isinstance(given, Constant) else given
    if isinstance(number, (bool, int, float)):
        return Literal(float(number))
    what = f"PatternSub: {printable(repr(given), 60)} is no pattern."
    fix = 'write (operation, argument, ...), a name such as "x", or a number.'
    raise ArgumentTypeError(message(what, fix=fix))


def _constrained(given: dict[str, Any], constraints: Constraints) -> Pattern:
    inner = pattern_of(given["pattern"], constraints)
    holds = given.get("constraint")
    if holds is None:
        return inner
    if isinstance(inner, Wild):
        constraints.setdefault(inner.name, []).append(holds)
        return inner
    if not isinstance(inner, Term):
        what = "PatternSub: a constraint on a sum, a product or a number cannot be looked at."
        raise ArgumentTypeError(message(what, fix="put it on a name or another operation."))
    label = f"part{len(constraints)}"
    constraints[label] = [holds]
    return inner.named(label)


def _applied(op: Any) -> Callable[..., Pattern]:
    """What makes a pattern of an operation's arguments."""
    if isinstance(op, (AnyOp, type)):
        made: Callable[..., Pattern] = P(op)
        return made
    declaration = getattr(op, "declaration", None)
    if declaration is None:
        what = f"PatternSub: {written(op)} is no operation, but composed of others, or none."
        fix = "use what it is composed of: print(f.stages.graph) shows that."
        raise ArgumentTypeError(message(what, fix=fix))
    named: Callable[..., Pattern] = getattr(P, declaration.name)
    return named


def wildcards_in(pattern: Pattern) -> list[str]:
    """The names of wildcards and labelled parts."""
    found = [part.name for part in pattern.walk() if isinstance(part, Wild)]
    labels = [part.label for part in pattern.walk() if isinstance(part, Term) and part.label]
    return list(dict.fromkeys((*found, *labels)))


def written(pattern: Any) -> str:
    """A pattern as text."""
    if isinstance(pattern, (tuple, list)) and pattern:
        return f"{written(pattern[0])}({', '.join(written(each) for each in pattern[1:])})"
    if isinstance(pattern, dict):
        return written(pattern["pattern"])
    return str(getattr(pattern, "__name__", None) or pattern)
