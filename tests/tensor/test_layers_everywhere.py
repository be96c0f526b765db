"""Layers in every use: batches, tangents, slopes of both orders, pickles, the interpreter."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T

pytestmark = pytest.mark.usefixtures("quickly")

P = T.signal.pool
X = np.random.default_rng(4).normal(size=(3, 2, 2, 4, 4))  # a batch of three images [2, 2, 4, 4]
U = np.random.default_rng(5).normal(size=X.shape)

LAYERS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda x: T.nnet.conv2d_transpose(x, W, SIZE, input_dilation=(2, 2)),
    "maximum": lambda x: P.pool_2d(x, (2, 3), False, (1, 2)),
    "mean": lambda x: P.pool_2d(x, (3, 3), True, (2, 2), (1, 1), "average_exc_pad"),
    "batch": lambda x: T.nnet.batch_normalization_train(x, np.ones(2), np.zeros(2), "spatial")[0],
    "units": lambda x: T.nnet.layer_norm(x, np.arange(4.0)),
    "patches": lambda x: T.nnet.neighbours.images2neibs(x, (2, 2), (1, 2), "ignore_borders"),
}
W = np.random.default_rng(6).normal(size=(2, 2, 3, 3))
SIZE = (None, None, 9, 9)


def outputs(x: Any, u: Any) -> list[Any]:
    """For each layer of one image: value, tangent, gradient, product with the second derivative."""
    found = []
    for layer in LAYERS.values():
        y = layer(x)
        slope = T.grad(T.sum(T.sin(y)), x)
        found += [y, T.Rop(y, x, u), slope, T.grad(T.sum(slope * u), x)]
    return found


def test_layers_everywhere() -> None:
    x, u = (T.tensor("float64", (None,) * 4, name) for name in "xu")
    xs, us = (T.tensor("float64", (None,) * 5, name) for name in ("xs", "us"))
    one = gradc.function([x, u], outputs(x, u))
    batch = gradc.function([xs, us], gradc.vmap(outputs)(xs, us))
    slow = gradc.function([x, u], outputs(x, u), mode="REFERENCE")
    each = [one(*pair) for pair in zip(X, U, strict=True)]
    again, step = pickle.loads(pickle.dumps(one))(X[0], U[0]), 1e-5
    ahead, behind = (one(X[0] + sign * step * U[0], U[0]) for sign in (1, -1))
    together, interpreted = batch(X, U), slow(X[0], U[0])
    for k, value in enumerate(each[0]):
        label = f"{list(LAYERS)[k // 4]} {k % 4}"
        np.testing.assert_array_equal(again[k], value, err_msg=label)
        np.testing.assert_allclose(interpreted[k], value, 1e-9, 1e-11, err_msg=label)
        for row, found in zip(each, together[k], strict=True):
            np.testing.assert_allclose(found, row[k], 1e-9, 1e-11, err_msg=label)
        if k % 2 == 0:  # by differences: the tangent of the value, the second of the gradient
            moved = (ahead[k] - behind[k]) / (2 * step)
            np.testing.assert_allclose(each[0][k + 1], moved, 1e-5, 1e-6, err_msg=label)
        if k % 4 == 2:
            cosines = np.cos(each[0][k - 2]) * each[0][k - 1]
            np.testing.assert_allclose(np.sum(value * U[0]), np.sum(cosines), err_msg=label)
