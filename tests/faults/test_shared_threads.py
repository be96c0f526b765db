"""Many threads in one function, and in functions that share a variable."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ReentrantCall
from gradc.kernel.interface import Port
from gradc.runtime._native import CallPath
from gradc.runtime.executable import port_numbers

THREADS = 8
CALLS = [1_250, pytest.param(125_000, marks=pytest.mark.slow)]  # a thread


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], int]) -> int:
    barrier = threading.Barrier(THREADS)

    def start(number: int) -> int:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as executor:
        return sum(executor.map(start, range(THREADS)))


@pytest.mark.parametrize("calls", CALLS)
def test_eight_threads_one_function(calls: int) -> None:
    """Short runs, which keep the GIL, and long ones, which do not; some calls fail."""
    x, y = T.vector("x"), T.vector("y")
    f = gradc.function([x, y], [T.tanh(x * y) + x, (x * y).sum()])
    rng = np.random.default_rng(0)
    lengths = (3, 100, 20_000)
    given = [rng.standard_normal((2, n)) for n in lengths]
    expected = [[each.tobytes() for each in f(*pair)] for pair in given]
    wrong_pair = (np.ones(3), np.ones(4))

    def work(number: int) -> int:
        wrong = 0
        for k in range(calls):
            case = 2 if k % 50 == number else k % 2
            wrong += [each.tobytes() for each in f(*given[case])] != expected[case]
            if k % 100 == number:
                with pytest.raises(ArgumentError):
                    f(*wrong_pair)
        return wrong

    assert in_threads(work) == 0


@pytest.mark.parametrize("n", [3, 30_000], ids=["short", "long"])
@pytest.mark.parametrize("calls", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_two_functions_share_variables(calls: int, n: int) -> None:
    """v + 1 and 2v beside it; one function updates them, two read, others ask for values."""
    v, double = gradc.shared(np.zeros(n)), gradc.shared(np.zeros(n))
    step = gradc.function([], None, updates={v: v + 1, double: 2 * (v + 1)})
    other = gradc.function([], v, updates={double: 2 * v + 2, v: v + 1})
    look = gradc.function([], [v, double])

    def work(number: int) -> int:
        wrong, last = 0, -1.0
        for k in range(calls):
            if number % 2 == 0:
                step()
            else:
                now = other()
                wrong += not (now[0] > last and (now == now[0]).all())
                last = now[0]
            if k % 10 == number:
                a, b = look()
                wrong += not np.array_equal(b, 2 * a)
                wrong += len(set(v.get_value())) != 1
        return wrong

    assert in_threads(work) == 0
    assert v.get_value()[0] == THREADS * calls
    np.testing.assert_array_equal(double.get_value(), 2 * v.get_value())


def test_values_may_be_set_and_resized_meanwhile() -> None:
    w = gradc.shared(np.zeros(5))
    f = gradc.function([], [w, w * 1], updates={w: w + 1})

    def work(number: int) -> int:
        wrong = 0
        for k in range(400):
            if number == 0:
                w.set_value(np.full(1 + k % 300, float(k)))
            elif number == 1:
                wrong += len(set(w.get_value())) > 1
            else:
                a, b = f()
                wrong += not (np.array_equal(a, b) and len(set(a)) == 1)
        return wrong

    assert in_threads(work) == 0


def test_functions_that_lock_in_other_orders_do_not_wait_for_each_other() -> None:
    variables = [gradc.shared(np.zeros(20_000)) for _ in range(4)]
    functions = []
    for k in range(4):
        order = variables[k:] + variables[:k]
        functions.append(gradc.function([], None, updates=[(each, each + 1) for each in order]))

    def work(number: int) -> int:
        for _ in range(100):
            functions[number % 4]()
        return 0

    in_threads(work)
    assert [each.get_value()[7] for each in variables] == [THREADS * 100] * 4


def test_a_signal_handler_inside_a_call() -> None:
    """It may read; writing what the call reads is refused, and nothing is lost."""
    w, v = gradc.shared(np.zeros(3)), gradc.shared(np.zeros(3))
    seen: list[object] = []

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        signal.raise_signal(signal.SIGUSR1)
        return [arrays[0] + 1]

    port = port_numbers(Port("update", "float64", 1, shared=0))
    outer = CallPath(run, (), (w.cell,), (), (0,), (port,), (), 1, ())
    reads = gradc.function([], w + v)
    writes = gradc.function([], None, updates={w: w + 100})
    apart = gradc.function([], None, updates={v: v + 1})

    def handler(number: int, frame: object) -> None:
        seen.append(reads()[0])
        apart()
        with pytest.raises(ReentrantCall, match="set a flag"):
            writes()
        seen.append(w.get_value()[0])

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        outer()
        outer()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [0.0, 0.0, 2.0, 1.0]
    writes()
    np.testing.assert_array_equal(w.get_value(), [102, 102, 102])
    np.testing.assert_array_equal(v.get_value(), [2, 2, 2])
