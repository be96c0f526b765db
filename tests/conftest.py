"""Golden files, text that review reads as a diff; and figures that tests report at the end."""

from __future__ import annotations

import difflib
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gradc
from tests.fuzz.counts import counted

ROOT = Path(__file__).resolve().parents[1]
GRAPHS = 300  # of tests/fuzz in `make test`
GOLDEN = Path(__file__).parent / "golden"

# A shell that starts tests in the background has them ignore Ctrl-C, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Where interpreters are told to leave no byte code, each that a test starts would compile all of
# gradc again: 0.4 s of the second that it takes.  They share it in a folder of pytest's, and so do
# the tests, whose assertions pytest rewrites: half the time of collecting them.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(ROOT / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_collection_finish() -> None:
    """Ten thousand tests stay: the collector need not walk over them in each of its rounds.

    And its rounds are fewer: graphs are made of many small values in cycles, and live for a test.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", default=False, help="rewrite tests/golden"
    )
    parser.addoption(
        "--optimize", action="store_true", default=False, help="no test's C is compiled by -O0"
    )
    parser.addoption("--graphs", default=GRAPHS, type=int, help="random graphs of tests/fuzz")
    parser.addoption("--seed", default=0, type=int, help="of the first of them")
    parser.addoption("--shrink", default=120, type=int, help="seconds to shrink one that fails")


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether `make test-all` runs: all rounds, all points, each build optimised as users' are."""
    return bool(request.config.getoption("--optimize"))


@pytest.fixture
def quickly(request: pytest.FixtureRequest) -> Iterator[None]:
    """For tests of what very many functions give: C compiled by -O0, which takes a fifth as long.

    As users compile it, the C of every declaration and kind is tested in tests/ops/test_table.py
    and tests/fuzz, and that of whole programs in tests/system; `make test-all` does so everywhere.
    """
    with gradc.config.override(level=None if request.config.getoption("--optimize") else 0):
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with tests/golden/<name>.txt, or write it there with --update-golden."""
    is_update = bool(request.config.getoption("--update-golden", default=False))

    def check(name: str, text: str) -> None:
        file = GOLDEN / f"{name}.txt"
        text = text.rstrip("\n") + "\n"
        if is_update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        assert file.is_file(), f"{file} is missing: run pytest --update-golden and read the diff"
        known = file.read_text(encoding="utf-8")
        if known != text:
            lines = difflib.unified_diff(
                known.splitlines(), text.splitlines(), str(file), "now", lineterm=""
            )
            pytest.fail("\n".join(lines), pytrace=False)

    return check


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded as `figures`, also those of other processes (pytest-xdist)."""
    reports = [r for word in ("passed", "failed") for r in terminalreporter.stats.get(word, [])]
    rows = [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for report in reports
        for name, value in report.user_properties
        if name == "figures"
    ]
    if rows:
        terminalreporter.section("figures")
        for row in rows:
            terminalreporter.write_line(row)
    _print_census(terminalreporter, reports)


def _print_census(terminalreporter: pytest.TerminalReporter, reports: list[Any]) -> None:
    """How often everything occurred in random graphs, if a number of them was asked for."""
    found = [value for r in reports for name, value in r.user_properties if name == "census"]
    if found and terminalreporter.config.getoption("--graphs") != GRAPHS:
        terminalreporter.section("random graphs")
        terminalreporter.write_line(counted(found))
