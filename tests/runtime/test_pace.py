"""Trials of calls, alone and shared: compiled alone, fed with made-up times."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from itertools import cycle, repeat

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from tests.runtime import clib

US = 1e-6
COST = 300_000_000
ROOM = 256  # bytes, more than a gcr_pace has


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    found = clib.part(tmp_path_factory.mktemp("pace"), "pace")
    found.gcr_pace_is_alone.restype = ctypes.c_bool
    return found


class Calls:
    """Calls of one function on a machine where they take so long, alone and shared."""

    def __init__(self, library: ctypes.CDLL, alone: float, shared: float, jobs: int = 5) -> None:
        self.library, self.jobs = library, jobs
        self.times = {True: alone, False: shared}
        self.place = ctypes.create_string_buffer(ROOM)
        self.spent = 0.0
        library.gcr_pace_begin(self.place, ctypes.c_int64(0))

    def run(
        self, count: int, costs: Iterator[int] | None = None, extra: Callable[[], float] = float
    ) -> list[bool]:
        """So many calls, each `extra` longer than expected: whether they ran alone."""
        ways = []
        for cost, _ in zip(costs or repeat(COST), range(count), strict=False):
            word = ctypes.c_int64(cost)
            alone = bool(self.library.gcr_pace_is_alone(self.place, word))
            seconds = (self.times[alone] + extra()) * cost / COST
            jobs = ctypes.c_int64(0 if alone else self.jobs)
            self.library.gcr_pace_took(self.place, word, jobs, ctypes.c_double(seconds))
            self.spent += seconds
            ways.append(alone)
        return ways


@pytest.mark.parametrize("shared", [110 * US, 150 * US, 195 * US])
def test_calls_that_win_are_shared(library: ctypes.CDLL, shared: float) -> None:
    calls = Calls(library, 200 * US, shared)
    ways = calls.run(20_000)
    assert 0 < sum(ways) < 0.03 * len(ways)
    assert calls.spent < 1.012 * shared * len(ways)


@pytest.mark.parametrize("shared", [215 * US, 300 * US, 450 * US])
def test_calls_that_lose_run_alone(library: ctypes.CDLL, shared: float) -> None:
    calls = Calls(library, 200 * US, shared)
    assert sum(calls.run(20_000)) > 19_000
    before = calls.spent
    calls.run(20_000)
    assert calls.spent - before < 1.012 * 200 * US * 20_000


def test_a_call_that_was_stopped_says_nothing(library: ctypes.CDLL) -> None:
    calls = Calls(library, 200 * US, 110 * US)
    stops = cycle([0.0] * 6 + [4e-3])
    assert not any(calls.run(20_000, extra=lambda: next(stops))[-8::3])
    assert sum(calls.run(20_000, extra=lambda: next(stops))) < 600


def test_many_threads_are_given_up_for_one_call_at_a_time(library: ctypes.CDLL) -> None:
    calls = Calls(library, 6400 * US, 110 * US)
    ways = calls.run(100_000)
    assert 0 < sum(ways) < 20
    assert calls.spent < 1.012 * 110 * US * len(ways)


def test_a_machine_that_changes_is_noticed(library: ctypes.CDLL) -> None:
    calls = Calls(library, 200 * US, 130 * US)
    calls.run(2000)
    calls.times[False] = 400 * US
    assert sum(calls.run(2000)[-300:]) > 285
    calls.times[False] = 130 * US
    assert sum(calls.run(2000)[-300:]) < 15


def test_long_steps_are_shared_without_trials(library: ctypes.CDLL) -> None:
    assert not any(Calls(library, 2e-3, 1.1e-3, jobs=5).run(5000))
    assert not any(Calls(library, 300 * US, 300 * US, jobs=0).run(5000))


@pytest.mark.parametrize("batches", range(2, 12))
def test_calls_of_other_costs_are_not_compared(library: ctypes.CDLL, batches: int) -> None:
    """Some batches and a rest of a few rows: the rest is shared, whatever holds for the others."""
    epoch = [COST] * batches + [COST // 10]
    for phase in range(len(epoch)):
        costs = epoch[phase:] + epoch[:phase]
        calls = Calls(library, 200 * US, 300 * US)
        ways = calls.run(3000 * len(epoch), cycle(costs))
        rest = costs.index(COST // 10)
        assert not any(ways[rest + 1000 * len(epoch) :: len(epoch)])
        assert sum(ways[-100 * len(epoch) :]) > 95 * batches
        calls = Calls(library, 200 * US, 130 * US)
        ways = calls.run(1000 * len(epoch), cycle(costs))
        assert 0 < sum(ways) < 0.03 * len(ways)


def test_strange_clocks_and_stops_do_no_harm(library: ctypes.CDLL) -> None:
    calls = Calls(library, 0.0, 0.0)
    calls.run(300, extra=lambda: 0.0)
    calls.times = {True: 4e-3, False: 0.0}
    assert 0 < sum(calls.run(5000)) < 100
    calls = Calls(library, 10.0, 300 * US)
    calls.run(260)  # stopped for 10 seconds
    calls.times[True] = 200 * US
    assert sum(calls.run(70_000)[-300:]) > 285


def test_trials_that_win_and_lose_by_turns_cost_little(library: ctypes.CDLL) -> None:
    calls = Calls(library, 0.0, 150 * US)
    wins_then_loses = cycle([290 * US] * 2 + [140 * US] * 4 + [220 * US] * 6)
    calls.times[True] = next(wins_then_loses)
    for _ in range(40_000):
        if calls.run(1)[0]:
            calls.times[True] = next(wins_then_loses)
    assert calls.spent < 1.012 * 150 * US * 40_000


def test_arrays_of_another_size_begin_anew(library: ctypes.CDLL) -> None:
    calls = Calls(library, 200 * US, 300 * US)
    assert sum(calls.run(3000)[-300:]) > 285
    assert not any(calls.run(100, repeat(50 * COST)))


def test_both_ways_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradc.config, "threads", 2)
    draw = np.random.default_rng(3)
    x, w = T.matrix("x"), gradc.shared(draw.normal(size=(64, 100)), name="w")
    hidden = T.tanh(T.dot(x, w))
    step = gradc.function([x], [hidden.sum(axis=0), T.grad(hidden.sum(), w)])
    value = draw.normal(size=(200, 64))
    first = [each.tobytes() for each in step(value)]
    assert all([each.tobytes() for each in step(value)] == first for _ in range(600))
    np.testing.assert_allclose(step(value)[0], np.tanh(value @ w.get_value()).sum(0), rtol=1e-12)
