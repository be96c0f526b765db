"""Softmax crossentropy with its gradient in every spelling, beside the fastest one.

    python -m benchmarks.spellings [number one-hot shares compared] [--axis 1] [--dtype float32]
                                   [--length 1000] [--rounds 40]

The spellings are those of the tests.  Each round runs all of a column, in an order drawn anew; a
spelling's time is the quartile of its rounds.  Times of one program differ by some percent.
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from tests.rewrite.test_crossentropies import KINDS, symbols, upright

__all__: list[str] = []


def compiled(kind: str, axis: int, dtype: str) -> dict[str, Any]:
    """A function a spelling, of scores and labels: the mean loss and its gradient."""
    found = {}
    z, y = symbols(kind, dtype)
    for name, spelled in KINDS[kind][0].items():
        loss = T.mean(spelled(z, y, axis))
        found[name] = gradc.function([z, y], [loss, T.grad(loss, z)])
    return found


def arguments(kind: str, axis: int, dtype: str, length: int) -> tuple[Any, Any]:
    """Scores and labels, as many classes as rows."""
    rng = np.random.default_rng(0)
    z = (3 * rng.normal(size=(length, length))).astype(dtype)
    labels = rng.integers(0, length, length)
    if kind in ("number", "compared"):
        return z, labels
    shares = np.eye(length)[labels]
    if kind == "shares":
        shares = rng.dirichlet(np.ones(length), size=length)
    return z, np.ascontiguousarray(upright(shares, axis).astype(dtype))


def race(functions: dict[str, Any], given: tuple[Any, Any], rounds: int) -> dict[str, float]:
    """Seconds a call."""
    rng = np.random.default_rng(1)
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name in rng.permutation(list(functions)):
            functions[name](*given)
            start = time.perf_counter()
            functions[name](*given)
            times[name].append(time.perf_counter() - start)
    return {name: float(np.quantile(each, 0.25)) for name, each in times.items()}


def main() -> None:
    """Read the command line, compile, race, print a table a column."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spellings")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help="labels; all by default")
    parser.add_argument("--axis", type=int, choices=(0, 1), action="append")
    parser.add_argument("--dtype", choices=("float32", "float64"), action="append")
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    dtypes = args.dtype or ["float32", "float64"]
    for kind, axis, dtype in itertools.product(args.kinds, args.axis or [1, 0], dtypes):
        given = arguments(kind, axis, dtype, args.length)
        found = race(compiled(kind, axis, dtype), given, args.rounds)
        best = min(found.values())
        print(f"{kind}, axis {axis}, {dtype}: fastest {best * 1e3:.3f} ms", flush=True)
        for name, seconds in found.items():
            print(f"  {name:36}{seconds / best:6.2f}", flush=True)


if __name__ == "__main__":
    main()
