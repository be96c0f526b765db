"""What came out of a race: figures, and what follows from them.

A Result is plain data, so that it can be kept as JSON and read again.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness.workload import Case, Goal

__all__ = ["Entry", "Result"]

MOVED = 1.2  # a floor that moves more between rounds tells of a machine that does other work


@dataclass
class Entry:
    """One peer's part.

    rounds: seconds of the middle run, a round.  about: versions, settings, BLAS, threads.
    difference: from gradc's values, relative to the largest.  memory: bytes at most.
    imported, cold, warm: seconds to import it, and from building to the first result.
    latency: seconds of single calls, see measure.latencies.
    """

    rounds: list[float] = field(default_factory=list)
    about: str = ""
    difference: float | None = None
    memory: int | None = None
    imported: float | None = None
    cold: float | None = None
    warm: float | None = None
    latency: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Seconds of the middle round."""
        return statistics.median(self.rounds)


@dataclass
class Result:
    """A case's race.

    entries: by peer, gradc first.  floor: the unavoidable part, or what stood in for it
    (`has_floor` tells).  failed: peers that took no part, and why.
    """

    name: str
    title: str
    dtype: str
    variation: str
    goal: Goal
    has_floor: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    floor: Entry = field(default_factory=Entry)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case, variation: str) -> Result:
        """An empty one."""
        work = case.workload
        has_floor = work.floor is not None
        return cls(work.name, case.title, work.dtype, variation, work.goal, has_floor)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        """What `as_json` gave."""
        entries = {name: Entry(**entry) for name, entry in data["entries"].items()}
        parts = {"goal": Goal(**data["goal"]), "floor": Entry(**data["floor"]), "entries": entries}
        return cls(**{**data, **parts})

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @property
    def own(self) -> float:
        """Gradc's seconds."""
        return self.entries["gradc"].median

    @property
    def best(self) -> str | None:
        """The fastest of the peers."""
        peers = [name for name, entry in self.entries.items() if name != "gradc" and entry.rounds]
        return min(peers, key=lambda name: self.entries[name].median, default=None)

    @property
    def ahead(self) -> float | None:
        """How many times as fast as the best peer gradc is."""
        return None if self.best is None else self.entries[self.best].median / self.own

    @property
    def above_floor(self) -> float | None:
        """Gradc's time over the floor's."""
        return self.own / self.floor.median if self.has_floor else None

    @property
    def moved(self) -> float:
        """The floor's slowest round over its fastest."""
        return max(self.floor.rounds) / min(self.floor.rounds)

    @property
    def is_disturbed(self) -> bool:
        """Whether the machine seems to have done other work."""
        return self.moved > MOVED

    def goals(self) -> list[tuple[str, float, float, bool]]:
        """What gradc is to reach: what, the goal, what it reached, whether that is enough."""
        entry, goal = self.entries["gradc"], self.goal
        found = []
        if self.ahead is not None:
            found.append(("best peer / gradc", goal.ahead, self.ahead, self.ahead >= goal.ahead))
        for what, most, value in (
            ("gradc / floor", goal.floor, self.above_floor),
            ("seconds", goal.seconds, self.own),
            ("cold, seconds", goal.cold, entry.cold),
            ("warm, seconds", goal.warm, entry.warm),
        ):
            if most is not None and value is not None:
                found.append((what, most, value, value <= most))
        return found
