"""What convolutions, pooling, patches and dropout say of arguments that are none of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, GradcError

pytestmark = pytest.mark.usefixtures("quickly")

N, P = T.nnet, T.signal.pool
X, W, Y, M = T.dtensor4("x"), T.dtensor4("w"), T.dtensor4("y"), T.dmatrix("m")
SIZE = (None, None, 5, 5)
ODD: list[Any] = [
    "x", None, object(), {}, np.zeros((2, 2)), float("nan"), 1j, -1, 2**31, 2**70, T.dvector("v"),
    (None, 1), [[1]], b"q", (1, (2, 3, 4)),
]  # fmt: skip
CALLS: dict[str, Callable[[Any], Any]] = {
    "conv2d: border_mode": lambda v: N.conv2d(X, W, border_mode=v),
    "conv2d: subsample": lambda v: N.conv2d(X, W, subsample=v),
    "conv2d: filter_dilation": lambda v: N.conv2d(X, W, filter_dilation=v),
    "conv2d: num_groups": lambda v: N.conv2d(X, W, num_groups=v),
    "conv2d: input_shape": lambda v: N.conv2d(X, W, 5 if v is None else v),
    "conv2d: filter_shape": lambda v: N.conv2d(X, W, None, 5 if v is None else v),
    "conv1d: filters": lambda v: N.conv1d(T.dtensor3(), v),
    "conv3d: input": lambda v: N.conv3d(v, T.dtensor5()),
    "conv2d_transpose: input": lambda v: N.conv2d_transpose(v, W, SIZE),
    "conv2d_transpose: input_dilation": lambda v: N.conv2d_transpose(Y, W, SIZE, input_dilation=v),
    "conv2d_transpose: output_shape": lambda v: N.conv2d_transpose(Y, W, v),
    "conv2d_grad_wrt_inputs: input_shape": lambda v: N.conv2d_grad_wrt_inputs(Y, W, v),
    "conv2d_grad_wrt_weights: filter_shape": lambda v: N.conv2d_grad_wrt_weights(X, Y, v),
    "separable_conv2d: num_channels": lambda v: N.separable_conv2d(X, W, Y, v),
    "separable_conv2d: depthwise_filters": lambda v: N.separable_conv2d(X, v, Y, 3),
    "separable_conv2d: pointwise_filters": lambda v: N.separable_conv2d(X, W, v, 3),
    "separable_conv2d: pointwise_filter_shape": lambda v: N.separable_conv2d(
        X, W, Y, 3, pointwise_filter_shape=5 if v is None else v
    ),
    "get_conv_output_shape: image_shape": lambda v: N.get_conv_output_shape(v, SIZE, "valid", 1),
    "get_conv_output_shape: subsample": lambda v: N.get_conv_output_shape(SIZE, SIZE, "half", v),
    "pool_2d: input": lambda v: P.pool_2d(M[0] if isinstance(v, np.ndarray | list) else v, (2, 2)),
    "pool_2d: ws": lambda v: P.pool_2d(X, ws=2.5 if v is None else v),
    "pool_2d: stride": lambda v: P.pool_2d(X, 2, stride=2.5 if v is None else v),
    "pool_2d: pad": lambda v: P.pool_2d(X, 2, True, pad=2.5 if v is None else v),
    "max_pool_2d_same_size: patch_size": lambda v: P.max_pool_2d_same_size(X, v),
    "images2neibs: ten4": lambda v: N.neighbours.images2neibs(v, (2, 2)),
    "images2neibs: neib_shape": lambda v: N.neighbours.images2neibs(X, v),
    "neibs2images: original_shape": lambda v: N.neighbours.neibs2images(M, (2, 2), v),
    "batch_normalization_train: epsilon": lambda v: N.batch_normalization_train(
        M, 1.0, 0.0, epsilon=v
    ),
    "layer_norm: epsilon": lambda v: N.layer_norm(M, epsilon=v),
    "dropout": lambda v: N.dropout(X, v, gradc.random.key(1)),
}


@pytest.mark.parametrize("name", CALLS)
def test_odd_arguments_are_named(name: str) -> None:
    word, argument = f"{name}: ".split(": ")[:2]
    for value in ODD:
        if "epsilon" in name and isinstance(value, int) and value > 0:
            continue
        with pytest.raises(GradcError) as caught:
            CALLS[name](value)
        said = str(caught.value)
        assert said.startswith(word), (value, said)
        assert argument in said.splitlines()[0], (value, said)
        assert "\n  Fix: " in said, (value, said)


def test_what_only_the_call_can_see() -> None:
    """Rates of dropout, images that patches do not fill; the largest windows are quick."""
    images, rate = T.dtensor4("images"), T.dscalar("rate")
    kept = gradc.shared(0.0, "kept")
    cut = N.neighbours.images2neibs
    large = P.pool_2d(images, (10**9, 3), False, (1, 2))
    f = gradc.function(
        [images, rate],
        [cut(images, (2, 2), (1, 2)), cut(images, (3, 2)), T.grad(T.sum(large), images),
         N.dropout(images, rate, gradc.random.key(1)), large],
        updates=[(kept, kept + 1)],
    )  # fmt: skip
    for shape, share, said in (
        ((1, 1, 6, 5), 0.5, "axis 3 has length 5, and patches would fill 4"),
        ((1, 1, 4, 4), 0.5, "axis 2 has length 4, and patches would fill 3"),
        ((1, 1, 1, 4), 0.5, "axis 2 has length 1, and patches would fill"),
        ((1, 1, 6, 4), 1.5, "rate of dropout"),
        ((1, 1, 6, 4), np.nan, "rate of dropout"),
    ):
        with pytest.raises(ArgumentError, match=said):
            f(np.zeros(shape), share)
    assert kept.get_value() == 0
    x = np.arange(24.0).reshape(1, 1, 6, 4)
    apart, _, slope, _, greatest = f(x, 0.5)
    assert apart.shape == (10, 4)
    np.testing.assert_array_equal(greatest[0, 0], [[22.0, 23.0]])
    assert slope[0, 0, 5].tolist() == [0, 0, 1, 1]
    with pytest.raises(GradcError, match="axis 2 has length 5, and patches would fill"):
        cut(T.tensor("float64", (1, 1, 5, 4)), (2, 2))


def test_separable_and_groups_by_their_arguments() -> None:
    """Lengths are named as the function that was called has them."""
    x = T.tensor("float64", (None, 3, None, None), "x")
    with pytest.raises(gradc.errors.ShapeError, match="axis 1 of depthwise_filters has length 2"):
        N.separable_conv2d(x, T.tensor("float64", (6, 2, 3, 3), "w"), Y, 3)
    with pytest.raises(gradc.errors.ShapeError, match="axis 1 of input has length 3, num_channels"):
        N.separable_conv2d(x, W, Y, 4)
    f = gradc.function([X, W], N.conv2d(X, W, num_groups=4))
    with pytest.raises(ArgumentError, match="6 filters cannot be cut into 4 equal groups: 4 are"):
        f(np.ones((1, 4, 5, 5)), np.ones((6, 1, 3, 3)))
    with pytest.raises(ArgumentError, match=r"border_mode has -1.*(?s:.*)pass border_mode=0"):
        N.conv2d(X, W, border_mode=-1)
