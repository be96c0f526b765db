"""Files that are written whole or not at all, and what may stand in a file of arrays."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentTypeError, FileFormatError, message, printable

__all__ = ["DTYPES", "array_of", "bad_file", "write_whole"]

Array = npt.NDArray[Any]

# What files of arrays may hold: no objects, no records, no text.
DTYPES = frozenset(
    (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
)  # fmt: skip


def bad_file(path: str, what: str) -> FileFormatError:
    """The error about a file that is not what it should be."""
    fix = "load a file that was saved whole, by a program you know."
    return FileFormatError(message(f"load: {printable(path)}: {printable(what)}.", fix=fix))


def array_of(name: str, value: Any) -> Array:
    """A value as a plain array to be written."""
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of other lengths
        why = printable(str(error), 80)
        what = f"save: {printable(name, 60)!r} is no array of numbers ({why})."
        fix = "save each row under a name of its own."
        raise ArgumentTypeError(message(what, fix=fix)) from None
    dtype = array.dtype.newbyteorder("=")
    if dtype.name not in DTYPES:
        what = f"save: {printable(name, 60)!r} is no array of numbers ({array.dtype})."
        raise ArgumentTypeError(message(what, fix="save arrays of floats, integers or bools."))
    return np.asarray(array, dtype, order="C")


def write_whole(path: str, write: Callable[[IO[bytes]], None]) -> None:
    """Have a file written beside its place and put there by one rename: all of it, or none.

    A link is followed, as by open(); the mode is what the umask says.  Raises: OSError.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:60]}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(temporary, flags, 0o666), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            raise type(error)(error.errno, error.strerror, path) from None  # the name users know
        raise
    with contextlib.suppress(OSError):  # the file is there; whether it lasts is best effort
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
