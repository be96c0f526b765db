"""The networks in JAX: a jitted step on data that lies on the device, training state donated.

Sources: JAX's documentation, "Automatic differentiation" (value_and_grad), "Buffer donation"
(donate_argnums), jax.nn (dot_product_attention), jax.lax (conv, reduce_window).
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.networks.problems import Batches, Problem
from examples import autoencoder, batchnorm, lenet, transformer

__all__ = ["Twin"]

Arrays = dict[str, Any]


class Twin:
    """An example's network, as its own loop over the batches of an epoch sees it."""

    def __init__(self, problem: Problem) -> None:
        self.batches = Batches(problem.rows, problem.batch)
        self._rows = tuple(map(jnp.asarray, problem.rows))
        weights = {name: jnp.asarray(value) for name, value in problem.start.items()}
        states = OPTIMIZERS[problem.name].states
        zeros = [jax.tree.map(jnp.zeros_like, weights) for _ in range(states)]
        self._state = (weights, zeros, jnp.zeros((), "int32"), averages(problem.name))
        self._step = jax.jit(
            functools.partial(step, problem.name, problem.batch, self.batches.count),
            donate_argnums=0,
        )

    def step(self, k: int) -> Any:
        """Train on a batch; gives its cost, which may still be on its way."""
        self._state, cost = self._step(self._state, self._rows, k)
        return cost


def step(name: str, size: int, count: int, state: Any, rows: Any, k: Any) -> Any:
    """One step of descent on batch k."""
    weights, moments, t, means = state
    part = [jax.lax.dynamic_slice_in_dim(each, k * size, size) for each in rows]
    cost = functools.partial(COSTS[name], means=means)
    (value, means), slopes = jax.value_and_grad(cost, has_aux=True)(weights, *part)
    weights, moments = OPTIMIZERS[name](weights, moments, slopes, t, count)
    return (weights, moments, t + 1, means), value


def averages(name: str) -> Arrays:
    """Where running means and variances begin."""
    layers = range(batchnorm.LAYERS if name == "batchnorm" else 0)
    means = {f"mean_{k}": jnp.zeros(batchnorm.UNITS, "float32") for k in layers}
    return means | {f"var_{k}": jnp.ones(batchnorm.UNITS, "float32") for k in layers}


def crossentropy(scores: Any, labels: Any) -> Any:
    """The mean over all rows."""
    logs = jax.nn.log_softmax(scores)
    return -jnp.mean(jnp.take_along_axis(logs, labels[..., None], axis=-1))


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """As flax.linen.LayerNorm computes it, with torch's epsilon."""
    mean = jnp.mean(x, axis=-1, keepdims=True)
    var = jnp.mean(jnp.square(x - mean), axis=-1, keepdims=True)
    return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * gamma) + beta


def read_digits(w: Arrays, x: Any, y: Any, means: Arrays) -> Any:
    """LeNet."""
    for layer in "12":
        x = jax.lax.conv(x, w[f"filters_{layer}"], (1, 1), "VALID")
        window = (1, 1, 2, 2)
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
        x = jax.nn.relu(x + w[f"b_{layer}"][:, None, None])
    hidden = jax.nn.relu(x.reshape(len(x), -1) @ w["w_3"] + w["b_3"])
    return crossentropy(hidden @ w["w_4"] + w["b_4"], y), means


def normalised(w: Arrays, x: Any, y: Any, means: Arrays) -> Any:
    """The deep network with batch normalisation, and its running averages."""
    moved = {}
    for k in range(batchnorm.LAYERS):
        x = x @ w[f"w_{k}"]
        mean, var = jnp.mean(x, axis=0), jnp.var(x, axis=0)
        x = (x - mean) * (jax.lax.rsqrt(var + batchnorm.EPSILON) * w[f"scale_{k}"])
        x = jax.nn.relu(x + w[f"shift_{k}"])
        unbiased = var * (len(x) / (len(x) - 1))
        for name, new in ((f"mean_{k}", mean), (f"var_{k}", unbiased)):
            moved[name] = (1 - batchnorm.FACTOR) * means[name] + batchnorm.FACTOR * new
    return crossentropy(x @ w["w_out"] + w["b_out"], y), moved


def redraw(w: Arrays, seen: Any, x: Any, means: Arrays) -> Any:
    """The autoencoder's cost."""
    again = jax.nn.sigmoid(seen @ w["w"] + w["b"]) @ w["w"].T + w["c"]
    costs = -x * jax.nn.log_sigmoid(again) - (1 - x) * jax.nn.log_sigmoid(-again)
    return jnp.mean(jnp.sum(costs, axis=1)), means


def foretell(w: Arrays, windows: Any, means: Arrays) -> Any:
    """The transformer's cost."""
    x = w["letters"][windows[:, :-1]] + w["places"]
    for k in range(transformer.BLOCKS):
        rows = layer_norm(x, w[f"gamma_1_{k}"], w[f"beta_1_{k}"])
        q, key, v = (
            (rows @ w[f"{name}_{k}"]).reshape(*x.shape[:2], transformer.HEADS, -1)
            for name in ("query", "key", "value")
        )
        seen = jax.nn.dot_product_attention(q, key, v, is_causal=True)
        x = x + seen.reshape(x.shape) @ w[f"merge_{k}"]
        rows = layer_norm(x, w[f"gamma_2_{k}"], w[f"beta_2_{k}"])
        x = x + jax.nn.relu(rows @ w[f"inner_{k}"] + w[f"b_inner_{k}"]) @ w[f"outer_{k}"]
        x = x + w[f"b_outer_{k}"]
    x = layer_norm(x, w["gamma"], w["beta"])
    return crossentropy(x @ w["w_out"] + w["b_out"], windows[:, 1:]), means


class Momentum:
    """Velocity = momentum * velocity - rate * slope."""

    states = 1

    def __init__(self, rate: float, momentum: float) -> None:
        self._rate, self._momentum = rate, momentum

    def __call__(self, weights: Arrays, moments: Any, slopes: Arrays, t: Any, count: int) -> Any:
        """Weights and velocities after a step."""
        tree = jax.tree.map(lambda v, g: self._momentum * v - self._rate * g, moments[0], slopes)
        return jax.tree.map(jnp.add, weights, tree), [tree]


class Adam:
    """Kingma and Ba (2015), algorithm 1; rate(t, count) for step t, counted from 0."""

    states = 2

    def __init__(self, rate: Any) -> None:
        self._rate = rate

    def __call__(self, weights: Arrays, moments: Any, slopes: Arrays, t: Any, count: int) -> Any:
        """Weights and moments after a step."""
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], slopes)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], slopes)
        rate = jnp.float32(self._rate(t, count) / (1 - 0.9 ** (t + 1.0)))
        root = jnp.float32(1 / jnp.sqrt(1 - 0.999 ** (t + 1.0)))

        def moved(w: Any, m: Any, v: Any) -> Any:
            return w - rate * m / (jnp.sqrt(v) * root + 1e-8)

        return jax.tree.map(moved, weights, m, v), [m, v]


def warm_and_falling(t: Any, count: int) -> Any:
    """As gradc.optim.schedules.warmup, and cosine behind it."""
    last = transformer.EPOCHS * count
    turn = jnp.clip(t - transformer.WARM, 0, last) / last * jnp.pi
    share = jnp.minimum((t + 1) / transformer.WARM, 1)
    return share * 0.5 * transformer.RATE * (1 + jnp.cos(turn))


COSTS = {
    "lenet": read_digits, "batchnorm": normalised, "autoencoder": redraw, "transformer": foretell
}  # fmt: skip
OPTIMIZERS = {
    "lenet": Momentum(lenet.RATE, lenet.MOMENTUM),
    "batchnorm": Momentum(batchnorm.RATE, batchnorm.MOMENTUM),
    "autoencoder": Adam(lambda t, count: autoencoder.RATE),
    "transformer": Adam(warm_and_falling),
}
