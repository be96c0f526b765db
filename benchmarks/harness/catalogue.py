"""Find workloads by name.

Takes names as typed; gives Workloads.  A name is a workload's, or that of a file, which stands for
all workloads in it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

import benchmarks
from benchmarks.harness.workload import Workload

__all__ = ["UnknownWorkload", "catalogue", "find", "select"]


class UnknownWorkload(LookupError):
    """Nothing is called so."""


def catalogue() -> dict[str, tuple[Workload, ...]]:
    """Every file's workloads."""
    modules = pkgutil.iter_modules(benchmarks.__path__)
    files = [each.name for each in modules if not each.ispkg and each.name != "__main__"]
    return {name: importlib.import_module("benchmarks." + name).WORKLOADS for name in sorted(files)}


def find(name: str) -> Workload:
    """The workload of that name. Raises: UnknownWorkload."""
    return select([name])[0]


def select(names: Sequence[str]) -> list[Workload]:
    """The workloads that these names stand for; all for no names. Raises: UnknownWorkload."""
    files = catalogue()
    known = {work.name: work for works in files.values() for work in works}
    found = {}
    for name in names or known:
        if name not in known and name not in files:
            listed = ", ".join(sorted(set(known) | set(files)))
            raise UnknownWorkload(f"no workload is called {name!r}; there are {listed}.")
        for work in (known[name],) if name in known else files[name]:
            found[work.name] = work
    return list(found.values())
