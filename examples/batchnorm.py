"""Batch normalisation: a deep network on handwritten digits learns in fewer epochs with it.

Ioffe and Szegedy (2015): behind each layer, units are brought to mean 0 and deviation 1 over the
batch, then scaled and shifted as suits the network.  Averages of the means and variances run along,
for the day when images come one by one.  Eight layers of 64 units read scikit-learn's 1797 digits
of 8x8 pixels, once so and once without the norm.

    python examples/batchnorm.py
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from tqdm import tqdm

import gradc
import gradc.tensor as T
from gradc.graph.variable import Variable

Array = npt.NDArray[Any]
Weights = dict[str, Any]

PICTURE = Path(__file__).parent / "output" / "batchnorm.png"
CLASSES = 10
LAYERS, UNITS = 8, 64
TRAINING, BATCH, EPOCHS = 1280, 64, 30
RATE, MOMENTUM = 0.03, 0.9
EPSILON, FACTOR = 1e-5, 0.1  # of the norm: beside the variance; of its averages


@dataclass(frozen=True)
class Data:
    """Rows of 64 pixels, brightness from 0 to 1, and what they show."""

    x: Array
    y: Array


def load(seed: int = 0) -> tuple[Data, Data]:
    """The digits in random order: to learn from, and to be judged by."""
    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(x))
    first, rest = order[:TRAINING], order[TRAINING:]
    return Data(x[first], digits.target[first]), Data(x[rest], digits.target[rest])


def initial(seed: int = 0) -> Weights:
    """Weights as Glorot and Bengio (2010) draw them, scales 1, shifts and biases 0."""
    drawn = partial(gradc.init.glorot_uniform, rng=np.random.default_rng(seed))
    found = {}
    for k in range(LAYERS):
        found |= {f"w_{k}": drawn((UNITS, UNITS)), f"scale_{k}": np.ones(UNITS)}
        found |= {f"shift_{k}": np.zeros(UNITS)}
    found |= {"w_out": drawn((UNITS, CLASSES)), "b_out": np.zeros(CLASSES)}
    return {name: value.astype(np.float32) for name, value in found.items()}


def scores(weights: Weights, x: Variable, norm: Callable[[int, Variable], Variable]) -> Variable:
    """How much each class is favoured [n, 10], of rows [n, 64]."""
    for k in range(LAYERS):
        x = T.nnet.relu(norm(k, x @ weights[f"w_{k}"]))
    return x @ weights["w_out"] + weights["b_out"]


@dataclass(frozen=True)
class Network:
    """The compiled functions, and what `step` moves."""

    batches: gradc.optim.Minibatches
    step: gradc.Function  # number of a batch -> cost
    predict: gradc.Function  # rows -> classes
    weights: dict[str, gradc.SharedVariable]
    averages: dict[str, gradc.SharedVariable]

    def accuracy(self, data: Data) -> float:
        """The share of digits that are read rightly."""
        return float((self.predict(data.x) == data.y).mean())


def build(start: Weights, train: Data, is_normal: bool = True) -> Network:
    """Compile a step of training, by the batch's own means and variances, and the use, by averages.

    is_normal: False leaves the norm out, not the scales and shifts.
    """
    weights = {name: gradc.shared(value, name=name) for name, value in start.items()}
    averages = {
        f"{name}_{k}": gradc.shared(np.full(UNITS, first, np.float32), name=f"{name}_{k}")
        for k in range(LAYERS)
        for name, first in (("mean", 0), ("var", 1))
    }
    moved = {}

    def by_batch(k: int, x: Variable) -> Variable:
        mean, var = averages[f"mean_{k}"], averages[f"var_{k}"]
        x, _, _, moved[mean], moved[var] = T.nnet.batch_normalization_train(
            x, weights[f"scale_{k}"], weights[f"shift_{k}"], epsilon=EPSILON,
            running_average_factor=FACTOR, running_mean=mean, running_var=var,
        )  # fmt: skip
        return x

    def by_averages(k: int, x: Variable) -> Variable:
        scale, shift = weights[f"scale_{k}"], weights[f"shift_{k}"]
        mean, var = averages[f"mean_{k}"], averages[f"var_{k}"]
        return T.nnet.batch_normalization_test(x, scale, shift, mean, var, epsilon=EPSILON)

    def plain(k: int, x: Variable) -> Variable:
        return x * weights[f"scale_{k}"] + weights[f"shift_{k}"]

    x, y = T.fmatrix("x"), T.lvector("y")
    p = T.nnet.softmax(scores(weights, x, by_batch if is_normal else plain))
    cost = T.mean(T.nnet.categorical_crossentropy(p, y))
    batches = gradc.optim.minibatches({x: train.x, y: train.y}, BATCH)
    updates = gradc.optim.momentum(cost, list(weights.values()), RATE, MOMENTUM) | moved
    step = gradc.function(
        [batches.index], cost, updates=updates, givens=batches.givens, name="step"
    )
    found = T.argmax(scores(weights, x, by_averages if is_normal else plain), axis=1)
    return Network(batches, step, gradc.function([x], found, name="predict"), weights, averages)


def learn(
    network: Network, test: Data, epochs: int, seed: int = 0, title: str = "training"
) -> list[tuple[float, float]]:
    """Train; gives the mean cost and the test accuracy of each epoch."""
    rng, curve = np.random.default_rng(seed), []
    bar = tqdm(range(epochs), desc=title, unit=" epochs")
    for _ in bar:
        network.batches.shuffle(rng)
        cost = np.mean([network.step(k) for k in range(network.batches.count)])
        curve.append((float(cost), network.accuracy(test)))
        bar.set_postfix(cost=f"{cost:.4f}", test=f"{curve[-1][1]:.3f}", refresh=False)
    return curve


def draw(file: Path, curves: dict[str, Any], network: Network, test: Data) -> None:
    """Save a picture: cost and accuracy with the norm and without, and what is taken for what."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    for name, curve in curves.items():
        costs, accuracies = zip(*curve, strict=True)
        epochs = 1 + np.arange(len(curve))
        left.semilogy(epochs, costs, label=name)
        middle.plot(epochs, accuracies, label=name)
    left.set(xlabel="epoch", title="training cost")
    middle.set(xlabel="epoch", title="test accuracy", ylim=(0, 1.02))
    middle.legend(fontsize=8)
    table = np.zeros((CLASSES, CLASSES), int)
    np.add.at(table, (test.y, network.predict(test.x)), 1)
    right.imshow(np.where(table, np.log1p(table), np.nan), cmap="Blues", vmax=6)
    for (i, j), count in np.ndenumerate(table):
        if count:
            right.text(j, i, count, ha="center", va="center", fontsize=7)
    right.set(xlabel="read as", ylabel="digit", title="test digits, with the norm")
    right.set(xticks=range(CLASSES), yticks=range(CLASSES))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Train with the norm and without, judge, draw."""
    parser = argparse.ArgumentParser(description="Batch normalisation on scikit-learn's digits.")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0, help="of the split, weights and batches")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    train, test = load(args.seed)
    print(f"{len(train.x)} digits for training, {len(test.x)} for testing, {LAYERS} layers")
    curves = {}
    for name, is_normal in {"plain": False, "batch norm": True}.items():
        network = build(initial(args.seed), train, is_normal)
        curves[name] = learn(network, test, args.epochs, args.seed, name)
        print(f"{name}: train {network.accuracy(train):.3f}, test {network.accuracy(test):.3f}")
    draw(args.picture, curves, network, test)
    print(f"test accuracy: {network.accuracy(test):.3f}")
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
