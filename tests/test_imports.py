"""What `import gradc` loads: numpy, cffi's backend, a little of the standard library, itself.

A module more is a few tenths of a millisecond at every start of every program.  What is needed
now and then only (a debugger, versions of packages, templates, passes) is loaded when it is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

import pytest

LOADED = """
import sys, numpy
before = set(sys.modules)
import gradc, gradc.tensor
print(*sorted(set(sys.modules) - before))
"""
# Each of these takes more than 3 ms, or belongs to a way that a warm start does not go.
HEAVY = {
    "asyncio", "email", "importlib.metadata", "jinja2", "pdb", "scipy", "socket", "threadpoolctl",
    "unittest", "zipfile", "gradc.cli", "gradc.descent", "gradc.emit.emit", "gradc.lower",
    "gradc.rewrite.passes",
}  # fmt: skip
MOST_OF_OTHERS = 48  # 44 in November 2026


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    command = [sys.executable, "-c", LOADED]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def of_others(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.partition(".")[0] != "gradc"]


def test_nothing_heavy_is_loaded(loaded: list[str]) -> None:
    assert not HEAVY & set(loaded)


def test_few_modules_of_others_are_loaded(loaded: list[str]) -> None:
    assert len(of_others(loaded)) <= MOST_OF_OTHERS, of_others(loaded)
