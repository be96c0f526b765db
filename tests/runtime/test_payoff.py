"""The accounts that decide whether a step is shared: compiled alone, fed with made-up times."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from tests.runtime import clib

US = 1e-6
STEP = 4096  # any address


class Account:
    """One step in `count` chunks of `unit` seconds, and a clock that only it moves."""

    def __init__(self, library: ctypes.CDLL, count: int = 2, unit: float = 100 * US) -> None:
        self.library, self.count, self.unit = library, count, unit
        self.spent = 0.0

    @property
    def place(self) -> int:
        found: int = self.library.gcr_payoff_of(ctypes.c_void_p(STEP), self.count)
        return found

    @property
    def is_likely(self) -> bool:
        return bool(self.library.gcr_payoff_is_likely(ctypes.c_void_p(self.place)))

    def run(self, shared: float, *, own: float | None = None) -> bool:
        """Run once: shared, which takes so many seconds, or alone; says which."""
        place = ctypes.c_void_p(self.place)
        if not self.is_likely:
            alone = self.count * self.unit
            self.library.gcr_payoff_alone(place, ctypes.c_double(alone))
            self.spent += alone
            return False
        self.library.gcr_payoff_shared(
            place, ctypes.c_double(shared), ctypes.c_double(own or self.unit), ctypes.c_int64(1)
        )
        self.spent += shared
        return True


@pytest.fixture
def library(tmp_path: Path) -> ctypes.CDLL:
    library = clib.part(tmp_path, "payoff")
    library.gcr_payoff_of.restype = ctypes.c_void_p
    library.gcr_payoff_is_likely.restype = ctypes.c_bool
    return library


def test_a_step_that_wins_is_shared_always(library: ctypes.CDLL) -> None:
    step = Account(library)
    assert all(step.run(110 * US) for _ in range(1000))


@pytest.mark.parametrize("shared", [201 * US, 250 * US, 4e-3])
def test_a_step_that_loses_costs_little(library: ctypes.CDLL, shared: float) -> None:
    step = Account(library)
    runs = 20_000
    tries = sum(step.run(shared) for _ in range(runs))
    assert 0 < tries < runs
    alone = runs * step.count * step.unit
    assert step.spent < 1.05 * alone


def test_one_accident_costs_a_winning_step_nothing(library: ctypes.CDLL) -> None:
    step = Account(library)
    for _ in range(100):
        assert step.run(110 * US)
    assert step.run(4e-3)  # a worker was stopped for a time slice
    assert all(step.run(110 * US) for _ in range(100))


def test_a_step_is_shared_again_when_it_wins_again(library: ctypes.CDLL) -> None:
    step = Account(library)
    for _ in range(5000):
        step.run(4e-3)
    shared = [step.run(110 * US) for _ in range(2000)]
    assert not shared[0]
    assert all(shared[1000:])


def test_larger_arrays_are_no_loss(library: ctypes.CDLL) -> None:
    step = Account(library)
    for _ in range(100):
        step.run(110 * US)
    step.unit *= 50
    assert all(step.run(55 * 100 * US) for _ in range(100))


def test_a_stopped_caller_is_no_win(library: ctypes.CDLL) -> None:
    step = Account(library)
    step.run(200 * US)
    for _ in range(10):
        step.run(5e-3, own=5e-3)  # both times are those of an interruption
        step.run(230 * US)
    assert not step.is_likely


def test_other_chunk_counts_have_accounts_of_their_own(library: ctypes.CDLL) -> None:
    short, long = Account(library, 2), Account(library, 16)
    for _ in range(10):
        short.run(1e-3)
        assert long.run(900 * US)
    assert not short.is_likely
    assert long.is_likely
