"""Find patterns in graphs.

Takes a pattern and a variable; gives what each wildcard stands for, and a way to put a new
expression in place of what matched.  Sums and products are matched in any order; at the root a
pattern may take some of the terms, and the rest is kept around the result.  A wildcard inside a sum
or product takes all that the other terms leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.rewrite.pattern import Literal, Pattern, Product, Sum, Term, Wild
from gradc.rewrite.seen import Factors, Found, Quotient, Seen, Sight, Terms, Total, build
from gradc.value import value

__all__ = ["Match", "match", "roots"]

Env = Mapping[str, Found]
Signed = tuple[bool, Pattern]


@value
class Match:
    """What the wildcards stand for; `put` gives the whole with a result in the match's place."""

    env: Env
    put: Callable[[Variable], Variable]

    def variables(self) -> dict[str, Variable]:
        """The wildcards as variables, built where no node was exactly that."""
        return {name: build(found) for name, found in self.env.items()}


def roots(pattern: Pattern) -> tuple[str, ...]:
    """The operations whose results the pattern can match."""
    if isinstance(pattern, Sum):
        return ("add", "sub") if len(pattern.terms) > 1 else ("neg",)
    if isinstance(pattern, Product):
        return ("mul", "true_div", "reciprocal")
    if isinstance(pattern, Term):
        return (pattern.op,) if pattern.of is None else ("*",)
    return ()


def match(pattern: Pattern, root: Variable, sight: Sight) -> Iterator[Match]:
    """All ways in which `root`, or some terms of it, is the pattern."""
    seen = Seen(root)
    if isinstance(pattern, Sum) and len(pattern.terms) > 1:
        yield from _match_sum(pattern, seen, sight)
    elif isinstance(pattern, Product):
        yield from _match_product(pattern, seen, sight)
    else:
        for env in _any(pattern, seen, {}, sight):
            yield Match(env, lambda result: result)


def _match_sum(pattern: Sum, seen: Seen, sight: Sight) -> Iterator[Match]:
    for view in _both_depths(seen, sight):
        if not pattern.needs <= view.heads:
            continue
        for flip in (False, True):
            wanted = tuple((negated ^ flip, term) for negated, term in pattern.terms)
            for env, rest in _choose(wanted, view.parts, {}, sight, Total):
                yield Match(env, _SumPut(tuple(rest), flip))


def _match_product(pattern: Product, seen: Seen, sight: Sight) -> Iterator[Match]:
    for view in _factor_depths(seen, sight):
        for env, over, under in _quotients(pattern, view, {}, sight):
            yield Match(env, _ProductPut(tuple(over), tuple(under), view.negated))


@value
class _SumPut:
    rest: tuple[Seen, ...]
    flip: bool

    def __call__(self, result: Variable) -> Variable:
        return build(Total((*self.rest, Seen(result, negated=self.flip))))


@value
class _ProductPut:
    over: tuple[Seen, ...]
    under: tuple[Seen, ...]
    negated: bool

    def __call__(self, result: Variable) -> Variable:
        return build(Quotient((*self.over, Seen(result)), self.under, self.negated))


def _both_depths(seen: Seen, sight: Sight) -> Iterator[Terms]:
    """The node's own terms, then, where that is more, those of the sums inside it."""
    flat = sight.terms(seen, deep=False)
    yield flat
    deep = sight.terms(seen, deep=True)
    if len(deep.parts) != len(flat.parts):
        yield deep


def _factor_depths(seen: Seen, sight: Sight) -> Iterator[Factors]:
    flat = sight.factors(seen, deep=False)
    yield flat
    deep = sight.factors(seen, deep=True)
    if (len(deep.over), len(deep.under)) != (len(flat.over), len(flat.under)):
        yield deep


def _any(pattern: Pattern, seen: Seen, env: Env, sight: Sight) -> Iterator[Env]:
    """All ways in which `seen`, whole, is the pattern."""
    if isinstance(pattern, Wild):
        yield from _wild(pattern, seen, env, sight)
    elif isinstance(pattern, Literal):
        if sight.number(seen) == pattern.value:
            yield env
    elif isinstance(pattern, Term):
        yield from _term(pattern, seen, env, sight)
    elif isinstance(pattern, Sum):
        yield from _sum(pattern, seen, env, sight)
    elif isinstance(pattern, Product):
        yield from _product(pattern, seen, env, sight)


def _wild(pattern: Wild, found: Found, env: Env, sight: Sight) -> Iterator[Env]:
    bound = env.get(pattern.name)
    if bound is None:
        yield {**env, pattern.name: found}
    elif isinstance(bound, Seen) and isinstance(found, Seen):
        if sight.key(bound) == sight.key(found):
            yield env
    elif bound == found:
        yield env


def _term(pattern: Term, seen: Seen, env: Env, sight: Sight) -> Iterator[Env]:
    for at in sight.layers(seen):
        node = at.variable.owner
        assert node is not None
        if pattern.fits(node.op):
            if not at.negated:
                yield from _at_node(pattern, node, at, env, sight)
            return


def _at_node(pattern: Term, node: Apply, at: Seen, env: Env, sight: Sight) -> Iterator[Env]:
    if node.op.kind == "Elemwise":
        operands = sight.operands(at)
    else:
        operands = None if at.wraps else [Seen(each) for each in node.inputs]
    if operands is None or len(operands) < len(pattern.args):
        return
    if pattern.label is not None:
        env = {**env, pattern.label: at}
    yield from _in_order(pattern.args, operands, env, sight)
    if len(operands) == 2 and getattr(node.op.rule, "commutes", False):
        yield from _in_order(pattern.args, operands[::-1], env, sight)


def _in_order(
    patterns: Sequence[Pattern], operands: Sequence[Seen], env: Env, sight: Sight
) -> Iterator[Env]:
    if not patterns:
        yield env
        return
    for inner in _any(patterns[0], operands[0], env, sight):
        yield from _in_order(patterns[1:], operands[1:], inner, sight)


def _sum(pattern: Sum, seen: Seen, env: Env, sight: Sight) -> Iterator[Env]:
    at: Seen | None = seen
    while at is not None:
        for view in _both_depths(at, sight):
            if not pattern.needs <= view.heads:
                continue
            for found, rest in _choose(pattern.terms, view.parts, env, sight, Total):
                if not rest:
                    yield found
        at = sight.behind(sight.signed(at))


def _product(pattern: Product, seen: Seen, env: Env, sight: Sight) -> Iterator[Env]:
    at: Seen | None = seen
    while at is not None:
        for view in _factor_depths(at, sight):
            for found, over, under in _quotients(pattern, view, env, sight):
                if not over and not under and not view.negated:
                    yield found
        at = sight.behind(sight.signed(at))


def _quotients(
    pattern: Product, view: Factors, env: Env, sight: Sight
) -> Iterator[tuple[Env, list[Seen], list[Seen]]]:
    if not pattern.needs <= view.heads or len(pattern.under) > len(view.under):
        return
    over = tuple((False, each) for each in pattern.over)
    under = tuple((False, each) for each in pattern.under)

    def whole(parts: tuple[Seen, ...]) -> Found:
        return Quotient(parts, ())

    for first, rest_under in _choose(under, view.under, env, sight, whole):
        for second, rest_over in _choose(over, view.over, first, sight, whole):
            yield second, rest_over, rest_under


def _choose(
    patterns: Sequence[Signed],
    terms: Sequence[Seen],
    env: Env,
    sight: Sight,
    whole: Callable[[tuple[Seen, ...]], Found],
) -> Iterator[tuple[Env, list[Seen]]]:
    """Match patterns with different terms; gives also the terms left over.

    A wildcard that is still open when all else is placed takes everything that is left, as what
    `whole` makes of it; one that stands twice here takes the same term twice.
    """
    names = [p[1].name for p in patterns if isinstance(p[1], Wild) and p[1].name not in env]
    single = {name for name in names if names.count(name) == 1}
    opens = [p for p in patterns if isinstance(p[1], Wild) and p[1].name in single]
    for found, rest in _place([p for p in patterns if p not in opens], list(terms), env, sight):
        pending = [p for p in opens if _name(p) not in found]
        bound = [p for p in opens if _name(p) in found]
        for inner, left in _place(bound, rest, found, sight):
            yield from _absorb(pending, left, inner, whole)


def _name(signed: Signed) -> str:
    assert isinstance(signed[1], Wild)
    return signed[1].name


def _absorb(
    opens: Sequence[Signed],
    left: list[Seen],
    env: Env,
    whole: Callable[[tuple[Seen, ...]], Found],
) -> Iterator[tuple[Env, list[Seen]]]:
    """Bind open wildcards: one term each, the last one all that remains."""
    if len(left) < len(opens):
        return
    for k, signed in enumerate(opens):
        last = k == len(opens) - 1
        taken = [each.flipped(signed[0]) for each in (left[k:] if last else left[k : k + 1])]
        found: Found = taken[0] if len(taken) == 1 else whole(tuple(taken))
        env = {**env, _name(signed): found}
    yield env, [] if opens else left


def _place(
    patterns: Sequence[Signed], terms: list[Seen], env: Env, sight: Sight
) -> Iterator[tuple[Env, list[Seen]]]:
    if not patterns:
        yield env, terms
        return
    (negated, pattern), *others = patterns
    for k, term in enumerate(terms):
        flipped = term.flipped(negated)
        for inner in _any(pattern, flipped, env, sight):
            yield from _place(others, terms[:k] + terms[k + 1 :], inner, sight)
