"""How long rewriting takes, by pass and by rule: what config.profile_optimizer asks for.

Takes the engine's tries of rules; gives Timings.  Nothing is measured where nobody asks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from gradc.graph.variable import Variable
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import Rule

__all__ = ["RuleTime", "Timings"]


class RuleTime:
    """One rule in one pass: seconds, how often it was tried, how often it was applied."""

    __slots__ = ("applied", "seconds", "tried")

    def __init__(self) -> None:
        self.seconds, self.tried, self.applied = 0.0, 0, 0


class Timings:
    """Seconds a pass, in order, and what each rule has taken; written while rules run."""

    def __init__(self) -> None:
        self.passes: dict[str, float] = {}
        self.rules: dict[tuple[str, str], RuleTime] = {}

    def results(
        self, stage: str, rule: Rule, variable: Variable, facts: Facts
    ) -> Iterable[Variable]:
        """What the rule gives, all at once, and the time that took."""
        found = self.rules.setdefault((stage, rule.name), RuleTime())
        start = time.perf_counter()
        results = tuple(rule.results(variable, facts))
        found.seconds += time.perf_counter() - start
        found.tried += 1
        return results
