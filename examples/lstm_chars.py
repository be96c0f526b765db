"""An LSTM that reads Python's manual letter by letter, against a trigram model.

The text is what pydoc shows (pydoc_data.topics, which comes with Python).  The network (Hochreiter
and Schmidhuber 1997; forget gates by Gers et al. 2000) goes through 32 letters of 16 places of the
text at once in one compiled loop, its derivative back through time is another, and Adam's step is
part of the same function.  The trigram model is Kneser and Ney's, interpolated (Chen and Goodman
1999), its discount chosen on the part of the text on which the network's best weights are.

    python examples/lstm_chars.py
"""

from __future__ import annotations

import argparse
import math
import os
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

import gradc
import gradc.random as R
import gradc.tensor as T
from gradc.control import scan
from gradc.graph.variable import Variable

Letters = npt.NDArray[np.int64]
Arrays = dict[str, Any]

PICTURE = Path(__file__).parent / "output" / "lstm_chars.png"
PLACES, LENGTH = 16, 32  # of the text at once, and letters of each a step
RATE = 0.01
MARGIN = 24  # letters of the parts to measure on that only start the network


@dataclass(frozen=True)
class Text:
    """Numbers of letters: to learn from, to choose by, and to be judged by."""

    alphabet: str
    train: Letters
    choose: Letters
    judge: Letters


def load(length: int = 400_000) -> Text:
    """The manual's topics one after the other; rare letters are one."""
    text = "\n\n".join(topics[name] for name in sorted(topics))[:length]
    counts = Counter(text)
    alphabet = "".join(sorted(c for c in counts if counts[c] >= 20)) + "\N{REPLACEMENT CHARACTER}"
    number = {c: k for k, c in enumerate(alphabet)}
    letters = np.array([number.get(c, len(alphabet) - 1) for c in text])
    a, b = int(0.9 * len(letters)), int(0.95 * len(letters))
    return Text(alphabet, letters[:a], letters[a:b], letters[b:])


# -- three letters at a time ---------------------------------------------------------------------


class Trigrams:
    """Kneser and Ney's model of a letter behind two others."""

    def __init__(self, letters: Letters, size: int) -> None:
        three = np.zeros((size, size, size))
        np.add.at(three, (letters[:-2], letters[1:-1], letters[2:]), 1)
        two = (three > 0).sum(axis=0)  # behind how many letters a pair stands
        one = (two > 0).sum(axis=0)
        self.counts = [one[None, None], two[None], three]

    def probabilities(self, discount: float) -> npt.NDArray[np.float64]:
        """p(c | a, b): every order takes `discount` from what it has seen for the next shorter."""
        found = np.full((1, 1, 1), 1 / self.counts[0].size)
        for counts in self.counts:
            total = counts.sum(axis=-1, keepdims=True)
            kinds = (counts > 0).sum(axis=-1, keepdims=True)
            seen = np.maximum(counts - discount, 0) + discount * kinds * found
            found = np.where(total > 0, seen / np.maximum(total, 1), found)
        return found

    def bits(self, letters: Letters, discount: float) -> float:
        """How many bits a letter takes, the first MARGIN aside."""
        p = self.probabilities(discount)[letters[:-2], letters[1:-1], letters[2:]]
        return float(-np.log2(p[MARGIN - 2 :]).mean())

    def best(self, letters: Letters) -> float:
        """The discount that suits a text best."""
        return float(min(np.linspace(0.05, 0.95, 19), key=lambda each: self.bits(letters, each)))


# -- the network ---------------------------------------------------------------------------------


def initial(letters: int, units: int, seed: int = 0) -> Arrays:
    """Small weights; gates that forget little."""
    rng = np.random.default_rng(seed)
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1
    start = {
        "inward": rng.uniform(-0.1, 0.1, (letters, 4 * units)),
        "round": rng.standard_normal((units, 4 * units)) / np.sqrt(units),
        "bias": bias,
        "outward": rng.uniform(-0.1, 0.1, (units, letters)),
        "shares": np.zeros(letters),
    }
    return {name: each.astype(np.float32) for name, each in start.items()}


def lstm(weights: Arrays, letters: Variable, state: Any) -> tuple[Variable, Any]:
    """Logits behind each letter [length, places], and the state behind the last."""

    def step(state: Any, x: Variable) -> Any:
        c, h = state
        i, f, o, g = T.split(x + h @ weights["round"], [c.shape[1]] * 4, 4, axis=1)
        c = T.sigmoid(f) * c + T.sigmoid(i) * T.tanh(g)
        h = T.sigmoid(o) * T.tanh(c)
        return (c, h), h

    state, hidden = scan(step, state, weights["inward"][letters] + weights["bias"])
    return hidden @ weights["outward"] + weights["shares"], state


def cost(weights: Arrays, letters: Variable, state: Any) -> tuple[Variable, Any]:
    """The mean of -log p(next letter), and the state."""
    logits, state = lstm(weights, letters[:-1], state)
    log_p = T.take_along_axis(T.log_softmax(logits, axis=-1), letters[1:, :, None], axis=-1)
    return -T.mean(log_p), state


@gradc.jit
def learn(
    weights: Arrays, m: Arrays, v: Arrays, k: Any, rate: Any, letters: Any, state: Any
) -> Any:
    """One step of Adam (Kingma and Ba 2015), gradients longer than 1 shortened (Pascanu 2013)."""
    (value, state), slopes = gradc.value_and_grad(cost, has_aux=True)(weights, letters, state)
    shorter = T.minimum(1, 1 / T.sqrt(sum(T.sum(each**2) for each in slopes.values())))
    slopes = {name: each * shorter for name, each in slopes.items()}
    m = {name: 0.9 * m[name] + 0.1 * each for name, each in slopes.items()}
    v = {name: 0.99 * v[name] + 0.01 * each**2 for name, each in slopes.items()}
    size = rate * T.sqrt(1 - 0.99**k) / (1 - 0.9**k)
    new = {name: each - size * m[name] / (T.sqrt(v[name]) + 1e-8) for name, each in weights.items()}
    return new, m, v, value, state


@gradc.jit
def log_p(weights: Arrays, letters: Variable, state: Any) -> Variable:
    """The logarithm of each next letter's probability."""
    return T.take_along_axis(
        T.log_softmax(lstm(weights, letters[:-1], state)[0], axis=-1), letters[1:, :, None], axis=-1
    )[:, :, 0]


def rest(weights: Arrays, places: int) -> Any:
    """The state before a text."""
    units = len(weights["round"])
    return tuple(np.zeros((places, units), np.float32) for _ in range(2))


def bits(weights: Arrays, letters: Letters) -> float:
    """How many bits a letter takes, the first MARGIN aside."""
    found = log_p(weights, letters[:, None], rest(weights, 1))
    return float(-found[MARGIN - 1 :].mean() / math.log(2))


def train(text: Text, units: int, steps: int, seed: int = 0) -> tuple[Arrays, list[Any]]:
    """Read the text again and again; gives the best weights, and (step, bits) on the way."""
    weights = best = initial(len(text.alphabet), units, seed)
    m, v = ({name: np.zeros_like(each) for name, each in weights.items()} for _ in range(2))
    columns = text.train[: len(text.train) // PLACES * PLACES].reshape(PLACES, -1).T
    columns = np.ascontiguousarray(columns)
    ways, curve, state = (len(columns) - 1) // LENGTH, [], rest(weights, PLACES)
    bar = tqdm(range(steps), desc="reading", unit=" steps", mininterval=0.5)
    for k in bar:
        place = k % ways * LENGTH
        if place == 0:
            state = rest(weights, PLACES)
        rate = np.float32(RATE * (1 - k / steps))
        part = columns[place : place + LENGTH + 1]
        weights, m, v, _, state = learn(weights, m, v, np.float32(k + 1), rate, part, state)
        if (k + 1) % max(1, steps // 20) == 0:
            curve.append((k + 1, bits(weights, text.choose)))
            bar.set_postfix(bits=f"{curve[-1][1]:.3f}", refresh=False)
            if curve[-1][1] == min(found for _, found in curve):
                best = weights
    return best, curve


def write(text: Text, weights: Arrays, start: str, count: int, seed: int = 0) -> str:
    """What the network writes behind a beginning, letter by letter, in one compiled loop."""

    def go_on(key: Variable, weights: Arrays, letters: Variable, state: Any) -> Variable:
        logits, state = lstm(weights, letters, state)

        def step(carry: Any, key: Variable) -> Any:
            last, state = carry
            letter = R.categorical(key, 1.4 * last)
            logits, state = lstm(weights, letter[None], state)
            return (logits[0], state), letter[0]

        return scan(step, (logits[-1], state), R.split(key, count))[1]

    letters = np.array([[text.alphabet.index(c)] for c in start])
    found = gradc.jit(go_on)(R.key(seed), weights, letters, rest(weights, 1))
    return start + "".join(text.alphabet[k] for k in found)


def draw(path: Path, curve: list[Any], trigrams: float, written: str) -> None:
    """Save a picture: bits a letter while learning, and what the network writes."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(*zip(*curve, strict=True), "o-", ms=3, label="LSTM")
    left.axhline(trigrams, color="0.4", ls=":", label="trigrams (Kneser-Ney)")
    left.set(xlabel="step", ylabel="bits a letter", title="other pages of the manual")
    left.legend()
    lines = [part for line in written.split("\n") for part in textwrap.wrap(line, 66) or [""]]
    right.text(
        0, 1, "\n".join(lines[:32]), family="monospace", fontsize=6.5, va="top", parse_math=False
    )
    right.set_title("what it writes")
    right.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Read, compare, write."""
    parser = argparse.ArgumentParser(description="An LSTM on Python's manual.")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0, help="of first weights and what it writes")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    text = load()
    print(f"{len(text.train)} letters to learn from, {len(text.judge)} to be judged by, "
          f"{len(text.alphabet)} different")  # fmt: skip
    model = Trigrams(text.train, len(text.alphabet))
    discount = model.best(text.choose)
    weights, curve = train(text, args.units, args.steps, args.seed)
    print(
        f"trigrams (discount {discount:.2f}): {model.bits(text.judge, discount):.3f} bits a letter"
    )
    print(f"LSTM ({args.units} units): {bits(weights, text.judge):.3f} bits a letter")
    written = write(text, weights, "The ", 700, args.seed)
    draw(args.picture, curve, model.bits(text.choose, discount), written)
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
