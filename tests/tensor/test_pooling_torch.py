"""The table of pooling beside PyTorch, where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from tests.tensor.test_pooling import CONFIGS, POOLS

torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quickly")]

SHAPE = (2, 2, 6, 5, 4)


def theirs(x: Any, mode: str, window: Any, stride: Any, pad: Any, ignore: bool) -> Any:
    """Along one axis as along two, of which one has length 1: torch has no sums along one."""
    functional, d = torch.nn.functional, len(window)
    if d == 1:
        found = theirs(x[:, :, None], mode, (1, *window), (1, *stride), (0, *pad), ignore)
        return found[:, :, 0]
    options = {"kernel_size": window, "stride": stride, "padding": pad, "ceil_mode": not ignore}
    if mode == "max":
        return getattr(functional, f"max_pool{d}d")(x, **options)
    options["count_include_pad"] = mode != "average_exc_pad"
    divisor = 1 if mode == "sum" else None
    return getattr(functional, f"avg_pool{d}d")(x, **options, divisor_override=divisor)


@pytest.mark.parametrize("part", range(8))
def test_values_and_gradients_agree(part: int) -> None:
    """Both orders of gradient: what moves along a direction has a gradient of its own."""
    configs, rng = CONFIGS[part::8], np.random.default_rng(part)
    names = {d: T.tensor("float64", (None,) * (2 + d)) for d in POOLS}
    values = {d: rng.normal(size=SHAPE[: 2 + d]) for d in POOLS}
    outputs = []
    for mode, window, stride, pad, ignore in configs:
        x = names[len(window)]
        y = POOLS[len(window)](x, window, ignore, stride, pad, mode)
        slope = T.grad(T.sum(T.sin(y)), x)
        outputs += [y, slope, T.grad(T.sum(slope**2), x)]
    got = gradc.function(list(names.values()), outputs, on_unused_input="ignore")(*values.values())
    for k, config in enumerate(configs):
        x = torch.tensor(values[len(config[1])], requires_grad=True)
        y = theirs(x, *config)
        (slope,) = torch.autograd.grad(torch.sin(y).sum(), x, create_graph=True)
        (twice,) = torch.autograd.grad((slope**2).sum(), x)
        for one, other in zip(got[3 * k : 3 * k + 3], (y, slope, twice), strict=True):
            np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-9, atol=1e-11,
                                       err_msg=str(config))  # fmt: skip
