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


@pytest.mark.parametrize("part", range(8))
def test_values_and_gradients_agree(part: int) -> None:
    configs, rng = CONFIGS[part::8], np.random.default_rng(part)
    inputs, outputs, values = [], [], []
    for config in configs:
        x, w = (T.tensor("float64", (None,) * len(config[k])) for k in "xw")
        y = expression(x, w, config)
        inputs += [x, w]
        outputs += [y, *T.grad(T.sum(T.sin(y)), [x, w])]
        values += [rng.normal(size=config[k]) for k in "xw"]
    got = gradc.function(inputs, outputs)(*values)
    for k, config in enumerate(configs):
        x, w = (torch.tensor(each, requires_grad=True) for each in values[2 * k : 2 * k + 2])
        y = theirs(x, w, config)
        torch.sin(y).sum().backward()
        for one, other in zip(got[3 * k : 3 * k + 3], (y.detach(), x.grad, w.grad), strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-9, atol=1e-11,
                                       err_msg=str(config))  # fmt: skip
