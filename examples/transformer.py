"""A transformer that foretells the next letter of Python's manual, and what its heads look at.

Two blocks of causal attention by four heads with a layer behind, norms before the parts (Vaswani et
al. 2017; the order of Radford et al. 2019), over windows of 32 letters of what pydoc shows, which
comes with Python; Adam, its rate warmed up and then falling as a cosine.

    python examples/transformer.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import gradc
import gradc.tensor as T
from gradc.graph.variable import Variable

Letters = npt.NDArray[np.int64]
Weights = dict[str, Any]

PICTURE = Path(__file__).parent / "output" / "transformer.png"
LENGTH, BATCH, EPOCHS = 32, 64, 6
BLOCKS, WIDTH, HEADS = 2, 64, 4
RATE, WARM = 3e-3, 50  # steps until the rate is reached
BEYOND = np.triu(np.full((LENGTH, LENGTH), -np.inf, np.float32), 1)  # letters ahead are unseen


@dataclass(frozen=True)
class Text:
    """Numbers of letters, in windows [n, LENGTH + 1]: to learn from, and to be judged by."""

    alphabet: npt.NDArray[np.str_]
    train: Letters
    test: Letters


def load(length: int = 200_000) -> Text:
    """The manual's topics in windows, the last letter of one being the next's first."""
    text = "\n\n".join(topics[name] for name in sorted(topics))[:length]
    kinds, letters, counts = np.unique(list(text), return_inverse=True, return_counts=True)
    alphabet = np.append(kinds[counts >= 20], "\N{REPLACEMENT CHARACTER}")  # for rare ones
    found = np.searchsorted(alphabet, np.where(counts >= 20, kinds, alphabet[-1]))[letters]
    windows = np.lib.stride_tricks.sliding_window_view(found, LENGTH + 1)[::LENGTH].copy()
    count = int(0.9 * len(windows)) // BATCH * BATCH
    return Text(alphabet, windows[:count], windows[count:])


def initial(letters: int, seed: int = 0) -> Weights:
    """Weights as Glorot and Bengio (2010) draw them, small letters and places."""
    rng = np.random.default_rng(seed)
    drawn = partial(gradc.init.glorot_uniform, rng=rng)
    found = {
        "letters": rng.normal(0, 0.1, (letters, WIDTH)),
        "places": rng.normal(0, 0.1, (LENGTH, WIDTH)),
        "gamma": np.ones(WIDTH), "beta": np.zeros(WIDTH),
        "w_out": drawn((WIDTH, letters)), "b_out": np.zeros(letters),
    }  # fmt: skip
    for k in range(BLOCKS):
        found |= {
            f"gamma_1_{k}": np.ones(WIDTH), f"beta_1_{k}": np.zeros(WIDTH),
            f"query_{k}": drawn((WIDTH, WIDTH)), f"key_{k}": drawn((WIDTH, WIDTH)),
            f"value_{k}": drawn((WIDTH, WIDTH)), f"merge_{k}": drawn((WIDTH, WIDTH)),
            f"gamma_2_{k}": np.ones(WIDTH), f"beta_2_{k}": np.zeros(WIDTH),
            f"inner_{k}": drawn((WIDTH, 4 * WIDTH)), f"b_inner_{k}": np.zeros(4 * WIDTH),
            f"outer_{k}": drawn((4 * WIDTH, WIDTH)), f"b_outer_{k}": np.zeros(WIDTH),
        }  # fmt: skip
    return {name: value.astype(np.float32) for name, value in found.items()}


def attend(x: Variable, w: dict[str, Variable]) -> tuple[Variable, Variable]:
    """What places gather from those before [n, LENGTH, WIDTH], and how much they look at each."""

    def heads(rows: Variable) -> Variable:
        return T.reshape(rows, (x.shape[0], LENGTH, HEADS, WIDTH // HEADS)).transpose(0, 2, 1, 3)

    q, k, v = (heads(x @ w[name]) for name in ("query", "key", "value"))
    seen = T.softmax(q @ k.transpose(0, 1, 3, 2) * (WIDTH // HEADS) ** -0.5 + BEYOND)
    gathered = T.reshape((seen @ v).transpose(0, 2, 1, 3), (x.shape[0], LENGTH, WIDTH))
    return gathered @ w["merge"], seen


def scores(weights: Weights, letters: Variable) -> tuple[Variable, list[Variable]]:
    """How much each next letter is favoured [n, LENGTH, letters], and the heads' looks by block."""
    x, looks = weights["letters"][letters] + weights["places"], []
    for k in range(BLOCKS):
        w = {name.removesuffix(f"_{k}"): each for name, each in weights.items()}
        gathered, seen = attend(T.nnet.layer_norm(x, w["gamma_1"], w["beta_1"]), w)
        x = x + gathered
        rows = T.nnet.layer_norm(x, w["gamma_2"], w["beta_2"])
        x = x + T.nnet.relu(rows @ w["inner"] + w["b_inner"]) @ w["outer"] + w["b_outer"]
        looks.append(seen)
    x = T.nnet.layer_norm(x, weights["gamma"], weights["beta"])
    return x @ weights["w_out"] + weights["b_out"], looks


@dataclass(frozen=True)
class Network:
    """The compiled functions, and the weights that `step` moves."""

    batches: gradc.optim.Minibatches
    step: gradc.Function  # number of a batch -> cost
    foretell: gradc.Function  # letters [n, LENGTH] -> chances of the next ones, looks by block
    weights: dict[str, gradc.SharedVariable]

    def accuracy(self, windows: Letters) -> float:
        """The share of letters that are foretold."""
        found = np.argmax(self.foretell(windows[:, :-1])[0], axis=-1)
        return float((found == windows[:, 1:]).mean())


def build(start: Weights, train: Letters, epochs: int) -> Network:
    """Compile a step of training, and what the network is for."""
    weights = {name: gradc.shared(value, name=name) for name, value in start.items()}
    windows, letters = T.lmatrix("windows"), T.lmatrix("letters")
    z, _ = scores(weights, windows[:, :-1])
    cost = T.mean(T.nnet.categorical_crossentropy(T.nnet.softmax(z), windows[:, 1:]))
    batches = gradc.optim.minibatches({windows: train}, BATCH)
    falling = gradc.optim.schedules.cosine(RATE, epochs * batches.count)
    rate = gradc.optim.schedules.warmup(WARM, falling)
    updates = gradc.optim.adam(cost, list(weights.values()), rate)
    step = gradc.function([batches.index], cost, updates=updates, givens=batches.givens)
    z, looks = scores(weights, letters)
    foretell = gradc.function([letters], [T.nnet.softmax(z), *looks], name="foretell")
    return Network(batches, step, foretell, weights)


def learn(network: Network, text: Text, epochs: int, seed: int = 0) -> list[tuple[float, float]]:
    """Train; gives the mean cost and the test accuracy of each epoch."""
    rng, curve = np.random.default_rng(seed), []
    bar = tqdm(range(epochs), desc="reading", unit=" epochs")
    for _ in bar:
        network.batches.shuffle(rng)
        cost = np.mean([network.step(k) for k in range(network.batches.count)])
        curve.append((float(cost), network.accuracy(text.test)))
        bar.set_postfix(cost=f"{cost:.4f}", test=f"{curve[-1][1]:.3f}", refresh=False)
    return curve


def draw(file: Path, network: Network, text: Text, curve: list[Any]) -> None:
    """Save a picture: how it learned, what two heads look at, how likely it finds some letters."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(13.5, 3.7), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(0.75, 1.8, 1.35))
    axes = left.subplots()
    axes.plot(1 + np.arange(len(curve)), [accuracy for _, accuracy in curve], "o-", ms=3)
    axes.set(xlabel="epoch", title="next letters foretold")
    words = np.char.isalpha(text.alphabet[text.test]).sum(axis=1)
    rows = text.test[np.sort(np.argsort(-words, kind="stable")[:16])]
    letters = text.alphabet[rows[0, :-1]]
    p, *looks = network.foretell(rows[:, :-1])
    for k, axes in enumerate(middle.subplots(1, BLOCKS)):
        axes.imshow(looks[k][0, 0], cmap="Blues")
        axes.set_title(f"block {k + 1}: whom a letter looks at", fontsize=10)
        axes.set_xticks(range(LENGTH), letters, fontsize=7)
        axes.set_yticks(range(LENGTH), letters, fontsize=7)
    p = np.take_along_axis(p, rows[:, 1:, None], axis=-1)[..., 0]
    axes = right.subplots()
    axes.imshow(p, cmap="RdYlGn", vmin=0, vmax=1, alpha=0.6, aspect="auto")
    for (i, j), letter in np.ndenumerate(rows[:, 1:]):
        axes.text(j, i, text.alphabet[letter], ha="center", va="center", fontsize=7)
    axes.set_title("likely letters (green) and surprises (red)", fontsize=10)
    axes.set_axis_off()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def main() -> None:
    """Read, judge, draw."""
    parser = argparse.ArgumentParser(description="A transformer on Python's manual.")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    text = load()
    print(f"{text.train.size} letters to learn from, {text.test.size} to be judged by")
    network = build(initial(len(text.alphabet), args.seed), text.train, args.epochs)
    curve = learn(network, text, args.epochs, args.seed)
    draw(args.picture, network, text, curve)
    print(f"test accuracy: {network.accuracy(text.test):.3f}")
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
