"""Ctrl-C, the real signal, at random moments: updates happen wholly or not at all."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Three variables that count together: one in place and short, one of a length that changes with
# every call, one in place and long, so that runs keep the GIL, give it away, and ask for signals.
CHILD = """
import sys
import numpy as np
import gradc, gradc.tensor as T

n = T.scalar("n", dtype="int64")
count = gradc.shared(np.zeros(()))
varying = gradc.shared(np.zeros(3))
long = gradc.shared(np.zeros(int(sys.argv[2])))
step = gradc.function([n], [count, T.arange(n) * 1.0], updates={
    long: T.tanh(long) * 0 + count + 1, varying: T.arange(n) * 0.0 + count + 1, count: count + 1})
lengths = [np.array(k) for k in (3, 40, 0, 7, 4000)]
step(5)

def check():
    value = count.get_value()
    assert (varying.get_value() == value).all(), "varying"
    assert (long.get_value() == value).all(), "long"
    assert value >= before, "lost"
    out, positions = step(6)
    assert out == value and count.get_value() == value + 1, "state"
    assert (positions == np.arange(6)).all(), "output"
    return value

line = "ready"
for _ in range(int(sys.argv[1])):
    before = count.get_value()
    try:
        print(line, flush=True)  # from here on the signal may come
        while True:
            for length in lengths:
                step(length)
    except KeyboardInterrupt:
        pass
    line = check()
print(line, flush=True)
"""


@pytest.mark.parametrize("rounds", [10, pytest.param(250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", [50, 200_000], ids=["short", "long"])
def test_updates_happen_wholly_or_not_at_all(rounds: int, size: int) -> None:
    command = [sys.executable, "-c", CHILD, str(rounds), str(size)]
    generator = random.Random(size)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        values = []
        for _ in range(rounds):
            time.sleep(generator.uniform(0, 0.03))
            child.send_signal(signal.SIGINT)
            values.append(float(child.stdout.readline()))
        assert child.wait(timeout=60) == 0
    assert values == sorted(values)
    assert values[-1] > rounds
