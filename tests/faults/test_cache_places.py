"""Places and surroundings a cache may meet: each gives a right result and at most a warning."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradc.options import Config
from gradc.runtime.store import Store
from gradc.runtime.upkeep import verify

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
STRANGER = 54321  # no passwd file knows it

PROGRAM = """\
import os, resource, sys, warnings
exec(sys.argv[1])
sys.path.insert(0, sys.argv[2])
said = []
warnings.showwarning = lambda message, *_: said.append(str(message))
import numpy as np, gradc, gradc.tensor as T
x = T.vector("x")
f = gradc.function([x], T.exp(x) + 1, mode="FAST_COMPILE")
assert np.allclose(f([0.0, 1.0]), [2.0, 1 + np.e], rtol=1e-14), f([0.0, 1.0])
print(len(said), f.stages.library.path)
for text in said:
    print(text.splitlines()[0])
"""


# Whoever becomes another user may not reach this Python any more: what is needed is loaded before.
LOADED = f"""\
sys.path.insert(0, {str(ROOT)!r})
import gradc, gradc.tensor as T
with gradc.config.override(cache_dir=sys.argv[3], mode="FAST_COMPILE"):
    gradc.function([T.vector("y")], [], on_unused_input="ignore").stages.source
import tempfile, datetime, encodings.idna, platform; platform.platform()
gradc.config._found = None
"""


def run(before: str = "", **environ: str) -> list[str]:
    """Compile and call exp(x) + 1 in a process with just this environment, after `before`.

    Gives how many warnings there were and where the library lies, then the warnings.
    """
    kept = ("PATH", "PYTHONPYCACHEPREFIX")  # what Python itself was told
    base = {name: os.environ[name] for name in kept if name in os.environ}
    base["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", PROGRAM, before, str(ROOT), os.devnull]
    done = subprocess.run(
        command, env=base | environ, cwd="/", check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def lasting(lines: list[str], folder: Path) -> bool:
    """Whether there was no warning, and the library lies in `folder`."""
    return lines[0].startswith(f"0 {folder}/v1/") and verify(Store(folder))[1] == []


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system in memory, or the test is skipped."""
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if not IS_ROOT or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_heals(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with mounted(small, "size=400k,mode=700"):
        cache = small / "cache"
        filler = small / "filler"
        filler.write_bytes(bytes(360 << 10))
        count, place = run(GRADC_CACHE_DIR=str(cache))[0].split()
        assert count == "1"
        assert verify(Store(cache))[1] == []
        filler.unlink()
        assert run(GRADC_CACHE_DIR=str(cache))[0] == f"0 {place}"
        assert Path(place).exists()
        assert lasting(run(GRADC_CACHE_DIR=str(cache)), cache)


def test_files_may_not_grow(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert lasting(run(GRADC_CACHE_DIR=str(cache)), cache)
    shutil.rmtree(cache / "plans")
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"  # memory is limited so too
    assert lasting(run(limit, GRADC_CACHE_DIR=str(cache)), cache)


def test_a_cache_that_can_only_be_read(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "size=4m,mode=700"):
        cache = disk / "cache"
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        lines = run(GRADC_CACHE_DIR=str(cache))
        assert lines[0].startswith("1 ")
        assert "Read-only file system" in lines[1]
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert lasting(run(GRADC_CACHE_DIR=str(cache)), cache)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert lasting(run(GRADC_CACHE_DIR=str(cache)), cache)  # filled, it serves


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_a_user_without_passwd_entry_and_home() -> None:
    become = f"{LOADED}os.setgroups([]); os.setgid({STRANGER}); os.setuid({STRANGER})"
    lines = run(become)
    assert lines[0].startswith("1 ")
    assert "there is no home directory" in lines[1]
    assert not Path(lines[0].split()[1]).exists()  # it went with the process
    home = Path(tempfile.mkdtemp(prefix="gradc-test-"))  # below pytest's folder nobody else may be
    try:
        os.chown(home, STRANGER, STRANGER)
        lines = run(become, HOME=str(home))
        assert lines[0].startswith(f"0 {home}/.cache/gradc/v1/")
    finally:
        shutil.rmtree(home)


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_a_program_that_runs_as_somebody_else_does_not_hear_the_environment(tmp_path: Path) -> None:
    become = f"{LOADED}os.setresuid(0, {STRANGER}, 0)"  # as a setuid program: the caller is root
    lines = run(become, GRADC_CACHE_DIR=str(tmp_path), HOME=str(tmp_path), GRADC_CFLAGS="-Dexp=sin")
    assert "there is no home directory" in lines[1]
    assert list(tmp_path.iterdir()) == []


def test_root_with_a_users_home_uses_its_own(tmp_path: Path) -> None:
    if not IS_ROOT:
        pytest.skip("only root can give a directory away")
    os.chown(tmp_path, STRANGER, STRANGER)  # as sudo leaves HOME
    found = Config({"HOME": str(tmp_path), "PATH": ""}).freeze().cache_dir
    assert found == Path(pwd.getpwuid(0).pw_dir) / ".cache" / "gradc"
    os.chown(tmp_path, 0, 0)
    assert Config({"HOME": str(tmp_path)}).freeze().cache_dir == tmp_path / ".cache" / "gradc"


@pytest.mark.parametrize("name", ["José Müller's home", "-O0 $(touch planted)", "new\nline"])
def test_names_of_users_and_folders(name: str, tmp_path: Path) -> None:
    home = tmp_path / name
    home.mkdir()
    lines = run(HOME=str(home), XDG_CACHE_HOME="relative", TMPDIR=str(home))
    assert lines[0].startswith("0 ")
    assert verify(Store(home / ".cache" / "gradc"))[0] >= 3
    assert not list(tmp_path.rglob("planted"))


def hostile(folder: Path) -> Mapping[str, str]:
    """Variables that compilers, loaders and libraries obey, all set to do harm."""
    shadow = folder / "include"
    (shadow / "gradc").mkdir(parents=True)
    for header in ("math.h", "stdint.h", "gradc/math.h"):
        (shadow / header).write_text("#error shadowed\n")
    tools = folder / "tools"
    tools.mkdir()
    for tool in ("cc1", "as", "ld"):
        (tools / tool).write_text("#!/bin/sh\nexit 7\n")
        (tools / tool).chmod(0o755)
    folders = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH")
    return {
        **dict.fromkeys(folders, str(shadow)),
        **dict.fromkeys(("COMPILER_PATH", "GCC_EXEC_PREFIX"), f"{tools}/"),
        **dict.fromkeys(("CFLAGS", "CPPFLAGS", "LDFLAGS"), "-Dexp=sin -ffast-math -nostdlib"),
        "DEPENDENCIES_OUTPUT": str(folder / "dependencies"),
        "LD_PRELOAD": "",
        "LC_ALL": "de_DE.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "TMPDIR": str(folder / "missing"),
        "PYTHONHASHSEED": "77",
    }


def test_a_hostile_environment(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    variables = hostile(tmp_path)
    assert len(variables) >= 12
    assert lasting(run(GRADC_CACHE_DIR=str(cache), **variables), cache)
    assert not (tmp_path / "dependencies").exists()
    assert lasting(run(GRADC_CACHE_DIR=str(cache)), cache)  # and it was no other function
    assert len(list((cache / "v1").iterdir())) == 1
