"""Softmax crossentropy with its gradient in every spelling, beside the fastest one.

    python -m benchmarks.spellings [number one-hot shares compared] [--axis 1] [--dtype float32]
                                   [--length 1000] [--rounds 150]

The spellings are those of the tests.  Those that become the same C are one program, which runs
once a round; a round's order is drawn anew, and a program's time is the quartile of its rounds.
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


def program(function: Any) -> str:
    """The C of a function without its comments, which name lines of the tests."""
    return " ".join(re.sub(r"/\*.*?\*/", "", str(function.stages.source), flags=re.DOTALL).split())


def by_program(functions: dict[str, Any]) -> list[list[str]]:
    """The names of functions, those of one program together."""
    found: dict[str, list[str]] = {}
    for name, function in functions.items():
        found.setdefault(program(function), []).append(name)
    return list(found.values())


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
    parser.add_argument("--rounds", type=int, default=150)
    args = parser.parse_args()
    dtypes = args.dtype or ["float32", "float64"]
    for kind, axis, dtype in itertools.product(args.kinds, args.axis or [1, 0], dtypes):
        given = arguments(kind, axis, dtype, args.length)
        functions = compiled(kind, axis, dtype)
        programs = by_program(functions)
        found = race({names[0]: functions[names[0]] for names in programs}, given, args.rounds)
        best = min(found.values())
        title = (
            f"{kind}, axis {axis}, {dtype}: {len(functions)} spellings, {len(programs)} programs"
        )
        print(f"{title}, the fastest {best * 1e3:.3f} ms", flush=True)
        for names in programs:
            print(f"  {found[names[0]] / best:5.2f}  {'; '.join(names)}", flush=True)


if __name__ == "__main__":
    main()
