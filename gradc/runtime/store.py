"""The cache on disk: libraries, plans and notes, each found by exact name and trusted by checksum.

    v1/<key>/kernel.so, kernel.c, manifest.json    a library, what it was made from, and how
    plans/<key>.json                               what leads a second process to a library
    machine/<name>.json                            what was found out about compilers and files
    tmp/<host>-<pid>-<random>/                     libraries under construction
    bad/<key>-<random>                             damaged entries, kept for whoever wonders
    zig/                                           what zig, where it is used, builds for itself

Publish: everything is written into tmp/ and synced, then one rename makes the entry; if a rival was
first, theirs is as good.  Load: bytes through one descriptor, sizes and SHA-256 compared, then what
it was made from, byte by byte, so that not even equal keys confuse two functions.  No locks, no
polling, no pickle.  The checksums find damage; against a writer with bad intentions stands only
the directory's mode (directory.py).  Files are 0400; folders stay 0700 and not 0500, or else a
user could not `rm -rf` the cache.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradc.digests import sha256
from gradc.errors import CacheError, warn_user
from gradc.runtime.directory import opened, read_safely
from gradc.runtime.sealed import seal, unseal

__all__ = ["Entry", "Store", "described", "digest_of", "host_name", "read_entry", "write_new"]

LIBRARIES, PLANS, NOTES, TEMPORARY, BAD = "v1", "plans", "machine", "tmp", "bad"
ZIG = "zig"
LIBRARY_FILE, SOURCE_FILE, MANIFEST_FILE = "kernel.so", "kernel.c", "manifest.json"
_LOOK_EVERY = 64  # publishes between two looks at the cache's size
_TOUCH_AFTER = 3600  # seconds; an entry's time of last use need not be known better


def digest_of(data: bytes) -> str:
    """SHA-256 as text."""
    return sha256(data).hexdigest()


def described(data: bytes) -> dict[str, Any]:
    """What a manifest says of a file."""
    return {"size": len(data), "sha256": digest_of(data)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A library out of the store, verified.

    `recipe` is plain data: flags, compiler, features, everything but the C that decided the code.
    """

    key: str
    recipe: dict[str, Any] = field(hash=False)
    command: tuple[str, ...]
    source: bytes = field(repr=False)
    image: bytes = field(repr=False)


class Store:
    """The cache below one directory."""

    def __init__(self, path: Path) -> None:
        """Nothing is looked at before the first use."""
        self.path = path
        self.digests: dict[str, list[Any]] | None = None  # kept for keys.FileDigests
        self._publishes = 0

    def is_time_to_look(self) -> bool:
        """True for the first publish of a process and then now and then: looking reads names."""
        self._publishes += 1
        return self._publishes % _LOOK_EVERY == 1

    def library_path(self, key: str) -> Path:
        """Where the library with this key lies, or would."""
        return self.path / LIBRARIES / key / LIBRARY_FILE

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A new directory of ours, removed after the block unless it was published.

        Raises: CacheError if the store is not safe, OSError if it cannot be written.
        """
        import shutil  # heavy

        name = f"{host_name()}-{os.getpid()}-{os.urandom(6).hex()}"
        with opened(self.path, TEMPORARY, create=True) as fd:
            os.mkdir(name, 0o700, dir_fd=fd)
            os.chmod(name, 0o700, dir_fd=fd)  # whatever the umask is
        try:
            yield self.path / TEMPORARY / name
        finally:
            with contextlib.suppress(OSError, CacheError), opened(self.path, TEMPORARY) as fd:
                shutil.rmtree(name, ignore_errors=True, dir_fd=fd)

    def publish(
        self, workspace: Path, key: str, recipe: dict[str, Any], command: list[str]
    ) -> None:
        """Make the workspace, which holds library and source, the entry of this key.

        Raises: OSError, CacheError; then there is no entry, or a rival's.
        """
        with opened(self.path, TEMPORARY, workspace.name) as fd:
            files = {}
            for name in (LIBRARY_FILE, SOURCE_FILE):
                _sync_file(name, fd)
                data = read_safely(name, fd)
                files[name] = described(data)
            for name in set(os.listdir(fd)) - set(files):
                os.unlink(name, dir_fd=fd)
            body = {"key": key, "recipe": recipe, "command": command, "files": files}
            write_new(MANIFEST_FILE, seal(body | {"created": int(time.time())}), fd)
            os.fsync(fd)
        with (
            opened(self.path, TEMPORARY) as source,
            opened(self.path, LIBRARIES, create=True) as target,
        ):
            try:
                os.rename(workspace.name, key, src_dir_fd=source, dst_dir_fd=target)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                return  # a rival won
            except OSError:
                if key not in os.listdir(target):  # ENOTEMPTY is spelled differently on systems
                    raise
                return
            with contextlib.suppress(OSError):  # the entry stands; what is left is best effort
                os.fsync(target)

    def load(self, key: str) -> Entry | None:
        """The entry of this key, or None; a damaged one is put aside, with a warning."""
        found = False
        try:
            with opened(self.path, LIBRARIES, key) as fd:
                found = True
                entry = read_entry(key, fd)
                if entry is not None:
                    _touch(fd, ".")
                    return entry
        except FileNotFoundError:
            if not found:
                return None
        except (OSError, CacheError):
            pass  # unreadable, a link, somebody else's: as good as damaged
        self.put_aside(LIBRARIES, key)
        return None

    def put_aside(self, folder: str, name: str) -> None:
        """Move something damaged to bad/ and say so; nothing if it has gone in the meantime."""
        aside = f"{name}-{os.urandom(4).hex()}"
        try:
            with (
                opened(self.path, folder) as source,
                opened(self.path, BAD, create=True) as target,
            ):
                os.rename(name, aside, src_dir_fd=source, dst_dir_fd=target)
        except FileNotFoundError:
            return
        except (OSError, CacheError):
            pass
        where = self.path / folder / name
        text = f"gradc: the cache entry {where} is damaged; it is made anew."
        warn_user(text)

    def get_plan(self, key: str) -> bytes | None:
        """What `put_plan` wrote under this key, or None."""
        body = self._get(PLANS, f"{key}.json")
        if isinstance(body, dict) and body.get("key") == key and isinstance(body.get("plan"), str):
            plan: str = body["plan"]
            return plan.encode()
        return None

    def plan_recipe(self, key: str) -> dict[str, Any] | None:
        """What the name of a plan was made of, or None."""
        body = self._get(PLANS, f"{key}.json")
        recipe = body.get("recipe") if isinstance(body, dict) else None
        return recipe if isinstance(recipe, dict) else None

    def put_plan(self, key: str, plan: bytes, recipe: dict[str, Any]) -> bool:
        """Keep JSON under a key, beside what the key was made of; whether that was possible."""
        body = {"key": key, "plan": plan.decode(), "recipe": recipe}
        return self._put(PLANS, f"{key}.json", body)

    def get_note(self, name: str) -> Any:
        """What `put_note` wrote under this name, or None."""
        return self._get(NOTES, f"{name}.json")

    def put_note(self, name: str, body: Any) -> bool:
        """Remember plain data about this machine; whether that was possible."""
        return self._put(NOTES, f"{name}.json", body)

    def _get(self, folder: str, name: str) -> Any:
        try:
            with opened(self.path, folder) as fd:
                data = read_safely(name, fd)
                _touch(fd, name)
        except (OSError, CacheError):
            return None
        body = unseal(data)
        if body is None:
            self.put_aside(folder, name)
        return body

    def _put(self, folder: str, name: str, body: Any) -> bool:
        temporary = f"{host_name()}-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            with (
                opened(self.path, folder, create=True) as target,
                opened(self.path, TEMPORARY, create=True) as source,
            ):
                try:
                    write_new(temporary, seal(body), source, sync=False)
                    os.rename(temporary, name, src_dir_fd=source, dst_dir_fd=target)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.unlink(temporary, dir_fd=source)
                    raise
        except (OSError, CacheError):
            return False
        return True


def read_entry(key: str, fd: int) -> Entry | None:
    """The entry in an open directory if every byte is what was published under `key`."""
    body = unseal(read_safely(MANIFEST_FILE, fd))
    if not isinstance(body, dict) or body.get("key") != key:
        return None
    files = {}
    for name in (LIBRARY_FILE, SOURCE_FILE):
        data = read_safely(name, fd)
        if body.get("files", {}).get(name) != described(data):
            return None
        files[name] = data
    command = tuple(body.get("command", ()))
    return Entry(key, body.get("recipe", {}), command, files[SOURCE_FILE], files[LIBRARY_FILE])


def host_name() -> str:
    """This host, as it stands in names of temporary directories."""
    return "".join(c if c.isalnum() else "_" for c in os.uname().nodename)[:40]


def write_new(name: str, data: bytes, dir_fd: int, *, sync: bool = True) -> None:
    """A new file of this user's alone, mode 0600. Raises: OSError if it is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, 0o600, dir_fd=dir_fd), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def _sync_file(name: str, dir_fd: int) -> None:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        os.fchmod(fd, 0o400)
        os.fsync(fd)
    finally:
        os.close(fd)


def _touch(fd: int, name: str) -> None:
    """Note that an entry was used, for eviction."""
    with contextlib.suppress(OSError):
        if time.time() - os.stat(name, dir_fd=fd, follow_symlinks=False).st_mtime > _TOUCH_AFTER:
            os.utime(name, dir_fd=fd, follow_symlinks=False)
