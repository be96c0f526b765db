"""Sums are as accurate along every axis as numpy's pairwise sum is along the last.

The judge is longdouble; errors are counted in units of the last place of the sum of magnitudes.
Vectors are those on which summing in order fails: constants, whose rounding goes one way, and one
large element before many small ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Input

Array = np.ndarray[Any, Any]

# 16 terms in order err by 8 units at most, joining 2^20 of them in pairs by 1 a level.
MOST = 12.0
SHAPES = (
    ((1 << 20,), None),  # one long row
    ((1 << 19, 2), 0),  # columns
    ((1 << 12, 130), 1),  # many rows
    ((2, 1 << 17, 3), 1),  # an axis in the middle
    ((3, 300, 1000), (1, 2)),
    ((700, 3, 300), 0),
    ((30, 3, 10000, 2), (0, 2)),  # folded, kept, folded, kept
    ((1 << 16, 4, 3), (0, 1)),
)


def hard(count: int) -> Iterator[Array]:
    rng = np.random.default_rng(count)
    yield np.full(count, 0.1)
    yield np.where(np.arange(count) % 2, 1.0, 1e-4)
    yield np.concatenate([[float(count)], np.full(count - 1, 0.1)])
    yield np.where(np.arange(count) % 2, 1.0, -1.0) * (1 + 1e-3 * rng.random(count))
    yield rng.normal(size=count) + 3


def units(got: Any, terms: Array, axis: Any, count: Any = 1) -> float:
    """The largest error of sums of `terms` over `count`, in units of the last place."""
    axes = range(terms.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    kept = [k for k in range(terms.ndim) if k not in axes]
    moved = np.transpose(terms, (*kept, *axes)).astype("longdouble", order="C")
    rows = moved.reshape(*got.shape, -1)  # pairwise is numpy's sum along the last axis only
    scale = np.abs(rows).sum(-1) * np.finfo(got.dtype).eps
    return float(np.max(np.abs(got.astype("longdouble") * count - rows.sum(-1)) / scale))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_along_every_axis(dtype: str) -> None:
    inputs = [Input(TensorType(dtype, (None,) * len(shape))) for shape, _ in SHAPES]
    outputs = []
    for x, (_, axis) in zip(inputs, SHAPES, strict=True):
        outputs += [x.sum(axis), (x * x).sum(axis), x.mean(axis), T.exp(x * 0).sum(axis)]
    f = gradc.function(inputs, outputs)
    kinds = zip(*(hard(int(np.prod(shape))) for shape, _ in SHAPES), strict=True)
    for vectors in kinds:
        arrays = [v.astype(dtype).reshape(s) for v, (s, _) in zip(vectors, SHAPES, strict=True)]
        results = f(*arrays)
        for k, (a, (shape, axis)) in enumerate(zip(arrays, SHAPES, strict=True)):
            total, squares, mean, ones = results[4 * k : 4 * k + 4]
            count = int(a.size / total.size)
            label = f"{shape} over {axis}: {a.flat[:2]}"
            assert units(total, a, axis) < MOST, label
            assert units(squares, a * a, axis) < MOST, label
            assert units(mean, a, axis, count) < MOST + 1, label
            np.testing.assert_array_equal(ones, count, err_msg=label)


def test_variances_of_what_hardly_varies() -> None:
    x = T.fmatrix("x")
    f = gradc.function([x], [x.var(0), x.var(1), x.std(0, ddof=1), x.var(0, corrected=True)])
    a = (1000 + np.random.default_rng(0).normal(size=(4096, 24))).astype("float32")
    wide = a.astype("float64")
    expected = [wide.var(0), wide.var(1), wide.std(0, ddof=1), wide.var(0)]
    for got, exact in zip(f(a), expected, strict=True):
        np.testing.assert_allclose(got, exact, rtol=2e-6)
