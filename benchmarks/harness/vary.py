"""The same work varied: does its speed hang on one size, one layout, one spelling?

Takes a Workload; gives a Result a variation that changes it, and what each keeps of the ratio to
the best peer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.harness.race import Pace, race
from benchmarks.harness.result import Result
from benchmarks.harness.roster import Peer
from benchmarks.harness.workload import VARIATIONS, Case, Workload

__all__ = ["KEEP", "Kept", "kept", "vary"]

KEEP = 0.9


@dataclass(frozen=True)
class Kept:
    """A variation beside the workload as it is: how far ahead of the best peer, what part of it."""

    name: str
    variation: str
    best: str
    ahead: float
    share: float

    @property
    def is_enough(self) -> bool:
        """Whether it keeps 90 %."""
        return self.share >= KEEP


def vary(workload: Workload, peers: Sequence[Peer], pace: Pace) -> Iterator[Result]:
    """A race a variation that changes the workload. Raises: what `race` raises."""
    for name, variation in VARIATIONS.items():
        if name != "plain" and Case(workload, variation).applies:
            yield race(workload, peers, pace, name)


def kept(plain: Result, varied: Sequence[Result]) -> list[Kept]:
    """What the varied ones keep; nothing where there was no peer."""
    found = []
    for result in varied:
        if plain.ahead is not None and result.ahead is not None:
            share = result.ahead / plain.ahead
            best = result.best or ""
            found.append(Kept(result.name, result.variation, best, result.ahead, share))
    return found
