"""Look after a cache directory: list, verify, keep within its size, empty.

Takes a Store; gives plain values for the command line.  Entries are moved out of the way by one
rename before they are deleted, so that a reader finds a whole entry or none.  A library that is
loaded lives in memory and does not notice.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from gradc.errors import CacheError
from gradc.runtime.directory import opened, read_safely
from gradc.runtime.sealed import unseal
from gradc.runtime.store import (
    BAD,
    LIBRARIES,
    NOTES,
    PLANS,
    TEMPORARY,
    ZIG,
    Store,
    host_name,
    read_entry,
)
from gradc.value import value

__all__ = [
    "CacheItem",
    "clear",
    "describe",
    "entries",
    "evict",
    "prune",
    "total_size",
    "verify",
]

_STALE = 86_400  # seconds after which what a dead process left is swept
_TITLE = re.compile(r"^/\* (%\d+ = .*) \*/$", re.MULTILINE)  # above each block of the C
_ROOM = 0.8  # of the bound is left full after an eviction, so that not every publish evicts


@value
class CacheItem:
    """A library or a plan in the cache, unverified; `used` is seconds since the epoch."""

    folder: str
    name: str
    size: int
    used: float

    @property
    def place(self) -> str:
        """Its path below the cache directory."""
        return f"{self.folder}/{self.name}"


def entries(store: Store) -> list[CacheItem]:
    """Libraries, plans and damaged entries, most recently used first."""
    found = [item for folder in (LIBRARIES, PLANS, BAD) for item in _items(store, folder)]
    return sorted(found, key=lambda item: -item.used)


def describe(store: Store, item: CacheItem) -> str:
    """What an entry is for: what a library computes first, which library a plan leads to."""
    if item.folder == PLANS:
        library = _library_of(store.get_plan(item.name.removesuffix(".json")))
        return f"leads to {library[:12]}" if library else "leads nowhere"
    if item.folder == BAD:
        return "put aside; `gradc cache prune` removes it"
    try:
        with opened(store.path, LIBRARIES, item.name) as fd:
            entry = read_entry(item.name, fd)
    except (OSError, CacheError):
        entry = None
    return "damaged" if entry is None else _titles(entry.source.decode("utf-8", "replace"))


def _library_of(plan: bytes | None) -> str:
    try:
        body = json.loads(plan or b"")
        return str(body["library"])
    except (ValueError, TypeError, KeyError):
        return ""


def _titles(source: str) -> str:
    """The expression above the first block of the C, and how many more there are."""
    first, *more = _TITLE.findall(source) or [source.partition("\n")[0][:60]]
    return f"{first} and {len(more)} more" if more else str(first)


def total_size(store: Store) -> int:
    """Bytes of everything in the cache."""
    folders = (LIBRARIES, PLANS, NOTES, TEMPORARY, BAD)
    return sum(item.size for folder in folders for item in _items(store, folder))


def verify(store: Store) -> tuple[int, list[str]]:
    """Check every library, plan and note; gives how many are sound, and which are not."""
    sound, damaged = 0, []
    for item in _items(store, LIBRARIES):
        if _is_sound(store, item.name):
            sound += 1
        else:
            damaged.append(item.place)
    for folder in (PLANS, NOTES):
        for item in _items(store, folder):
            with contextlib.suppress(OSError, CacheError), opened(store.path, folder) as fd:
                if unseal(read_safely(item.name, fd)) is not None:
                    sound += 1
                    continue
            damaged.append(item.place)
    return sound, damaged


def prune(store: Store, limit: int) -> int:
    """Put damaged entries out, sweep what was left behind, keep within `limit`; bytes freed."""
    before = total_size(store)
    _, damaged = verify(store)
    for place in damaged:
        _remove(store, *place.split("/", 1))
    for item in _items(store, BAD):
        _remove(store, BAD, item.name)
    _sweep(store)
    _shrink(store, limit, limit, keep="")
    return before - total_size(store)


def clear(store: Store) -> int:
    """Remove everything but what is under construction; bytes freed."""
    before = total_size(store)
    for folder in (LIBRARIES, PLANS, NOTES, BAD, ZIG):
        for item in _items(store, folder):
            _remove(store, folder, item.name)
    _sweep(store)
    return before - total_size(store)


def evict(store: Store, limit: int, *, keep: str) -> None:
    """Called after publishes: once in a while, look at the size and let the oldest go."""
    if store.is_time_to_look():
        _sweep(store)
        _shrink(store, limit, int(limit * _ROOM), keep=keep)


def _shrink(store: Store, limit: int, goal: int, *, keep: str) -> None:
    found = entries(store)
    size = sum(item.size for item in found)
    if size <= limit:
        return
    for item in reversed(found):
        if size <= goal:
            return
        if item.name != keep:
            _remove(store, item.folder, item.name)
            size -= item.size


def _sweep(store: Store) -> None:
    """Remove temporary directories of dead processes of this host, a day after their last use."""
    for item in _items(store, TEMPORARY):
        host, _, rest = item.name.partition("-")
        pid = rest.partition("-")[0]
        if host != host_name() or not pid.isdecimal() or time.time() - item.used < _STALE:
            continue
        if not Path(f"/proc/{pid}").exists():
            _remove(store, TEMPORARY, item.name)


def _items(store: Store, folder: str) -> Iterator[CacheItem]:
    try:
        with opened(store.path, folder) as fd:
            for name in sorted(os.listdir(fd)):
                with contextlib.suppress(OSError):
                    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    yield CacheItem(folder, name, _size(name, fd), status.st_mtime)
    except (OSError, CacheError):
        return


def _size(name: str, dir_fd: int) -> int:
    """Bytes of a file, or of the files of a directory."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=dir_fd)
    except OSError:
        return os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_size
    try:
        sizes = [os.stat(n, dir_fd=fd, follow_symlinks=False).st_size for n in os.listdir(fd)]
    finally:
        os.close(fd)
    return sum(sizes)


def _is_sound(store: Store, key: str) -> bool:
    try:
        with opened(store.path, LIBRARIES, key) as fd:
            return read_entry(key, fd) is not None
    except (OSError, CacheError):
        return False


def _remove(store: Store, folder: str, name: str) -> None:
    import shutil  # heavy

    gone = f"{host_name()}-{os.getpid()}-{os.urandom(6).hex()}"
    with (
        contextlib.suppress(OSError, CacheError),
        opened(store.path, folder) as source,
        opened(store.path, TEMPORARY, create=True) as target,
    ):
        os.rename(name, gone, src_dir_fd=source, dst_dir_fd=target)
        try:
            os.unlink(gone, dir_fd=target)
        except (IsADirectoryError, PermissionError):
            shutil.rmtree(gone, ignore_errors=True, dir_fd=target)
