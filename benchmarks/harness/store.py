"""Results in a file of JSON, which several runs may fill.

{"machine": {...}, "results": [Result, ...], "kept": [Kept, ...]}; a run replaces what it measured
again and leaves the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import describe_machine
from benchmarks.harness.result import Result
from benchmarks.harness.vary import Kept

__all__ = ["read", "write"]


def read(file: Path) -> tuple[dict[str, str], list[Result], list[Kept]]:
    """What the file holds."""
    data = json.loads(file.read_text(encoding="utf-8"))
    results = [Result.from_json(each) for each in data["results"]]
    return data["machine"], results, [Kept(**each) for each in data["kept"]]


def write(file: Path, results: Sequence[Result], kept: Sequence[Kept]) -> None:
    """Add to the file, or make it."""
    old_results: list[Any] = []
    old_kept: list[Any] = []
    if file.is_file():
        _, old_results, old_kept = read(file)
    data = {
        "machine": describe_machine(),
        "results": [each.as_json() for each in _merged(old_results, results)],
        "kept": [asdict(each) for each in _merged(old_kept, kept)],
    }
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _merged(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    found = {(each.name, each.variation): each for each in [*old, *new]}
    return list(found.values())
