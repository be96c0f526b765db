"""LeNet on handwritten digits: convolutions, pooling, momentum, and what the filters see.

The network is LeCun, Bottou, Bengio and Haffner's (1998) in the shape of the Deep Learning
Tutorials: 20 and 50 filters of 5x5, each followed by the largest of 2x2 pixels, then 500 units and
ten classes.  The images are scikit-learn's 1797 digits, 8x8 pixels, enlarged to LeNet's 28x28.

    python examples/lenet.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from functools import partial
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

Array = npt.NDArray[Any]
Weights = dict[str, Any]

PICTURE = Path(__file__).parent / "output" / "lenet.png"
SIDE, CLASSES = 28, 10
TRAINING, BATCH, EPOCHS = 1280, 64, 12
RATE, MOMENTUM = 0.02, 0.9


@dataclass(frozen=True)
class Data:
    """Images [n, 1, 28, 28] of mean 0 and deviation 1, and what they show."""

    x: Array
    y: Array


def load(seed: int = 0) -> tuple[Data, Data]:
    """The digits in random order: to learn from, and to be judged by."""
    digits = load_digits()
    scale = SIDE / digits.images.shape[1]
    x = zoom(digits.images, (1, scale, scale), order=1, mode="nearest", grid_mode=True)
    x = ((x - x.mean()) / x.std()).astype(np.float32)[:, None]
    order = np.random.default_rng(seed).permutation(len(x))
    first, rest = order[:TRAINING], order[TRAINING:]
    return Data(x[first], digits.target[first]), Data(x[rest], digits.target[rest])


def initial(seed: int = 0) -> Weights:
    """Weights as He et al. (2015) draw them for relu; biases zero."""
    rng = np.random.default_rng(seed)
    drawn = partial(gradc.init.he_normal, rng=rng, dtype="float32")
    zeros = partial(gradc.init.zeros, dtype="float32")
    return {
        "filters_1": drawn((20, 1, 5, 5)), "b_1": zeros(20),
        "filters_2": drawn((50, 20, 5, 5)), "b_2": zeros(50),
        "w_3": drawn((50 * 4 * 4, 500)), "b_3": zeros(500),
        "w_4": drawn((500, CLASSES)), "b_4": zeros(CLASSES),
    }  # fmt: skip


def maps(weights: Weights, layer: int, x: Variable) -> Variable:
    """What a layer of filters finds, the most of each 2x2 places."""
    seen = T.nnet.conv2d(x, weights[f"filters_{layer}"], filter_flip=False)
    pooled = T.signal.pool.pool_2d(seen, (2, 2), ignore_border=True)
    return T.nnet.relu(pooled + weights[f"b_{layer}"][:, None, None])


def scores(weights: Weights, x: Variable) -> Variable:
    """How much each class is favoured [n, 10], of images [n, 1, 28, 28]."""
    found = T.flatten(maps(weights, 2, maps(weights, 1, x)), 2)
    hidden = T.nnet.relu(found @ weights["w_3"] + weights["b_3"])
    return hidden @ weights["w_4"] + weights["b_4"]


@dataclass(frozen=True)
class Network:
    """The compiled functions, and the weights that `step` moves."""

    batches: gradc.optim.Minibatches
    step: gradc.Function  # number of a batch -> cost
    predict: gradc.Function  # images -> classes
    look: gradc.Function  # images -> maps of the first filters [n, 20, 12, 12]
    weights: dict[str, gradc.SharedVariable]

    def accuracy(self, data: Data) -> float:
        """The share of images that are read rightly."""
        return float((self.predict(data.x) == data.y).mean())


def build(start: Weights, train: Data) -> Network:
    """Compile a step of training, and what the network is for."""
    weights = {name: gradc.shared(value, name=name) for name, value in start.items()}
    x, y = T.tensor4("x", dtype="float32"), T.lvector("y")
    z = scores(weights, x)
    cost = T.mean(T.nnet.categorical_crossentropy(T.nnet.softmax(z), y))
    batches = gradc.optim.minibatches({x: train.x, y: train.y}, BATCH)
    updates = gradc.optim.momentum(cost, list(weights.values()), RATE, MOMENTUM)
    step = gradc.function(
        [batches.index], cost, updates=updates, givens=batches.givens, name="step"
    )
    predict = gradc.function([x], T.argmax(z, axis=1), name="predict")
    look = gradc.function([x], maps(weights, 1, x), name="look")
    return Network(batches, step, predict, look, weights)


def learn(network: Network, test: Data, epochs: int, seed: int = 0) -> list[tuple[float, float]]:
    """Train; gives the mean cost and the test accuracy of each epoch."""
    rng, curve = np.random.default_rng(seed), []
    bar = tqdm(range(epochs), desc="training", unit=" epochs")
    for _ in bar:
        network.batches.shuffle(rng)
        cost = np.mean([network.step(k) for k in range(network.batches.count)])
        curve.append((float(cost), network.accuracy(test)))
        bar.set_postfix(cost=f"{cost:.4f}", test=f"{curve[-1][1]:.3f}", refresh=False)
    return curve


def draw(file: Path, network: Network, curve: list[tuple[float, float]], test: Data) -> None:
    """Save a picture: how it learned, its first filters, and digits that it misreads."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(11.5, 3.1), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(1, 1.5, 0.8))
    costs, accuracies = zip(*curve, strict=True)
    epochs = 1 + np.arange(len(curve))
    axes = left.subplots()
    axes.semilogy(epochs, costs, "o-", ms=3, label="training cost")
    axes.semilogy(epochs, 1 - np.array(accuracies), "o-", ms=3, label="test errors, share")
    axes.set(xlabel="epoch", xticks=epochs[1::2], title="learning")
    axes.legend(fontsize=8)
    middle.suptitle("a digit, and what the first 20 filters make of it")
    seen = [test.x[0, 0], *network.look(test.x[:1])[0]]
    for each, axes in zip(seen, middle.subplots(3, 7).flat, strict=True):
        axes.imshow(each, cmap="gray_r")
        axes.set_axis_off()
    predicted = network.predict(test.x)
    wrong = np.flatnonzero(predicted != test.y)
    right.suptitle(f"misread: {len(wrong)} of {len(test.y)}")
    for place, axes in enumerate(right.subplots(3, 3).flat):
        axes.set_axis_off()
        if place < len(wrong):
            k = wrong[place]
            axes.imshow(test.x[k, 0], cmap="gray_r")
            axes.set_title(f"{test.y[k]} as {predicted[k]}", fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Train, judge, draw."""
    parser = argparse.ArgumentParser(description="LeNet on scikit-learn's digits.")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0, help="of the split, weights and batches")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    train, test = load(args.seed)
    print(f"{len(train.x)} digits for training, {len(test.x)} for testing, {SIDE}x{SIDE} pixels")
    network = build(initial(args.seed), train)
    curve = learn(network, test, args.epochs, args.seed)
    draw(args.picture, network, curve, test)
    print(f"train accuracy: {network.accuracy(train):.3f}")
    print(f"test accuracy: {network.accuracy(test):.3f}")
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
