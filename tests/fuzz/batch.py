"""Compile many graphs as one function, and compare what it gives with what it should, many ways.

Takes cases; gives faults, each with the number of its graph.  One library serves dozens of graphs:
that is what makes thousands of them affordable.  A function is made as users make it, then from the
cache's plan, without rewriting, without fusion, with 1, 2 and 8 threads; and it is called with an
index out of bounds, which must raise and leave every shared variable as it was, to the bit, and
with arguments of other lengths (lengths.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gradc
from gradc.errors import GradcError
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from tests.fuzz.cases import joined
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.lengths import misfits
from tests.fuzz.pool import Array, Case
from tests.fuzz.slopes import slope_fault

__all__ = ["VARIANTS", "Batch", "Fault"]

THREADS = (1, 2, 8)
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "without rewriting": {"rewrite": False},
    "without fusion": {"fuse": False},
    "with neither": {"rewrite": False, "fuse": False},
    "FAST_COMPILE": {"mode": "FAST_COMPILE"},
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with which graph of a batch; graph -1: with the call as a whole.

    result: the name of the output or update that is wrong, if it is one.
    """

    graph: int
    text: str
    result: str = ""


@dataclass
class Batch:
    """Graphs that become one function."""

    cases: Sequence[Case]
    whole: Case = field(init=False)
    made: dict[str, gradc.Function] = field(init=False, default_factory=dict)
    verdicts: list[tuple[int, str, Verdict, bool]] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = joined(self.cases)
        outputs, updates = [], []
        for k, case in enumerate(self.cases):
            results = [*case.outputs, *case.updates.values()]
            names = [f"output {n}" for n in range(len(case.outputs))]
            names += [f"new {variable}" for variable in case.updates]
            rows = [
                (k, name, verdict, case.is_special)
                for name, verdict in zip(names, judge(case, results), strict=True)
            ]
            outputs += rows[: len(case.outputs)]
            updates += rows[len(case.outputs) :]
        self.verdicts = outputs + updates

    def compiled(self, variant: str = "as it is", **settings: Any) -> gradc.Function:
        """The function, made in one of the ways of VARIANTS."""
        whole = self.whole
        with gradc.config.override(**(VARIANTS[variant] | settings)):
            return gradc.function(
                whole.inputs, whole.outputs, updates=whole.updates, on_unused_input="ignore",
                name="fuzz",
            )  # fmt: skip

    def function(self, variant: str = "as it is", **settings: Any) -> gradc.Function:
        """The function of a variant, made once."""
        if variant not in self.made:
            self.made[variant] = self.compiled(variant, **settings)
        return self.made[variant]

    def run(self, f: gradc.Function) -> list[Array]:
        """One call from the first values; outputs, then new values."""
        for variable, value in self.whole.shared.items():
            variable.set_value(value)
        outputs = f(*self.whole.call_arguments())
        return [*outputs, *(variable.get_value() for variable in self.whole.updates)]

    def once(self, f: gradc.Function) -> list[Fault]:
        """What is wrong with one call."""
        return list(self._compared(self.run(f), rewritten=True))

    # -- faults --------------------------------------------------------------------------------

    def faults(self, variants: Sequence[str], **settings: Any) -> list[Fault]:
        """Everything that is wrong, from the first variant that shows it.

        The settings are the first variant's; others are compiled quickly.
        """
        found = list(self._slopes())
        if found:
            return found
        for variant in variants:
            f = self.function(variant, **(settings if variant == variants[0] else {"level": 0}))
            rewritten = VARIANTS[variant].get("rewrite", True)
            found = [
                Fault(each.graph, f"{variant}: {each.text}", each.result)
                for each in self._of(f, rewritten)
            ]
            if found:
                return found
        return []

    def _slopes(self) -> Iterator[Fault]:
        """Gradients that are not slopes."""
        for k, case in enumerate(self.cases):
            for slope in case.slopes:
                if text := slope_fault(case, slope):
                    yield Fault(k, text)

    def _of(self, f: gradc.Function, rewritten: bool) -> list[Fault]:
        before = [each.tobytes() for each in self.whole.arguments]
        with gradc.config.override(threads=THREADS[0]):
            results = self.run(f)
        found = list(self._compared(results, rewritten))
        if not found:
            found = list(self._same_bits(f, results))
        if not found and rewritten:
            found = list(self._refused(f)) or list(self._misfits(f))
        if [each.tobytes() for each in self.whole.arguments] != before:
            found.append(Fault(-1, "an argument was changed"))
        return found

    def _compared(self, results: Sequence[Array], rewritten: bool) -> Iterator[Fault]:
        for got, (k, name, verdict, special) in zip(results, self.verdicts, strict=True):
            text = verdict.fault(got, rewritten=rewritten, special=special)
            if text:
                yield Fault(k, f"{name}: {text}", name)

    def _same_bits(self, f: gradc.Function, results: Sequence[Array]) -> Iterator[Fault]:
        for count in THREADS[1:]:
            with gradc.config.override(threads=count):
                yield from self._differ(results, self.run(f), f"{count} threads")

    def cached(self, **settings: Any) -> list[Fault]:
        """What a function that the cache gives back does otherwise."""
        first = self.run(self.function(**settings))
        return list(self._differ(first, self.run(self.compiled(**settings)), "from the cache"))

    def _differ(self, one: Sequence[Array], two: Sequence[Array], how: str) -> Iterator[Fault]:
        for a, b, (k, name, *_) in zip(one, two, self.verdicts, strict=True):
            if a.tobytes() != b.tobytes():
                yield Fault(k, f"{name}: other bits with {how}")

    def _refused(self, f: gradc.Function) -> Iterator[Fault]:
        """Each index array in turn gets an index out of bounds."""
        whole = self.whole
        for k, length in whole.bounds.items():
            for variable, value in whole.shared.items():
                variable.set_value(value)
            before = {variable: variable.get_value().tobytes() for variable in whole.shared}
            arguments = whole.call_arguments()
            bad = np.array(arguments[k].astype(arguments[k].dtype.newbyteorder("=")))
            bad.flat[-1] = length if k % 2 else -length - 1
            arguments[k] = bad
            graph = self._graph_of(whole.inputs[k])
            try:
                f(*arguments)
            except GradcError:  # mostly IndexBoundsError; repeat has words of its own
                pass
            else:
                if whole.inputs[k] in _read(f):
                    yield Fault(graph, f"index {bad.flat[-1]} of {length} did not raise")
                continue
            for variable, bits in before.items():
                if variable.get_value().tobytes() != bits:
                    yield Fault(graph, f"{variable} was written by a call that raised")

    def _misfits(self, f: gradc.Function) -> Iterator[Fault]:
        """Calls with wrong lengths."""
        for graph, text in misfits(self, f, np.random.default_rng(len(self.verdicts))):
            yield Fault(graph, text)

    def _graph_of(self, variable: Variable) -> int:
        return next(k for k, case in enumerate(self.cases) if variable in case.inputs)


def _read(f: gradc.Function) -> set[Variable]:
    """The index arrays that the function as it was written reads as such, not for a length only."""
    graph, found = f.graph, set()
    lengths = [node.outputs[0] for node in graph.nodes if node.op.kind == "LengthOf"]
    for node in toposort(graph.results, stop=lengths):
        if node.op.kind == "Gather":
            found |= set(node.inputs[1:])
    return found
