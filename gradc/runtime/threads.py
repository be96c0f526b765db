"""How many threads a call may use.

Takes what the user asked for (already read from options and environment) and what the system
allows; gives and sets the limit of the one pool in csrc/runtime/threads.c.
The limit is the smallest of all that are known: a container with a quota of one processor on a
64-processor machine would otherwise be stopped by the kernel most of the time.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from gradc.runtime._native import lib

__all__ = ["default_limit", "limit", "set_limit", "workers"]


def limit() -> int:
    """The most threads a call may use now, the calling one included."""
    return int(lib.gcr_threads())


def set_limit(count: int) -> None:
    """Let calls that begin from now on use `count` threads; below 1 counts as 1."""
    lib.gcr_set_threads(count)


def workers() -> int:
    """How many threads the pool has started in this process: none before they are needed."""
    return int(lib.gcr_workers())


def default_limit(omp_num_threads: str | None = None, *, root: Path = Path("/")) -> int:
    """The limit where the user has named none.

    The processors this process may run on, a cgroup's quota, and the first number of
    OMP_NUM_THREADS (a list gives one number for each nesting level; text that is no number is
    ignored, as OpenMP 5.2 section 21.1.2 allows); the smallest of them, at least 1.
    """
    found = [_processors()]
    quota = _cgroup_quota(root)
    if quota is not None:
        found.append(max(1, math.floor(quota + 0.5)))
    asked = (omp_num_threads or "").split(",")[0].strip()
    if asked.isdecimal() and int(asked) > 0:
        found.append(int(asked))
    return min(found)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_quota(root: Path) -> float | None:
    """Processors' worth of time that cgroups grant, or None.

    Source: Linux Documentation/admin-guide/cgroup-v2.rst (cpu.max: "quota period" or "max period")
    and scheduler/sched-bwc.rst (v1: cpu.cfs_quota_us, -1 for none).  A limit on any ancestor
    counts.
    """
    quotas: list[float] = []
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
                quotas.append(quota)
    return min(quotas, default=None)


def _quota_v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    try:
        value = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None  # "max", or no such file
    return value if value > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
