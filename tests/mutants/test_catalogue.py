"""The planted bugs still apply: each stands at one place of the code as it is now."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("rewrite", "differentiate", "lower", "emit", "csrc", "runtime")


@pytest.mark.parametrize("mutant", MUTANTS, ids=[each.name for each in MUTANTS])
def test_a_bug_can_be_planted(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1


def test_there_are_twenty_in_all_rooms() -> None:
    assert len({each.name for each in MUTANTS}) == 20
    rooms = Counter(each.room for each in MUTANTS)
    assert set(rooms) == set(ROOMS)
    assert min(rooms.values()) >= 2
