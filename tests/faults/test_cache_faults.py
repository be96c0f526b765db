"""The cache under fire: rivals, kill -9, damage.  The rounds are in tests/faults/rounds.py.

Short forms run in `make test`; the long ones print their figures in `make test-all`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"race": 1, "evict": 1, "kill": 4, "damage": 12}
LONG = {"race": 50, "evict": 30, "kill": 200, "damage": 2000}
FORMS = [
    pytest.param(SHORT, id="short"),
    pytest.param(LONG, id="long", marks=pytest.mark.slow),
]


Record = Callable[[str, object], None]


def rounds(action: str, count: int, folder: Path, record: Record) -> Any:
    """The figures of `count` rounds; those of the long form are printed when all tests are done."""
    command = [sys.executable, "-m", "tests.faults.rounds", action, str(count), "1"]
    done = subprocess.run(
        [*command, str(folder / "cache")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}\n{done.stderr[-4000:]}"
    figures = json.loads(done.stdout)
    if count == LONG[action]:
        record("figures", done.stdout.strip())
    return figures


@pytest.mark.parametrize("form", FORMS)
def test_eight_processes_compile_one_function_at_once(
    form: dict[str, int], tmp_path: Path, record_property: Record
) -> None:
    figures = rounds("race", form["race"], tmp_path, record_property)
    assert figures["ends"] == {"right": 9 * form["race"]}  # one alone, then eight
    assert figures["libraries"] == form["race"]
    assert (figures["damaged"], figures["left in tmp"]) == (0, 0)


@pytest.mark.parametrize("form", FORMS)
def test_processes_that_evict_each_others_entries(
    form: dict[str, int], tmp_path: Path, record_property: Record
) -> None:
    figures = rounds("evict", form["evict"], tmp_path, record_property)
    assert figures["ends"] == {"right": 4 * form["evict"]}
    assert (figures["damaged"], figures["left in tmp"]) == (0, 0)
    # Each keeps what it has just made, and may have looked before a rival published.
    assert figures["largest"] <= 2 * figures["bound"]


@pytest.mark.parametrize("form", FORMS)
def test_kill_9_of_python_and_of_the_compiler(
    form: dict[str, int], tmp_path: Path, record_property: Record
) -> None:
    figures = rounds("kill", form["kill"], tmp_path, record_property)
    assert figures["after"] == {"right": form["kill"]}
    assert figures["damaged"] == 0
    # A compiler that is killed is run once more, so nothing else ends badly.
    assert set(figures["ends"]) <= {"right", "killed 9"}
    assert figures["ends"]["killed 9"] > 0
    assert set(figures["killed"]) - {"python", "nobody"}  # parts of the compiler


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files_are_never_trusted(
    form: dict[str, int], tmp_path: Path, record_property: Record
) -> None:
    figures = rounds("damage", form["damage"], tmp_path, record_property)
    assert figures["variants"] == form["damage"]
    assert (figures["wrong"], figures["unhealed"], figures["silent"]) == (0, 0, 0)
