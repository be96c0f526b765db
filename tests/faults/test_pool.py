"""Compiled functions beside fork, exit, daemon threads and subinterpreters: right, and no hang."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A function with products, nests and folds on several threads, and what it gives.
PRELUDE = """
import multiprocessing, os, signal, sys, threading, time
import numpy as np
import gradc, gradc.tensor as T

gradc.config.threads = 3
rng = np.random.default_rng(0)
X = rng.standard_normal((400, 300))

def make():
    x = T.matrix("x")
    hidden = T.tanh(T.dot(x, x.T))
    return gradc.function([x], [hidden, hidden.sum(axis=0), (hidden ** 2).sum()])

def bits(f):
    return b"".join(out.tobytes() for out in f(X))

def always_share():
    from gradc.runtime._native import lib
    lib.gcr_set_always_share(True)

f = make()
always_share()
EXPECTED = bits(f)
"""


def run_script(folder: Path, text: str, *, timeout: float = 100) -> str:
    """Run a program from a file, so that processes it starts can import it."""
    file = folder / "program.py"
    file.write_text(PRELUDE + textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_children_forked_after_threaded_runs_call_and_compile(tmp_path: Path) -> None:
    out = run_script(
        tmp_path,
        """
        from gradc.runtime import threads
        for turn in range(4):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a hang ends the child
                good = threads.workers() == 0 and bits(f) == EXPECTED and threads.workers() > 0
                y = T.vector("y")
                g = gradc.function([y], T.exp(y) * (turn + 1))
                good = good and np.array_equal(g([0.0, 0.0]), [turn + 1] * 2)
                grandchild = os.fork()
                if grandchild == 0:
                    signal.alarm(20)
                    os._exit(0 if bits(f) == EXPECTED else 1)
                good = good and os.waitpid(grandchild, 0)[1] == 0
                os._exit(0 if good else 1)
            assert bits(f) == EXPECTED
            assert os.waitpid(child, 0)[1] == 0
        print("done")
        """,
    )
    assert out == "done\n"


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_processes_of_multiprocessing(tmp_path: Path, method: str) -> None:
    out = run_script(
        tmp_path,
        f"""
        def child(number):
            return bits(f) == EXPECTED and bits(make()) == EXPECTED

        if __name__ == "__main__":
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                print(pool.map_async(child, range(4)).get(80))
        """,
    )
    assert out == "[True, True, True, True]\n"


@pytest.mark.parametrize("turns", [15, pytest.param(300, marks=pytest.mark.slow)])
def test_children_forked_in_the_middle_of_a_job(tmp_path: Path, turns: int) -> None:
    out = run_script(
        tmp_path,
        f"""
        stop = threading.Event()
        def keep_busy():
            while not stop.is_set():
                assert bits(f) == EXPECTED
        others = [threading.Thread(target=keep_busy) for _ in range(2)]
        for other in others:
            other.start()
        for turn in range({turns}):
            time.sleep(0.001 * (turn % 7))
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                os._exit(0 if bits(f) == EXPECTED else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for other in others:
            other.join()
        print("done")
        """,
        timeout=600,
    )
    assert out == "done\n"


@pytest.mark.parametrize("turns", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_exit_with_daemon_threads_inside_functions(tmp_path: Path, turns: int) -> None:
    for turn in range(turns):
        run_script(
            tmp_path,
            f"""
            def forever():
                while True:
                    f(X)
            for _ in range(3):
                threading.Thread(target=forever, daemon=True).start()
            time.sleep({0.01 * (turn % 10)})
            """,
        )


def test_a_subinterpreter_does_not_disturb_the_pool(tmp_path: Path) -> None:
    pytest.importorskip("_xxsubinterpreters")
    out = run_script(
        tmp_path,
        """
        import _xxsubinterpreters as interpreters
        inside = interpreters.create()
        try:  # numpy refuses to be imported twice; whatever happens, it is a Python exception
            interpreters.run_string(inside, "import gradc")
        except interpreters.RunFailedError as error:
            print("refused" if "ImportError" in str(error) else error)
        else:
            print("refused")
        assert bits(f) == EXPECTED
        interpreters.destroy(inside)
        assert bits(f) == EXPECTED
        """,
    )
    assert out == "refused\n"


def test_children_forked_while_threads_wait_for_a_variable_are_free_of_them(tmp_path: Path) -> None:
    run_script(
        tmp_path,
        """
        w = gradc.shared(np.zeros(200_000), name="w")
        step = gradc.function([], [], updates={w: w + 1})
        step()
        done = threading.Event()

        def others():
            while not done.is_set():
                step()

        threads = [threading.Thread(target=others) for _ in range(3)]
        for each in threads:
            each.start()
        hung = 0
        for _ in range(12):
            step()
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                step(); step(); step()
                os._exit(0)
            hung += os.waitpid(child, 0)[1] != 0
        done.set()
        for each in threads:
            each.join()
        assert hung == 0, hung
        """,
    )
