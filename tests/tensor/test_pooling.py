"""Pooling and patches beside explicit windows, as Theano 1.0.5 cuts them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
POOLS = {1: T.signal.pool.pool_1d, 2: T.signal.pool.pool_2d, 3: T.signal.pool.pool_3d}


def count(n: int, window: int, stride: int, pad: int, ignore: bool) -> int:
    """As theano.tensor.signal.pool.Pool.out_shape."""
    n += 2 * pad
    if ignore:
        return n // stride if window == stride else max((n - window) // stride + 1, 0)
    if stride >= window:
        return (n - 1) // stride + 1
    return max(0, (n - 1 - window + stride) // stride) + 1


def pooled(x: Array, mode: str, window: Any, stride: Any, pad: Any, ignore: bool) -> Array:
    """As theano.tensor.signal.pool.Pool.perform."""
    d = len(window)
    places = [count(n, *each, ignore) for n, *each in
              zip(x.shape[-d:], window, stride, pad, strict=True)]  # fmt: skip
    out = np.empty((*x.shape[:-d], *places))
    for p in np.ndindex(*places):
        begins = [k * s - low for k, s, low in zip(p, stride, pad, strict=True)]
        ends = [
            min(b + w, n + low)
            for b, w, n, low in zip(begins, window, x.shape[-d:], pad, strict=True)
        ]
        cut = [
            slice(max(b, 0), min(e, n)) for b, e, n in zip(begins, ends, x.shape[-d:], strict=True)
        ]
        part = x[(..., *cut)]
        axes = tuple(range(-d, 0))
        size = np.prod([e - b for b, e in zip(begins, ends, strict=True)])
        if mode == "max":
            out[(..., *p)] = part.max(axes)
        elif mode == "average_exc_pad":
            out[(..., *p)] = part.mean(axes)
        else:
            out[(..., *p)] = part.sum(axes) / (1 if mode == "sum" else size)
    return out


def configurations() -> list[tuple[Any, ...]]:
    found = []
    modes = ("max", "sum", "average_exc_pad", "average_inc_pad")
    for mode, d, window, stride, pad, ignore in itertools.product(
        modes, (1, 2, 3), (2, 3), (1, 2, 4), (0, 1), (True, False)
    ):
        if ignore or not pad:
            found.append((mode, (window, *(2,) * (d - 1)), (stride,) * d, (pad,) * d, ignore))
    return found


CONFIGS = configurations()


def judged(configs: list[tuple[Any, ...]]) -> None:
    """Values, gradients by differences along a line, and forward mode."""
    rng = np.random.default_rng(1)
    arrays = {
        d: rng.normal(size=(2, 2, 5, 4, 3)[: 1 + d] if d < 3 else (1, 5, 4, 3)) for d in (1, 2, 3)
    }
    lines = {d: rng.normal(size=x.shape) for d, x in arrays.items()}
    names = {d: T.tensor("float64", (None,) * x.ndim, f"x{d}") for d, x in arrays.items()}
    moves = {d: T.tensor("float64", (None,) * x.ndim, f"u{d}") for d, x in arrays.items()}
    outputs = []
    for mode, window, stride, pad, ignore in configs:
        d = len(window)
        x, u = names[d], moves[d]
        y = POOLS[d](x, window, ignore, stride, pad, mode)
        slope = T.grad(T.sum(y**3), x)
        outputs += [y, T.sum(slope * u), T.grad(T.sum(slope * u), x), T.Rop(y, x, u)]
    inputs = [*names.values(), *moves.values()]
    got = gradc.function(inputs, outputs, on_unused_input="ignore")(
        *arrays.values(), *lines.values()
    )
    for k, config in enumerate(configs):
        mode, window, stride, pad, ignore = config
        x, u = arrays[len(window)], lines[len(window)]
        y, along, twice, tangent = got[4 * k : 4 * k + 4]

        def value(t: float, x: Array = x, u: Array = u, config: tuple[Any, ...] = config) -> Array:
            return pooled(x + t * u, *config)

        step = 1e-5
        np.testing.assert_allclose(y, value(0), rtol=1e-12, atol=1e-12, err_msg=str(config))
        moved = (value(step) - value(-step)) / (2 * step)
        np.testing.assert_allclose(tangent, moved, rtol=1e-6, atol=1e-8, err_msg=str(config))
        np.testing.assert_allclose(along, np.sum(3 * y**2 * moved), rtol=1e-6, err_msg=str(config))
        np.testing.assert_allclose(np.sum(twice * u), np.sum(6 * y * moved**2), rtol=1e-5,
                                   err_msg=str(config))  # fmt: skip


def test_a_share_of_the_table() -> None:
    assert len(CONFIGS) >= 150
    judged(CONFIGS[::9])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_the_whole_table(part: int) -> None:
    judged(CONFIGS[part::8])


def test_ties_nan_and_integers() -> None:
    x = T.tensor("float64", (None, None))
    n = T.tensor("int32", (None, None))
    y = T.signal.pool.pool_2d(x, (2, 2), True)
    f = gradc.function(
        [x, n],
        [y, T.grad(T.sum(y * 3), x), T.signal.pool.max_pool_2d_same_size(x, (2, 2)),
         T.signal.downsample.max_pool_2d(n, (2, 2)),
         T.signal.pool.pool_2d(n, (2, 2), True, mode="average_inc_pad")],
    )  # fmt: skip
    a = np.array([[1.0, 1.0, 5.0], [0.0, 1.0, 7.0]])
    value, slope, same, most, mean = f(a, np.arange(6, dtype="int32").reshape(2, 3))
    assert value == 1
    np.testing.assert_array_equal(slope, [[3, 3, 0], [0, 3, 0]])  # every tied maximum, as Theano
    np.testing.assert_array_equal(same, [[1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(most, [[4, 5]])
    assert most.dtype == "int32"
    assert (mean, mean.dtype) == (2.0, "float64")
    a[1, 0] = np.nan
    assert np.isnan(f(a, np.zeros((2, 2), "int32"))[0]).all()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"ws": (0, 2)}, ArgumentError, "pool_2d: ws has 0"),
        ({"ws": (2, 2), "stride": (-1, 1)}, ArgumentError, "pool_2d: stride has -1"),
        ({"ws": (2, 2), "pad": (2, 0), "ignore_border": True}, ArgumentError, "not smaller"),
        ({"ws": (2, 2), "pad": (1, 0)}, ArgumentError, "ignore_border=True only"),
        ({"ws": (2, 2), "mode": "min"}, ArgumentError, "no mode 'min'"),
        ({"ws": (2, 2), "ds": (2, 2)}, ArgumentTypeError, "both were given"),
        ({"ws": (2, 2, 2)}, ArgumentError, "3 entries for 2"),
        ({"ws": 2.5}, ArgumentTypeError, "whole numbers"),
    ],
)  # fmt: skip
def test_what_is_seen_while_building(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        T.signal.pool.pool_2d(T.tensor("float64", (None,) * 4), **options)
    assert "\n  Fix: " in str(caught.value)
    with pytest.raises(ShapeError, match="slide over 2"):
        T.signal.pool.pool_2d(T.dvector(), (2, 2))


def test_nothing_to_pool() -> None:
    x = T.tensor("float64", (None,) * 4)
    f = gradc.function([x], T.signal.pool.pool_2d(x, (2, 2), False, (1, 1)))
    assert f(np.zeros((0, 3, 4, 4))).shape == (0, 3, 3, 3)
    with pytest.raises(ArgumentError, match="axis -2 of the input has length 0"):
        f(np.zeros((2, 3, 0, 4)))


# -- patches ---------------------------------------------------------------------------------------


def neibs(x: Array, window: Any, step: Any) -> Array:
    n, c, h, w = x.shape
    return np.array([
        x[i, j, k : k + window[0], m : m + window[1]].reshape(-1)
        for i in range(n) for j in range(c)
        for k in range(0, h - window[0] + 1, step[0]) for m in range(0, w - window[1] + 1, step[1])
    ])  # fmt: skip


def test_patches() -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 6, 4))
    sx = T.tensor("float64", (None,) * 4)
    cut = T.nnet.neighbours.images2neibs
    apart = cut(sx, (3, 2))
    outputs = [
        apart, cut(sx, (3, 2), (1, 2)), cut(sx, (4, 3), mode="ignore_borders"),
        cut(sx, (3, 3), (1, 1), "half"), cut(sx, (3, 3), (2, 1), "wrap_centered"),
        T.nnet.neighbours.neibs2images(apart, (3, 2), sx.shape),
        T.nnet.neighbours.neibs2images(cut(sx, (4, 3), mode="ignore_borders"), (4, 3), sx.shape,
                                       "ignore_borders"),
        T.grad(T.sum(cut(sx, (3, 2), (1, 2)) ** 2), sx),
    ]  # fmt: skip
    got = gradc.function([sx], outputs)(x)
    margins = [(0, 0), (0, 0), (1, 1), (1, 1)]
    np.testing.assert_array_equal(got[0], neibs(x, (3, 2), (3, 2)))
    np.testing.assert_array_equal(got[1], neibs(x, (3, 2), (1, 2)))
    np.testing.assert_array_equal(got[2], neibs(x, (4, 3), (4, 3)))
    np.testing.assert_array_equal(got[3], neibs(np.pad(x, margins), (3, 3), (1, 1)))
    np.testing.assert_array_equal(got[4], neibs(np.pad(x, margins, "wrap"), (3, 3), (2, 1)))
    np.testing.assert_array_equal(got[5], x)
    cut_off = x.copy()
    cut_off[:, :, 4:], cut_off[:, :, :, 3:] = 0, 0
    np.testing.assert_array_equal(got[6], cut_off)
    assert np.isclose(np.sum(got[7] * x), 2 * np.sum(got[1] ** 2))
    with pytest.raises(ArgumentError, match="no centre"):
        cut(sx, (2, 2), mode="wrap_centered")
