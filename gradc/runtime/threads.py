"""How many threads a call may use.

Takes what the user asked for (already read from options and environment) and what the system
allows; gives and sets the limit of the one pool in csrc/runtime.
Where the user has named no number, the limit is the smallest of all that are known: a container
with a quota of one processor on a 64-processor machine would otherwise be stopped by the kernel
most of the time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from gradc.options import Options
from gradc.runtime._native import lib
from gradc.value import value

__all__ = [
    "Limits", "apply_options", "limit", "read_limits", "set_limit", "set_own_limit", "thread_rows",
    "workers",
]  # fmt: skip


def limit() -> int:
    """The most threads a call from this thread may use now, the calling one included."""
    return int(lib.gcr_threads())


def set_limit(count: int) -> None:
    """Let calls that begin from now on use `count` threads; below 1 counts as 1."""
    lib.gcr_set_threads(count, False)


def set_own_limit(count: int | None) -> None:
    """Set a limit for the calls this thread begins; None: the process's holds again."""
    lib.gcr_set_own_threads(count or 0)


def workers() -> int:
    """How many threads the pool has started in this process: none before they are needed."""
    return int(lib.gcr_workers())


def apply_options(options: Options) -> None:
    """Set the limit to what the options and the system say.

    A number in the options holds as it is.  Without one the limit follows the affinity, also when
    it changes later; the quota is read here.
    """
    if options.threads is not None:
        lib.gcr_set_threads(options.threads, False)
    else:
        lib.gcr_set_threads(read_limits(options).without_affinity, True)


@value
class Quota:
    """Processors' worth of time that a cgroup grants, and the file that says so."""

    processors: float
    file: Path


@value
class Limits:
    """Everything that limits threads.

    config: what the user asked for; decides alone.  The smallest of the others holds without it.
    omp: the first number of OMP_NUM_THREADS: a list gives one for each nesting level, and text that
    is no number is ignored, as OpenMP 5.2 section 21.1.2 allows.
    """

    config: int | None
    affinity: int
    quota: Quota | None
    omp: int | None

    @property
    def without_affinity(self) -> int:
        """The limit that the affinity may still lower, from moment to moment."""
        return min(self._fixed().values(), default=os.cpu_count() or 1)

    @property
    def chosen(self) -> tuple[int, str]:
        """The limit, and what it comes from."""
        if self.config is not None:
            return self.config, "config"
        found = {"affinity": self.affinity} | self._fixed()
        source = min(found, key=found.__getitem__)
        return found[source], source

    def _fixed(self) -> dict[str, int]:
        found = {}
        if self.quota is not None:
            found["quota"] = max(1, math.floor(self.quota.processors + 0.5))
        if self.omp is not None:
            found["OMP_NUM_THREADS"] = self.omp
        return found


def read_limits(options: Options, *, root: Path = Path("/")) -> Limits:
    """Look at the system now; `root` is another place to find its files (in tests)."""
    asked = options.omp_num_threads.split(",")[0].strip()
    omp = int(asked) if asked.isdecimal() and int(asked) > 0 else None
    quota = min(_quotas(root), key=lambda each: each.processors, default=None)
    return Limits(options.threads, _affinity(), quota, omp)


def thread_rows(options: Options) -> Iterator[tuple[str, str]]:
    """Name and text for `gradc doctor`."""
    limits = read_limits(options)
    quota = limits.quota
    yield "affinity", f"{limits.affinity} of {os.cpu_count()} processors"
    yield "quota", f"{quota.processors:g} processors ({quota.file})" if quota else "none"
    yield "OMP_NUM_THREADS", options.omp_num_threads or "not set"
    yield "config", "threads is not set" if limits.config is None else str(limits.config)
    count, source = limits.chosen
    yield "used", f"{count}, from {source}"


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[Quota]:
    """The quotas of this process's cgroups; a limit on any ancestor counts.

    Source: Linux Documentation/admin-guide/cgroup-v2.rst (cpu.max: "quota period" or "max period")
    and scheduler/sched-bwc.rst (v1: cpu.cfs_quota_us, -1 for none).
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, read = root / "sys/fs/cgroup", _quota_v2
        elif "cpu" in controllers.split(","):
            base, read = root / "sys/fs/cgroup/cpu", _quota_v1
        else:
            continue
        # Inside a container the path may be the host's, with the group itself mounted at base.
        group = base / path.strip("/")
        for folder in [group, *group.parents]:
            if not folder.is_relative_to(base):
                break
            quota = read(folder)
            if quota is not None:
                yield quota


def _quota_v2(folder: Path) -> Quota | None:
    file = folder / "cpu.max"
    words = _read(file).split()
    return _quota(words[0], words[1], file) if len(words) == 2 else None


def _quota_v1(folder: Path) -> Quota | None:
    file = folder / "cpu.cfs_quota_us"
    return _quota(_read(file), _read(folder / "cpu.cfs_period_us"), file)


def _quota(quota: str, period: str, file: Path) -> Quota | None:
    try:
        value = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None  # "max", or no such file
    return Quota(value, file) if value > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
