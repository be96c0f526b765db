"""The lecture's network on real input: is a handwritten digit five or more?

The program is that of examples/lecture.py, line for line in `build`.  The input is scikit-learn's
set of 1797 handwritten digits, 8x8 pixels, enlarged to the lecture's 28x28 = 784 features: 400 for
training, the others for testing.

    python examples/mlp.py                 # 10,000 steps, as in the lecture
    python examples/mlp.py --steps 500

Inputs are brightness from 0 to 1.  The lecture's first weights are standard normal, so the 300
hidden units begin saturated (a sum over 784 pixels has a standard deviation of about 12) and hardly
learn.  The penalty on the weights takes 0.2 % of them each step; after some thousand steps the
units work in their middle range and the network learns what it can under such a penalty.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import gradc
import gradc.tensor as T

Array = npt.NDArray[np.float64]

TRAINING = 400  # samples, as in the lecture
SIDE = 28  # pixels; 28 * 28 = 784 features
HIDDEN = 300
RATE = 0.1
PICTURE = Path(__file__).parent / "output" / "mlp.png"


@dataclass(frozen=True)
class Data:
    """Rows of features and the labels 0. and 1. of a part of the digits."""

    x: Array
    y: Array

    @property
    def majority(self) -> float:
        """How often the more frequent label is right."""
        return max(self.y.mean(), 1 - self.y.mean())


@dataclass(frozen=True)
class Network:
    """The compiled functions, and the parameters that `train` updates."""

    train: gradc.Function  # x, y -> predictions, losses
    predict: gradc.Function  # x -> predictions
    measure: gradc.Function  # x, y -> cost
    parameters: dict[str, gradc.SharedVariable]

    def accuracy(self, data: Data) -> float:
        """The share of samples whose label is predicted."""
        return float((self.predict(data.x) == data.y).mean())

    def norms(self) -> str:
        """The length of each parameter, for the eye."""
        norm = {name: np.linalg.norm(p.get_value()) for name, p in self.parameters.items()}
        return "   ".join(f"{name} {value:8.3f}" for name, value in norm.items())


def enlarge(images: Array, side: int = SIDE) -> Array:
    """Square images [n, k, k] with `side` pixels an edge, by linear interpolation."""
    old = images.shape[1]
    centre = np.clip((np.arange(side) + 0.5) * old / side - 0.5, 0, old - 1)
    low = np.minimum(centre.astype(int), old - 2)
    weights = np.zeros((side, old))
    weights[np.arange(side), low] = 1 - (centre - low)
    weights[np.arange(side), low + 1] = centre - low
    return weights @ images @ weights.T


def load(seed: int) -> tuple[Data, Data]:
    """The digits in random order: a part for training, the rest for testing."""
    from sklearn.datasets import load_digits  # takes a second to import

    digits = load_digits()
    x = enlarge(digits.images / 16.0).reshape(-1, SIDE * SIDE)  # 16 is the brightest pixel
    y = (digits.target >= 5).astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(x))
    first, rest = order[:TRAINING], order[TRAINING:]
    return Data(x[first], y[first]), Data(x[rest], y[rest])


def initial(seed: int) -> dict[str, Array]:
    """The lecture's first weights: standard normal, biases zero."""
    rng = np.random.default_rng(seed)
    w_1 = rng.standard_normal((SIDE * SIDE, HIDDEN))
    return {
        "w_1": w_1,
        "b_1": np.zeros(HIDDEN),
        "w_2": rng.standard_normal(HIDDEN),
        "b_2": np.zeros(()),
    }


def build(start: dict[str, Array]) -> Network:
    """The lecture's program."""
    parameters = {name: gradc.shared(value, name=name) for name, value in start.items()}
    w_1, b_1, w_2, b_2 = parameters.values()
    x, y = T.matrix("x"), T.vector("y")

    p_1 = T.sigmoid(-T.dot(T.sigmoid(-T.dot(x, w_1) - b_1), w_2) - b_2)
    prediction = p_1 > 0.5
    xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
    cost = xent.mean() + 0.01 * ((w_1**2).sum() + (w_2**2).sum())
    gw_1, gb_1, gw_2, gb_2 = T.grad(cost, [w_1, b_1, w_2, b_2])

    train = gradc.function(
        inputs=[x, y],
        outputs=[prediction, xent],
        updates={
            w_1: w_1 - RATE * gw_1,
            b_1: b_1 - RATE * gb_1,
            w_2: w_2 - RATE * gw_2,
            b_2: b_2 - RATE * gb_2,
        },
        name="train",
    )
    predict = gradc.function(inputs=[x], outputs=prediction, name="predict")
    measure = gradc.function(inputs=[x, y], outputs=cost, name="measure")
    return Network(train, predict, measure, parameters)


def run(network: Network, data: Data, steps: int) -> list[tuple[int, float]]:
    """Train; gives (step, cost) at 200 places of the way."""
    costs = []
    every = max(1, steps // 200)
    with tqdm(range(steps), desc="training", unit=" steps", mininterval=0.5) as bar:
        for step in bar:
            if step % every == 0:
                costs.append((step, float(network.measure(data.x, data.y))))
                bar.set_postfix(cost=f"{costs[-1][1]:.4f}", refresh=False)
            network.train(data.x, data.y)
        costs.append((steps, float(network.measure(data.x, data.y))))
        bar.set_postfix(cost=f"{costs[-1][1]:.4f}")
    return costs


def draw(file: Path, costs: list[tuple[int, float]], network: Network, test: Data) -> None:
    """Save a picture: the cost over the steps, and some test digits with their predictions."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.1))
    axes = left.subplots()
    axes.semilogy(*zip(*costs, strict=True))
    axes.set(xlabel="step", ylabel="cost", title="training")
    right.suptitle("five or more?")
    predicted = network.predict(test.x)
    for k, axes in enumerate(right.subplots(3, 6).flat):
        axes.imshow(test.x[k].reshape(SIDE, SIDE), cmap="gray_r")
        axes.set_axis_off()
        colour = "tab:green" if predicted[k] == test.y[k] else "tab:red"
        axes.set_title("yes" if predicted[k] else "no", color=colour, fontsize=9)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser(description="Tell digits below five from the others.")
    parser.add_argument("--steps", type=int, default=10_000, help="training steps")
    parser.add_argument("--seed", type=int, default=0, help="of the split and the first weights")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()

    train, test = load(args.seed)
    network = build(initial(args.seed))
    print(f"{len(train.x)} digits for training, {len(test.x)} for testing, {SIDE * SIDE} features")
    print(f"norms before:   {network.norms()}")
    costs = run(network, train, args.steps)
    print(f"norms after:    {network.norms()}")
    draw(args.picture, costs, network, test)
    print(f"picture:        {os.path.relpath(args.picture)}")
    print(f"majority class: train {train.majority:.3f}, test {test.majority:.3f}")
    print(f"train accuracy: {network.accuracy(train):.3f}")
    print(f"test accuracy: {network.accuracy(test):.3f}")


if __name__ == "__main__":
    main()
