"""Open directories that nobody else can write to.

Takes a path; gives a descriptor, or says why not.  Whoever can write to the cache can run code as
its user, so every open walks down from the root and looks at each step: owned by root or by us,
not writable by others (unless sticky, as /tmp).  All further work goes through the descriptor; no
path is resolved twice.  Nothing is ever repaired: a wrong mode may be somebody's intention.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradc.errors import CacheError, message, printable

__all__ = ["is_ours", "open_safely", "opened", "read_safely"]

_FLAGS = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WALK = getattr(os, "O_PATH", os.O_RDONLY)  # a parent need not be readable
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def open_safely(path: Path, *, create: bool = False) -> int:
    """A descriptor of the directory; `create` makes what is missing, with mode 0700.

    Raises: CacheError if it, or a parent, is not safe; OSError if it cannot be opened or made.
    """
    parent = os.path.realpath(path.parent)
    parts = (*Path(parent).parts[1:], path.name)
    fd = os.open("/", _WALK | _FLAGS)
    where = "/"
    try:
        _refuse_unsafe_parent(os.fstat(fd), where)
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            where = os.path.join(where, part)
            lower = _step(fd, part, last=last, create=create, where=where)
            os.close(fd)
            fd = lower
            (_refuse_unsafe if last else _refuse_unsafe_parent)(os.fstat(fd), where)
    except BaseException:
        os.close(fd)
        raise
    return fd


@contextmanager
def opened(path: Path, *below: str, create: bool = False) -> Iterator[int]:
    """A descriptor of the directory `below` inside a safe one, for a block of code."""
    fd = open_safely(path, create=create)
    try:
        for part in below:
            where = os.path.join(path, *below)
            lower = _step(fd, part, last=True, create=create, where=where)
            os.close(fd)
            fd = lower
            _refuse_unsafe(os.fstat(fd), where)
        yield fd
    finally:
        os.close(fd)


def read_safely(name: str, dir_fd: int) -> bytes:
    """The bytes of a regular file that is ours, read through one descriptor.

    Raises: OSError if it cannot be read, is no regular file, or is not ours alone.
    """
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=dir_fd)
    with open(fd, "rb", buffering=0) as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or not is_ours(status):
            raise OSError(f"{name} is no regular file of this user alone")
        return file.readall()


def is_ours(status: os.stat_result) -> bool:
    """Whether a file or directory belongs to this user and nobody else may write to it."""
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE


def _step(fd: int, name: str, *, last: bool, create: bool, where: str) -> int:
    flags = (os.O_RDONLY if last else _WALK) | _FLAGS
    try:
        return os.open(name, flags, dir_fd=fd)
    except FileNotFoundError:
        if not create:
            raise
    except NotADirectoryError:  # what Linux says of a link here
        raise _unsafe(where, "is a symbolic link or no directory") from None
    try:
        os.mkdir(name, 0o700, dir_fd=fd)
    except FileExistsError:
        return os.open(name, flags, dir_fd=fd)
    os.chmod(name, 0o700, dir_fd=fd)  # whatever the umask is
    return os.open(name, os.O_RDONLY | _FLAGS, dir_fd=fd)


def _refuse_unsafe(status: os.stat_result, where: str) -> None:
    if status.st_uid != os.geteuid():
        raise _unsafe(where, f"belongs to user {status.st_uid}, not to {os.geteuid()}")
    if status.st_mode & _OTHERS_WRITE:
        raise _unsafe(where, f"is writable by others (mode {stat.S_IMODE(status.st_mode):04o})")


def _refuse_unsafe_parent(status: os.stat_result, where: str) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise _unsafe(where, f"belongs to user {status.st_uid}, not to {os.geteuid()} or root")
    mode = status.st_mode
    if mode & stat.S_ISVTX:
        return
    # Debian gives each user a group of the same number, and Ubuntu a umask of 002.
    private_group = status.st_gid == os.geteuid() == status.st_uid
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not private_group):
        raise _unsafe(where, f"is writable by others (mode {stat.S_IMODE(mode):04o})")


def _unsafe(where: str, reason: str) -> CacheError:
    what = f"cache: {printable(where)} {reason}."
    fix = "use a directory that only you can write to: config.cache_dir or GRADC_CACHE_DIR."
    return CacheError(message(what, fix=fix))
