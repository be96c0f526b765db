"""Memory stays what it was over many calls, whatever kind they are."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError

CALLS = [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)]
PAGE = 4096
MOST = 1 << 20  # bytes


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def kinds() -> dict[str, Callable[[], object]]:
    x, y = T.matrix("x"), T.matrix("y")
    w = gradc.shared(np.zeros((8, 8)))
    resized = gradc.shared(np.zeros((8, 8)))
    plain = gradc.function([x, y], [x * y, (x + y).sum()])
    named = gradc.function([x, y], {"p": x * y, "s": x.sum()})
    update = gradc.function([x, y], T.dot(x, y), updates={w: w * 0.5 + x})
    resize = gradc.function([x], None, updates={resized: x * 2})
    kept = gradc.function([x], gradc.Out(x + 1, borrow=True))
    number = gradc.function([z := T.scalar("z")], z * 2)
    a, b = np.random.default_rng(0).standard_normal((2, 8, 8))
    out = np.zeros((8, 8))
    sizes = [np.zeros((n, n)) for n in (3, 9, 0, 20)]
    state = [0]

    def fails() -> None:
        for args, kind in (((a, sizes[0]), ArgumentError), ((a, None), ArgumentTypeError)):
            try:
                plain(*args)
            except kind:
                continue
            raise AssertionError

    def varies() -> None:
        state[0] += 1
        resize(sizes[state[0] % 4])

    return {
        "plain": lambda: plain(a, b),
        "packed": lambda: plain(a.T, b[::-1]),
        "by name": lambda: named(x=a, y=b),
        "lists": lambda: plain([[1.0, 2.0]], [[3, 4]]),
        "update": lambda: update(a, b),
        "aliased": lambda: update(w.get_value(borrow=True), b),
        "resized": varies,
        "set": lambda: w.set_value(a),
        "out": lambda: update(a, b, out=out),
        "borrowed": lambda: kept(a),
        "number": lambda: number(1.5),
        "fails": fails,
    }


# What takes Python's way, or raises, needs longer for a call.
SLOW = {"by name": 4, "lists": 4, "out": 4, "fails": 20, "packed": 1}


@pytest.mark.parametrize("calls", CALLS)
def test_memory_stays(calls: int) -> None:
    for name, call in kinds().items():
        count = calls // SLOW.get(name, 1) // (10 if calls < 1e5 and name in SLOW else 1)
        for _ in range(1000):
            call()
        gc.collect()
        before = resident()
        for _ in range(count):
            call()
        gc.collect()
        grown = resident() - before
        assert grown < MOST, f"{name}: {grown} bytes in {count} calls"
