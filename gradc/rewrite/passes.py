"""The passes, as tuples that can be read, and the two ways to run them.

Takes a Graph and a mode and gives the optimized Graph with its Trace; or, for differentiation,
outputs and walls, and gives stabilised outputs.  A rule runs because it stands in a tuple here.

stabilize comes with the rules of canonicalize as tidiers: what a stabiliser makes is brought to the
one spelling at once, and is looked at by the stabilisers again.  Patterns see through spellings, so
canonicalize cannot take a stabiliser's pattern away (in a peer it did: pymc-devs/pytensor#1476).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.graph import Graph
from gradc.graph.variable import Variable
from gradc.rewrite.arithmetic import ARITHMETIC, neg_of_neg, reciprocal_as_quotient, small_power
from gradc.rewrite.constants import CONSTANTS
from gradc.rewrite.engine import Pass, run
from gradc.rewrite.factored import FACTORED
from gradc.rewrite.joins import JOINS, PARTS
from gradc.rewrite.living import guard_of_a_softmax, guard_of_zero
from gradc.rewrite.onehot import ONE_HOT
from gradc.rewrite.picks import PICKS
from gradc.rewrite.products import PRODUCTS
from gradc.rewrite.rule import Rule
from gradc.rewrite.scattered import SCATTERED
from gradc.rewrite.softmax import SUMMED
from gradc.rewrite.stabilize import ELEMENTARY
from gradc.rewrite.stacks import STACKS
from gradc.rewrite.strength import STRENGTH
from gradc.rewrite.timings import Timings
from gradc.rewrite.trace import Trace
from gradc.rewrite.turned import TURNED
from gradc.rewrite.unsafe import UNCHECKED
from gradc.rewrite.views import VIEWS, dimshuffle_in_place, dimshuffle_of_dimshuffle

__all__ = [
    "BEFORE_GRAD",
    "CANONICALIZE",
    "PASSES",
    "SPECIALIZE",
    "STABILIZE",
    "STRENGTHEN",
    "UNSAFE",
    "optimize",
    "passes_of",
    "stabilized",
]

CANONICALIZE = Pass("canonicalize", (*CONSTANTS, *ARITHMETIC, *VIEWS, *JOINS))
STABILIZE = Pass("stabilize", (*SUMMED, *ELEMENTARY, *FACTORED), tidy=CANONICALIZE.rules)
SPECIALIZE = Pass(
    "specialize",
    (*PICKS, *TURNED, *ONE_HOT, guard_of_zero, *PARTS, *SCATTERED, *STACKS, *PRODUCTS),
    tidy=(dimshuffle_of_dimshuffle, dimshuffle_in_place),
)
STRENGTHEN = Pass("strengthen", (*STRENGTH, guard_of_a_softmax))

UNSAFE = Pass("unsafe", UNCHECKED)  # for those who ask for it

PASSES: Mapping[str, tuple[Pass, ...]] = {
    "FAST_RUN": (CANONICALIZE, STABILIZE, SPECIALIZE, STRENGTHEN),
    "FAST_COMPILE": (CANONICALIZE, STABILIZE),
    "REFERENCE": (CANONICALIZE, STABILIZE),
}

# Before differentiating only what stabilisers need, so that the user's own nodes stay.
BEFORE_GRAD = Pass(
    "stabilize", STABILIZE.rules, tidy=(neg_of_neg, reciprocal_as_quotient, small_power)
)


def optimize(
    graph: Graph,
    mode: str | None = "FAST_RUN",
    excluding: Collection[str] = (),
    checks: bool = True,
    timings: Timings | None = None,
    first: Sequence[Pass] = (),
) -> tuple[Graph, Trace]:
    """The graph rewritten by the passes of a mode, None for no mode, and what they did.

    excluding: names of rules and passes to leave out.  Raises: ArgumentError for one that is none.
    checks: False drops what users assert.  timings: what is to be measured is written there.
    first: passes of a user's, which run before.
    """
    trace = Trace()
    settled: frozenset[Variable] = frozenset()
    before: tuple[Rule, ...] = ()
    ours = () if mode is None else PASSES[mode] if checks else (UNSAFE, *PASSES[mode])
    for stage in _without((*first, *ours), excluding):
        tidied = settled if stage.tidy == before else frozenset()
        done = run(stage, graph.results, tidied=tidied, timings=timings)
        graph = graph.replaced(done.outputs)
        trace = trace + done.trace
        settled, before = frozenset(done.image.values()), stage.rules
    return graph, trace


def passes_of(given: Sequence[Any]) -> list[Pass]:
    """A user's rules and passes as passes: rules side by side are one, called "user".

    Raises: ArgumentTypeError for what is neither.
    """
    found: list[Pass] = []
    for each in given:
        if isinstance(each, Pass):
            found.append(each)
        elif not isinstance(each, Rule):
            what = f"mode: {printable(repr(each), 60)} is no rule and no pass."
            fix = "write @gradc.rewrite.rule(pattern, keeps=...) above the function."
            raise ArgumentTypeError(message(what, fix=fix))
        elif found and found[-1].name == "user":
            found[-1] = Pass("user", (*found[-1].rules, each))
        else:
            found.append(Pass("user", (each,)))
    return found


def _without(stages: Sequence[Pass], excluding: Collection[str]) -> list[Pass]:
    """The passes without some of them, and without some rules."""
    if not excluding:
        return list(stages)
    everything = [*(each for group in PASSES.values() for each in group), UNSAFE, *stages]
    known = {name for each in everything for name in (each.name, *(r.name for r in each.rules))}
    for name in excluding:
        if name not in known:
            what = f"mode: there is no rule and no pass called {printable(name, 60)!r}."
            fix = f'use "fusion", one of {", ".join(dict.fromkeys(p.name for p in everything))}, '
            raise ArgumentError(message(what, fix=f"{fix}or a rule that f.stages.trace names."))
    return [
        Pass(
            each.name,
            tuple(rule for rule in each.rules if rule.name not in excluding),
            tuple(rule for rule in each.tidy if rule.name not in excluding),
        )
        for each in stages
        if each.name not in excluding
    ]


def stabilized(
    outputs: Sequence[Variable], walls: Collection[Variable] = ()
) -> tuple[list[Variable], Mapping[Variable, Variable]]:
    """Outputs to differentiate, and for each variable below them what stands for it now.

    Walls stand for themselves: nothing matches through them, and below them nothing changes.
    """
    done = run(BEFORE_GRAD, outputs, walls)
    return list(done.outputs), done.image
