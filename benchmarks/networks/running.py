"""An epoch as a task of the benchmarks: every batch once, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data
from benchmarks.networks.problems import PROBLEMS, Problem

__all__ = ["epoch_of", "problem_of"]


def problem_of(case: Case) -> Problem:
    """The example that a workload of `epochs` is about.

    LeNet's images are moved by a thousandth: their white margins make all places of a pool the
    largest, and then gradc gives each of them the slope, as Theano, the others only one.
    """
    problem = PROBLEMS[case.workload.name.removeprefix("epoch_")](0)
    if problem.name != "lenet":
        return problem
    x, y = problem.rows
    noise = np.random.default_rng(0).standard_normal(x.shape, x.dtype)
    return replace(problem, rows=(x + 1e-3 * noise, y))


def epoch_of(network: Any) -> Task:
    """Costs that are still on their way when the last batch is begun are waited for."""
    count = network.batches.count

    def run() -> Any:
        return [float(cost) for cost in [network.step(k) for k in range(count)]]

    def values(costs: Any) -> Data:
        return {"first": np.array(costs[:3]), "mean": np.array(np.mean(costs))}

    return Task(run, values)
