"""How many threads: what the system, the environment, the user and threadpoolctl say."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gradc.options import Options
from gradc.runtime import threads
from tests.runtime import clib

HERE = len(os.sched_getaffinity(0))


def run_script(text: str, **environ: str) -> list[str]:
    """Run Python in a fresh process with a compiled `f`, whose calls say how many threads ran."""
    prelude = """
    import os, sys
    import numpy as np
    import gradc, gradc.tensor as T
    from gradc.runtime import threads

    def compile(extra=0.0):
        x = T.matrix("x")
        return gradc.function([x], T.dot(x, x) + extra)

    def used(f):
        "The limit of the call, and how many threads there are for it."
        f(np.ones((300, 300)))
        return threads.limit()
    """
    clean = {name: value for name, value in os.environ.items() if "_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(prelude) + textwrap.dedent(text)],
        cwd=clib.ROOT,
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# cgroups and OMP_NUM_THREADS: files of the kernel's, laid out below a folder of the test's.
V2, V1 = "sys/fs/cgroup", "sys/fs/cgroup/cpu"


@pytest.mark.parametrize(
    ("files", "omp", "expected"),
    [
        ({}, "", (HERE, "affinity")),
        ({}, "1", (1, "OMP_NUM_THREADS")),
        ({}, " 1,4 ", (1, "OMP_NUM_THREADS")),
        ({}, "100000", (HERE, "affinity")),
        ({}, "0", (HERE, "affinity")),
        ({}, "many", (HERE, "affinity")),
        ({"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/b/cpu.max": "max 100000\n"}, "",
         (HERE, "affinity")),
        ({"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/cpu.max": "100000 100000\n"}, "", (1, "quota")),
        ({"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/cpu.max": "10000 100000\n"}, "", (1, "quota")),
        ({"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/b/cpu.max": "900000 100000\n",
          f"{V2}/a/cpu.max": "100000 100000\n"}, "", (1, "quota")),
        ({"proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "140000 100000\n"}, "", (1, "quota")),
        ({"proc/self/cgroup": "0::/../host\n", f"{V2}/cpu.max": "50000 100000"}, "", (1, "quota")),
        ({"proc/self/cgroup": "4:cpu,cpuacct:/docker/x\n3:memory:/\n",
          f"{V1}/cpu.cfs_quota_us": "100000", f"{V1}/cpu.cfs_period_us": "100000"}, "",
         (1, "quota")),
        ({"proc/self/cgroup": "4:cpu:/\n", f"{V1}/cpu.cfs_quota_us": "-1",
          f"{V1}/cpu.cfs_period_us": "100000"}, "", (HERE, "affinity")),
    ],
)  # fmt: skip
def test_the_smallest_limit_holds(
    tmp_path: Path, files: dict[str, str], omp: str, expected: tuple[int, str]
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    limits = threads.read_limits(Options(omp_num_threads=omp), root=tmp_path)
    assert limits.chosen == expected
    assert threads.read_limits(Options(omp_num_threads=omp, threads=7), root=tmp_path).chosen == (
        7,
        "config",
    )


def test_the_quota_says_where_it_stands(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup/a"
    group.mkdir(parents=True)
    (group / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/a\n")
    quota = threads.read_limits(Options(), root=tmp_path).quota
    assert quota == threads.Quota(1.5, group / "cpu.max")


def test_the_environment_is_obeyed() -> None:
    text = "print(used(compile()))"
    assert run_script(text, OMP_NUM_THREADS="1") == ["1"]
    assert run_script(text, GRADC_THREADS="3", OMP_NUM_THREADS="1") == ["3"]


def test_an_assignment_is_felt_by_the_next_call() -> None:
    out = run_script("""
    gradc.config.threads = 3
    f = compile()
    print(used(f))
    gradc.config.threads = 1
    print(used(f), end=" ")
    with gradc.config.override(threads=4):
        print(used(f), used(compile(1.0)), end=" ")
    print(used(f))
    gradc.config.threads = None
    print(used(f) == len(os.sched_getaffinity(0)))
    """)
    assert out == ["3", "1", "4", "4", "1", "True"]


@pytest.mark.skipif(HERE < 2, reason="there is one processor")
def test_affinity_is_followed_after_import() -> None:
    out = run_script("""
    import time
    f = compile()
    everywhere = os.sched_getaffinity(0)
    f(np.ones((300, 300)))
    for mask in ({min(everywhere)}, everywhere):
        os.sched_setaffinity(0, mask)
        time.sleep(0.02)
        before = threads.workers()
        print(used(f) == len(mask))
    import threading
    found = []
    def pinned():  # a thread's affinity is its own affair
        os.sched_setaffinity(0, {min(everywhere)})
        found.append(used(f))
    other = threading.Thread(target=pinned)
    other.start()
    other.join()
    print(found == [1] and used(f) == len(everywhere))
    with gradc.config.override(threads=2):  # asked for: not followed
        os.sched_setaffinity(0, {min(everywhere)})
        time.sleep(0.02)
        print(used(f))
    """)
    assert out == ["True", "True", "True", "2"]


THREADPOOLS = """
    {first}
    import threading
    gradc.config.threads = 3
    f = compile()
    {then}
    rows = lambda: [r for r in threadpoolctl.threadpool_info() if r["user_api"] == "gradc"]
    row, = rows()
    print(row["num_threads"], row["version"] == gradc.__version__, end=" ")
    # BLAS beside the pool is not for others to set
    print(any("gradc" in r["filepath"] for r in threadpoolctl.threadpool_info()
              if r["user_api"] == "blas"), end=" ")
    elsewhere = lambda: threading.Thread(target=lambda: print(threads.limit(), end=" "))
    with threadpoolctl.threadpool_limits(1):
        print(used(f), used(compile(1.0)), end=" ")
        other = elsewhere()
        other.start()
        other.join()
        with threadpoolctl.threadpool_limits(2, user_api="gradc"):
            print(used(f), end=" ")
        print(used(f), end=" ")
    print(used(f), end=" ")
    gradc.config.threads = 4  # what threadpoolctl has set is taken back, not set for ever
    print(used(f), len(rows()))
"""


@pytest.mark.parametrize("late", [False, True])
def test_threadpoolctl_sets_the_limit(late: bool) -> None:
    pytest.importorskip("threadpoolctl")
    both = ("import threadpoolctl", "") if not late else (
        "assert 'threadpoolctl' not in sys.modules", "import threadpoolctl; compile(2.0)"
    )  # fmt: skip
    out = run_script(THREADPOOLS.format(first=both[0], then=both[1]))
    assert out == ["3", "True", "False", "1", "1", "3", "2", "1", "3", "4", "1"]


def test_threads_given_to_blas_are_taken_back() -> None:
    out = run_script("""
    import ctypes
    from gradc.runtime.blas import open_blas
    x = np.random.default_rng(0).standard_normal((300, 300))
    f = compile()
    before = f(x).tobytes()
    blas = open_blas()
    library = ctypes.CDLL(str(blas.path))
    library.scipy_openblas_set_num_threads(4)
    print(blas.threads, f(x).tobytes() == before, blas.threads, bool(blas.kernel))
    """)
    assert out == ["4", "True", "1", "True"]


def test_doctor_says_what_limits() -> None:
    rows = dict(threads.thread_rows(Options(threads=None, omp_num_threads="1")))
    assert list(rows) == ["affinity", "quota", "OMP_NUM_THREADS", "config", "used"]
    assert rows["used"] == "1, from OMP_NUM_THREADS"
    assert rows["affinity"] == f"{HERE} of {os.cpu_count()} processors"
    assert dict(threads.thread_rows(Options(threads=5)))["used"] == "5, from config"
