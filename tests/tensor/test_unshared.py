"""Convolutions with filters of one place each, and their gradients, beside loops over places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ShapeError
from gradc.graph.evaluate import evaluate

CONFIGS = [
    {"subsample": (3, 2)},
    {"border_mode": "half", "filter_dilation": (1, 2), "filter_flip": False},
    {"border_mode": "full", "num_groups": 2, "subsample": (2, 1)},
    {"border_mode": ((0, 2), (1, 0)), "num_groups": 2, "filter_dilation": (2, 1)},
]
SHAPE = (2, 4, 5, 4)  # images, channels, rows, columns
FILTERS, ROWS, COLUMNS = 6, 2, 3


def margins(config: dict[str, Any]) -> list[tuple[int, int]]:
    """Rows and columns added before and behind."""
    mode, found = config.get("border_mode", "valid"), []
    dilations = config.get("filter_dilation", (1, 1))
    for axis, (n, d) in enumerate(zip((ROWS, COLUMNS), dilations, strict=True)):
        reach = (n - 1) * d
        words = {"valid": (0, 0), "full": (reach, reach), "half": ((reach + 1) // 2,) * 2}
        found.append(words[mode] if isinstance(mode, str) else mode[axis])
    return found


def by_loops(x: Any, w: Any, config: dict[str, Any]) -> Any:
    """The result, one place and one group after the other."""
    x = np.pad(x, [(0, 0), (0, 0), *margins(config)])
    (s, t), (d, e) = config.get("subsample", (1, 1)), config.get("filter_dilation", (1, 1))
    groups = config.get("num_groups", 1)
    w = w[..., ::-1, ::-1] if config.get("filter_flip", True) else w
    y = np.zeros((x.shape[0], *w.shape[:3]))
    for p in range(w.shape[1]):
        for q in range(w.shape[2]):
            rows = slice(p * s, p * s + (ROWS - 1) * d + 1, d)
            seen = x[:, :, rows, q * t : q * t + (COLUMNS - 1) * e + 1 : e]
            for g in range(groups):
                channels = np.array_split(np.arange(x.shape[1]), groups)[g]
                filters = np.array_split(np.arange(w.shape[0]), groups)[g]
                y[:, filters, p, q] = np.einsum(
                    "ncab,ocab->no", seen[:, channels], w[filters, p, q]
                )
    return y


def agree(slope: Any, function: Any, y: Any, rng: np.random.Generator) -> None:
    """The gradient of sum(function * y), which is linear, along three directions."""
    for _ in range(3):
        along = rng.normal(size=slope.shape)
        np.testing.assert_allclose(np.sum(slope * along), np.sum(function(along) * y), rtol=1e-9)


def arrays(config: dict[str, Any], rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Images, filters and what comes back, of lengths that fit."""
    lengths = T.nnet.get_conv_output_shape(
        SHAPE, (FILTERS, 4, ROWS, COLUMNS), config.get("border_mode", "valid"),
        config.get("subsample", (1, 1)), config.get("filter_dilation", (1, 1)),
    )[2:]  # fmt: skip
    channels = SHAPE[1] // config.get("num_groups", 1)
    w = rng.normal(size=(FILTERS, *lengths, channels, ROWS, COLUMNS))
    return rng.normal(size=SHAPE), w, rng.normal(size=(SHAPE[0], FILTERS, *lengths))


def test_values_and_gradients(quickly) -> None:
    """What the functions give, what grad gives, and grad of grad; all in one function."""
    rng = np.random.default_rng(11)
    inputs, outputs, values = [], [], []
    for config in CONFIGS:
        x, y = T.dtensor4("x"), T.dtensor4("y")
        w = T.tensor("float64", (None,) * 6, "w")
        out = T.nnet.conv2d(x, w, unshared=True, **config)
        back = T.nnet.conv2d_grad_wrt_inputs(y, w, x.shape, w.shape, unshared=True, **config)
        own = (FILTERS, None, None, None, ROWS, COLUMNS)
        filters = T.nnet.conv2d_grad_wrt_weights(x, y, own, unshared=True, **config)
        once = T.grad(T.sum(out**2), [x, w])
        outputs += [out, back, filters, *T.grad(T.sum(out * y), [x, w]),
                    T.grad(T.sum(back**2), y), T.grad(T.sum(once[0] * x), w)]  # fmt: skip
        inputs += [x, w, y]
        values += arrays(config, rng)
    f = gradc.function(inputs, outputs)
    got = f(*values)
    for k, config in enumerate(CONFIGS):
        x, w, y = values[3 * k : 3 * k + 3]
        out, back, filters, by_x, by_w, twice, mixed = got[7 * k : 7 * k + 7]
        close = {"rtol": 1e-9, "atol": 1e-12, "err_msg": str(config)}
        wanted = by_loops(x, w, config)
        np.testing.assert_allclose(out, wanted, **close)
        for slope in (back, by_x):
            agree(slope, lambda e, w=w, c=config: by_loops(e, w, c), y, rng)
        for slope, of in ((filters, y), (by_w, y), (mixed, 4 * wanted)):
            agree(slope, lambda e, x=x, c=config: by_loops(x, e, c), of, rng)
        np.testing.assert_allclose(twice, 2 * by_loops(back, w, config), **close)
    again = evaluate(outputs, dict(zip(inputs, values, strict=True)))
    for one, other in zip(got, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_lengths_that_do_not_fit(quickly) -> None:
    """Each says which array it is, and what its axis should be."""
    x, w, y = T.dtensor4("x"), T.tensor("float64", (None,) * 6, "w"), T.dtensor4("y")
    options = {"unshared": True, "num_groups": 2}
    f = gradc.function([x, w], T.nnet.conv2d(x, w, **options))
    backs = T.nnet.conv2d_grad_wrt_inputs(y, w, (None, None, 5, 6), **options)
    filters = T.nnet.conv2d_grad_wrt_weights(x, y, (None,) * 4 + (2, 2), **options)
    g, h = gradc.function([y, w], backs), gradc.function([x, y], filters)
    good = {"x": (2, 4, 5, 6), "w": (6, 4, 5, 2, 2, 2), "y": (2, 6, 4, 5)}
    for function, words in ((f, "xw"), (g, "yw"), (h, "xy")):
        function(*(np.ones(good[word]) for word in words))
    for function, words, name, axis, n in [
        (f, "xw", "x", 1, 5), (f, "xw", "x", 2, 6), (f, "xw", "w", 0, 5), (f, "xw", "w", 1, 3),
        (f, "xw", "w", 3, 1), (f, "xw", "w", 4, 7), (g, "yw", "y", 1, 4), (g, "yw", "y", 3, 6),
        (g, "yw", "w", 2, 4), (h, "xy", "x", 1, 3), (h, "xy", "y", 0, 3), (h, "xy", "y", 1, 5),
    ]:  # fmt: skip
        shapes = {**good, name: (*good[name][:axis], n, *good[name][axis + 1 :])}
        with pytest.raises(ArgumentError, match="unshared convolution") as caught:
            function(*(np.ones(shapes[word]) for word in words))
        assert f"\n    {words[0]} : " in str(caught.value) or "\n    w : " in str(caught.value)
    with pytest.raises(ShapeError, match="filters has 4 axes, it must have 6: filters, rows, col"):
        T.nnet.conv2d_grad_wrt_inputs(y, x, (None, None, 5, 6), **options)
    with pytest.raises(ShapeError, match=r"axis 2 has length 5, .* give 4"):
        T.nnet.conv2d(T.tensor("float64", (2, 4, 5, 5)),
                      T.tensor("float64", (6, 4, 5, 2, 2, 2)), **options)  # fmt: skip
