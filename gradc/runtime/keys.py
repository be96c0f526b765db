"""What a library depends on, as keys.

Takes C text, flags, a compiler and the files that gradc ships; gives a Recipe, whose key is the
library's name in the cache.  Content only: no versions to bump by hand, no time stamps.  Reading
thirty megabytes of compiler takes longer than compiling, so digests are remembered by device,
inode, size and both times of a file, but not for files so young that a second write could leave
all of these as they are.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradc.digests import sha256
from gradc.runtime.sealed import canonical
from gradc.runtime.store import Store, digest_of
from gradc.value import value

__all__ = [
    "FileDigests",
    "Recipe",
    "csrc_path",
    "data_files",
    "generator_files",
    "module_files",
    "tree_digest",
]

_PACKAGE = Path(__file__).resolve().parents[1]
_YOUNG = 2_000_000_000  # ns; coarser than the time stamps of any file system but FAT
_NOTE = "digests"


@value
class Recipe:
    """All that decides a library's code, beside the C text itself."""

    compiler: str
    arch: str
    features: tuple[str, ...]
    flags: tuple[str, ...]
    code: str

    def body(self) -> dict[str, Any]:
        """Plain data, as a manifest keeps it."""
        return {
            "compiler": self.compiler,
            "arch": self.arch,
            "features": list(self.features),
            "flags": list(self.flags),
            "code": self.code,
        }

    def key(self, text: bytes) -> str:
        """The name of the library compiled from this text."""
        return digest_of(canonical(self.body()) + b"\n" + text)


class FileDigests:
    """SHA-256 of files, remembered in the store across processes, and by it in this one."""

    def __init__(self, store: Store) -> None:
        """Reads what is remembered when the first digest is asked for."""
        self._store = store
        self._changed = False

    def digest(self, path: Path) -> str:
        """The digest of a file's bytes.

        Raises: OSError if it cannot be read.
        """
        remembered = self._remembered()
        status = os.stat(path)
        mark = [status.st_dev, status.st_ino, status.st_size]
        mark += [status.st_mtime_ns, status.st_ctime_ns]
        known = remembered.get(str(path))
        if known is not None and known[:-1] == mark:
            return str(known[-1])
        value = digest_of(path.read_bytes())
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _YOUNG:
            remembered[str(path)] = [*mark, value]
            self._changed = True
        return value

    def save(self) -> None:
        """Remember what was read, if anything was."""
        if self._changed:
            self._store.put_note(_NOTE, self._remembered())
            self._changed = False

    def _remembered(self) -> dict[str, list[Any]]:
        if self._store.digests is None:
            note = self._store.get_note(_NOTE)
            self._store.digests = note if isinstance(note, dict) else {}
        return self._store.digests


def _shipped(name: str) -> Path:
    """A folder of data: the checkout's, or the one packaged as gradc._<name>."""
    checkout = _PACKAGE.parent / name
    here = (_PACKAGE.parent / "csrc" / "inline" / "gradc" / "abi.h").is_file()
    return checkout if here else _PACKAGE / f"_{name}"


def csrc_path() -> Path:
    """The folder csrc: inline headers are in csrc/inline."""
    return _shipped("csrc")


def generator_files() -> tuple[Path, ...]:
    """What turns a Program into code, C side included."""
    roots = (
        csrc_path() / "inline",
        csrc_path() / "machine",
        _PACKAGE / "emit",
        _shipped("templates"),
    )
    return tuple(path for root in roots for path in _files(root))


@functools.cache
def data_files() -> tuple[Path, ...]:
    """What is read when C is written and compiled: templates and headers."""
    return tuple(path for path in generator_files() if path.suffix != ".py")


@functools.cache
def module_files() -> tuple[Path, ...]:
    """Our Python files: which of them `function` runs depends on the graph."""
    return tuple(path for path in _files(_PACKAGE) if path.suffix == ".py")


def tree_digest(files: tuple[Path, ...], digests: FileDigests) -> str:
    """One digest of many files: their places below the package or checkout, and their bytes."""
    total = sha256()
    home = f"{_PACKAGE.parent}{os.sep}"
    for path in files:
        name = str(path).removeprefix(home)
        total.update(f"{name}\0{digests.digest(path)}\n".encode())
    return total.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    """Sources below a folder, in one order everywhere."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f != "__pycache__" and not f.startswith("_"))
        for name in sorted(names):
            if name.endswith((".py", ".c", ".h", ".j2")):
                yield Path(folder, name)
