"""The vector functions of csrc/inline beside numpy's, on one thread.

    python -m benchmarks.vector_math [names] [--count 10000] [--rounds 15]

Each function is compiled as the tests compile it, into a loop of its own, and runs over arrays
that fit into the second-level cache; numpy's writes into a given array.  Where numpy has no such
function scipy.special's stands.  Rounds are in turn, one after the other in one process, and the
best of them counts: what disturbs a round makes it slower.
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from tests.csrc.drivers import DTYPES, Driver, Target, build
from tests.csrc.functions import FUNCTIONS, Function

__all__: list[str] = []

SECONDS = 2e-3  # of each side a round
# by name, where functions.py judges by something else than the function that users call
PEERS: dict[str, Callable[..., Any]] = {
    "sigmoid": scipy.special.expit,
    "softplus": lambda x, out: np.logaddexp(x, 0, out=out),
}


def inputs(f: Function, dtype: np.dtype[Any], count: int) -> list[np.ndarray[Any, Any]]:
    """Numbers from the middle of the function's first range, where users are."""
    rng = np.random.default_rng(0)
    low, high = (max(-10.0, f.ranges[0][0]), min(10.0, f.ranges[0][1]))
    return [rng.uniform(low, high, count).astype(dtype) for _ in range(f.arity)]


def timed(run: Callable[[], object], repeats: int) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def race(
    driver: Driver, f: Function, dtype: np.dtype[Any], count: int, rounds: int
) -> tuple[float, float]:
    """Nanoseconds an element, ours and the peer's."""
    x = inputs(f, dtype, count)
    out = np.empty(count, dtype)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*x, out)]
    own = driver.library[f"run_{f.name}_{DTYPES[dtype][1]}"]
    own.restype = None
    peer = PEERS.get(f.name, f.wide)
    sides: list[Callable[[], object]] = [
        lambda: own(*pointers, ctypes.c_int64(count)),
        lambda: peer(*x, out=out),
    ]
    repeats = [max(2, int(SECONDS / timed(run, 3))) for run in sides]
    found = [[timed(run, n) for run, n in zip(sides, repeats, strict=True)] for _ in range(rounds)]
    best = np.min(np.array(found), axis=0) / count * 1e9
    return float(best[0]), float(best[1])


def main() -> None:
    """Read the command line, compile, race, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vector_math")
    parser.add_argument("names", nargs="*", help="functions; all by default")
    parser.add_argument("--count", type=int, default=10_000, help="elements")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    chosen = tuple(f for f in FUNCTIONS if not args.names or f.name in args.names)
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        driver = build(Target("gcc", ("-march=native",)), chosen, Path(folder))
        print(f"{args.count} elements, one thread, ns an element; ratio: numpy's time to gradc's")
        print(
            f"{'':10}{'float64':>10}{'numpy':>10}{'ratio':>8}{'float32':>12}{'numpy':>10}{'ratio':>8}"
        )
        for f in chosen:
            row = f"{f.name:10}"
            for dtype, wide in ((np.dtype(np.float64), 10), (np.dtype(np.float32), 12)):
                own, peer = race(driver, f, dtype, args.count, args.rounds)
                row += f"{own:{wide}.2f}{peer:10.2f}{peer / own:8.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
