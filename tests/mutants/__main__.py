"""`make mutants`: plant each bug of the catalogue in a copy of the project, and see who notices.

A copy has a cache of its own.  The same tests run for every bug, the random graphs and the table of
operations, until the first failure; golden files and the tests of single modules are left out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("gradc", "csrc", "templates", "tests", "pyproject.toml")
JUDGES = (
    "tests/fuzz/test_graphs.py::test_compiled_graphs_give_what_they_should",
    "tests/fuzz/test_graphs.py::test_a_damaged_library_is_made_anew",
    "tests/ops/test_table.py",
)
ENOUGH = 19
SECONDS = 3600


def planted(mutant: Mutant, folder: Path) -> None:
    """The project in `folder`, with the bug in it."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(ROOT / part, folder / part)
    file = folder / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.name} does not apply to {mutant.file}"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    if mutant.file.startswith("csrc/python/"):
        rebuild(folder)


def rebuild(folder: Path) -> None:
    """The extension module of the copy, as setup.py compiles it."""
    sources = sorted(str(each.relative_to(folder)) for each in folder.glob("csrc/python/*.c"))
    command = [
        *("cc", "-std=c11", "-O2", "-g1", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"),
        *("-Icsrc/inline", "-Icsrc/runtime", *sources, "-o", "gradc/runtime/_call.abi3.so"),
        *("-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags", "-ldl", "-lm"),
        "gradc/runtime/libgradc.so",
    ]
    subprocess.run(command, cwd=folder, check=True)


def judged(folder: Path, graphs: int) -> tuple[int, str]:
    """What pytest says: its code, and who failed first."""
    environment = os.environ | {
        "GRADC_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--optimize",
        *JUDGES,
    ]
    command += ["--graphs", str(graphs), "--shrink", "0", "-m", "not slow"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
            timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, "it hangs"
    text = done.stdout + done.stderr
    who = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(\S+)", text, re.MULTILINE)
    if done.returncode < 0:
        return done.returncode, f"ended by signal {-done.returncode}"
    return done.returncode, who[1] if who else text.strip().rpartition("\n")[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--graphs", type=int, default=300)
    parser.add_argument("--only", nargs="*", help="names of bugs; 'none' runs without one")
    asked = parser.parse_args()
    chosen = [each for each in MUTANTS if not asked.only or each.name in asked.only]
    if asked.only == ["none"]:
        chosen = [
            Mutant(
                "none",
                "-",
                "nothing is planted",
                "pyproject.toml",
                "\n\n[project]\n",
                "\n\n[project]\n",
            )
        ]
    caught = 0
    for mutant in chosen:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="gradc-mutant-") as name:
            planted(mutant, Path(name))
            code, who = judged(Path(name), asked.graphs)
        caught += code != 0
        verdict = "caught" if code else "MISSED"
        seconds = time.monotonic() - begin
        print(f"{verdict}  {mutant.room:13} {mutant.name:20} {seconds:5.0f} s  {mutant.what}")
        print(f"{'':22}{who}", flush=True)
    print(f"{caught} of {len(chosen)} caught")
    return 0 if caught >= min(ENOUGH, len(chosen)) else 1


if __name__ == "__main__":
    sys.exit(main())
