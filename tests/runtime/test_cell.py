"""Storage and its lock: who waits, who is served, who is refused."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from gradc.runtime.cell import Cell


def test_only_plain_arrays_are_storage() -> None:
    plain = np.zeros((2, 3))
    for wrong in (plain.T, plain[:, 1:], [1.0], None, plain.view(np.recarray)):
        with pytest.raises(ValueError, match="C-contiguous and aligned"):
            Cell(wrong)  # type: ignore[arg-type]
        cell = Cell(plain)
        with pytest.raises(ValueError, match="C-contiguous"):
            cell.array = wrong  # type: ignore[assignment]
        with pytest.raises(ValueError, match="C-contiguous"):
            cell.keep(wrong)  # type: ignore[arg-type]
        assert cell.array is plain
    with pytest.raises(TypeError, match="cannot be deleted"):
        del cell.array


def test_a_copy_is_a_copy() -> None:
    cell = Cell(np.arange(3.0))
    copy = cell.copy()
    assert copy is not cell.array
    np.testing.assert_array_equal(copy, cell.array, strict=True)
    copy[0] = 7
    assert cell.array[0] == 0


def test_one_thread_may_take_it_again() -> None:
    cell = Cell(np.zeros(2))
    seen: list[str] = []

    def other() -> None:
        with cell:
            seen.append("other")

    with cell, cell:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.02)
        with cell:
            cell.keep(cell.copy())
        seen.append("first")
    thread.join(10)
    assert seen == ["first", "other"]
    with pytest.raises(RuntimeError, match="does not hold the lock"):
        cell.__exit__(None, None, None)


def test_whoever_waits_is_served_however_busy_the_holder() -> None:
    """The holder gives the lock back for a moment only, and is never out of Python's hands."""
    cell = Cell(np.zeros(2))
    served = threading.Event()

    def other() -> None:
        with cell:
            served.set()

    thread = threading.Thread(target=other)
    rounds = 0
    with cell:
        thread.start()
        time.sleep(0.01)
    while not served.is_set():
        with cell:
            time.sleep(0.002)  # gives the GIL away, as a long call does
        rounds += 1
        assert rounds < 1000
    thread.join(10)


def test_many_threads_exclude_each_other() -> None:
    cell = Cell(np.zeros(()))
    count = [0]

    def work() -> None:
        for _ in range(300):
            with cell:
                before = count[0]
                if before % 50 == 0:
                    time.sleep(0)
                count[0] = before + 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count[0] == 8 * 300


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_does_not_wait_for_a_thread_it_has_not() -> None:
    cell = Cell(np.zeros(2))
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with cell:
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        with cell:
            cell.keep(np.ones(2))
        os._exit(0 if cell.copy()[0] == 1 else 1)
    deadline = time.monotonic() + 10
    status = 1
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    release.set()
    thread.join(10)
    assert status == 0
