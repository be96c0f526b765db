"""Hunt: many graphs in batches; a failure is narrowed to its graph and shrunk by hypothesis.

A seed means the same graphs for the same code.  They are decided by numpy, which is quicker and
more various; when one fails, hypothesis takes up the decisions that made it and shrinks them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase, choices_to_bytes

from gradc.graph.graph import Graph
from gradc.graph.variable import Constant
from gradc.graph.walk import leaves, toposort
from gradc.lower.analysis import analyse
from tests.fuzz.batch import Batch, Fault
from tests.fuzz.cases import new_graph
from tests.fuzz.census import Census
from tests.fuzz.draws import Draws
from tests.fuzz.pool import Case
from tests.fuzz.snippet import snippet

__all__ = ["BATCH", "Failure", "Plan", "drawn", "hunt", "shrunk"]

BATCH = 25  # graphs a function
OTHERS = ("without rewriting", "without fusion", "FAST_COMPILE", "with neither")

Check = Callable[[Sequence[Case]], list[Fault]]


@st.composite
def graphs(draw: st.DrawFn) -> Case:
    """One graph, decided by hypothesis."""
    return _graph(Draws.of_hypothesis(draw))


def _graph(draws: Draws) -> Case:
    """One graph; one in five has corner values."""
    case = Case(is_special=draws.chance(20))
    new_graph(draws, case, special=case.is_special)
    return case


def drawn(seed: int, count: int = BATCH) -> list[Case]:
    """The graphs of a seed."""
    return [_graph(Draws.of_numpy(_rng(seed, number))) for number in range(count)]


def _rng(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng((seed, number))


class _Decisions(ExampleDatabase):
    """A database of one example: the decisions that made a graph."""

    def __init__(self, decisions: Sequence[int]) -> None:
        # One decision too many: what is taken up as it was saved counts as shrunk already.
        self.saved = choices_to_bytes([*decisions, 0])

    def fetch(self, key: bytes) -> Iterator[bytes]:
        yield from () if b"." in key else (self.saved,)

    def save(self, key: bytes, value: bytes) -> None:
        pass

    def delete(self, key: bytes, value: bytes) -> None:
        pass


class _Enough(BaseException):
    """No more time to shrink: hypothesis lets pass what is no Exception."""


@dataclass
class _Shrinking:
    """What is known while hypothesis shrinks."""

    check: Check
    until: float
    most: int
    looks: int = 0
    best: tuple[int, Case, Fault] | None = None

    def look(self, case: Case) -> None:
        self.looks += 1
        if self.best and (time.monotonic() > self.until or self.looks > self.most):
            raise _Enough
        faults = self.check([case])
        if not faults:
            return
        size = len(toposort(case.outputs)) + sum(each.size for each in case.arguments) // 100
        if self.best is None or size <= self.best[0]:
            self.best = (size, case, faults[0])
        raise AssertionError(faults[0].text)


def shrunk(
    seed: int, number: int, check: Check, seconds: float = 120, most: int = 10_000
) -> tuple[Case, Fault] | None:
    """The smallest form of graph `number` of a seed that still fails; None if it does not.

    It takes as many seconds, or looks at as many graphs, as it may.
    """
    state = _Shrinking(check, time.monotonic() + seconds, most)
    draws = Draws.of_numpy(_rng(seed, number))
    _graph(draws)

    @settings(
        database=_Decisions(draws.made), phases=(Phase.reuse, Phase.shrink), deadline=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(graphs())
    def look(case: Case) -> None:
        state.look(case)

    try:
        look()
    except _Enough:
        pass
    except Exception:  # the failure itself
        if state.best is None:
            raise
    if state.best is None:
        return None
    _, case, fault = state.best
    small = focused(case, fault)
    faults = check([small])
    return (small, faults[0]) if faults else (case, fault)


def focused(case: Case, fault: Fault) -> Case:
    """The case with nothing but the output that is wrong, and what it needs."""
    kind, _, number = fault.result.partition(" ")
    if kind != "output":
        return case
    output = case.outputs[int(number)]
    judge = case.judges.get(output, output)
    needed = set(leaves([output, judge]))
    places = [k for k, each in enumerate(case.inputs) if each in needed]
    needed.update(case.aliases[k] for k in places if k in case.aliases)
    return replace(
        case,
        inputs=[case.inputs[k] for k in places],
        arguments=[case.arguments[k] for k in places],
        layouts=[case.layouts[k] for k in places],
        shared={each: value for each, value in case.shared.items() if each in needed},
        aliases={places.index(k): v for k, v in case.aliases.items() if k in places},
        outputs=[output],
        updates={},
        bounds={},
        slopes=[],
    )


@dataclass(frozen=True)
class Plan:
    """How a batch is looked at."""

    variants: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    shrink: float = 120

    def check(self, cases: Sequence[Case]) -> list[Fault]:
        """What is wrong; an exception counts as the first graph's."""
        try:
            return Batch(cases).faults(self.variants, **self.settings)
        except Exception as error:
            return [Fault(0, f"{type(error).__name__}: {error}")]

    @classmethod
    def of(cls, number: int, *, thorough: bool, shrink: float) -> Plan:
        """Variants and optimisation levels in turn, so that all of them occur."""
        variants = ("as it is", *(OTHERS if thorough else OTHERS[number % 12 : number % 12 + 1]))
        return cls(variants, {} if number % 6 == 0 else {"level": 0}, shrink)


@dataclass(frozen=True)
class Failure:
    """A graph that fails, in its smallest form."""

    seed: int
    number: int
    text: str
    program: str

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --seed {self.seed} --graphs {BATCH}"
        return (
            f"graph {self.number} of seed {self.seed}: {self.text}\n"
            f"again: {again}\n\n{self.program}"
        )


def hunt(
    seed: int,
    count: int,
    census: Census | None = None,
    *,
    thorough: bool = False,
    shrink: float = 120,
) -> Iterator[Failure]:
    """Draw `count` graphs from seed, seed + 1 ...; gives those that fail.

    thorough: all variants of every batch.  shrink: seconds for a failure; with 0 it stays as it is.
    """
    for number in range(-(-count // BATCH)):
        here = seed + number
        plan = Plan.of(here, thorough=thorough, shrink=shrink)
        yield from _batch(here, min(BATCH, count - number * BATCH), census, plan)


def _batch(seed: int, count: int, census: Census | None, plan: Plan) -> Iterator[Failure]:
    cases = drawn(seed, count)
    faults = []
    for numbers in _parts(cases):
        found = _faults([cases[k] for k in numbers], census, plan, is_cached=seed % 4 == 0)
        faults += [replace(each, graph=numbers[max(each.graph, 0)]) for each in found]
    for number in sorted({fault.graph for fault in faults}):
        text = next(fault.text for fault in faults if fault.graph == number)
        if not plan.shrink:
            yield Failure(seed, number, text, "")
            continue
        found = shrunk(seed, number, plan.check, plan.shrink)
        if found is None:
            yield Failure(seed, number, f"{text} (only with its batch)", "")
        else:
            yield Failure(seed, number, found[1].text, snippet(found[0]))


def _parts(cases: Sequence[Case]) -> list[list[int]]:
    """The graphs whose lengths are known before a call, and those that find some out in it.

    One of these makes all updates of its function wait in copies: then none is made in place.
    """
    early = [k for k, case in enumerate(cases) if _is_measured(case)]
    late = [k for k in range(len(cases)) if k not in set(early)]
    return [part for part in (early, late) if part]


def _is_measured(case: Case) -> bool:
    results = (*case.outputs, *case.updates.values())
    arguments = tuple(each for each in leaves(results) if not isinstance(each, Constant))
    return not any(analyse(Graph((), results), arguments).segment.values())


def _faults(
    cases: Sequence[Case], census: Census | None, plan: Plan, *, is_cached: bool
) -> list[Fault]:
    """What is wrong with a function of these graphs."""
    try:
        batch = Batch(cases)
        faults = batch.faults(plan.variants, **plan.settings)
        if not faults and is_cached:
            faults = batch.cached(**plan.settings)
        if census is not None:
            census.add(cases, batch.function(**plan.settings))
        return faults
    except Exception as error:
        return _bisected(cases, plan, error)


def _bisected(cases: Sequence[Case], plan: Plan, error: Exception) -> list[Fault]:
    """Which graph raises: halves in turn."""
    low, high = 0, len(cases)
    while high - low > 1:
        middle = (low + high) // 2
        if plan.check(cases[low:middle]):
            high = middle
        else:
            low = middle
    return [Fault(low, f"{type(error).__name__}: {error}")]
