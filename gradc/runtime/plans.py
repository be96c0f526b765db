"""The short way of a second process: from a graph to its plan, and to the library that names.

Takes a graph as bytes, a Target and Options; gives a PlanSlot, where the plan of that graph is or
would be.  Its name is the hash of all that decides what becomes of the graph: the compiler, its
flags, the processor, options, and every file of the package.  So nothing has to be lowered or
written as C to find a library, and nothing needs a version to be bumped.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path
from typing import Any

import numpy as np

from gradc.errors import CompilerNotFound
from gradc.options import Options, Target
from gradc.runtime.cache import open_store
from gradc.runtime.keys import FileDigests, data_files, module_files, tree_digest
from gradc.runtime.library import Library
from gradc.runtime.sealed import canonical
from gradc.runtime.store import Store, digest_of
from gradc.runtime.toolchain import find_compiler, flags_for
from gradc.value import value

__all__ = ["PlanSlot", "plan_slot"]


@value
class PlanSlot:
    """The place of one plan; `recipe` is what its name was made of."""

    store: Store
    recipe: dict[str, Any]

    @property
    def key(self) -> str:
        """The plan's name."""
        return digest_of(canonical(self.recipe))

    def get(self) -> bytes | None:
        """The plan, if it is there and sound."""
        return self.store.get_plan(self.key)

    def put(self, plan: bytes) -> bool:
        """Keep a plan; whether that was possible."""
        return self.store.put_plan(self.key, plan, self.recipe)

    def library(self, key: str) -> Library | None:
        """The library with this key, if it is there and was made by and for what is here now.

        What generated its C is not looked at again: the plan's name holds the whole package.
        """
        entry = self.store.load(key)
        if entry is None:
            return None
        arch, *features = self.recipe["processor"]
        wanted = {"compiler": self.recipe["compiler"], "arch": arch, "features": features}
        if any(entry.recipe.get(name) != value for name, value in wanted.items()):
            return None
        return Library(self.store.library_path(key), key, entry.command, entry.image)


def plan_slot(graph: bytes, target: Target, options: Options) -> PlanSlot:
    """The slot of a graph; `graph` says all about it that decides what becomes of it."""
    store = open_store(options)
    recipe = {
        **_compiler(target, options, store),
        "processor": [target.arch, *target.features],
        "options": [
            options.floatX,
            options.level,
            options.rewrite,
            options.fuse,
            list(options.excluding),
            options.assertions,
            list(options.guards),
        ],
        "versions": [platform.python_version(), np.__version__],
        "code": [_loaded_digest(store, module_files()), _digest(store, data_files())],
        "graph": digest_of(graph),
    }
    return PlanSlot(store, recipe)


def _compiler(target: Target, options: Options, store: Store) -> dict[str, Any]:
    try:
        compiler = find_compiler(options, store)
    except CompilerNotFound:
        return {"compiler": "", "flags": []}
    # The level follows from the program, or is among the options.
    return {
        "compiler": compiler.identity,
        "flags": list(flags_for(compiler, target, 0, options)),
    }


@functools.lru_cache(maxsize=4)
def _loaded_digest(store: Store, modules: tuple[Path, ...]) -> str:
    """Of what a process runs, so it is asked for once: 500 time stamps are 3 ms."""
    return _digest(store, modules)


def _digest(store: Store, files: tuple[Path, ...]) -> str:
    digests = FileDigests(store)
    digest = tree_digest(files, digests)
    digests.save()
    return digest
