"""A program whose functions other processes call; test_carried.py names the carrier."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T


@gradc.jit
def decorated(x):
    return np.sum(np.sin(x))


@gradc.grad
def slope(x):
    return np.sum(x**3)


def cost(params, x):
    return np.sum((x @ params["w"]) ** 2)


def first_row(x):
    return x[0] * 2


x = T.dvector("x")
w = gradc.shared(np.ones(3), name="w")
STEP = gradc.function([x], T.sum(x * w), updates=[(w, w + x)])
BOTH = gradc.value_and_grad(cost)
ROWS = gradc.vmap(first_row)
BENT = gradc.hessian(cost)
DATA = [np.arange(3.0) + k for k in range(3)]
PAIRS = [({"w": d}, d + 1) for d in DATA]


def one(given: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    function, args = given
    return gradc.tree.leaves(function(*args))


JOBS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    *((STEP, (d,)) for d in DATA),
    *((decorated, (d,)) for d in DATA),
    *((slope, (d,)) for d in DATA),
    *((BOTH, pair) for pair in PAIRS),
    (ROWS, (np.stack(DATA),)),
    (BENT, PAIRS[0]),
]


def by_joblib(jobs: Any) -> Any:
    import joblib

    return joblib.Parallel(n_jobs=2)(joblib.delayed(one)(job) for job in jobs)


def by_dask(jobs: Any) -> Any:
    import dask

    made = [dask.delayed(one)(job) for job in jobs]
    return dask.compute(*made, scheduler="processes", num_workers=2)


def by_distributed(jobs: Any) -> Any:
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        return client.gather(client.map(one, jobs, pure=False))


def by_processes(kind: str) -> Callable[[Any], Any]:
    def carry(jobs: Any) -> Any:
        with multiprocessing.get_context(kind).Pool(2) as pool:
            return pool.map(one, jobs)

    return carry


CARRIERS = {"joblib": by_joblib, "dask": by_dask, "distributed": by_distributed,
            "spawn": by_processes("spawn"), "forkserver": by_processes("forkserver")}  # fmt: skip


def main() -> None:
    alone = gradc.jit(lambda x: [x * 2])  # only what pickles by value carries it
    jobs = [*JOBS, (alone, (DATA[1],))] if sys.argv[1] in ("joblib", "dask") else JOBS
    found = CARRIERS[sys.argv[1]](jobs)
    for got, (function, args) in zip(found, jobs, strict=True):
        if function is STEP:  # each copy has a state of its own, and may run several
            assert got[0] >= np.sum(args[0])
            continue
        for one_, other in zip(got, gradc.tree.leaves(function(*args)), strict=True):
            np.testing.assert_array_equal(one_, other)
    print(f"{len(found)} carried")


if __name__ == "__main__":
    main()
