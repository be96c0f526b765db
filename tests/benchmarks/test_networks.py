"""The networks of `examples` and their twins: the same batches, the same costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn")

from benchmarks.harness.catalogue import select
from benchmarks.harness.race import Mismatch, compare
from benchmarks.harness.roster import Peer
from benchmarks.harness.workload import Case
from benchmarks.networks import running
from benchmarks.networks.problems import PROBLEMS, Batches

WORKLOADS = select(["epochs"])


def test_every_network_has_a_workload() -> None:
    assert [work.name for work in WORKLOADS] == [f"epoch_{name}" for name in PROBLEMS]


def test_an_epoch_is_every_batch_once() -> None:
    class Counting:
        batches = Batches((np.arange(10), np.arange(10) * 2), 5)

        def step(self, k: int) -> float:
            x, y = self.batches.part(k)
            return float((x + y).sum())

    task = running.epoch_of(Counting())
    assert task.run() == [30.0, 105.0]
    np.testing.assert_array_equal(task.values(task.run())["mean"], 67.5)
    rows = [each.value.copy() for each in Counting.batches.data]
    Counting.batches.shuffle(np.random.default_rng(0))
    x, y = (each.value for each in Counting.batches.data)
    np.testing.assert_array_equal(2 * x, y)
    assert (x != rows[0]).any()


def test_mean_costs_may_be_further_apart_than_first_ones() -> None:
    peers = {"torch": Peer("torch", "with_torch", "torch")}
    own = {"first": np.array([2.0, 1.0]), "mean": np.array(1.0)}
    close = own | {"mean": np.array(1.005)}
    assert compare(WORKLOADS[0], {"gradc": own, "torch": close}, peers)["torch"] > 1e-3
    for other in ({"first": own["first"] * 1.001}, {"mean": np.array(1.02)}):
        with pytest.raises(Mismatch):
            compare(WORKLOADS[0], {"gradc": own, "torch": own | other}, peers)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [Case(work) for work in WORKLOADS], ids=lambda case: case.workload.name
)
@pytest.mark.parametrize("peer", ["torch", "jax"])
def test_first_costs_are_those_of_torch_and_jax(peer: str, case: Case) -> None:
    pytest.importorskip(peer)
    from benchmarks.networks import in_jax, in_torch

    problem = running.problem_of(case)
    problem = replace(problem, rows=tuple(each[: 3 * problem.batch] for each in problem.rows))
    network = problem.build(problem.rows)
    twin = {"torch": in_torch, "jax": in_jax}[peer].Twin(problem)
    want = [float(twin.step(k)) for k in range(3)]
    np.testing.assert_allclose([float(network.step(k)) for k in range(3)], want, rtol=1e-5)
