"""The networks in PyTorch: its own functions, its own optimizers.

Sources: PyTorch's reference of torch.nn.functional (scaled_dot_product_attention, batch_norm) and
of torch.optim (`fused`: the fastest implementation where it is supported), and its "Performance
Tuning Guide" (set_to_none, no gradients where none are asked for).
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # its own documentation's name

from benchmarks.networks.problems import Batches, Problem
from examples import autoencoder, batchnorm, lenet, transformer

__all__ = ["Twin"]

Tensors = dict[str, torch.Tensor]


class Twin:
    """An example's network, as its own training and judging see it."""

    def __init__(self, problem: Problem) -> None:
        self._name, self.batches = problem.name, Batches(problem.rows, problem.batch)
        self._weights = {
            name: torch.tensor(value, requires_grad=True) for name, value in problem.start.items()
        }
        self._optimizer = OPTIMIZERS[problem.name](list(self._weights.values()))
        self._rates = SCHEDULES.get(problem.name, fixed)(self._optimizer, self.batches.count)
        self._weights |= averages(problem.name)

    def step(self, k: int) -> float:
        """Train on a batch; gives its cost."""
        cost = COSTS[self._name](self._weights, *map(torch.from_numpy, self.batches.part(k)))
        self._optimizer.zero_grad(set_to_none=True)
        cost.backward()
        self._optimizer.step()
        if self._rates is not None:
            self._rates.step()
        return float(cost.item())

    @torch.inference_mode()
    def accuracy(self, test: Any) -> float:
        """The share of right classes."""
        x, y = (test[:, :-1], test[:, 1:]) if self._name == "transformer" else (test.x, test.y)
        found = SCORES[self._name](self._weights, torch.from_numpy(x)).argmax(-1)
        return float((found == torch.from_numpy(y)).float().mean())

    @torch.inference_mode()
    def encode(self, x: Any) -> Any:
        """The autoencoder's units."""
        return code(self._weights, torch.from_numpy(x)).numpy()


def averages(name: str) -> Tensors:
    """Where running means and variances begin."""
    layers = range(batchnorm.LAYERS if name == "batchnorm" else 0)
    means = {f"mean_{k}": torch.zeros(batchnorm.UNITS) for k in layers}
    return means | {f"var_{k}": torch.ones(batchnorm.UNITS) for k in layers}


def fixed(optimizer: Any, count: int) -> None:
    """A rate that stays."""


def warm_and_falling(optimizer: Any, count: int) -> Any:
    """As gradc.optim.schedules.warmup, and cosine behind it."""
    last = transformer.EPOCHS * count

    def factor(step: int) -> float:
        turn = min(max(step - transformer.WARM, 0), last) / last * math.pi
        return min((step + 1) / transformer.WARM, 1) * 0.5 * (1 + math.cos(turn))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def read_digits(w: Tensors, x: torch.Tensor) -> torch.Tensor:
    """LeNet."""
    for layer in "12":
        x = F.relu(F.max_pool2d(F.conv2d(x, w[f"filters_{layer}"], w[f"b_{layer}"]), 2))
    hidden = F.relu(torch.addmm(w["b_3"], x.flatten(1), w["w_3"]))
    return torch.addmm(w["b_4"], hidden, w["w_4"])


def normalised(w: Tensors, x: torch.Tensor, is_training: bool = False) -> torch.Tensor:
    """The deep network with batch normalisation."""
    for k in range(batchnorm.LAYERS):
        mean, var, scale, shift = (w[f"{name}_{k}"] for name in ("mean", "var", "scale", "shift"))
        x = F.batch_norm(
            x @ w[f"w_{k}"], mean, var, scale, shift, is_training, batchnorm.FACTOR,
            batchnorm.EPSILON,
        )  # fmt: skip
        x = F.relu(x)
    return torch.addmm(w["b_out"], x, w["w_out"])


def code(w: Tensors, x: torch.Tensor) -> torch.Tensor:
    """What the autoencoder's units make of images."""
    return torch.sigmoid(torch.addmm(w["b"], x, w["w"]))


def redraw(w: Tensors, seen: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The autoencoder's cost."""
    again = torch.addmm(w["c"], code(w, seen), w["w"].T)
    return F.binary_cross_entropy_with_logits(again, x, reduction="sum") / len(x)


def foretell(w: Tensors, letters: torch.Tensor) -> torch.Tensor:
    """The transformer."""
    width, heads = transformer.WIDTH, transformer.HEADS
    x = F.embedding(letters, w["letters"]) + w["places"]
    count, length = letters.shape
    for k in range(transformer.BLOCKS):
        rows = F.layer_norm(x, (width,), w[f"gamma_1_{k}"], w[f"beta_1_{k}"])
        q, key, v = (
            (rows @ w[f"{name}_{k}"]).view(count, length, heads, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        seen = F.scaled_dot_product_attention(q, key, v, is_causal=True)
        x = x + seen.transpose(1, 2).reshape(count, length, width) @ w[f"merge_{k}"]
        rows = F.layer_norm(x, (width,), w[f"gamma_2_{k}"], w[f"beta_2_{k}"])
        x = x + F.relu(rows @ w[f"inner_{k}"] + w[f"b_inner_{k}"]) @ w[f"outer_{k}"]
        x = x + w[f"b_outer_{k}"]
    return F.layer_norm(x, (width,), w["gamma"], w["beta"]) @ w["w_out"] + w["b_out"]


SCORES = {"lenet": read_digits, "batchnorm": normalised, "transformer": foretell}
COSTS = {
    "lenet": lambda w, x, y: F.cross_entropy(read_digits(w, x), y),
    "batchnorm": lambda w, x, y: F.cross_entropy(normalised(w, x, True), y),
    "autoencoder": redraw,
    "transformer": lambda w, windows: F.cross_entropy(
        foretell(w, windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten()
    ),
}
OPTIMIZERS = {
    "lenet": lambda p: torch.optim.SGD(p, lenet.RATE, lenet.MOMENTUM, fused=True),
    "batchnorm": lambda p: torch.optim.SGD(p, batchnorm.RATE, batchnorm.MOMENTUM, fused=True),
    "autoencoder": lambda p: torch.optim.Adam(p, autoencoder.RATE, fused=True),
    "transformer": lambda p: torch.optim.Adam(p, transformer.RATE, fused=True),
}
SCHEDULES = {"transformer": warm_and_falling}
