"""`save` and `load`: parameters in files of arrays, which are data only.

Takes shared variables or arrays by name; gives arrays.  Loading into shared variables looks at all
of them before it writes the first: it changes every one, or none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.saving.files import array_of, write_whole
from gradc.saving.npz import read_npz, write_npz
from gradc.saving.safetensors import read_safetensors, write_safetensors
from gradc.sharedvar import SharedVariable

__all__ = ["load", "save"]

Array = npt.NDArray[Any]
Path = str | os.PathLike[str]
Parameters = Mapping[str, Any] | Sequence[SharedVariable]

_WRITERS: dict[str, Callable[[IO[bytes], Mapping[str, Array]], None]] = {
    ".npz": write_npz,
    ".safetensors": write_safetensors,
}
_READERS: dict[str, Callable[[IO[bytes], str, int], dict[str, Array]]] = {
    ".npz": read_npz,
    ".safetensors": read_safetensors,
}


def save(path: Path, values: Parameters) -> None:
    """Write parameters to a file, whole or not at all.

    path: ends in .npz, which numpy reads, or in .safetensors, which the world of models reads.
    values: from names to shared variables or arrays; or a list of shared variables, which have
        names that differ.
    Raises: ArgumentError, ArgumentTypeError; OSError.
    """
    write = _of_suffix("save", path, _WRITERS)
    named = _named("save", values)
    arrays = {name: array_of(name, _value(name, each)) for name, each in named.items()}
    write_whole(os.fspath(path), lambda file: write(file, arrays))


def load(path: Path, into: Parameters | None = None) -> dict[str, Array]:
    """The arrays of a file, by name.

    path: as for save.  into: shared variables that get the values, as save takes them; the file
        must have exactly these, of their ranks, of the lengths that were declared, and of dtypes
        that set_value takes.  If anything does not fit, none is changed.
    The file need not be trusted: nothing in it is run, and what it claims is checked before memory
    is asked for.
    Raises: FileFormatError for what is no such file or was tampered with, ArgumentError where names
    differ, what set_value raises; OSError.
    """
    read = _of_suffix("load", path, _READERS)
    text = os.fspath(path)
    with open(text, "rb") as file:
        found: dict[str, Array] = read(file, text, os.fstat(file.fileno()).st_size)
    if into is not None:
        _put(text, found, _named("load", into))
    return found


def _of_suffix(caller: str, path: Path, known: Mapping[str, Any]) -> Any:
    if isinstance(os.fspath(path), bytes):
        what = f"{caller}: a path is text, got {printable(repr(path), 60)}."
        raise ArgumentTypeError(message(what, fix="decode it: os.fsdecode(path)."))
    suffix = os.path.splitext(os.fspath(path))[1]
    if suffix not in known:
        what = f"{caller}: {printable(os.fspath(path))} is neither an .npz nor a .safetensors."
        raise ArgumentError(message(what, fix="end its name in one of them."))
    return known[suffix]


def _named(caller: str, values: Any) -> dict[str, Any]:
    """The values by their names."""
    if isinstance(values, Mapping):
        for name in values:
            if not isinstance(name, str) or not name.isprintable():
                what = f"{caller}: a name is printable text, got {printable(repr(name), 60)}."
                raise ArgumentTypeError(message(what))
        return dict(values)
    found: dict[str, Any] = {}
    for each in [values] if isinstance(values, SharedVariable) else values:
        if not isinstance(each, SharedVariable) or not each.name:
            what = f"{caller}: {printable(repr(each), 60)} is no shared variable with a name."
            fix = "pass a dict from names to values, or name it: gradc.shared(value, name)."
            raise ArgumentTypeError(message(what, fix=fix))
        if each.name in found:
            what = f"{caller}: two shared variables are called {printable(each.name, 60)!r}."
            raise ArgumentError(message(what, fix="pass a dict from names to variables."))
        found[each.name] = each
    return found


def _value(name: str, each: Any) -> Any:
    if isinstance(each, SharedVariable):
        return each.get_value()
    if isinstance(each, Variable):
        what = f"save: {printable(name, 60)!r} is symbolic, it has no value."
        raise ArgumentTypeError(message(what, fix="compute it first, or save shared variables."))
    return each


def _put(path: str, found: Mapping[str, Array], into: Mapping[str, Any]) -> None:
    """Set all of the variables, or raise."""
    for name, each in into.items():
        if not isinstance(each, SharedVariable):
            what = f"load: {printable(name, 60)!r} is no shared variable."
            raise ArgumentTypeError(message(what, fix="load into what gradc.shared gave."))
    owners: dict[int, str] = {}
    for name, each in into.items():
        other = owners.setdefault(id(each.cell), name)
        if other != name:
            names = " and ".join(repr(printable(word, 60)) for word in (other, name))
            what = f"load: {names} are one shared variable, which has one value."
            raise ArgumentError(message(what, [where(each)], "give each variable one name."))
    if set(found) != set(into):
        lacks = sorted(map(repr, set(into) - set(found)))[:8]
        more = sorted(map(repr, set(found) - set(into)))[:8]
        what = f"load: {printable(path)} lacks [{', '.join(lacks)}] and has [{', '.join(more)}]."
        fix = "load without into=, and set what you want."
        raise ArgumentError(message(what, fix=fix))
    pairs = [(each, each.accepted(found[name])) for name, each in into.items()]
    for variable, array in pairs:
        variable.cell.keep(np.array(array, order="C"))
