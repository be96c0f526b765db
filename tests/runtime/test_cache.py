"""The cache: hits, damage, unsafe places, races; a wrong result is the one thing never allowed."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import stat
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gradc.errors import CacheError, CompilerNotFound, GradcWarning
from gradc.options import Target
from gradc.runtime import build as build_module
from gradc.runtime import cache, keys, plans, store, toolchain, upkeep
from gradc.runtime.build import current_target
from gradc.runtime.plans import plan_slot
from gradc.runtime.sealed import seal, unseal
from gradc.runtime.store import Store
from tests.runtime.cachelib import make, options, value

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Each test sees the cache as a new process would."""
    cache._stores.clear()
    build_module._warn_once.cache_clear()
    yield
    cache._stores.clear()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with x * 2 and x * 3 in it, to be copied."""
    folder = tmp_path_factory.mktemp("filled") / "cache"
    for factor in (2, 3):
        make(factor, options(folder))
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    target = tmp_path / "cache"
    shutil.copytree(filled, target)
    return target


@contextlib.contextmanager
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(build_module, "compile_library", lambda *_: pytest.fail("compiled"))
        yield


def is_healed(folder: Path) -> bool:
    return upkeep.verify(Store(folder))[1] == []


# Hits and misses ----------------------------------------------------------------------------


def test_layout_and_modes(folder: Path) -> None:
    library = make(2, options(folder))
    assert library.path == folder / "v1" / library.key / "kernel.so"
    assert library.path.read_bytes() == library.image
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert modes[library.path] == modes[library.path.with_name("kernel.c")] == 0o400
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o400, 0o600}
    manifest = json.loads((library.path.parent / "manifest.json").read_text())["body"]
    assert manifest["key"] == library.key
    assert tuple(manifest["command"]) == library.command
    assert list((folder / "tmp").iterdir()) == []


def test_a_second_build_is_a_hit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_compiler(monkeypatch):
        assert value(make(2, options(folder))) == 2
        assert value(make(3, options(folder))) == 3


def test_a_second_process_is_a_hit_under_any_hash_seed(folder: Path) -> None:
    code = (
        "import sys\nfrom gradc.runtime import build\nbuild.compile_library = None\n"
        "from tests.runtime.cachelib import *\n"
        "print(make(2, options(Path(sys.argv[1]))).key)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(folder)], check=True, cwd=ROOT, capture_output=True,
            text=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert found == {make(2, options(folder)).key + "\n"}


def test_what_enters_the_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {make(2, options(folder)).key}

    def is_new(**changes: Any) -> bool:
        key = make(2, options(folder, **changes)).key
        new = key not in seen
        seen.add(key)
        return new

    assert is_new(level=0)
    assert is_new(cflags=("-g0",))
    assert is_new(fail_points=True)
    assert not is_new(threads=1, mode="FAST_COMPILE", cache_size=1 << 25)
    chosen = options(folder)
    other = make(2, chosen, Target.named("x86-64")).key
    assert other not in seen
    monkeypatch.setattr(toolchain, "cpu_features", lambda: ("older",))
    assert is_new()
    monkeypatch.setattr(keys, "csrc_path", lambda: folder)  # other headers
    assert is_new()


def test_code_for_another_processor_is_not_loaded(folder: Path) -> None:
    chosen = options(folder)
    library = make(2, chosen)
    aim = current_target(chosen)
    assert plan_slot(b"", aim, chosen).library(library.key) == library
    assert plan_slot(b"", Target.named("x86-64"), chosen).library(library.key) is None
    assert plan_slot(b"", aim, chosen).library("0" * 64) is None


def test_equal_keys_are_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys.Recipe, "key", lambda *_: "0" * 64)
    chosen = options(tmp_path / "cache")
    for _ in range(2):
        for factor in (2, 3, 4):
            assert value(make(factor, chosen)) == factor


def test_digests_notice_a_change_that_keeps_size_and_time(tmp_path: Path) -> None:
    kept = Store(tmp_path / "cache")
    file = tmp_path / "file"
    file.write_text("one")
    os.utime(file, ns=(10**18, 10**18))
    digests = keys.FileDigests(kept)
    first = digests.digest(file)
    digests.save()
    file.write_text("two")
    os.utime(file, ns=(10**18, 10**18))
    assert keys.FileDigests(kept).digest(file) != first


# Damage -------------------------------------------------------------------------------------


def damage(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


LENGTHS = ["0", "1", "64", "1000", "10 %", "50 %", "99 %", "zeros"]
TRUNCATED = [
    pytest.param(
        *(name, length),
        id=f"{length}-{name}",
        marks=() if name == "kernel.so" or length in ("0", "50 %", "zeros") else pytest.mark.slow,
    )
    for name in ("kernel.so", "kernel.c", "manifest.json")
    for length in LENGTHS
]


@pytest.mark.parametrize(("name", "length"), TRUNCATED)
def test_truncated_so_heals(name: str, length: str, folder: Path) -> None:
    library = make(2, options(folder))
    path = library.path.with_name(name)
    data = path.read_bytes()
    number = int(length.split()[0]) if length != "zeros" else 0
    keep = len(data) * number // 100 if "%" in length else number
    damage(path, bytes(len(data)) if length == "zeros" else data[: min(keep, len(data) - 1)])
    with pytest.warns(GradcWarning, match=library.key):
        assert value(make(2, options(folder))) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(make(2, options(folder))) == 2
    assert is_healed(folder)
    assert len(list((folder / "bad").iterdir())) == 1


def test_flipped_bits_are_found(folder: Path) -> None:
    library = make(2, options(folder))
    rng = random.Random(1)
    files = [library.path.with_name(n) for n in ("kernel.so", "kernel.c", "manifest.json")]
    for _ in range(150):
        path = rng.choice(files)
        data = path.read_bytes()
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        damage(path, bytes(flipped))
        assert upkeep.verify(Store(folder))[1] == [f"v1/{library.key}"]
        damage(path, data)
    assert is_healed(folder)


@pytest.mark.parametrize("what", ["entry", "library", "missing", "link", "file", "mode", "empty"])
def test_swapped_and_strange_entries(what: str, folder: Path, tmp_path: Path) -> None:
    two, three = (make(factor, options(folder)) for factor in (2, 3))
    entry = two.path.parent
    if what == "entry":
        shutil.rmtree(entry)
        shutil.copytree(three.path.parent, entry)
    elif what == "library":
        damage(two.path, three.path.read_bytes())
    elif what == "missing":
        two.path.unlink()
    elif what == "link":
        two.path.rename(tmp_path / "moved.so")
        two.path.symlink_to(tmp_path / "moved.so")
    elif what == "mode":
        two.path.chmod(0o666)
    else:
        shutil.rmtree(entry)
        entry.write_text("") if what == "file" else entry.mkdir()
    with pytest.warns(GradcWarning, match="is damaged; it is made anew"):
        assert value(make(2, options(folder))) == 2
    assert is_healed(folder)
    assert value(make(3, options(folder))) == 3


def test_a_link_in_place_of_an_entry(folder: Path, tmp_path: Path) -> None:
    entry = make(2, options(folder)).path.parent
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(GradcWarning):
        assert value(make(2, options(folder))) == 2
    assert not entry.is_symlink()
    assert (tmp_path / "elsewhere" / "kernel.so").exists()


def test_damaged_notes_are_made_anew(folder: Path) -> None:
    for path in (folder / "machine").iterdir():
        path.write_bytes(path.read_bytes()[:-10] + b"x" * 10)
    with pytest.warns(GradcWarning):
        assert value(make(2, options(folder))) == 2
    assert is_healed(folder)


def test_loaded_libraries_outlive_their_files(folder: Path) -> None:
    library = make(2, options(folder))
    damage(library.path, b"")  # after it was verified, before it is loaded
    assert value(library) == 2
    shutil.rmtree(folder)
    assert value(library) == 2
    assert value(make(3, options(folder))) == 3


def test_sealed_notices_every_bit() -> None:
    data = seal({"b": [1, 2.5, None], "a": "ü\n"})
    assert unseal(data) == {"a": "ü\n", "b": [1, 2.5, None]}
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        assert unseal(bytes(flipped)) is None
    assert all(unseal(data[:n]) is None for n in range(len(data)))
    assert unseal(b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93") is None


# Plans --------------------------------------------------------------------------------------


def test_plans(folder: Path) -> None:
    kept = Store(folder)
    key, other = "a" * 64, "b" * 64
    assert kept.get_plan(key) is None
    plan = json.dumps({"library": "x", "rows": [1, 2]}).encode()
    assert kept.put_plan(key, plan, {})
    assert kept.get_plan(key) == plan
    file = folder / "plans" / f"{key}.json"
    shutil.copy(file, file.with_name(f"{other}.json"))
    assert kept.get_plan(other) is None  # another's plan
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(bytes(data))
    with pytest.warns(GradcWarning):
        assert kept.get_plan(key) is None
    assert kept.put_plan(key, plan, {})
    assert kept.get_plan(key) == plan


def test_what_enters_a_plan_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = options(folder)
    aim = current_target(chosen)

    def key(graph: bytes = b"graph", aim: Target = aim, **changes: Any) -> str:
        return plan_slot(graph, aim, options(folder, **changes)).key

    found = [key(), key(b"grapi"), key(aim=Target.named("x86-64"))]
    found += [key(level=0), key(floatX="float32"), key(fail_points=True), key(cflags=("-g",))]
    for files in ("module_files", "data_files"):
        monkeypatch.setattr(plans, files, lambda: (ROOT / "setup.py",))
        found.append(key())
    assert len(set(found)) == len(found)
    assert key(threads=1, cache_size=1 << 25) == found[-1]


# Unsafe and unusable places -----------------------------------------------------------------


def unsafe_mode(folder: Path) -> None:
    folder.chmod(0o777)


def unsafe_group(folder: Path) -> None:
    folder.chmod(0o770)


def unsafe_parent(folder: Path) -> None:
    folder.parent.chmod(0o777)


def symlink(folder: Path) -> None:
    folder.rename(folder.with_name("real"))
    folder.symlink_to(folder.with_name("real"))


def foreign(folder: Path) -> None:
    os.chown(folder, 12345, 12345)


def foreign_parent(folder: Path) -> None:
    os.chown(folder.parent, 12345, 12345)


def regular_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


PLACES = [unsafe_mode, unsafe_group, unsafe_parent, symlink, foreign, foreign_parent, regular_file]


@pytest.mark.parametrize("place", PLACES)
def test_unsafe_places_are_neither_read_nor_written(
    place: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place in (foreign, foreign_parent) and not IS_ROOT:
        pytest.skip("only root can give a directory away")
    library = make(2, options(folder))
    place(folder)
    before = sorted(str(p) for p in folder.parent.rglob("*"))
    cache._stores.clear()
    with pytest.warns(GradcWarning, match="no lasting cache"):
        made = make(2, options(folder))
    assert value(made) == 2
    assert made.path != library.path
    with pytest.raises(CacheError) as caught:
        make(2, options(folder, cache_strict=True))
    assert "config.cache_dir" in caught.value.hint
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one warning was enough
        make(3, options(folder))
    assert sorted(str(p) for p in folder.parent.rglob("*")) == before


@pytest.mark.parametrize("inner", ["v1", "machine", "tmp"])
def test_folders_inside_are_looked_at_too(inner: str, folder: Path) -> None:
    (folder / inner).chmod(0o777)
    if inner == "tmp":  # there is nothing to be loaded from it
        shutil.rmtree(folder / "v1")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        library = make(2, options(folder))
    assert value(library) == 2


def test_sticky_parents_and_private_groups_are_safe(tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    assert make(2, options(sticky / "cache")).path.exists()


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_modes_do_not_follow_the_umask(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        path = make(2, options(tmp_path / "new" / "cache")).path
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "cache").stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_no_home(tmp_path: Path) -> None:
    with pytest.warns(GradcWarning, match="there is no home directory"):
        library = make(2, options(tmp_path, cache_dir=None))
    assert value(library) == 2
    place = library.path.parents[2]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_private_directories_go_with_the_process(tmp_path: Path) -> None:
    code = (
        "from tests.runtime.cachelib import *\n"
        "import os, sys, warnings\nwarnings.simplefilter('ignore')\n"
        "library = make(2, options(None))\n"
        "if os.fork() == 0: sys.exit()\n"
        "os.wait()\n"
        "assert library.path.exists()\n"
        "print(library.path)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    assert not Path(done.stdout.strip()).parents[2].exists()


def test_a_cache_that_can_only_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(call: str) -> Any:
        real = getattr(os, call)

        def refused(*args: Any, **kwargs: Any) -> Any:
            if any("dir_fd" in name for name in kwargs):  # only the cache is reached so
                raise OSError(30, "Read-only file system")
            return real(*args, **kwargs)

        return refused

    for call in ("mkdir", "rename", "chmod"):
        monkeypatch.setattr(os, call, refuse(call))
    assert value(make(2, options(folder))) == 2
    with pytest.warns(GradcWarning, match=r"cannot be written .*Read-only file system"):
        assert value(make(5, options(folder))) == 5
    assert value(make(6, options(folder))) == 6  # one warning is enough
    monkeypatch.undo()
    assert len(list((folder / "v1").iterdir())) == 2


@pytest.mark.parametrize("call", ["mkdir", "open", "rename", "fsync", "listdir", "fstat", "chmod"])
def test_each_step_may_fail(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thorough: bool
) -> None:
    """A build in which the n-th call of an os function raises, for n over all its calls."""
    chosen = options(tmp_path / "cache")
    value(make(1, chosen))
    real = getattr(os, call)
    seen = [0]

    def fail_at(n: int) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            seen[0] += 1
            if seen[0] == n:
                raise OSError(28, "No space left on device")
            return real(*args, **kwargs)

        return counted

    def attempt(n: int) -> int:
        """Build with call n failing; gives how many calls there were."""
        cache._stores.clear()
        seen[0] = 0
        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patch.setattr(os, call, fail_at(n))
            library = make(100 + n, chosen)
        assert value(library) == 100 + n
        assert is_healed(tmp_path / "cache")
        return seen[0]

    count = attempt(0)
    for n in range(1, count + 1, max(1, count // (15 if thorough else 6))):
        attempt(n)


def test_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12k,mode=700", "none", str(small)]
    if not IS_ROOT or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        with pytest.warns(GradcWarning, match="cannot be written"):
            library = make(2, options(small / "cache"))
        assert value(library) == 2
        assert is_healed(small / "cache")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


# No compiler --------------------------------------------------------------------------------


def test_what_is_cached_runs_without_a_compiler(tmp_path: Path) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    wrapper = bin_ / "my-gcc"
    wrapper.write_text('#!/bin/sh\nexec gcc "$@"\n')
    wrapper.chmod(0o755)
    chosen = options(tmp_path / "cache", cc=str(wrapper))
    aim = current_target(chosen)
    make(2, chosen, aim)
    wrapper.unlink()
    assert value(make(2, chosen, current_target(chosen))) == 2
    with pytest.raises(CompilerNotFound, match="has gone; this function is not in the cache"):
        make(3, chosen, aim)


# Rivals -------------------------------------------------------------------------------------


def _race(barrier: Any, folder: str, results: Any) -> None:
    barrier.wait()
    results.put(value(make(7, options(Path(folder)))))


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_processes_racing(method: str, tmp_path: Path, thorough: bool) -> None:
    context = multiprocessing.get_context(method)
    for attempt in range(1 if method == "spawn" else 5 if thorough else 2):
        folder = tmp_path / f"cache{attempt}"
        count = 2 if method == "spawn" else 4
        barrier, results = context.Barrier(count), context.Queue()
        rivals = [
            context.Process(target=_race, args=(barrier, str(folder), results))
            for _ in range(count)
        ]
        for rival in rivals:
            rival.start()
        assert [results.get(timeout=60) for _ in rivals] == [7.0] * count
        for rival in rivals:
            rival.join()
        assert [rival.exitcode for rival in rivals] == [0] * count
        assert len(list((folder / "v1").iterdir())) == 1
        assert list((folder / "tmp").iterdir()) == []
        assert is_healed(folder)


def test_threads_that_want_the_same_wait_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    real = build_module.compile_library

    def count(*args: Any) -> list[str]:
        compiled.append(threading.get_ident())
        return real(*args)

    monkeypatch.setattr(build_module, "compile_library", count)
    chosen = options(tmp_path / "cache")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: value(make(n % 2, chosen)), range(16)))
    assert found == [0.0, 1.0] * 8
    assert len(compiled) == 2
    assert not build_module._locks


def test_a_cache_removed_under_our_feet(tmp_path: Path) -> None:
    chosen = options(tmp_path / "cache")
    for n in range(3):
        assert value(make(n, chosen)) == n
        shutil.rmtree(tmp_path / "cache")


# Upkeep -------------------------------------------------------------------------------------


def test_eviction_lets_the_oldest_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LOOK_EVERY", 1)
    monkeypatch.setattr(Store, "is_time_to_look", lambda _: True)
    two, three = (make(factor, options(folder)) for factor in (2, 3))
    os.utime(two.path.parent, (1, 1))
    size = sum(item.size for item in upkeep.entries(Store(folder)))
    fresh = make(4, options(folder, cache_size=int(size * 1.1)))
    assert (fresh.path.exists(), two.path.exists()) == (True, False)
    assert value(fresh) == 4
    tiny = make(5, options(folder, cache_size=1))
    assert [item.name for item in upkeep.entries(Store(folder))] == [tiny.key]
    assert not three.path.exists()


def test_use_is_remembered(folder: Path) -> None:
    entry = make(2, options(folder)).path.parent
    os.utime(entry, (1, 1))
    make(2, options(folder))
    assert entry.stat().st_mtime > 1
    kept = Store(folder)
    kept.put_plan("a" * 64, b"{}", {})
    plan = folder / "plans" / ("a" * 64 + ".json")
    os.utime(plan, (1, 1))
    assert kept.get_plan("a" * 64) == b"{}"
    assert plan.stat().st_mtime > 1


def test_stale_temporary_directories_are_swept(folder: Path) -> None:
    host = store.host_name()
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    names = {
        f"{host}-{dead.pid}-aa": False,  # old, its process dead
        f"{host}-{os.getpid()}-bb": True,  # alive
        f"elsewhere-{dead.pid}-cc": True,  # another host's
        "strange": True,
    }
    for name in names:
        (folder / "tmp" / name).mkdir()
        (folder / "tmp" / name / "kernel.c").write_text("x")
        os.utime(folder / "tmp" / name, (1, 1))
    (folder / "tmp" / f"{host}-{dead.pid}-dd").mkdir()  # young
    upkeep.prune(Store(folder), 1 << 30)
    left = {path.name for path in (folder / "tmp").iterdir()}
    assert left == {n for n, stays in names.items() if stays} | {f"{host}-{dead.pid}-dd"}


def test_verify_prune_clear(folder: Path) -> None:
    kept = Store(folder)
    two = make(2, options(folder))
    sound, damaged = upkeep.verify(kept)
    assert (sound, damaged) == (5, [])  # two libraries, three notes
    damage(two.path, b"")
    (folder / "plans").mkdir(mode=0o700)
    (folder / "plans" / "x.json").write_text("{}")
    assert upkeep.verify(kept) == (4, [f"v1/{two.key}", "plans/x.json"])
    assert upkeep.prune(kept, 1 << 30) > 0
    assert upkeep.verify(kept) == (4, [])
    assert upkeep.clear(kept) > 0
    assert upkeep.total_size(kept) == 0
    assert value(make(2, options(folder))) == 2
