"""Convolutions beside scipy's and explicit sums, their gradients beside differences."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import scipy.signal

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradc.graph.variable import Variable

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
WORDS = {1: T.nnet.conv1d, 2: T.nnet.conv2d, 3: T.nnet.conv3d}
MODES = ("valid", "full", "half", 1, "pairs")


def correlated(
    x: Array, w: Array, pads: Sequence[tuple[int, int]], config: dict[str, Any]
) -> Array:
    """The definition: scipy correlates every pair of channels, strides are taken afterwards."""
    groups, strides, dilations = config["groups"], config["strides"], config["dilations"]
    wide = np.zeros(
        (*w.shape[:2], *(d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilations, strict=True)))
    )
    wide[(..., *(slice(None, None, d) for d in dilations))] = w
    turned = wide[(..., *(slice(None, None, -1),) * len(dilations))] if config["flip"] else wide
    padded = np.pad(x, [(0, 0), (0, 0), *pads])
    each = w.shape[0] // groups
    rows = [
        [
            sum(
                scipy.signal.correlate(image[o // each * w.shape[1] + c], turned[o, c], "valid")
                for c in range(w.shape[1])
            )
            for o in range(w.shape[0])
        ]
        for image in padded
    ]
    return np.array(rows)[(..., *(slice(None, None, s) for s in strides))]


def configurations() -> list[dict[str, Any]]:
    """Axes, padding, strides, dilations, groups, direction: every pair of choices, most triples."""
    rng = np.random.default_rng(5)
    table = itertools.product((1, 2, 3), MODES, (1, 2, 3), (1, 2), (1, 2), (True, False))
    kept = [row for k, row in enumerate(table) if k % 2 == 0 or row[0] == 2]
    found = []
    for d, mode, stride, dilation, groups, flip in kept:
        filters = tuple(rng.integers(1, 4, d))
        spans = [dilation * (k - 1) + 1 for k in filters]
        lengths = tuple(span + int(rng.integers(0, 4)) for span in spans)
        pairs = tuple((int(a), int(b)) for a, b in rng.integers(0, 3, (d, 2)))
        pads = {
            "valid": [(0, 0)] * d, "full": [(n - 1, n - 1) for n in spans],
            "half": [(n // 2, n // 2) for n in spans], 1: [(1, 1)] * d, "pairs": list(pairs),
        }[mode]  # fmt: skip
        found.append({
            "d": d, "mode": pairs if mode == "pairs" else mode, "pads": pads, "groups": groups,
            "flip": flip, "strides": (stride, *(1,) * (d - 1)), "dilations": (dilation,) * d,
            "x": (2, 2 * groups, *lengths), "w": (3 * groups, 2, *filters),
        })  # fmt: skip
    return found


def expression(x: Any, w: Any, config: dict[str, Any]) -> Variable:
    return WORDS[config["d"]](
        x, w, border_mode=config["mode"], subsample=config["strides"],
        filter_dilation=config["dilations"], num_groups=config["groups"],
        filter_flip=config["flip"],
    )  # fmt: skip


def judged(configs: Sequence[dict[str, Any]], seed: int) -> None:
    """Values, both gradients by differences along a line, and the gradient's own gradient."""
    rng = np.random.default_rng(seed)
    inputs, outputs, values, wanted = [], [], [], []
    for config in configs:
        x, w, u, v = (rng.normal(size=config[k]) for k in ("x", "w", "x", "w"))
        y = correlated(x, w, config["pads"], config)
        c = rng.normal(size=y.shape)
        names = [T.tensor("float64", (None,) * each.ndim) for each in (x, w, c, u, v)]
        sx, sw, sc, su, sv = names
        out = expression(sx, sw, config)
        gx, gw = T.grad(T.sum(out * sc), [sx, sw])
        twice = T.grad(T.sum(gx * su) + T.sum(gw * sv), [sx, sw, sc])
        inputs += names
        values += [x, w, c, u, v]
        outputs += [out, T.sum(gx * su), T.sum(gw * sv), *twice]
        both = correlated(u, w, config["pads"], config) + correlated(x, v, config["pads"], config)
        crossed = np.sum(correlated(u, v, config["pads"], config) * c)
        wanted.append(
            (
                y,
                np.sum(correlated(u, w, config["pads"], config) * c),
                np.sum(correlated(x, v, config["pads"], config) * c),
                both,
                crossed,
                u,
                v,
            )
        )
    got = gradc.function(inputs, outputs)(*values)
    for k, (config, (y, along_x, along_w, both, crossed, u, v)) in enumerate(
        zip(configs, wanted, strict=True)
    ):
        out, gx, gw, ggx, ggw, ggc = got[6 * k : 6 * k + 6]
        label = str(config)
        np.testing.assert_allclose(out, y, rtol=1e-11, atol=1e-11, err_msg=label)
        np.testing.assert_allclose([gx, gw], [along_x, along_w], rtol=1e-9, err_msg=label)
        np.testing.assert_allclose(ggc, both, rtol=1e-9, atol=1e-10, err_msg=label)
        # bilinear: the slope of (u, v) . (gx, gw) along u in x is (u, v), along v in w too
        np.testing.assert_allclose([np.sum(ggx * u), np.sum(ggw * v)], [crossed] * 2, rtol=1e-8,
                                   atol=1e-9, err_msg=label)  # fmt: skip


CONFIGS = configurations()


def test_a_share_of_the_table() -> None:
    assert len(CONFIGS) >= 150
    judged(CONFIGS[::14], 1)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(12))
def test_the_whole_table(part: int) -> None:
    judged(CONFIGS[part::12], 2 + part)


# -- other spellings -------------------------------------------------------------------------------


def test_transposed_separable_and_causal() -> None:
    """One function of all that is composed of convolutions, beside sums over patches."""
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(2, 4, 6, 5)), rng.normal(size=(6, 2, 3, 2))
    y = rng.normal(size=(2, 6, 3, 4))
    deep, flat = rng.normal(size=(8, 1, 2, 2)), rng.normal(size=(3, 8, 1, 1))
    line, taps = rng.normal(size=(2, 4, 7)), rng.normal(size=(3, 4, 3))
    names = [T.tensor("float64", (None,) * each.ndim) for each in (x, w, y, deep, flat, line, taps)]
    sx, sw, sy, sd, sf, sl, st = names
    outputs = [
        T.nnet.conv2d_transpose(sy, sw, (None, None, 6, 5), border_mode=(1, 0),
                                input_dilation=(2, 1), num_groups=2),
        T.nnet.conv2d_grad_wrt_inputs(sy, sw, sx.shape, border_mode=(1, 0), subsample=(2, 1),
                                      num_groups=2),
        T.nnet.conv2d_grad_wrt_weights(sx, sy, (6, 2, 3, 2), border_mode=(1, 0), subsample=(2, 1),
                                       num_groups=2),
        T.nnet.separable_conv2d(sx, sd, sf, 4, subsample=(2, 2)),
        T.nnet.causal_conv1d(sl, st, filter_dilation=2),
    ]  # fmt: skip
    back, again, filters, parts, causal = gradc.function(names, outputs)(
        x, w, y, deep, flat, line, taps
    )
    config = {"groups": 2, "strides": (2, 1), "dilations": (1, 1), "flip": True}
    pads = [(1, 1), (0, 0)]
    whole = np.sum(correlated(x, w, pads, config) * y)
    np.testing.assert_array_equal(back, again)
    np.testing.assert_allclose([np.sum(back * x), np.sum(filters * w)], [whole] * 2)
    config = {"groups": 4, "strides": (2, 2), "dilations": (1, 1), "flip": True}
    each = correlated(x, deep, [(0, 0), (0, 0)], config)
    np.testing.assert_allclose(parts, np.einsum("nc...,oc->no...", each, flat[:, :, 0, 0]))
    config = {"groups": 1, "strides": (1,), "dilations": (2,), "flip": True}
    np.testing.assert_allclose(causal, correlated(line, taps, [(4, 0)], config), atol=1e-12)


def test_batches_forward_mode_and_pickles() -> None:
    """Each batched operand in turn, both; tangents; and a function that went through a pickle."""
    rng = np.random.default_rng(8)
    x, w = rng.normal(size=(3, 2, 4, 5)), rng.normal(size=(3, 4, 2, 2, 3))
    sx, sw = T.tensor("float64", (None,) * 4, "x"), T.tensor("float64", (None,) * 5, "w")

    def loss(image: Any, filters: Any) -> Any:
        out = T.nnet.conv2d(image.dimshuffle("x", 0, 1, 2), filters, border_mode="half")
        return T.sum(out**2)

    images = gradc.vmap(lambda a: T.grad(loss(a, sw[0]), a))(sx)
    filters = gradc.vmap(lambda b: T.grad(loss(sx[0], b), b))(sw)
    both = gradc.vmap(lambda a, b: T.grad(loss(a, b), [a, b]))(sx, sw)
    along = T.Rop(T.nnet.conv2d(sx, sw[0]), [sx, sw], [sx * 2, sw * 3])
    f = gradc.function([sx, sw], [images, filters, *both, along])
    got = pickle.loads(pickle.dumps(f))(x, w)
    one = gradc.function([sx, sw], [*T.grad(loss(sx[0], sw[0]), [sx, sw])])
    for k in range(3):
        gx, _ = one(x[k:], w)
        _, gw = one(x, w[k:])
        bx, bw = one(x[k:], w[k:])
        np.testing.assert_allclose(got[0][k], gx[0])
        np.testing.assert_allclose(got[1][k], gw[0])
        np.testing.assert_allclose(got[2][k], bx[0])
        np.testing.assert_allclose(got[3][k], bw[0])
    config = {"groups": 1, "strides": (1, 1), "dilations": (1, 1), "flip": True}
    np.testing.assert_allclose(got[4], 5 * correlated(x, w[0], [(0, 0)] * 2, config))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_larger_ones_in_parts(dtype: str) -> None:
    """More channels and places than a block holds, on one thread and on two: the same bits."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(3, 70, 17, 19)).astype(dtype)
    w = rng.normal(size=(66, 70, 3, 3)).astype(dtype)
    sx, sw = T.tensor(dtype, (None,) * 4), T.tensor(dtype, (None,) * 4)
    y = T.nnet.conv2d(sx, sw, border_mode="half", subsample=(1, 2))
    f = gradc.function([sx, sw], [y, *T.grad(T.sum(y * T.cos(y)), [sx, sw])])
    with gradc.config.override(threads=1):
        alone = f(x, w)
    with gradc.config.override(threads=2):
        got = f(x, w)
    for one, other in zip(alone, got, strict=True):
        np.testing.assert_array_equal(one, other)
    config = {"groups": 1, "strides": (1, 2), "dilations": (1, 1), "flip": True}
    expected = correlated(x.astype("float64"), w.astype("float64"), [(1, 1)] * 2, config)
    scale = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(got[0], expected, rtol=scale, atol=scale * 30)
    ct = np.cos(expected) - expected * np.sin(expected)
    np.testing.assert_allclose(
        np.sum(got[1] * x, dtype="float64"), np.sum(ct * expected), rtol=scale * 30
    )
    np.testing.assert_allclose(
        np.sum(got[2] * w, dtype="float64"), np.sum(ct * expected), rtol=scale * 30
    )


def interpolated(x: Array, axis: int, ratio: int) -> Array:
    """Between elements `ratio` apart, of which the first and the last go on."""
    at = (np.arange(x.shape[axis] * ratio) - (ratio - 1 - ratio // 2)) / ratio
    return np.apply_along_axis(lambda v: np.interp(at, np.arange(len(v)), v), axis, x)


def test_upsampling() -> None:
    """By whole numbers and fractions, beside numpy's interpolation; the gradient by its sum."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 3, 4, 5))
    sx = T.tensor("float64", (None,) * 4, "x")
    ratios = [1, 2, 3, 4]
    pairs: list[Any] = [((3, 2), (3, 2)), ((6, 4), (1, 3)), ((5, 2), (2, 1))]
    outputs = [T.nnet.bilinear_upsampling(sx, n, None, None, 3) for n in ratios]
    outputs += [T.nnet.frac_bilinear_upsampling(sx, (3, 2))]
    outputs += [T.nnet.bilinear_upsampling(sx, None, p, use_1D_kernel=False) for p in pairs]
    got = gradc.function([sx], [*outputs, T.grad(T.sum(outputs[2]), sx)])(x)
    wanted = [interpolated(interpolated(x, 2, n), 3, n) for n in ratios]
    for (p, q), (r, s) in [pairs[0], *pairs]:
        whole = interpolated(interpolated(x, 2, p // np.gcd(p, q)), 3, r // np.gcd(r, s))
        wanted.append(whole[:, :, :: q // np.gcd(p, q), :: s // np.gcd(r, s)])
    for one, other in zip(got, wanted, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.sum(got[-1] * x), np.sum(wanted[2]))
    tent = gradc.function([], T.nnet.bilinear_kernel_2D((2, 3), normalize=False))()
    np.testing.assert_array_equal(tent, np.outer([1, 2, 1], [1, 2, 3, 2, 1]))
    for wrong, said in (
        (lambda: T.nnet.bilinear_upsampling(sx), "neither"),
        (lambda: T.nnet.bilinear_upsampling(sx, 2, (3, 2)), "both"),
        (lambda: T.nnet.bilinear_upsampling(sx, None, (3, 2)), "use_1D_kernel=False"),
        (lambda: T.nnet.bilinear_upsampling(sx, 0), "ratio has 0"),
        (lambda: T.nnet.frac_bilinear_upsampling(sx, 3), "frac_ratio has to be"),
        (lambda: T.nnet.frac_bilinear_upsampling(sx, (3, 0)), "frac_ratio has 0"),
        (lambda: T.nnet.bilinear_upsampling(sx[0], 2), "input has 3 axes"),
    ):
        with pytest.raises((ArgumentError, ArgumentTypeError, ShapeError), match=said):
            wrong()


# -- what does not fit -----------------------------------------------------------------------------


def fours(*shapes: tuple[int | None, ...]) -> list[Variable]:
    return [T.tensor("float64", shape, name) for shape, name in zip(shapes, "xw", strict=False)]


@pytest.mark.parametrize(
    ("shapes", "options", "error", "said"),
    [
        (((2, 3, 5, 5), (4, 3, 6, 2)), {}, ShapeError, "reach over 6 elements of axis 2"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"filter_dilation": 3}, ShapeError, "reach over 7"),
        (((2, 3, 5, 5), (4, 2, 3, 3)), {}, ShapeError, "has 3 channels, the filters take 2"),
        (((2, 4, 5, 5), (3, 2, 3, 3)), {"num_groups": 2}, ShapeError, "equal groups"),
        (((2, 3, 5, 5), (4, 3, 0, 3)), {}, ShapeError, "filters have length 0 on axis 2"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"subsample": (1, -1)}, ArgumentError, "subsample has -1"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"subsample": (1, 1, 1)}, ArgumentError, "3 entries for 2"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"num_groups": 0}, ArgumentError, "num_groups has 0"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"num_groups": 1.5}, ArgumentTypeError, "whole numbers"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"border_mode": "x"}, ArgumentError, "border_mode 'x'"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"border_mode": (-1, 0)}, ArgumentError, "has -1"),
        (((2, 3, 5), (4, 3, 3, 3)), {}, ShapeError, "input has 3 axes, it must have 4"),
        (((2, 3, 5, 5), (4, 3, 3)), {}, ShapeError, "filters has 3 axes, it must have 4"),
        (((2, 3, 5, 5), (4, 3, 3, 3)), {"input_shape": (2, 3)}, ArgumentError, "input_shape has 2"),
    ],
)  # fmt: skip
def test_what_is_seen_while_building(
    shapes: Any, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        T.nnet.conv2d(*fours(*shapes), **options)
    assert "\n  Fix: " in str(caught.value)


def test_what_is_seen_at_the_call_changes_nothing() -> None:
    x, w = fours((None,) * 4, (None,) * 4)
    kept = gradc.shared(np.zeros(()), "kept")
    f = gradc.function([x, w], T.nnet.conv2d(x, w, num_groups=2), updates=[(kept, kept + 1)])
    for shapes, said in (
        (((2, 6, 5, 5), (4, 3, 6, 2)), "reach over 6 elements of axis 2"),
        (((2, 6, 5, 5), (4, 2, 3, 2)), "6 channels, the filters take 4"),
        (((2, 6, 5, 5), (3, 3, 3, 2)), "equal groups"),
    ):
        with pytest.raises(ArgumentError, match=said):
            f(*map(np.zeros, shapes))
    assert kept.get_value() == 0
    assert f(np.zeros((0, 6, 5, 5)), np.zeros((4, 3, 3, 2))).shape == (0, 4, 3, 4)
    given = T.nnet.conv2d_grad_wrt_inputs(x, w, (None, None, 9, 9))
    with pytest.raises(ArgumentError, match="stands for the output has length 5"):
        gradc.function([x, w], given)(np.zeros((2, 4, 5, 5)), np.zeros((4, 3, 3, 3)))


def test_shapes_that_are_promised() -> None:
    x, w = fours((None,) * 4, (None,) * 4)
    y = T.nnet.conv2d(x, w, (None, 3, 8, 8), (5, 3, 3, 3), border_mode="half")
    assert y.type.shape == (None, 5, 8, 8)
    assert T.nnet.get_conv_output_shape((None, 3, 8, 9), (5, 3, 3, 2), "half", (2, 2)) == (
        None, 5, 4, 5,
    )  # fmt: skip


def test_the_reference_says_the_same() -> None:
    """Without a compiler: the interpreter, through the declarations' references."""
    rng = np.random.default_rng(10)
    x, w = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(3, 2, 2, 3))
    sx, sw = fours((None,) * 4, (None,) * 4)
    y = T.nnet.conv2d(sx, sw, border_mode=((1, 0), 2), subsample=(2, 1))
    outputs = [y, *T.grad(T.sum(y**2), [sx, sw])]
    slow = gradc.function([sx, sw], outputs, mode="DebugMode")
    fast = gradc.function([sx, sw], outputs)
    for one, other in zip(slow(x, w), fast(x, w), strict=True):
        np.testing.assert_allclose(one, other)
