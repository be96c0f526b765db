"""The pool: every chunk once, the lowest failure, no deadlock, no hang after fork."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradc.kernel.interface import Interface, Port
from gradc.runtime import threads
from gradc.runtime._native import lib
from gradc.runtime.executable import Executable, KernelFailure
from tests.runtime import clib

COUNTS = (1, 2, 3, 8)
UP, FLUSH = 1, 2  # how run0 sets the floating-point environment

# args: x, and numbers[4] = chunks, first failing chunk, chunks of a nested step, 1 to round up
# or 2 to flush denormals.
# outs: times[chunks], how often each ran; used[1], the largest worker number; sums[chunks].
# Every chunk adds its stretch of x, and checks that nobody else has its scratch.
CHUNKS = """
#include <fenv.h>

#ifdef __x86_64__ /* Intel 64 manual, volume 1, 10.2.3: DAZ is bit 6 of MXCSR, FTZ bit 15 */
static void flush_denormals(void)
{
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 1u << 6 | 1u << 15);
}
#else
static void flush_denormals(void) {}
#endif

static int64_t number(const gc_frame *frame, int k)
{
    return ((const int64_t *)frame->args[1].data)[k];
}
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = frame->out_shapes[2] = number(frame, 0);
    frame->out_shapes[1] = 1;
    frame->work_bytes[0] = frame->workers * 8;
    return GC_OK;
}
static int64_t *times(const gc_frame *frame) { return frame->outs[0].data; }
static _Thread_local int thread; /* its address tells threads apart */
static int64_t me(void) { return (int64_t)(intptr_t)&thread; }
static int nested(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)table, (void)chunk;
    /* the scratch of the chunk around us, or of nobody; never of a chunk on another thread */
    int64_t owner =
        __atomic_load_n((int64_t *)(void *)frame->work[0] + worker, __ATOMIC_SEQ_CST);
    return owner == 0 || owner == me() ? GC_OK : GC_ERR_ASSERT;
}
static int one(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    int64_t *scratch = (int64_t *)(void *)frame->work[0];
    int64_t count = number(frame, 0), n = frame->args[0].shape[0];
    const double *x = frame->args[0].data;
    int64_t *used = frame->outs[1].data;
    const int64_t values[GC_ERROR_VALUES] = {chunk, worker};
    if (worker < 0 || worker >= frame->workers)
        return table->fail(frame, GC_ERR_ASSERT, 1, chunk, values);
    if (__atomic_exchange_n(&scratch[worker], me(), __ATOMIC_SEQ_CST) != 0)
        return table->fail(frame, GC_ERR_ASSERT, 2, chunk, values);
    __atomic_fetch_add(&times(frame)[chunk], 1, __ATOMIC_SEQ_CST);
    int64_t most = __atomic_load_n(used, __ATOMIC_SEQ_CST);
    while (worker > most &&
           !__atomic_compare_exchange_n(used, &most, worker, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
    }
    int status = table->parallel(table, frame, nested, number(frame, 2));
    double sum = 0;
    for (int64_t i = n * chunk / count; i < n * (chunk + 1) / count; i++)
        sum += x[i];
    ((double *)frame->outs[2].data)[chunk] = sum;
    __atomic_store_n(&scratch[worker], 0, __ATOMIC_SEQ_CST);
    if (number(frame, 1) >= 0 && chunk >= number(frame, 1))
        return table->fail(frame, GC_ERR_INDEX, 3, chunk, values);
    return status;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    for (int64_t i = 0; i < frame->workers; i++)
        ((int64_t *)(void *)frame->work[0])[i] = 0;
    for (int64_t i = 0; i < number(frame, 0); i++)
        times(frame)[i] = 0;
    *(int64_t *)frame->outs[1].data = 0;
    fenv_t before;
    fegetenv(&before);
    if (number(frame, 3) == 1)
        fesetround(FE_UPWARD);
    if (number(frame, 3) == 2)
        flush_denormals();
    int status = table->parallel(table, frame, one, number(frame, 0));
    fesetenv(&before);
    return status;
}
""" + clib.border([1, 1], [1, 1, 1])

INTERFACE = Interface(
    (Port("input", "float64", 1), Port("input", "int64", 1)),
    (Port("output", "int64", 1), Port("output", "int64", 1), Port("output", "float64", 1)),
    0,
    1,
)


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory) -> Executable:
    library = clib.build(tmp_path_factory.mktemp("chunks"), CHUNKS, "-lm")
    return Executable(library, INTERFACE)


@pytest.fixture(autouse=True)
def restore_limit() -> Iterator[None]:
    before = threads.limit()
    lib.gcr_set_always_share(True)  # else jobs as short as these would soon be kept from workers
    yield
    lib.gcr_set_always_share(False)
    threads.set_limit(before)


def numbers(count: int, *, fail: int = -1, nested: int = 0, mode: int = 0) -> np.ndarray:
    return np.array([count, fail, nested, mode], "int64")


@pytest.mark.parametrize("limit", COUNTS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 1000])
@pytest.mark.parametrize("nested", [0, 3])
def test_every_chunk_runs_once(chunks: Executable, limit: int, count: int, nested: int) -> None:
    threads.set_limit(limit)
    x = np.random.default_rng(count).standard_normal(10_000)
    for _ in range(20):
        times, used, sums = chunks([x, numbers(count, nested=nested)])
        np.testing.assert_array_equal(times, np.ones(count, "int64"))
        assert used[0] < limit
        np.testing.assert_allclose(sums.sum(), x.sum() if count else 0, rtol=1e-11)


def test_same_bits_for_any_number_of_threads(chunks: Executable) -> None:
    x = np.random.default_rng(3).standard_normal(50_000)
    for up in (0, UP):  # rounding of the caller holds on every thread
        results = []
        for limit in COUNTS:
            threads.set_limit(limit)
            results += [chunks([x, numbers(64, mode=up)])[2].tobytes() for _ in range(10)]
        assert len(set(results)) == 1
    assert chunks([x, numbers(64)])[2].tobytes() != results[0]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="sets MXCSR")
def test_denormals_are_what_they_are_for_the_caller(chunks: Executable) -> None:
    threads.set_limit(3)
    x = np.full(100_000, 5e-324)
    used = set()
    for turn in range(200):
        flushed = turn % 3 == 0
        _, worker, sums = chunks([x, numbers(50, mode=FLUSH if flushed else 0)])
        assert set(sums) == {0.0 if flushed else 2000 * 5e-324}
        used.add(worker[0])
    assert len(used) > 1  # the workers took part
    assert 5e-324 * np.ones(1)[0] > 0


@pytest.mark.parametrize("limit", COUNTS)
@pytest.mark.parametrize("first", [0, 1, 5, 63])
def test_the_lowest_failure_is_reported(chunks: Executable, limit: int, first: int) -> None:
    threads.set_limit(limit)
    x = np.ones(1000)
    for _ in range(50):
        with pytest.raises(KernelFailure) as caught:
            chunks([x, numbers(64, fail=first)])
        assert (caught.value.code, caught.value.site) == (2, 3)
        assert caught.value.values[0] == first
    np.testing.assert_array_equal(chunks([x, numbers(64)])[0], np.ones(64))


def test_callers_beside_each_other(chunks: Executable) -> None:
    threads.set_limit(3)
    barrier = threading.Barrier(8)

    def work(seed: int) -> int:
        x = np.random.default_rng(seed).standard_normal(3000)
        expected = chunks([x, numbers(20)])[2]
        barrier.wait()
        wrong = 0
        for turn in range(300):
            if turn % 10 == 0:
                with pytest.raises(KernelFailure):
                    chunks([x, numbers(20, fail=turn % 20)])
            times, _, sums = chunks([x, numbers(20, nested=turn % 3)])
            wrong += not (np.array_equal(sums, expected) and np.all(times == 1))
        return wrong

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(work, range(8))) == 0


def test_limit_may_change_between_calls(chunks: Executable) -> None:
    x = np.ones(1000)
    for limit in (8, 1, 3, 2, 8, 1):
        threads.set_limit(limit)
        assert threads.limit() == limit
        for _ in range(50):
            assert chunks([x, numbers(16)])[1][0] < limit
    threads.set_limit(0)
    assert threads.limit() == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_forked_after_a_threaded_run_works(chunks: Executable) -> None:
    threads.set_limit(3)
    x = np.random.default_rng(4).standard_normal(5000)
    expected = chunks([x, numbers(20)])[2]
    assert threads.workers() >= 2
    for _ in range(5):
        child = os.fork()
        if child == 0:
            signal.alarm(5)  # a hang ends the child
            good = threads.workers() == 0
            for _ in range(100):
                good = good and np.array_equal(chunks([x, numbers(20)])[2], expected)
            good = good and threads.workers() == 2
            os._exit(0 if good else 1)
        np.testing.assert_array_equal(chunks([x, numbers(20)])[2], expected)
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_forked_while_others_run_works(chunks: Executable) -> None:
    threads.set_limit(2)
    x = np.random.default_rng(5).standard_normal(20_000)
    expected = chunks([x, numbers(20)])[2]
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            chunks([x, numbers(20)])

    others = [threading.Thread(target=keep_busy) for _ in range(2)]
    for other in others:
        other.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(5)
                good = all(np.array_equal(chunks([x, numbers(20)])[2], expected) for _ in range(20))
                os._exit(0 if good else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for other in others:
            other.join()


def run_script(chunks: Executable, text: str) -> str:
    """Run Python in a fresh process, with `chunks`, `numbers`, `x` and `threads` at hand."""
    prelude = f"""
    import os, signal, sys, threading, time
    import numpy as np
    from pathlib import Path
    from gradc.runtime import threads
    from gradc.runtime._native import lib
    from gradc.runtime.executable import Executable
    from gradc.runtime.library import Library
    from tests.runtime.test_threads import INTERFACE, numbers
    chunks = Executable(Library(Path({str(chunks.library.path)!r}), "", ()), INTERFACE)
    x = np.ones(1000)
    lib.gcr_set_always_share(True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(text)],
        cwd=clib.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_threads_start_when_needed_have_a_name_and_block_signals(chunks: Executable) -> None:
    out = run_script(
        chunks,
        """
        tasks = lambda: set(os.listdir("/proc/self/task"))
        before = tasks()
        threads.set_limit(4)
        chunks([x, numbers(1)])
        print(threads.workers())
        chunks([x, numbers(3)])
        print(threads.workers())
        chunks([x, numbers(100)])
        print(threads.workers())
        for task in tasks() - before:
            print(open(f"/proc/self/task/{task}/comm").read().strip())
            for line in open(f"/proc/self/task/{task}/status"):
                if line.startswith("SigBlk"):
                    print(bin(int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1))
        """,
    )
    assert out.split() == ["0", "2", "3", *["gradc", "0b1"] * 3]


# Runs until poll says to stop; numbers[0] chunks.
ENDLESS = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    for (int i = 0; i < 3; i++)
        frame->out_shapes[i] = 0;
    return GC_OK;
}
static int one(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)worker;
    const int64_t values[GC_ERROR_VALUES] = {0};
    while (!table->poll(frame)) {
    }
    return table->fail(frame, GC_ERR_INTERRUPT, -1, chunk, values);
}
static int run0(const gc_table *table, gc_frame *frame)
{
    return table->parallel(table, frame, one, *(const int64_t *)frame->args[1].data);
}
""" + clib.border([1, 1], [1, 1, 1])


@pytest.mark.parametrize("count", [1, 4])
def test_ctrl_c_ends_a_long_run(tmp_path: Path, count: int) -> None:
    endless = Executable(clib.build(tmp_path, ENDLESS), INTERFACE)
    out = run_script(
        endless,
        f"""
        class Timeout(Exception): pass
        def late(number, frame): raise Timeout
        threads.set_limit(2)
        for handler, kind in ((signal.default_int_handler, KeyboardInterrupt), (late, Timeout)):
            signal.signal(signal.SIGINT, handler)
            for _ in range(3):
                sent = []
                def send():
                    time.sleep(0.1)
                    sent.append(time.perf_counter())
                    os.kill(os.getpid(), signal.SIGINT)
                sender = threading.Thread(target=send)
                sender.start()
                try:
                    chunks([x, numbers({count})])
                except kind:
                    print(time.perf_counter() - sent[0])
                sender.join()
        """,
    )
    waits = [float(word) for word in out.split()]
    assert len(waits) == 6
    assert np.median(waits) < 0.1


def test_a_daemon_thread_inside_a_function_does_not_disturb_the_end(chunks: Executable) -> None:
    run_script(
        chunks,
        """
        threads.set_limit(3)
        def forever():
            while True:
                chunks([x, numbers(50)])
        for _ in range(3):
            threading.Thread(target=forever, daemon=True).start()
        time.sleep(0.1)
        """,
    )


def test_a_system_that_refuses_threads_is_asked_again_later(chunks: Executable) -> None:
    out = run_script(
        chunks,
        """
        import resource
        threads.set_limit(3)
        in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + (1 << 20), -1))  # no room for a stack
        for _ in range(100):
            times, used, sums = chunks([x, numbers(20)])
            assert used[0] == 0 and times.min() == times.max() == 1 and sums.sum() == x.sum()
        print(threads.workers())
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        time.sleep(1.05)
        chunks([x, numbers(20)])
        print(threads.workers())
        """,
    )
    assert out.split() == ["0", "2"]


@pytest.mark.parametrize("turns", [100, pytest.param(20_000, marks=pytest.mark.slow)])
def test_sixteen_threads_of_short_calls(chunks: Executable, turns: int) -> None:
    threads.set_limit(4)
    lib.gcr_set_always_share(False)

    def work(seed: int) -> int:
        x = np.random.default_rng(seed).standard_normal(64)
        expected = chunks([x, numbers(4)])[2].tobytes()
        return sum(chunks([x, numbers(4)])[2].tobytes() != expected for _ in range(turns))

    with ThreadPoolExecutor(16) as executor:
        assert sum(executor.map(work, range(16))) == 0


RUNTIME = clib.ROOT / "csrc" / "runtime"
POOL = ["threads.c", "limits.c", "processors.c", "error.c"]


def built(folder: Path, name: str, sanitizers: str, *more: str) -> Path:
    """A C file of this folder and the pool, as a program."""
    program = folder / name
    command = ["cc", "-std=c11", "-g", "-O1", "-pthread", f"-fsanitize={sanitizers}", *more]
    command += [f"-I{RUNTIME}", f"-I{clib.ROOT / 'csrc/inline'}"]
    command += [str(RUNTIME / file) for file in POOL]
    command += [str(Path(__file__).with_name(f"{name}.c")), "-lm", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    if "cannot find" in done.stderr:  # the linker, where the package of a sanitizer is missing
        pytest.skip(f"the compiler has no {sanitizers} sanitizer")
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize(
    ("sanitizers", "shared", "rounds"),
    [
        ("thread", True, 500),
        pytest.param("thread", True, 50_000, marks=pytest.mark.slow),
        pytest.param("thread", False, 50_000, marks=pytest.mark.slow),
        pytest.param("address,undefined", True, 50_000, marks=pytest.mark.slow),
        pytest.param("address,undefined", False, 50_000, marks=pytest.mark.slow),
    ],
)
def test_sanitizers_find_nothing(
    tmp_path: Path, sanitizers: str, shared: bool, rounds: int
) -> None:
    extra = ["-DALWAYS_SHARE"] if shared else [str(RUNTIME / "payoff.c")]
    program = built(tmp_path, "hammer", sanitizers, *extra)
    done = subprocess.run(
        [str(program), "4", str(rounds)],
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"TSAN_OPTIONS": "halt_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{4 * rounds} jobs, 3 workers\n"


@pytest.mark.parametrize("forks", [20, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_chunk_that_forks_ends_in_a_child_with_jobs_of_its_own(
    tmp_path: Path, forks: int
) -> None:
    extra = ["-D_DEFAULT_SOURCE", str(RUNTIME / "payoff.c")]
    program = built(tmp_path, "forking", "undefined", *extra)
    done = subprocess.run([str(program), str(forks)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
