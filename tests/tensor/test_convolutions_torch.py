"""The table of convolutions beside PyTorch, where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from tests.tensor.test_convolutions import CONFIGS, expression

torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quickly")]


def theirs(x: Any, w: Any, config: dict[str, Any]) -> Any:
    """Padded by hand, since torch pads both sides alike; filters turned where they are flipped."""
    margins = [n for pair in reversed(config["pads"]) for n in pair]
    axes = tuple(range(2, w.ndim))
    convolve = getattr(torch.nn.functional, f"conv{config['d']}d")
    return convolve(
        torch.nn.functional.pad(x, margins), torch.flip(w, axes) if config["flip"] else w,
        stride=config["strides"], dilation=config["dilations"], groups=config["groups"],
    )  # fmt: skip


def transposed(y: Any, w: Any, config: dict[str, Any]) -> Any:
    """What torch gives of unpadded images of config["x"], cut where they were padded."""
    d, axes = config["d"], tuple(range(2, w.ndim))
    lengths, pads = config["x"][2:], config["pads"]
    steps = zip(lengths, pads, y.shape[2:], w.shape[2:], config["strides"], config["dilations"],
                strict=True)  # fmt: skip
    rest = [n + low + high - (m - 1) * s - (k - 1) * e - 1 for n, (low, high), m, k, s, e in steps]
    out = getattr(torch.nn.functional, f"conv_transpose{d}d")(
        y, torch.flip(w, axes) if config["flip"] else w, stride=config["strides"],
        dilation=config["dilations"], groups=config["groups"], output_padding=rest,
    )  # fmt: skip
    cut = (slice(low, low + n) for n, (low, _) in zip(lengths, pads, strict=True))
    return out[(..., *cut)]


def compare(
    configs: list[dict[str, Any]], inputs: list[Any], outputs: list[Any], values: list[Any],
    reference: Any,
) -> None:  # fmt: skip
    """Values of outputs of so many inputs each, and gradients by all of them, beside torch's."""
    each = len(inputs) // len(configs)
    wanted = []
    for k, y in enumerate(outputs):
        wanted += [y, *T.grad(T.sum(T.sin(y)), inputs[each * k : each * (k + 1)])]
    got = gradc.function(inputs, wanted)(*values)
    for k, config in enumerate(configs):
        given = values[each * k : each * (k + 1)]
        leaves = [torch.tensor(array, requires_grad=True) for array in given]
        y = reference(*leaves, config)
        torch.sin(y).sum().backward()
        theirs_too = (y.detach(), *(leaf.grad for leaf in leaves))
        for one, other in zip(got[(1 + each) * k : (1 + each) * (k + 1)], theirs_too, strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-9, atol=1e-11,
                                       err_msg=str(config))  # fmt: skip


@pytest.mark.parametrize("part", range(8))
def test_values_and_gradients_agree(part: int) -> None:
    configs, rng = CONFIGS[part::8], np.random.default_rng(part)
    inputs, outputs, values = [], [], []
    for config in configs:
        x, w = (T.tensor("float64", (None,) * len(config[k])) for k in "xw")
        inputs += [x, w]
        outputs.append(expression(x, w, config))
        values += [rng.normal(size=config[k]) for k in "xw"]
    compare(configs, inputs, outputs, values, theirs)


WIDE = [config for config in CONFIGS if config["d"] > 1]


@pytest.mark.parametrize("part", range(8))
def test_transposed_ones_agree(part: int) -> None:
    """conv2d_transpose, and the same along three axes."""
    configs, rng = WIDE[part::8], np.random.default_rng(part)
    inputs, outputs, values = [], [], []
    for config in configs:
        sizes = {k: torch.zeros(config[k]) for k in "xw"}
        shape = tuple(theirs(sizes["x"], sizes["w"], config).shape)
        y, w = (T.tensor("float64", (None,) * len(shape)) for _ in range(2))
        options = {
            "border_mode": config["mode"],
            "filter_flip": config["flip"],
            "filter_dilation": config["dilations"],
            "num_groups": config["groups"],
        }
        whole = (None, None, *config["x"][2:])
        if config["d"] == 2:
            out = T.nnet.conv2d_transpose(y, w, whole, input_dilation=config["strides"], **options)
        else:
            out = T.nnet.conv3d_grad_wrt_inputs(y, w, whole, subsample=config["strides"], **options)
        inputs += [y, w]
        outputs.append(out)
        values += [rng.normal(size=shape), rng.normal(size=config["w"])]
    compare(configs, inputs, outputs, values, transposed)


SEPARABLE = {2: T.nnet.separable_conv2d, 3: T.nnet.separable_conv3d}


@pytest.mark.parametrize("part", range(4))
def test_separable_ones_agree(part: int) -> None:
    """A filter or two a channel, then filters of one element."""
    configs, rng = WIDE[part::4], np.random.default_rng(part)
    inputs, outputs, values = [], [], []
    for config in configs:
        d, channels, each = config["d"], config["x"][1], config["groups"]
        shapes = [config["x"], (each * channels, 1, *config["w"][2:]),
                  (3, each * channels, *(1,) * d)]  # fmt: skip
        names = [T.tensor("float64", (None,) * (2 + d)) for _ in shapes]
        inputs += names
        values += [rng.normal(size=shape) for shape in shapes]
        outputs.append(SEPARABLE[d](
            *names, channels, border_mode=config["mode"], subsample=config["strides"],
            filter_flip=config["flip"], filter_dilation=config["dilations"],
        ))  # fmt: skip

    def reference(x: Any, deep: Any, point: Any, config: dict[str, Any]) -> Any:
        parts = theirs(x, deep, {**config, "groups": x.shape[1]})
        return getattr(torch.nn.functional, f"conv{config['d']}d")(parts, point)

    compare(configs, inputs, outputs, values, reference)
