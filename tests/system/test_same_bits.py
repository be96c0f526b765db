"""The same bits for any number of threads, for every kind of step that is shared among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.runtime import threads
from gradc.runtime._native import lib

COUNTS = (1, 2, 3, 8)


def _steps(dtype: str) -> tuple[Any, list[np.ndarray]]:
    """A function whose outputs are the work of all kinds of steps, and arguments for it."""
    x, y = T.matrix("x", dtype=dtype), T.matrix("y", dtype=dtype)
    v, long = T.vector("v", dtype=dtype), T.vector("long", dtype=dtype)
    stack = T.tensor3("stack", dtype=dtype)
    labels = T.lvector("labels")
    w = gradc.shared(np.ones((300, 300), dtype), name="w")
    rows = T.arange(x.shape[0])
    picked = T.log_softmax(x, axis=1)[rows, labels]
    loss = -picked.mean() + (T.dot(x, w) ** 2).sum()
    outputs = [
        T.dot(x, y), T.dot(x.T, y), T.dot(x, y.T) + v, T.sigmoid(T.dot(x, y) + v),  # gemm
        T.dot(x, v), T.dot(v, x), T.matmul(stack, stack.transpose(0, 2, 1)),  # gemv, batches
        T.tanh(long * 2) * T.exp(-long * long), T.log1p(T.exp(long)),  # elementwise
        long.sum(), (long * long).mean(), long.max(), T.argmax(long), T.argmin(long),  # folds
        x.sum(axis=0), x.sum(axis=1), x.var(axis=0), T.softmax(x), T.argmax(x, axis=0),
        stack.sum(axis=(0, 2)), x.sum() + x.sum(axis=0).max(),
        picked, T.grad(loss, x), T.grad(loss, w),  # gathers and scatters
    ]  # fmt: skip
    f = gradc.function(
        [x, y, v, long, stack, labels], outputs, updates=[(w, w - 1e-3 * T.grad(loss, w))]
    )
    rng = np.random.default_rng(8)
    shapes = ((300, 300), (300, 300), (300,), (700_001,), (16, 90, 110))
    arrays: list[np.ndarray] = [rng.standard_normal(shape).astype(dtype) for shape in shapes]

    def run() -> list[bytes]:
        w.set_value(np.ones((300, 300), dtype))
        results = [out.tobytes() for _ in range(2) for out in f(*arrays, labels_given)]
        return [*results, w.get_value().tobytes()]

    labels_given = rng.integers(0, 300, 300)
    return run, arrays


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_same_bits_for_any_number_of_threads(dtype: str) -> None:
    run, _ = _steps(dtype)
    lib.gcr_set_always_share(True)
    try:
        expected = None
        for count in COUNTS:
            with gradc.config.override(threads=count):
                for _ in range(3):
                    found = run()
                    expected = expected or found
                    assert found == expected
        assert threads.workers() >= COUNTS[-1] - 1  # they took part
    finally:
        lib.gcr_set_always_share(False)
