"""From Source to Library: look into the cache, else compile and publish.

Takes a Source, a Target and Options; gives a Library whose bytes have been verified.  A cache that
fails (full disk, read-only, damaged entries) costs time and one warning, never a result.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from gradc.emit.source import Source
from gradc.errors import CacheError, CompileError, CompilerNotFound, message, warn_user
from gradc.options import Options, Target
from gradc.runtime.beside import Beside
from gradc.runtime.cache import open_store
from gradc.runtime.compiler import Compiler, Conditions
from gradc.runtime.keys import (
    FileDigests,
    Recipe,
    csrc_path,
    generator_files,
    tree_digest,
)
from gradc.runtime.library import Library
from gradc.runtime.store import LIBRARY_FILE, SOURCE_FILE, Entry, Store
from gradc.runtime.toolchain import (
    compile_library,
    find_compiler,
    flags_for,
    host_target,
    was_asked,
)
from gradc.runtime.upkeep import evict
from gradc.value import value

__all__ = ["build", "current_target", "target_meanwhile"]

# What a compiler says, in the C locale, when it is not its fault.
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")
_ROOM = 8 << 20  # bytes that compiling a function may need on the way


def current_target(options: Options) -> Target:
    """This machine with the compiler that the options name; without a compiler, if there is none.

    Raises: CompileError if the compiler cannot compile a trivial file.
    """
    try:
        return host_target(find_compiler(options, open_store(options)))
    except CompilerNotFound:
        return host_target()


def target_meanwhile(options: Options, work: Callable[[], object]) -> Target:
    """As `current_target`; where it takes its time, on a cache that is new, `work` is done beside.

    Nothing compiled can be in such a cache, so the way down has to be gone in any case.
    Raises: CompileError as `current_target`; what `work` raises is left to whoever does it again.
    Whatever interrupts it; the compiler that was asked is killed.
    """
    if was_asked(options, open_store(options)):
        return current_target(options)
    found: list[Target] = []
    failed: list[BaseException] = []

    def look() -> None:
        try:
            found.append(current_target(options))
        except BaseException as error:
            failed.append(error)

    beside = Beside(look, "gradc-compiler")
    beside.start()
    try:
        with contextlib.suppress(Exception):
            work()
        beside.join()
    except BaseException:  # Ctrl-C: no compiler is left behind
        beside.give_up()
        raise
    if failed:
        raise failed[0]
    return found[0]


def build(source: Source, target: Target, options: Options) -> Library:
    """The library of this C, out of the cache or made now.

    Raises: CompilerNotFound, CompileError; CacheError if `options.cache_strict`.
    """
    store = open_store(options)
    compiler = find_compiler(options, store)
    level = source.level if options.level is None else options.level
    recipe = _recipe(compiler, target, level, options, store)
    text = source.text.encode()
    job = _Job(recipe.key(text), recipe, text, compiler, options, store)
    with _lock_of(job.key):  # threads that want the same library wait for the first
        entry = store.load(job.key)
        if entry is not None and job.made(entry):
            return _library(entry, store)
        if not compiler.available:
            what = (
                f"the compiler {compiler.command[0]} has gone; this function is not in the cache."
            )
            raise CompilerNotFound(message(what, fix="install it again, or set config.cc."))
        if entry is not None:  # equal keys, different code: it has no place in the cache
            return _compile_elsewhere(job)
        return _make(job)


def _recipe(
    compiler: Compiler, target: Target, level: int, options: Options, store: Store
) -> Recipe:
    digests = FileDigests(store)
    code = tree_digest(generator_files(), digests)
    digests.save()
    flags = flags_for(compiler, target, level, options)
    return Recipe(compiler.identity, target.arch, target.features, flags, code)


@value
class _Job:
    """One library to be made."""

    key: str
    recipe: Recipe
    text: bytes
    compiler: Compiler
    options: Options
    store: Store

    def made(self, entry: Entry) -> bool:
        """Whether the entry came from exactly this; equal keys alone do not say so."""
        return entry.source == self.text and entry.recipe == self.recipe.body()


def _make(job: _Job) -> Library:
    """Compile, and publish if that is possible."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(job.store.workspace())
            library = _compile(job, folder)
        except CompileError as error:
            if not _lacks_space(job.store, error):
                raise
            _warn_once(job.store.path, "no space left")
        except (CacheError, OSError) as error:
            if isinstance(error, CompilerNotFound):
                raise
            _warn_once(job.store.path, str(error).splitlines()[0])
        else:
            return _publish(job, library, folder)
    return _compile_elsewhere(job)


def _lacks_space(store: Store, error: CompileError) -> bool:
    """Whether a compiler failed for want of room; an assembler may say so where nobody reads it."""
    if any(words in str(error) for words in _NO_SPACE):
        return True
    try:
        disk = os.statvfs(store.path)
    except OSError:
        return False
    inodes = disk.f_favail if disk.f_files else _ROOM  # some systems count none
    return disk.f_bavail * disk.f_frsize < _ROOM or inodes < 16


def _compile(job: _Job, folder: Path) -> Library:
    source = folder / SOURCE_FILE
    source.write_bytes(job.text)
    source.chmod(0o600)  # whatever the umask is
    command = compile_library(
        job.compiler,
        job.recipe.flags,
        folder,
        csrc_path() / "inline",
        Conditions.of(job.options, job.store),
    )
    image = (folder / LIBRARY_FILE).read_bytes()
    return Library(job.store.library_path(job.key), job.key, tuple(command), image)


def _compile_elsewhere(job: _Job) -> Library:
    """Compile where temporary files are, and keep the library in memory."""
    import tempfile  # heavy

    with tempfile.TemporaryDirectory(prefix="gradc-", ignore_cleanup_errors=True) as name:
        return _compile(job, Path(name))


def _publish(job: _Job, library: Library, folder: Path) -> Library:
    """Publish what was made, and read it back: after a lost race it is the winner's."""
    try:
        job.store.publish(folder, job.key, job.recipe.body(), list(library.command))
        entry = job.store.load(job.key)
        evict(job.store, job.options.cache_size, keep=job.key)
    except (OSError, CacheError) as error:
        _warn_once(job.store.path, str(error).splitlines()[0])
        return library
    return _library(entry, job.store) if entry is not None and job.made(entry) else library


def _library(entry: Entry, store: Store) -> Library:
    return Library(store.library_path(entry.key), entry.key, entry.command, entry.image)


@functools.cache
def _warn_once(path: Path, reason: str) -> None:
    text = f"gradc: the cache {path} cannot be written ({reason}); functions work all the same."
    warn_user(text)


class _Lock:
    """A lock that a weak dictionary can hold."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_locks: weakref.WeakValueDictionary[str, _Lock] = weakref.WeakValueDictionary()
_locks_lock = threading.Lock()


def _lock_of(key: str) -> _Lock:
    with _locks_lock:
        lock = _locks.get(key)
        if lock is None:
            lock = _locks[key] = _Lock()
        return lock
