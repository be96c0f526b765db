"""Without a C compiler the optimised graph is interpreted, with one warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import os, sys, warnings
sys.modules["ziglang"] = None  # as if it were not installed
import numpy as np
import gradc, gradc.tensor as T
x = T.vector("x")
def check(mode, y, expected):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f = gradc.function([x], y, mode=mode)
        np.testing.assert_allclose(f(np.array([-1000.0, 0.5])), expected)
    print(len(caught), str(caught[0].message).splitlines()[0] if caught else "")
"""
# log(sigmoid(-1000)) is -1000 in the optimised graph and -inf in the one that was written.
STABLE = "T.log(T.sigmoid(x)), [-1000.0, -np.log1p(np.exp(-0.5))]"


def run(folder: Path, program: str, path: str) -> list[str]:
    environment = {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", BEGIN + program]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_empty_path(tmp_path: Path) -> None:
    program = f'check("FAST_RUN", {STABLE})\ncheck("FAST_COMPILE", {STABLE})\n'
    first, second = run(tmp_path, program, "")
    for line in (first, second):  # one warning a function
        assert line.startswith("1 ")
        assert "there is no C compiler; the graph is interpreted" in line


def test_a_compiler_that_goes_away(tmp_path: Path) -> None:
    """What is in the cache runs on; what is not is interpreted."""
    folder = tmp_path / "bin"
    folder.mkdir()
    stub = folder / "gcc"
    stub.write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]} exec gcc "$@"\n')
    stub.chmod(0o755)
    program = f"""
check("FAST_RUN", {STABLE})
os.remove({str(stub)!r})
check("FAST_RUN", {STABLE})
check("FAST_RUN", T.log(T.sigmoid(x)) * 2, [-2000.0, -2 * np.log1p(np.exp(-0.5))])
"""
    first, cached, gone = run(tmp_path, program, str(folder))
    assert first.startswith("0")
    assert cached.startswith("0")
    assert gone.startswith("1 ")
