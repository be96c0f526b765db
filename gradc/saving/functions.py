"""Compiled functions on disk: `f.save(path)` and `gradc.load_function(path)`.

Takes a Function and a path; gives a directory with the library, its C, the arrays of the function,
and one sealed manifest that has their checksums and says the rest.  Takes such a directory; gives a
Function, without a compiler.  It is code, and treated as an entry of the cache is: opened step by
step, owned by this user, writable by nobody else, compared with its checksums, loaded from the
bytes that were compared.  The checksums find damage; against a writer with bad intentions stand
only owner and mode (SECURITY.md).
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradc.call.bind import bind
from gradc.call.function import Function
from gradc.call.modes import as_mode
from gradc.call.plan import Plan, read_plan, write_plan
from gradc.call.request import Recipe
from gradc.compile import stages_of
from gradc.errors import (
    ArgumentError,
    CacheError,
    FileFormatError,
    UntrustedError,
    WrongMachineError,
    message,
    printable,
)
from gradc.runtime.build import build, current_target
from gradc.runtime.directory import opened, read_safely
from gradc.runtime.library import Library
from gradc.runtime.sealed import seal, unseal
from gradc.runtime.store import described, write_new
from gradc.runtime.toolchain import host_target
from gradc.saving.described import described_function, read_description
from gradc.saving.npz import read_npz, write_npz

__all__ = ["load_function", "save_function"]

_LIBRARY, _SOURCE, _ARRAYS, _MANIFEST = "kernel.so", "kernel.c", "arrays.npz", "function.json"
_PARTS = (_LIBRARY, _SOURCE, _ARRAYS)
_FORMAT = "gradc function 1"


def save_function(function: Function, path: str | os.PathLike[str]) -> None:
    """What Function.save does and raises."""
    recipe, descent = function.recipe, function.stages.descent
    if recipe is None or descent is None or function.stages.library is None:
        what = f"{function.name}.save: it is interpreted, so there is no code to be saved."
        raise ArgumentError(message(what, fix="pickle it, or make it in the mode FAST_RUN."))
    body, arrays, flat = described_function(recipe)
    target = current_target(recipe.options)
    library = build(descent.source, target, recipe.options)
    held = io.BytesIO()
    write_npz(held, arrays)
    files = {
        _LIBRARY: library.image or library.path.read_bytes(),
        _SOURCE: descent.source.text.encode(),
        _ARRAYS: held.getvalue(),
    }
    body |= {
        "format": _FORMAT,
        "system": [sys.platform, target.arch, sys.byteorder],
        "features": list(target.features),
        "command": list(library.command),
        "plan": write_plan(descent.plan(flat, library.key)).decode(),
        "files": {name: described(data) for name, data in files.items()},
    }
    _publish(Path(os.path.abspath(path)), {**files, _MANIFEST: seal(body)})


def _publish(path: Path, files: Mapping[str, bytes]) -> None:
    """A new directory with these files, put in its place by one rename."""
    if os.path.lexists(path):
        what = f"save: {printable(str(path))} is there already."
        raise ArgumentError(message(what, fix="choose another place, or remove it first."))
    temporary = path.with_name(f".{path.name[:60]}.{os.urandom(6).hex()}")
    os.mkdir(temporary, 0o700)
    try:
        descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name, data in files.items():
                write_new(name, data, descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(temporary)
        raise


def load_function(path: str | os.PathLike[str]) -> Function:
    """A function that f.save wrote: called as the first one, with shared variables of its own.

    Its shared variables have the values that were saved: f.get_shared().  The directory is code:
    it, its files and the folders above must be this user's or root's, and writable by nobody else.
    Raises: UntrustedError where that is not so, FileFormatError for what is damaged or no saved
    function, WrongMachineError where the processor lacks something or gradc is too different;
    OSError.
    """
    place = Path(os.path.abspath(path))
    body, files = _read(place)
    _check_machine(place, body)
    held = io.BytesIO(files[_ARRAYS])
    arrays = read_npz(held, str(place / _ARRAYS), len(files[_ARRAYS]))
    try:
        request, options, flat = read_description(body, arrays)
        plan = read_plan(body["plan"].encode(), flat.variables)
        mode, command = as_mode(body["mode"]), tuple(body["command"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError) as error:
        raise WrongMachineError(_other_version(place, str(error))) from None
    if plan is None:
        raise WrongMachineError(_other_version(place, "its plan cannot be read"))
    stages = stages_of(request, host_target(), options)
    stages.library = Library(place / _LIBRARY, plan.library, command, files[_LIBRARY])
    function = _bound(place, request, stages, plan, flat.variables, options)
    function.recipe = Recipe(request, mode, options)
    return function


def _bound(place: Path, request: Any, stages: Any, plan: Plan, *rest: Any) -> Function:
    try:
        return bind(request, stages, plan, *rest)
    except OSError as error:
        raise WrongMachineError(_other_version(place, str(error))) from None


def _read(place: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the files it names, every byte compared."""
    try:
        with opened(place) as fd:
            body = unseal(_bytes(_MANIFEST, fd, place))
            files = {name: _bytes(name, fd, place) for name in _PARTS}
    except CacheError as error:
        what = str(error).splitlines()[0].removeprefix("cache: ")
        fix = "load only what nobody else could change: chown it to you, chmod -R go-w."
        raise UntrustedError(message(f"load_function: {what}", fix=fix)) from None
    if not isinstance(body, dict) or body.get("format") != _FORMAT:
        raise _damaged(place, f"{_MANIFEST} is damaged, or of another format")
    for name, data in files.items():
        if body["files"].get(name) != described(data):
            raise _damaged(place, f"{name} is not what was saved")
    return body, files


def _bytes(name: str, fd: int, place: Path) -> bytes:
    try:
        return read_safely(name, fd)
    except FileNotFoundError:
        raise _damaged(place, f"there is no {name}") from None
    except OSError as error:
        what = f"load_function: {printable(str(place / name))}: {error}."
        fix = "load only what nobody else could change: chown it to you, chmod -R go-w."
        raise UntrustedError(message(what, fix=fix)) from None


def _damaged(place: Path, what: str) -> FileFormatError:
    text = f"load_function: {printable(str(place))}: {what}."
    return FileFormatError(message(text, fix="save the function again: f.save(path)."))


def _other_version(place: Path, why: str) -> str:
    what = f"load_function: {printable(str(place))} is of another version of gradc ({why})."
    return message(what, fix="save it again with this one, or pickle it.")


def _check_machine(place: Path, body: Mapping[str, Any]) -> None:
    """Raise unless the processor has all that the code may use."""
    target = host_target()
    here = [sys.platform, target.arch, sys.byteorder]
    lacks = sorted(set(body["features"]) - set(target.features))
    if body["system"] == here and not (lacks and body["features"]):
        return
    why = f"the processor lacks {', '.join(lacks[:8])}" if lacks else f"this is {' '.join(here)}"
    what = f"load_function: {printable(str(place))} is for {' '.join(body['system'])}; {why}."
    raise WrongMachineError(message(what, fix="save it on this machine, or pickle it."))
