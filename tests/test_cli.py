"""The `gradc` command, run in this process and once as a program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradc import cli
from gradc.options import Config
from gradc.runtime import cache
from gradc.runtime.build import build, current_target
from gradc.runtime.library import Library
from tests.runtime.cachelib import options, scale

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    configure(monkeypatch, tmp_path)
    cache._stores.clear()
    return tmp_path / "cache"


def configure(monkeypatch: pytest.MonkeyPatch, home: Path, **environ: str) -> None:
    base = {"HOME": str(home), "GRADC_CACHE_DIR": str(home / "cache"), "PATH": os.environ["PATH"]}
    monkeypatch.setattr(cli, "config", Config(base | environ))


def fill(folder: Path, factor: float) -> Library:
    chosen = options(folder)
    return build(scale(factor), current_target(chosen), chosen)


def rows(text: str) -> dict[str, str]:
    lines = (line.strip().split(None, 1) for line in text.splitlines() if line.startswith("  "))
    return {name: rest[0] if rest else "" for name, *rest in lines}


def test_doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    found = rows(out)
    assert "PROBLEM" not in out
    assert os.path.isabs(found["command"])
    assert "-fwrapv" in found["flags"]
    assert "config.cc is not set" in found["why"]
    assert "GRADC_CACHE_DIR" in found["cache_dir"]
    assert "OpenBLAS" in found["says"]
    assert found["directory"] == str(folder)
    assert found["mode"] == f"0700, user {os.geteuid()}"
    assert found["result"] == "right"
    speeds = [int(number) for number in re.findall(r"(\d+) GFLOP/s", out)]
    assert speeds
    assert min(speeds) > 0
    assert {"numpy", "cffi", "jinja2", "python", "OMP_NUM_THREADS"} <= found.keys()


def test_doctor_goes_on_behind_problems(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ziglang", None)
    environ = {"PATH": "/nonexistent", "GRADC_BLAS": "/nonexistent/b.so", "GRADC_THREADS": "1"}
    configure(monkeypatch, folder.parent, **environ)
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    problems = re.findall(r"PROBLEM +(.*)", out)
    assert [text.split(" ")[:4] for text in problems] == [
        ["no", "C", "compiler:", "no"],
        ["cannot", "use", "/nonexistent/b.so", "as"],
        ["no", "C", "compiler:", "no"],
    ]
    assert "Fix: install one" in out
    assert rows(out)["used"] == "1, from config"


def test_wrong_settings_are_told_not_traced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, folder.parent, GRADC_THREADS="none")
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().err.startswith("gradc: GRADC_THREADS: 'none' is not a whole number")


def test_cache_commands_make_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("list", "verify", "prune", "clear"):
        assert cli.main(["cache", action]) == 0
        assert capsys.readouterr().out == f"{folder}: nothing there yet\n"
    assert not folder.exists()


def test_cache_list_verify_prune_clear(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two, three = fill(folder, 2), fill(folder, 3)
    assert cli.main(["cache", "list"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3
    assert two.key[:12] in out
    assert re.search(r"^library +[\d.]+ KB +\d+ s  [0-9a-f]{12}  #include", out, re.MULTILINE)
    assert re.fullmatch(rf"{folder}: 2 entries, [\d.]+ KB", out.splitlines()[-1])
    assert cli.main(["cache", "verify"]) == 0
    assert capsys.readouterr().out == f"{folder}: 5 sound, 0 damaged\n"

    two.path.chmod(0o600)
    two.path.write_bytes(two.image[:100])
    assert cli.main(["cache", "verify"]) == 1
    expected = f"damaged: v1/{two.key}\n{folder}: 4 sound, 1 damaged\n"
    assert capsys.readouterr().out == expected
    assert cli.main(["cache", "prune", "--size", "1G"]) == 0
    assert cli.main(["cache", "verify"]) == 0
    assert (two.path.exists(), three.path.exists()) == (False, True)
    assert cli.main(["cache", "prune", "--size", "0"]) == 0
    assert not three.path.exists()
    assert cli.main(["cache", "clear"]) == 0
    capsys.readouterr()
    cli.main(["cache", "list"])
    assert capsys.readouterr().out == f"{folder}: 0 entries, 0 B\n"


def test_an_unsafe_cache_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, 2)
    folder.chmod(0o777)
    for action in ("list", "verify", "prune", "clear"):
        assert cli.main(["cache", action]) == 1
        assert "is writable by others (mode 0777)" in capsys.readouterr().err
    assert len(list((folder / "v1").iterdir())) == 1


@pytest.mark.parametrize(
    "argv", [[], ["cache"], ["cache", "burn"], ["cache", "prune", "--size", "x"]]
)
def test_wrong_command_lines(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2
    assert "usage: gradc" in capsys.readouterr().err


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gradc.cli", "cache", "list"]
    environ = {**os.environ, "GRADC_CACHE_DIR": str(tmp_path / "c")}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{tmp_path / 'c'}: nothing there yet\n"


SCRIPT = """\
import sys
import gradc
import gradc.tensor as T
x = T.vector("x")
f = gradc.function([x], T.exp(x) * float(sys.argv[1]), name="f", mode="FAST_COMPILE")
g = gradc.function([x], T.exp(x).sum(), name="g", mode="FAST_COMPILE")
print(f([0.0]))
if sys.argv[2:]:
    raise ValueError(sys.argv[2])
"""


def ask(tmp_path: Path, *arguments: str, **environ: str) -> list[str]:
    """What `gradc why` says of SCRIPT, keys left out."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "gradc.cli", "why", str(tmp_path / "script.py"), *arguments]
    environment = {**os.environ, "GRADC_CACHE_DIR": str(tmp_path / "cache"), **environ}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert ("ValueError" in done.stderr) == (len(arguments) > 1), done.stderr
    return re.sub(r"\b[0-9a-f]{12}\b", "KEY", done.stdout).splitlines()


def test_why(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    assert ask(tmp_path, "2") == [
        "[2.]",
        "f (script.py:5): miss, compiled to library KEY",
        "  the cache was empty",
        "g (script.py:6): miss, compiled to library KEY",
        "  the cache was empty",
        f"{place}: 2 functions, 0 in the cache",
    ]
    assert ask(tmp_path, "2", "oh") == [
        "[2.]",
        "f (script.py:5): hit, library KEY",
        "g (script.py:6): hit, library KEY",
        f"{place}: 2 functions, 2 in the cache",
    ]
    assert ask(tmp_path, "3")[1:5] == [
        "f (script.py:5): miss, compiled to library KEY",
        "  the nearest library, KEY, differs in its C:",
        "    line 21, here:   b1[j] = v1 * 3.0;",
        "    there:           b1[j] = v1 * 2.0;",
    ]
    assert ask(tmp_path, "3", GRADC_CFLAGS="-g0")[1:3] == [
        "f (script.py:5): miss, compiled to library KEY",
        "  the nearest library, KEY, differs in the compiler's flags",
    ]
    assert ask(tmp_path, "3", GRADC_LEVEL="1")[1:3] == [
        "f (script.py:5): the graph is new, its C is not: library KEY, nothing was compiled",
        "  the nearest plan differs in gradc's options (floatX, level)",
    ]


def test_why_of_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("nowhere.py", "gradc:nothing", "a b"):
        assert cli.main(["why", name]) == 1
        assert f"why: {name} is neither a file nor module:function" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["gradc"], ["python", "-m", "gradc"]])
def test_installed(command: list[str], folder: Path) -> None:
    """As a program of its own, and as a module."""
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [str(program), *command[1:], "cache", "list"],
        env={"PATH": os.environ["PATH"], "GRADC_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folder) in done.stdout
