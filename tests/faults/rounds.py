"""Rounds of faults against the cache, run in a process of their own that forks: figures as JSON.

    python -m tests.faults.rounds race|evict|kill|damage COUNT SEED FOLDER

A process of its own, because a fault that gets through may crash it, and because it forks: what is
imported is there in every child, and no thread of the test runner is copied.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.runtime import cache
from gradc.runtime.store import Store
from gradc.runtime.upkeep import entries, verify
from tests.runtime.cachelib import make, options, value

_X = np.linspace(-1.0, 1.0, 7)
_BOUND = 60_000  # bytes; three libraries
_PATIENCE = 150.0  # seconds after which a child counts as hanging


def compile_and_run(folder: Path, factor: int) -> bool:
    """Compile x -> tanh(x) * factor + exp(x) with this cache; whether its result is right."""
    cache._stores.clear()
    x = T.vector("x")
    with gradc.config.override(cache_dir=folder):
        f = gradc.function([x], T.tanh(x) * factor + T.exp(x), mode="FAST_COMPILE")
    return bool(np.allclose(f(_X), np.tanh(_X) * factor + np.exp(_X), rtol=1e-12))


def compile_both(folder: Path) -> bool:
    """Both functions that `damage` keeps in the cache, whatever becomes of the first."""
    right = [compile_and_run(folder, factor) for factor in (2, 3)]
    return all(right)


def fork(action: Callable[[], bool]) -> int:
    """A child that ends with 0 if `action` gives True, 1 if False, 2 if it raises."""
    pid = os.fork()
    if pid:
        return pid
    status = 2
    try:
        os.setsid()
        status = 0 if action() else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def wait(pid: int) -> str:
    """How a child ended: "right", "wrong", "raised", "killed 9", "hung"."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return f"killed {-code}" if code < 0 else ("right", "wrong", "raised")[code]
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung"


def damaged(folder: Path) -> list[str]:
    """What is in the cache without a valid checksum."""
    return verify(Store(folder))[1]


# eight processes ----------------------------------------------------------------------------


def race(count: int, rng: random.Random, folder: Path) -> dict[str, Any]:
    """Rounds in which eight processes compile one function at once, in an empty cache."""
    ends: Counter[str] = Counter()
    found = {"damaged": 0, "left in tmp": 0, "libraries": 0, "slowest": 0.0, "alone": 0.0}
    for k in range(count):
        place = folder / f"race{k}"
        start = time.monotonic()
        ends[wait(fork(lambda k=k: compile_and_run(folder / "alone", 1000 + k)))] += 1
        found["alone"] = max(found["alone"], time.monotonic() - start)
        start = time.monotonic()
        children = [fork(lambda place=place: compile_and_run(place, 3)) for _ in range(8)]
        ends.update(wait(child) for child in children)
        found["slowest"] = max(found["slowest"], time.monotonic() - start)
        found["damaged"] += len(damaged(place))
        found["left in tmp"] += len(list((place / "tmp").iterdir()))
        found["libraries"] += len(list((place / "v1").iterdir()))
        shutil.rmtree(place)
    return {"rounds": count, "ends": dict(ends), **found}


# eviction -----------------------------------------------------------------------------------


def evict(count: int, rng: random.Random, folder: Path) -> dict[str, Any]:
    """Rounds in which four processes fill a cache beyond its bound, looking at every publish."""
    ends: Counter[str] = Counter()
    found = {"damaged": 0, "largest": 0, "left in tmp": 0, "bound": _BOUND}
    for k in range(count):
        place = folder / f"evict{k}"
        factors = [rng.sample(range(2, 9), 4) for _ in range(4)]
        children = [fork(lambda place=place, f=each: fill(place, f)) for each in factors]
        ends.update(wait(child) for child in children)
        found["damaged"] += len(damaged(place))
        found["left in tmp"] += len(list((place / "tmp").iterdir()))
        found["largest"] = max(found["largest"], sum(e.size for e in entries(Store(place))))
    return {"rounds": count, "ends": dict(ends), **found}


def fill(folder: Path, factors: list[int]) -> bool:
    """Make x * factor for each, in a cache that holds three of them."""
    Store.is_time_to_look = lambda _: True  # type: ignore[method-assign]
    chosen = options(folder, cache_size=_BOUND, level=0)
    return all(value(make(factor, chosen)) == factor for factor in factors)


# kill -9 ------------------------------------------------------------------------------------


def kill(count: int, rng: random.Random, folder: Path) -> dict[str, Any]:
    """Rounds in which Python, the compiler or both are killed at a random moment.

    Every other time the compiler is killed while it is sure to be there.
    """
    start = time.monotonic()
    assert wait(fork(lambda: compile_and_run(folder, 1))) == "right"
    span = time.monotonic() - start
    killed: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    after: Counter[str] = Counter()
    found = {"damaged": 0, "slowest rerun": 0.0}
    for k in range(count):
        child = fork(lambda k=k: compile_and_run(folder, 10 + k))
        whom = ("python", "compiler", "all")[k % 3]
        if whom == "python":
            time.sleep(rng.uniform(0.0, span))
        else:
            await_compiler(child, span)
            time.sleep(rng.uniform(0.01, 0.03) if k % 2 else rng.uniform(0.0, span / 2))
        killed[strike(child, whom)] += 1
        ends[wait(child)] += 1
        found["damaged"] += len(damaged(folder))
        start = time.monotonic()
        after[wait(fork(lambda k=k: compile_and_run(folder, 10 + k)))] += 1
        found["slowest rerun"] = max(found["slowest rerun"], time.monotonic() - start)
        found["damaged"] += len(damaged(folder))
    figures = {"killed": dict(killed), "ends": dict(ends), "after": dict(after)}
    found["longest wait"] = max(0.0, found["slowest rerun"] - span)
    return {"rounds": count, **figures, **found, "a compile": span}


def strike(child: int, whom: str) -> str:
    """SIGKILL to the child, or to what it runs, or to all of them; gives who was there."""
    below = descendants(child)
    victims = {"python": [child], "compiler": below, "all": [child, *below]}[whom]
    names = set()
    for pid in victims:
        try:
            names.add("python" if pid == child else Path(f"/proc/{pid}/comm").read_text().strip())
            os.kill(pid, signal.SIGKILL)
        except (OSError, ProcessLookupError):
            continue
    return " + ".join(sorted(names)) or "nobody"


def await_compiler(child: int, seconds: float) -> None:
    """Wait until a child runs something."""
    end = time.monotonic() + seconds
    while not descendants(child) and time.monotonic() < end:
        time.sleep(0.001)


def descendants(root: int) -> list[int]:
    """Processes below one, by their parents."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    level = [root]
    while level:
        level = [child for pid in level for child in children.get(pid, [])]
        found += level
    return found


# damage -------------------------------------------------------------------------------------


def damage(count: int, rng: random.Random, folder: Path) -> dict[str, Any]:
    """Rounds in which one file of the cache is damaged, each followed by two runs in this process.

    The runs load what they find: a library that should not have been trusted ends this process.
    """
    assert compile_both(folder)
    done: Counter[str] = Counter()
    found = Counter(wrong=0, unhealed=0, silent=0)
    while sum(done.values()) < count:
        files = sorted(p for part in ("v1", "plans", "machine") for p in files_of(folder / part))
        file = rng.choice(files)
        kind = rng.choice(sorted(WAYS))
        before = file.read_bytes()
        WAYS[kind](file, rng, [other for other in files if other.name == file.name])
        if file.is_file() and not file.is_symlink() and file.read_bytes() == before:
            continue  # swapped with itself
        done[f"{kind} {file.name if len(file.name) < 20 else 'plan'}"] += 1
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found["wrong"] += not compile_both(folder)
        found["silent"] += not said and kind != "missing" and bool(damaged(folder))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found["wrong"] += not compile_both(folder)
        found["unhealed"] += bool(said) or bool(damaged(folder))
        shutil.rmtree(folder / "bad", ignore_errors=True)
    return {"variants": sum(done.values()), "done": dict(done), **found}


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _write(file: Path, data: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(data)


def _flip(file: Path, rng: random.Random, _: list[Path]) -> None:
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    _write(file, bytes(data))


def _truncate(file: Path, rng: random.Random, _: list[Path]) -> None:
    data = file.read_bytes()
    _write(file, data[: rng.randrange(len(data))])


def _zero(file: Path, rng: random.Random, _: list[Path]) -> None:
    data = bytearray(file.read_bytes())
    start = rng.randrange(len(data))
    stop = rng.randrange(start, len(data)) + 1
    data[start:stop] = bytes(stop - start)
    _write(file, bytes(data))


def _swap(file: Path, rng: random.Random, alike: list[Path]) -> None:
    other = rng.choice(alike) if len(alike) > 1 else file.parent / "other"
    _write(file, other.read_bytes() if other.exists() else b"{}")


WAYS: dict[str, Callable[[Path, random.Random, list[Path]], None]] = {
    "flipped": _flip,
    "truncated": _truncate,
    "zeroed": _zero,
    "swapped": _swap,
    "empty": lambda file, _, __: _write(file, b""),
    "grown": lambda file, _, __: _write(file, file.read_bytes() + b"\0"),
    "missing": lambda file, _, __: file.unlink(),
    "writable": lambda file, _, __: file.chmod(0o666),
}


if __name__ == "__main__":
    action, number, seed, where = sys.argv[1:]
    run = {"race": race, "evict": evict, "kill": kill, "damage": damage}[action]
    print(json.dumps(run(int(number), random.Random(int(seed)), Path(where))))
