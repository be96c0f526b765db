"""Softmax crossentropy however it is spelled: the same numbers, finite at extremes, one sweep.

Each spelling takes scores, labels and the axis of the classes, and gives one loss a row.  Judged by
numpy in long double.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.descent import rewritten
from gradc.graph.graph import Graph
from gradc.kernel.program import Nest
from gradc.lower import lower, prepare
from gradc.options import Options

Spelling = Callable[[Any, Any, int], Any]
pytestmark = pytest.mark.usefixtures("quickly")


def pick(a: Any, y: Any, axis: int) -> Any:
    """One element a row."""
    rows = T.arange(y.shape[0])
    return a[rows, y] if axis == 1 else a[y, rows]


def upright(z: Any, axis: int) -> Any:
    return z if axis == 1 else z.T


def total_exp(z: Any, axis: int) -> Any:
    return T.sum(T.exp(z), axis=axis, keepdims=True)


def shifted(z: Any, axis: int) -> Any:
    e = T.exp(z - T.max(z, axis=axis, keepdims=True))
    return e / T.sum(e, axis=axis, keepdims=True)


BY_NUMBER: dict[str, Spelling] = {
    "log(softmax)[y]": lambda z, y, k: -pick(T.log(T.softmax(z, axis=k)), y, k),
    "log(softmax[y])": lambda z, y, k: -T.log(pick(T.softmax(z, axis=k), y, k)),
    "logsoftmax[y]": lambda z, y, k: -pick(T.logsoftmax(z, axis=k), y, k),
    "log(exp / sum)[y]": lambda z, y, k: -pick(T.log(T.exp(z) / total_exp(z, k)), y, k),
    "log((exp / sum)[y])": lambda z, y, k: -T.log(pick(T.exp(z) / total_exp(z, k), y, k)),
    "shifted by hand": lambda z, y, k: -pick(T.log(shifted(z, k)), y, k),
    "logsumexp - z[y]": lambda z, y, k: T.logsumexp(z, axis=k) - pick(z, y, k),
    "log(sum(exp)) - z[y]": lambda z, y, k: T.log(T.sum(T.exp(z), axis=k)) - pick(z, y, k),
    "(logsumexp - z)[y]": lambda z, y, k: pick(T.logsumexp(z, axis=k, keepdims=True) - z, y, k),
    "-(z - log(sum(exp)))[y]": lambda z, y, k: -pick(z - T.log(total_exp(z, k)), y, k),
    "take_along_axis": lambda z, y, k: (
        -T.take_along_axis(upright(T.logsoftmax(z, axis=k), k), y[:, None], axis=1)[:, 0]
    ),
    "categorical_crossentropy": lambda z, y, k: T.nnet.categorical_crossentropy(
        T.softmax(upright(z, k), axis=1), y
    ),
    "crossentropy_softmax_1hot": lambda z, y, k: T.nnet.crossentropy_softmax_1hot(upright(z, k), y)[
        0
    ],
    "log(1 / softmax)[y]": lambda z, y, k: pick(T.log(1 / T.softmax(z, axis=k)), y, k),
}


def summed(t: Any, a: Any, axis: int) -> Any:
    return T.sum(t * a, axis=axis)


BY_SHARE: dict[str, Spelling] = {
    "t log(softmax)": lambda z, t, k: -summed(t, T.log(T.softmax(z, axis=k)), k),
    "log(softmax) t": lambda z, t, k: -T.sum(T.log(T.softmax(z, axis=k)) * t, axis=k),
    "t logsoftmax": lambda z, t, k: -summed(t, T.logsoftmax(z, axis=k), k),
    "(-t logsoftmax)": lambda z, t, k: T.sum(-t * T.logsoftmax(z, axis=k), axis=k),
    "t log(exp / sum)": lambda z, t, k: -summed(t, T.log(T.exp(z) / total_exp(z, k)), k),
    "t shifted by hand": lambda z, t, k: -summed(t, T.log(shifted(z, k)), k),
    "t (logsumexp - z)": lambda z, t, k: summed(t, T.logsumexp(z, axis=k, keepdims=True) - z, k),
    "t (log(sum(exp)) - z)": lambda z, t, k: summed(t, T.log(total_exp(z, k)) - z, k),
    "-t (z - log(sum(exp)))": lambda z, t, k: -summed(t, z - T.log(total_exp(z, k)), k),
    "xlogy": lambda z, t, k: -T.sum(T.xlogy(t, T.softmax(z, axis=k)), axis=k),
    "categorical_crossentropy of shares": lambda z, t, k: T.nnet.categorical_crossentropy(
        T.softmax(upright(z, k), axis=1), upright(t, k)
    ),
    "t log(1 / softmax)": lambda z, t, k: summed(t, T.log(1 / T.softmax(z, axis=k)), k),
}


def one_hot(y: Any, z: Any, axis: int) -> Any:
    """Of the scores' dtype, compared while the loss is computed."""
    classes = T.arange(z.shape[axis])
    found = T.eq(y[:, None], classes[None, :])
    return T.cast(found if axis == 1 else found.T, z.dtype)


N, K = 6, 5
RNG = np.random.default_rng(8)
SCORES = RNG.normal(size=(N, K)) * 2
EXTREME = np.where(RNG.random((N, K)) < 0.5, -1000.0, 1000.0)
EXTREME[0], EXTREME[1] = 1000.0, -1000.0
EXTREME[2] = [1000.0, -1000.0, 999.0, 0.0, -1000.0]
LABELS = np.array([0, 1, 3, 2, 4, 1])
SHARES = RNG.dirichlet(np.ones(K), size=N)
SHARES[3] = np.eye(K)[2]


def judged(z: Any, t: Any, weights: Any) -> tuple[Any, Any]:
    """Loss a row, and the gradient of their weighted sum."""
    z, t = z.astype("longdouble"), t.astype("longdouble")
    off = z - z.max(axis=1, keepdims=True)
    log_p = off - np.log(np.exp(off).sum(axis=1, keepdims=True))
    slope = np.exp(log_p) * t.sum(axis=1, keepdims=True) - t
    return -(t * log_p).sum(axis=1), weights[:, None] * slope


KINDS: dict[str, tuple[dict[str, Spelling], Any]] = {
    "number": (BY_NUMBER, np.eye(K)[LABELS]),
    "one-hot": (BY_SHARE, np.eye(K)[LABELS]),
    "shares": (BY_SHARE, SHARES),
    "compared": (
        {name: lambda z, y, k, f=f: f(z, one_hot(y, z, k), k) for name, f in BY_SHARE.items()},
        np.eye(K)[LABELS],
    ),
}


def symbols(kind: str, dtype: str) -> tuple[Any, Any]:
    z = T.matrix("z", dtype=dtype)
    by_number = kind in ("number", "compared")
    return z, T.lvector("y") if by_number else T.matrix("t", dtype=dtype)


QUICK = {("number", 1, "float32"), ("shares", 1, "float32"), ("number", 0, "float64")}
CASES = [
    pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow)
    for case in itertools.product(KINDS, (1, 0), ("float32", "float64"))
]


@pytest.mark.parametrize(("kind", "axis", "dtype"), CASES)
def test_numbers(kind: str, axis: int, dtype: str) -> None:
    spellings, target = KINDS[kind]
    z, y = symbols(kind, dtype)
    w = T.vector("w", dtype=dtype)
    outputs = []
    for spelled in spellings.values():
        loss = spelled(z, y, axis)
        outputs += [loss, T.grad(T.sum(loss * w), z)]
    f = gradc.function([z, y, w], outputs)
    weights = np.linspace(0.5, 2.0, N)
    for scores in (SCORES, EXTREME):
        given = LABELS if y.ndim == 1 else upright(target, axis).astype(dtype)
        found = f(upright(scores, axis).astype(dtype), given, weights.astype(dtype))
        loss, slope = judged(scores.astype(dtype), target.astype(dtype), weights)
        eps = 1e-13 if dtype == "float64" else 3e-6
        for k, name in enumerate(spellings):
            np.testing.assert_allclose(found[2 * k], loss, rtol=eps, atol=eps, err_msg=name)
            upright_slope = upright(found[2 * k + 1], axis)
            np.testing.assert_allclose(upright_slope, slope, rtol=eps, atol=eps, err_msg=name)


def steps(kind: str, spelled: Spelling, axis: int, cost: Any) -> list[Any]:
    """Of the program of a cost and its gradient, nothing compiled."""
    z, y = symbols(kind, "float32")
    total = cost(spelled(z, y, axis))
    graph = Graph([z, y], [total, T.grad(total, z)])
    program = lower(prepare(rewritten(graph, "FAST_RUN", Options())[0]))
    return [step for part in program.segments for step in part.steps]


def shape_of(found: list[Any]) -> tuple[int, int]:
    """How many nests run over the scores, and how many steps there are in all."""
    nests = [each for each in found if isinstance(each, Nest)]
    return sum(len(each.axes) > 1 for each in nests), len(found)


@pytest.mark.parametrize("axis", [1, 0])
@pytest.mark.parametrize("kind", KINDS)
def test_one_sweep(kind: str, axis: int) -> None:
    """One along rows; along columns one for the greatest scores, one for the sums, one for all."""
    found = {
        name: shape_of(steps(kind, spelled, axis, T.mean))
        for name, spelled in KINDS[kind][0].items()
    }
    assert {sweeps for sweeps, _ in found.values()} == {1 if axis else 3}, found
