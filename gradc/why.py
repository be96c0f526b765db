"""`gradc why`: run a program, and say of each function it makes what the cache knew.

Takes a script, or `module:function`; gives lines of text.  A miss is explained by the entry that
was nearest when the program began: which parts of the key differ, and where the C begins to.
"""

from __future__ import annotations

import contextlib
import os
import pkgutil
import runpy
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradc.call.lookup import Lookup
from gradc.errors import ArgumentError, CacheError, message, printable
from gradc.options import Options, config
from gradc.runtime.cache import open_store
from gradc.runtime.directory import opened
from gradc.runtime.store import LIBRARIES, PLANS, Entry, Store, read_entry

__all__ = ["explain", "run"]

_SHOWN = 12  # characters of a key
_PARTS = {  # of a recipe, in the words of a message
    "compiler": "the compiler",
    "flags": "the compiler's flags",
    "arch": "the processor",
    "features": "the processor's features",
    "processor": "the processor",
    "options": "gradc's options (floatX, level)",
    "versions": "the version of Python or numpy",
    "code": "gradc's own files",
    "graph": "the graph",
}


def run(target: str, arguments: Sequence[str], found: list[Lookup]) -> None:
    """Run `script.py` or `module:function`; each function it makes adds a Lookup to `found`.

    Raises: ArgumentError if there is no such program; whatever it raises, but for SystemExit.
    """
    is_script = Path(target).is_file()
    sys.path.insert(0, os.path.dirname(os.path.abspath(target)) if is_script else os.getcwd())
    sys.argv = [target, *arguments]
    with config.override(on_compile=found.append), contextlib.suppress(SystemExit):
        if is_script:
            runpy.run_path(target, run_name="__main__")
        else:
            _resolved(target)()


def _resolved(target: str) -> Callable[[], object]:
    try:
        function: Callable[[], object] = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError) as error:
        what = f"why: {printable(target)} is neither a file nor module:function ({error})."
        raise ArgumentError(
            message(what, fix="name a script.py, or package.module:main.")
        ) from None
    return function


class Before:
    """What the cache held before the program ran."""

    def __init__(self, options: Options) -> None:
        self.store = open_store(options)
        self.libraries = _names(self.store, LIBRARIES)
        self.plans = {name.removesuffix(".json") for name in _names(self.store, PLANS)}


def explain(lookup: Lookup, before: Before) -> Iterator[str]:
    """What to say of one function."""
    place = f" ({printable(str(lookup.site))})" if lookup.site else ""
    head = f"{printable(lookup.name)}{place}:"
    library = lookup.library
    if library is None:
        yield f"{head} interpreted, there is no compiler"
        return
    key = library.key[:_SHOWN]
    if lookup.hit:
        yield f"{head} hit, library {key}"
        return
    if library.key in before.libraries:
        yield f"{head} the graph is new, its C is not: library {key}, nothing was compiled"
    else:
        yield f"{head} miss, compiled to library {key}"
    if lookup.slot is None:
        yield "  its graph is never looked up: it holds a Python callback or an operation of yours"
    elif library.key in before.libraries:
        yield from _plan_reasons(lookup.slot.recipe, before)
    if library.key not in before.libraries:
        yield from _library_reasons(library.key, before)


def _plan_reasons(recipe: Mapping[str, Any], before: Before) -> Iterator[str]:
    """In what the nearest plan's name differs."""
    known = [before.store.plan_recipe(key) for key in sorted(before.plans)]
    different = [_differences(recipe, each) for each in known if each is not None]
    if not different:
        yield "  no plan was in the cache"
        return
    nearest = min(different, key=lambda names: (len(names), "graph" in names))
    yield f"  the nearest plan differs in {_listed(nearest)}"


def _library_reasons(key: str, before: Before) -> Iterator[str]:
    """In what the nearest library differs."""
    made = _entry(before.store, key)
    if made is None:
        yield "  it could not be kept: see the warning about the cache"
        return
    entries = (_entry(before.store, each) for each in sorted(before.libraries))
    known = [each for each in entries if each is not None]
    if not known:
        yield "  the cache was empty"
        return
    lines = Counter(made.source.splitlines())
    nearest = max(known, key=lambda each: _likeness(made, each, lines))
    parts = _differences(made.recipe, nearest.recipe)
    head = f"  the nearest library, {nearest.key[:_SHOWN]}, differs in"
    if made.source == nearest.source:
        yield f"{head} {_listed(parts)}"
    else:
        yield f"{head} {_listed([*parts, 'its C'])}:"
        yield from _first_difference(made, nearest)


def _likeness(made: Entry, other: Entry, lines: Counter[bytes]) -> tuple[bool, int, int]:
    common = (lines & Counter(other.source.splitlines())).total()
    return made.source == other.source, common, -len(_differences(made.recipe, other.recipe))


def _first_difference(made: Entry, other: Entry) -> Iterator[str]:
    here, there = (each.source.decode().splitlines() for each in (made, other))
    same = 0
    while same < min(len(here), len(there)) and here[same] == there[same]:
        same += 1
    for word, lines in ((f"line {same + 1}, here", here), ("there", there)):
        text = lines[same].strip() if same < len(lines) else "(the end)"
        yield f"    {word + ':':<16} {printable(text, 80)}"


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in one if one[name] != other.get(name)]


def _listed(parts: Sequence[str]) -> str:
    words = list(dict.fromkeys(_PARTS.get(part, part) for part in parts))
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _entry(store: Store, key: str) -> Entry | None:
    """An entry as it is; a damaged one is left for those who need it."""
    try:
        with opened(store.path, LIBRARIES, key) as fd:
            return read_entry(key, fd)
    except (OSError, CacheError):
        return None


def _names(store: Store, folder: str) -> set[str]:
    try:
        with opened(store.path, folder) as fd:
            return set(os.listdir(fd))
    except (OSError, CacheError):
        return set()
