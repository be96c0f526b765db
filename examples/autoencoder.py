"""A denoising autoencoder: filters learned from handwritten digits without their labels.

Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010): a third of the pixels is wiped out, 144
units see what is left, and from them, through the same weights, the whole image is drawn again.
What helps with that is in the units, so a linear classifier on them reads more digits than one on
the pixels, most of all where few are labelled.  The images are scikit-learn's 1797 digits, enlarged
to 28x28 pixels.

    python examples/autoencoder.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from tqdm import tqdm

import gradc
import gradc.tensor as T
from gradc.graph.variable import Variable
from gradc.sklearn import LogisticRegression

Array = npt.NDArray[Any]
Weights = dict[str, Any]

PICTURE = Path(__file__).parent / "output" / "autoencoder.png"
SIDE, UNITS = 28, 144
TRAINING, BATCH, EPOCHS = 1280, 64, 100
LOST = 0.3  # of the pixels
RATE = 0.002


@dataclass(frozen=True)
class Data:
    """Rows of 784 pixels, brightness from 0 to 1, and what they show."""

    x: Array
    y: Array


def load(seed: int = 0) -> tuple[Data, Data]:
    """The digits in random order: to learn from, and to be judged by."""
    digits = load_digits()
    scale = SIDE / digits.images.shape[1]
    x = zoom(digits.images / 16, (1, scale, scale), order=1, mode="nearest", grid_mode=True)
    x = x.reshape(-1, SIDE * SIDE).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(x))
    first, rest = order[:TRAINING], order[TRAINING:]
    return Data(x[first], digits.target[first]), Data(x[rest], digits.target[rest])


def initial(seed: int = 0) -> Weights:
    """Small weights, biases zero."""
    return {
        "w": gradc.init.normal((SIDE * SIDE, UNITS), seed, std=0.01, dtype="float32"),
        "b": gradc.init.zeros(UNITS, dtype="float32"),
        "c": gradc.init.zeros(SIDE * SIDE, dtype="float32"),
    }


def code(weights: Weights, x: Variable) -> Variable:
    """What the units make of images [n, 784]."""
    return T.sigmoid(x @ weights["w"] + weights["b"])


def image(weights: Weights, h: Variable) -> Variable:
    """What is drawn from units [n, 144]."""
    return T.sigmoid(h @ weights["w"].T + weights["c"])


@dataclass(frozen=True)
class Network:
    """The compiled functions, and the weights that `step` moves."""

    batches: gradc.optim.Minibatches  # of spoilt images and whole ones
    step: gradc.Function  # number of a batch -> cost
    encode: gradc.Function  # images -> units
    redraw: gradc.Function  # images -> images
    weights: dict[str, gradc.SharedVariable]


def build(start: Weights, spoilt: Array, whole: Array) -> Network:
    """Compile a step of training, and both halves of the network."""
    weights = {name: gradc.shared(value, name=name) for name, value in start.items()}
    x, seen = T.fmatrix("x"), T.fmatrix("seen")
    again = image(weights, code(weights, seen))
    cost = T.mean(T.sum(T.nnet.binary_crossentropy(again, x), axis=1))
    batches = gradc.optim.minibatches({seen: spoilt, x: whole}, BATCH)
    updates = gradc.optim.adam(cost, list(weights.values()), RATE)
    step = gradc.function(
        [batches.index], cost, updates=updates, givens=batches.givens, name="step"
    )
    encode = gradc.function([seen], code(weights, seen), name="encode")
    return Network(batches, step, encode, gradc.function([seen], again, name="redraw"), weights)


def spoil(x: Array, rng: np.random.Generator) -> Array:
    """Images with pixels lost."""
    return x * (rng.random(x.shape, dtype=np.float32) >= LOST)


def learn(network: Network, whole: Array, epochs: int, seed: int = 0) -> list[float]:
    """Train, on other spoilt images in each epoch; gives its mean cost."""
    rng, curve = np.random.default_rng(seed), []
    seen, x = network.batches.data
    bar = tqdm(range(epochs), desc="training", unit=" epochs")
    for _ in bar:
        whole = rng.permutation(whole)
        seen.set_value(spoil(whole, rng), borrow=True)
        x.set_value(whole, borrow=True)
        cost = np.mean([network.step(k) for k in range(network.batches.count)])
        curve.append(float(cost))
        bar.set_postfix(cost=f"{cost:.2f}", refresh=False)
    return curve


def accuracy(rows: Array, train: Data, judged: Array, test: Data, labels: int) -> float:
    """How many digits a linear classifier reads, by what rows say, that has seen some labels."""
    model = LogisticRegression(max_iter=1000).fit(rows[:labels], train.y[:labels])
    return float((model.predict(judged) == test.y).mean())


def draw(file: Path, network: Network, test: Data, seed: int = 0) -> None:
    """Save a picture: filters, and spoilt images that were never seen, redrawn."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(9.6, 3.7), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    w = network.weights["w"].get_value()
    left.suptitle(f"filters: the strongest 60 of {UNITS}")
    strongest = np.argsort(-np.linalg.norm(w, axis=0))
    for k, axes in zip(strongest, left.subplots(6, 10).flat, strict=False):
        most = np.abs(w[:, k]).max()
        axes.imshow(w[:, k].reshape(SIDE, SIDE), cmap="RdBu", vmin=-most, vmax=most)
        axes.set_axis_off()
    spoilt = spoil(test.x[:18], np.random.default_rng(seed))
    right.suptitle("test digits: spoilt, redrawn, as they were")
    shown = np.stack([spoilt, network.redraw(spoilt), test.x[:18]], axis=1)
    for each, axes in zip(shown.reshape(-1, SIDE, SIDE), right.subplots(6, 9).flat, strict=True):
        axes.imshow(each, cmap="gray_r", vmin=0, vmax=1)
        axes.set_axis_off()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Train, judge, draw."""
    parser = argparse.ArgumentParser(description="An autoencoder on scikit-learn's digits.")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0, help="of the split, weights and batches")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    train, test = load(args.seed)
    print(f"{len(train.x)} digits for training, {len(test.x)} for testing, {SIDE}x{SIDE} pixels")
    network = build(initial(args.seed), train.x, train.x)
    learn(network, train.x, args.epochs, args.seed)
    codes = network.encode(train.x), network.encode(test.x)
    for name, (rows, judged) in {"pixels": (train.x, test.x), "units": codes}.items():
        found = [accuracy(rows, train, judged, test, labels) for labels in (200, TRAINING)]
        print(f"by {name}: {found[0]:.3f} with 200 labels, {found[1]:.3f} with all")
    draw(args.picture, network, test, args.seed)
    print(f"test accuracy: {found[1]:.3f}")
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
