"""Give a verified library to the dynamic loader, with nothing in between.

Takes the bytes that were checked; gives a path that dlopen may open inside the `with` block.  The
bytes go into sealed memory: what happens to the cache's file afterwards (truncation is SIGBUS in
whoever has it mapped) cannot hurt.  glibc looks for a library it has loaded under the same name
first, and descriptor numbers are used again, so each load spells the path differently (tried:
with the same spelling the previous library came back).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gradc.runtime.library import Library

__all__ = ["loadable"]

_loads = itertools.count(1)


@contextmanager
def loadable(library: Library) -> Iterator[str]:
    """A path to open the library by; it is gone after the block, what was loaded is not.

    Raises: OSError if there is neither memory nor disk for its bytes.
    """
    if not library.image:
        yield str(library.path)
        return
    with ExitStack() as stack:
        yield _copy(library, stack)


def _copy(library: Library, stack: ExitStack) -> str:
    """Where the bytes lie until the stack is closed: in memory, in a file, or where they were."""
    try:
        fd = _sealed_memory(library.image)
        stack.callback(os.close, fd)
        path = _fresh_spelling(fd, next(_loads))
        if os.path.exists(path):  # there may be no /proc
            return path
    except (AttributeError, OSError):  # another system; refused by a sandbox; no room
        pass
    try:
        return stack.enter_context(_private_copy(library.image))
    except OSError:
        if not library.path.exists():
            raise
        return str(library.path)  # no copy can be made; it was verified a moment ago


def _sealed_memory(image: bytes) -> int:
    import fcntl  # not on every system

    fd = os.memfd_create("gradc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(image)
        while view:
            view = view[os.write(fd, view) :]
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _fresh_spelling(fd: int, load: int) -> str:
    """The descriptor's path with the load's number hidden in it: each bit is a `/` or a `/.`."""
    bits = "".join("/." if bit == "1" else "/" for bit in f"{load:b}")
    return f"/proc/self/fd{bits}/{fd}"


@contextmanager
def _private_copy(image: bytes) -> Iterator[str]:
    import tempfile  # heavy

    with tempfile.TemporaryDirectory(prefix="gradc-") as folder:
        path = Path(folder, "library.so")
        path.write_bytes(image)
        yield str(path)
