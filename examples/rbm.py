"""A restricted Boltzmann machine on handwritten digits, its likelihood known exactly.

Ten hidden units tell 64 pixels of scikit-learn's digits apart, black or white.  Contrastive
divergence (Hinton 2002) with chains that go on from batch to batch (Tieleman 2008): a compiled loop
of Gibbs steps with its draws, inside a compiled loop over the batches of an epoch.  With ten hidden
units the normaliser is a sum over 1024 terms, so the likelihood is exact, and so is its gradient:
how much is lost by sampling?

    python examples/rbm.py
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from tqdm import tqdm

import gradc
import gradc.random as R
import gradc.tensor as T
from gradc.control import fori_loop, scan
from gradc.graph.variable import Variable

Array = npt.NDArray[np.float64]
Weights = dict[str, Any]  # w [pixels, hidden], visible [pixels], hidden [hidden]

PICTURE = Path(__file__).parent / "output" / "rbm.png"
HIDDEN = 10
BATCH = 30
GIBBS = 5  # steps of the chains between two batches
STATES = (np.arange(2**HIDDEN)[:, None] >> np.arange(HIDDEN) & 1).astype(np.float64)


@dataclass(frozen=True)
class Data:
    """Rows of pixels, 0 or 1."""

    train: Array
    test: Array


def load(seed: int = 0) -> Data:
    """The digits in random order, pixels from half the brightness up being white."""
    pixels = (load_digits().data >= 8).astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(pixels))
    count = 1200 // BATCH * BATCH
    return Data(pixels[order[:count]], pixels[order[count:]])


def initial(data: Data, seed: int = 0) -> Weights:
    """Small weights; biases under which the pixels have their frequencies."""
    share = np.clip(data.train.mean(axis=0), 0.01, 0.99)
    w = 0.1 * np.random.default_rng(seed).standard_normal((data.train.shape[1], HIDDEN))
    return {"w": w, "visible": np.log(share / (1 - share)), "hidden": np.zeros(HIDDEN)}


def free_energy(v: Variable, weights: Weights) -> Variable:
    """Minus the logarithm of how likely rows are, but for the normaliser."""
    inside = T.log(1 + T.exp(v @ weights["w"] + weights["hidden"]))
    return -v @ weights["visible"] - T.sum(inside, axis=1)


def log_z(weights: Weights) -> Variable:
    """The normaliser's logarithm: the sum over all states of the hidden units."""
    inside = T.log(1 + T.exp(STATES @ T.transpose(weights["w"]) + weights["visible"]))
    return T.logsumexp(STATES @ weights["hidden"] + T.sum(inside, axis=1))


@gradc.jit
def log_likelihood(weights: Weights, v: Variable) -> Variable:
    """The mean of log p(row), exactly."""
    return -T.mean(free_energy(v, weights)) - log_z(weights)


def gibbs(key: Variable, v: Variable, weights: Weights, steps: int) -> Variable:
    """Rows after some steps: all hidden units by the pixels, all pixels by the hidden units."""

    def step(k: Variable, v: Variable) -> Variable:
        for_hidden, for_visible = R.split(R.fold_in(key, k))
        h = R.bernoulli(for_hidden, T.sigmoid(v @ weights["w"] + weights["hidden"]))
        p = T.sigmoid(T.cast(h, v.dtype) @ T.transpose(weights["w"]) + weights["visible"])
        return T.cast(R.bernoulli(for_visible, p), v.dtype)

    return fori_loop(0, steps, step, v)


def divergence(key: Variable, weights: Weights, v: Variable, chains: Variable) -> Any:
    """The contrastive gradient, and the chains further on."""
    chains = gibbs(key, chains, weights, GIBBS)

    def cost(weights: Weights) -> Variable:
        return T.mean(free_energy(v, weights)) - T.mean(free_energy(chains, weights))

    return gradc.grad(cost)(weights), chains


def exactly(key: Variable, weights: Weights, v: Variable, chains: Variable) -> Any:
    """The gradient of the likelihood itself."""
    return gradc.grad(lambda weights: -log_likelihood(weights, v))(weights), chains


def epoch_of(slopes: Callable[..., Any]) -> Callable[..., Any]:
    """A compiled epoch: key, weights, chains, batches [count, BATCH, pixels], rate."""

    @gradc.jit
    def epoch(key: Variable, weights: Weights, chains: Variable, batches: Variable, rate: Variable):
        def step(state: Any, inputs: Any) -> Any:
            weights, chains = state
            v, key = inputs
            found, chains = slopes(key, weights, v, chains)
            return ({name: weights[name] - rate * found[name] for name in weights}, chains), None

        keys = R.split(key, batches.shape[0])
        return scan(step, (weights, chains), (batches, keys))[0]

    return epoch


def train(data: Data, epochs: int, slopes: Callable[..., Any], seed: int = 0) -> Any:
    """Learn with a falling rate; gives the weights, and the likelihoods of both parts by epoch."""
    rng, key, epoch = np.random.default_rng(seed), R.key(seed), epoch_of(slopes)
    weights, curve = initial(data, seed), []
    chains = rng.permutation(data.train)[:BATCH]
    bar = tqdm(range(epochs), desc=slopes.__name__, unit=" epochs")
    for k in bar:
        batches = rng.permutation(data.train).reshape(-1, BATCH, data.train.shape[1])
        rate = 0.1 * (1 - k / epochs)
        weights, chains = epoch(R.fold_in(key, k), weights, chains, batches, rate)
        curve.append([float(log_likelihood(weights, part)) for part in (data.train, data.test)])
        bar.set_postfix(test=f"{curve[-1][1]:.2f}", refresh=False)
    return weights, np.array(curve)


def independent(data: Data) -> float:
    """The test likelihood of pixels that know nothing of each other."""
    share = np.clip(data.train.mean(axis=0), 0.5 / len(data.train), 1 - 0.5 / len(data.train))
    return float((data.test @ np.log(share) + (1 - data.test) @ np.log(1 - share)).mean())


def dreams(weights: Weights, count: int, seed: int = 0) -> Array:
    """Digits that the machine makes up, from noise on."""
    start = np.random.default_rng(seed).integers(0, 2, (count, len(weights["w"]))).astype(float)
    dream = gradc.jit(lambda key, v, weights: gibbs(key, v, weights, 1000))
    return np.asarray(dream(R.key(seed), start, weights))


def draw(path: Path, weights: Weights, curves: dict[str, Array], baseline: float) -> None:
    """Save a picture: filters, dreams, and the likelihood by epochs."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.2, 1))
    upper, lower = left.subfigures(2, 1)
    upper.suptitle("filters: the weights of ten hidden units", fontsize=10)
    most = np.abs(weights["w"]).max()
    for k, axes in enumerate(upper.subplots(2, 5).flat):
        axes.imshow(weights["w"][:, k].reshape(8, 8), cmap="RdBu", vmin=-most, vmax=most)
        axes.set_axis_off()
    lower.suptitle("dreams", fontsize=10)
    for each, axes in zip(dreams(weights, 20), lower.subplots(2, 10).flat, strict=True):
        axes.imshow(each.reshape(8, 8), cmap="gray_r")
        axes.set_axis_off()
    axes = right.subplots()
    for name, curve in curves.items():
        axes.plot(1 + np.arange(len(curve)), curve[:, 1], label=f"{name}")
    axes.axhline(baseline, color="0.5", ls=":", label="independent pixels")
    axes.set(xlabel="epoch", title="log p of other digits", xscale="log")
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Learn by samples and exactly, compare."""
    parser = argparse.ArgumentParser(description="A restricted Boltzmann machine on digits.")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the split, weights and draws")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    data = load(args.seed)
    baseline = independent(data)
    print(f"{len(data.train)} digits for training, {len(data.test)} for testing; log p of a digit:")
    print(f"independent pixels:      test {baseline:.2f}")
    curves = {}
    for name, slopes in {"exact gradient": exactly, "contrastive divergence": divergence}.items():
        weights, curves[name] = train(data, args.epochs, slopes, args.seed)
        fitted, other = curves[name][-1]
        print(f"{name + ':':24} train {fitted:.2f}, test {other:.2f}")
    draw(args.picture, weights, curves, baseline)
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
