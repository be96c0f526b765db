"""What others may plant in a cache is not run: the rules of SECURITY.md.

Foreign owners, open modes, links and umasks stand in tests/runtime/test_cache.py, other users and
environments in tests/faults/test_cache_places.py.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import subprocess
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import gradc
import gradc.tensor as T
from gradc.errors import GradcWarning
from gradc.runtime import cache
from gradc.runtime.store import Store
from gradc.runtime.upkeep import verify
from tests.runtime.cachelib import make, options, value

SWAPS, MANY_SWAPS = 300, 10_000


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    cache._stores.clear()
    yield
    cache._stores.clear()


def result(folder: Path) -> float:
    """exp(0) + 41 by a function in this cache."""
    cache._stores.clear()
    x = T.scalar("x")
    with gradc.config.override(cache_dir=folder):
        f = gradc.function([x], T.exp(x) + 41, mode="FAST_COMPILE")
    return float(f(0.0))


def evil_library(folder: Path) -> bytes:
    """A shared object that leaves a mark when it is merely loaded."""
    source = folder / "evil.c"
    source.write_text(
        "#include <stdio.h>\n"
        "__attribute__((constructor)) static void run(void) {"
        f' FILE *f = fopen("{folder}/mark", "w"); if (f) fclose(f); }}\n'
    )
    command = ["gcc", "-shared", "-fPIC", str(source), "-o", str(folder / "evil.so")]
    subprocess.run(command, check=True)
    return (folder / "evil.so").read_bytes()


def test_a_planted_library_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert result(folder) == 42
    image = evil_library(tmp_path)
    (library,) = (folder / "v1").glob("*/kernel.so")
    library.chmod(0o600)
    library.write_bytes(image)
    with pytest.warns(GradcWarning, match="is damaged; it is made anew"):
        assert result(folder) == 42
    assert not (tmp_path / "mark").exists()
    assert verify(Store(folder))[1] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["kernel.so", "manifest.json", "entry", "v1", "plans"])
def test_what_belongs_to_somebody_else_is_not_trusted(name: str, tmp_path: Path) -> None:
    """Sound bytes, wrong owner: a checksum proves nothing about who wrote them."""
    folder = tmp_path / "cache"
    assert result(folder) == 42
    (entry,) = (folder / "v1").iterdir()
    place = {"entry": entry, "v1": folder / "v1", "plans": folder / "plans"}.get(name, entry / name)
    os.chown(place, 54321, 54321)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert result(folder) == 42
    if name in ("kernel.so", "manifest.json", "entry"):
        assert len(list((folder / "bad").iterdir())) == 1
        assert verify(Store(folder))[1] == []
    else:  # nothing is written there either
        assert os.stat(place).st_uid == 54321


class Payload:
    """What unpickling would run."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


def test_pickles_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert result(folder) == 42
    mark = tmp_path / "mark"
    payload = pickle.dumps(Payload(mark))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 6
    for file in files:
        file.chmod(0o600)
        file.write_bytes(payload)
    assert len(verify(Store(folder))[1]) >= 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert result(folder) == 42
    assert not mark.exists()
    assert verify(Store(folder))[1] == []


@pytest.mark.parametrize(
    "count", [SWAPS, pytest.param(MANY_SWAPS, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_entries_swapped_while_they_are_read(count: int, tmp_path: Path) -> None:
    """The library of x * 2 becomes that of x * 3 and back all the time: it is right, or no hit."""
    folder, kept = tmp_path / "cache", tmp_path / "kept"
    libraries = [make(factor, options(folder, level=0)) for factor in (2, 3)]
    entry = libraries[0].path.parent
    shutil.copytree(entry, kept)
    stop = threading.Event()

    def swap() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            spare = tmp_path / "spare"
            spare.write_bytes(libraries[turn % 2].image)
            with contextlib.suppress(OSError):
                spare.replace(entry / "kernel.so")

    thread = threading.Thread(target=swap)
    thread.start()
    hits = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(count):
                found = Store(folder).load(libraries[0].key)
                if found is None:
                    shutil.rmtree(entry, ignore_errors=True)
                    shutil.copytree(kept, entry, dirs_exist_ok=True)
                    shutil.rmtree(folder / "bad", ignore_errors=True)
                else:
                    hits += 1
                    assert found.image == libraries[0].image
    finally:
        stop.set()
        thread.join()
    assert 0 < hits < count
    assert value(libraries[0]) == 2
