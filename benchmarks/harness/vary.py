"""The same work varied: does its speed hang on one size, one layout, one spelling?

Takes a Workload; names the variations that change it, and says what each keeps of the ratio to the
best peer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.harness.result import Result
from benchmarks.harness.workload import VARIATIONS, Case, Workload

__all__ = ["KEEP", "Kept", "kept", "variations_of"]

KEEP = 0.9


@dataclass(frozen=True)
class Kept:
    """A variation beside the workload as it is: how far ahead of the best peer, what part of it."""

    name: str
    variation: str
    best: str
    ahead: float
    share: float
    is_disturbed: bool = False

    @property
    def is_enough(self) -> bool:
        """Whether it keeps 90 %."""
        return self.share >= KEEP


def variations_of(workload: Workload) -> list[str]:
    """Those that change it."""
    return [
        name
        for name, variation in VARIATIONS.items()
        if name != "plain" and Case(workload, variation).applies
    ]


def kept(plain: Result, varied: Result) -> Kept:
    """What the varied one keeps; both have raced with a peer."""
    ahead, usual = varied.ahead or math.nan, plain.ahead or math.nan
    is_disturbed = plain.is_disturbed or varied.is_disturbed
    best = varied.best or ""
    return Kept(varied.name, varied.variation, best, ahead, ahead / usual, is_disturbed)
