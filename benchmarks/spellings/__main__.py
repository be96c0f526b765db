"""Softmax crossentropy with its gradient in every spelling, beside the fastest one.

    python -m benchmarks.spellings [number one-hot shares compared] [--axis 1] [--dtype float32]
                                   [--length 1000] [--rounds 40] [--copies 5]

The spellings are those of the tests.  Those that become the same C are one program.  Where the
memory of a function happens to lie decides up to 15 % of its time, for as long as it lives; so a
program is compiled into several functions, each of which runs once a round, in an order drawn anew.
The time of a function is the quartile of its rounds, that of a program the median of its functions,
and the last line of a table says what memory alone did: the slowest function of one program by
the fastest of it.
"""

from __future__ import annotations

import argparse
import itertools
import re
import time
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from tests.rewrite.test_crossentropies import KINDS, symbols, upright

__all__: list[str] = []


def compiled(kind: str, axis: int, dtype: str, name: str) -> Any:
    """A function of scores and labels by one spelling: the mean loss and its gradient."""
    z, y = symbols(kind, dtype)
    loss = T.mean(KINDS[kind][0][name](z, y, axis))
    return gradc.function([z, y], [loss, T.grad(loss, z)])


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


def program(function: Any) -> str:
    """The C of a function without its comments, which name lines of the tests."""
    return " ".join(re.sub(r"/\*.*?\*/", "", str(function.stages.source), flags=re.DOTALL).split())


def by_program(kind: str, axis: int, dtype: str) -> list[list[str]]:
    """The names of spellings, those of one program together."""
    found: dict[str, list[str]] = {}
    for name in KINDS[kind][0]:
        found.setdefault(program(compiled(kind, axis, dtype, name)), []).append(name)
    return list(found.values())


def race(functions: list[Any], given: tuple[Any, Any], rounds: int) -> list[float]:
    """Seconds a call, of each."""
    rng = np.random.default_rng(1)
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for i in rng.permutation(len(functions)):
            functions[i](*given)
            start = time.perf_counter()
            functions[i](*given)
            times[i].append(time.perf_counter() - start)
    return [float(np.quantile(each, 0.25)) for each in times]


def table(kind: str, axis: int, dtype: str, args: argparse.Namespace) -> None:
    """Compile, race and print one column."""
    programs = by_program(kind, axis, dtype)
    functions = [
        compiled(kind, axis, dtype, names[0]) for names in programs for _ in range(args.copies)
    ]
    found = race(functions, arguments(kind, axis, dtype, args.length), args.rounds)
    of_copies = np.reshape(found, (len(programs), args.copies))
    times = np.median(of_copies, axis=1)
    best = times.min()
    spellings = sum(map(len, programs))
    title = f"{kind}, axis {axis}, {dtype}: {spellings} spellings, {len(programs)} programs"
    print(f"{title}, the fastest {best * 1e3:.3f} ms")
    for spent, names in zip(times, programs, strict=True):
        print(f"  {spent / best:5.2f}  {'; '.join(names)}")
    alone = (of_copies.max(axis=1) / of_copies.min(axis=1)).max()
    print(f"  {alone:5.2f}  by memory alone", flush=True)


def main() -> None:
    """Read the command line, compile, race, print a table a column."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spellings")
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help="labels; all by default")
    parser.add_argument("--axis", type=int, choices=(0, 1), action="append")
    parser.add_argument("--dtype", choices=("float32", "float64"), action="append")
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--copies", type=int, default=5)
    args = parser.parse_args()
    dtypes = args.dtype or ["float32", "float64"]
    for kind, axis, dtype in itertools.product(args.kinds, args.axis or [1, 0], dtypes):
        table(kind, axis, dtype, args)


if __name__ == "__main__":
    main()
