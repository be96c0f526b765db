"""Test accuracies of the examples' networks over some seeds, in gradc and in PyTorch.

A seed is that of the split into training and test data, of the first weights and of the batches;
the text of the transformer is split the same way always.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.networks import in_torch
from benchmarks.networks.problems import PROBLEMS, Problem

__all__: list[str] = []


def judged(problem: Problem) -> tuple[float, float]:
    """The test accuracies of gradc and PyTorch, in percent, after the example's training."""
    found = []
    for network in (problem.build(problem.rows), in_torch.Twin(problem)):
        problem.learn(network)
        found.append(100 * problem.accuracy(network))
    return found[0], found[1]


def main() -> None:
    """Read the command line, train, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    unknown = set(args.names) - set(PROBLEMS)
    if unknown:
        parser.error(f"no network is called {unknown.pop()!r}; there are {', '.join(PROBLEMS)}.")
    print("| network | gradc, % | each seed | PyTorch, % | each seed | difference |")
    print("| --- | ---: | --- | ---: | --- | ---: |")
    for name in args.names or PROBLEMS:
        found = np.array([judged(PROBLEMS[name](seed)) for seed in range(args.seeds)])
        columns = [f"{c.mean():.2f} | {', '.join(f'{each:.1f}' for each in c)}" for c in found.T]
        apart = np.subtract(*found.mean(axis=0))
        print(f"| {name} | {' | '.join(columns)} | {apart:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
