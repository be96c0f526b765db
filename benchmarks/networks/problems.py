"""The examples made ready to learn: data, first weights, and how they are trained and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from examples import autoencoder, batchnorm, lenet, transformer

__all__ = ["PROBLEMS", "Batches", "Problem"]


@dataclass(frozen=True)
class Problem:
    """An example with a seed.

    start: first weights.  rows: the training data, in the order that a step's batches have.
    build(rows): the example's own network, on training data.  learn(network): the example's own
    training, by as many epochs as it has.  accuracy(network): on the test data.
    """

    name: str
    start: dict[str, Any]
    rows: tuple[Any, ...]
    batch: int
    build: Callable[[tuple[Any, ...]], Any]
    learn: Callable[[Any], Any]
    accuracy: Callable[[Any], float]


class Rows:
    """An array that can be replaced, as a shared variable's."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Another array."""
        self.value = value


class Batches:
    """Minibatches of numpy arrays, with the words and the shuffles of gradc.optim.minibatches."""

    def __init__(self, rows: tuple[Any, ...], size: int) -> None:
        self.data, self.size = tuple(map(Rows, rows)), size
        self.count = -(-len(rows[0]) // size)

    def shuffle(self, rng: np.random.Generator) -> None:
        """All arrays alike."""
        order = rng.permutation(len(self.data[0].value))
        for each in self.data:
            each.set_value(each.value[order])

    def part(self, k: int) -> tuple[Any, ...]:
        """Batch k: views."""
        return tuple(each.value[k * self.size : (k + 1) * self.size] for each in self.data)


def _classifier(module: Any) -> Callable[[int], Problem]:
    def problem(seed: int) -> Problem:
        train, test = module.load(seed)
        start = module.initial(seed)
        return Problem(
            module.__name__.rsplit(".", 1)[-1], start, (train.x, train.y), module.BATCH,
            build=lambda rows: module.build(start, module.Data(*rows)),
            learn=lambda network: module.learn(network, test, module.EPOCHS, seed),
            accuracy=lambda network: network.accuracy(test),
        )  # fmt: skip

    return problem


def _autoencoder(seed: int) -> Problem:
    train, test = autoencoder.load(seed)
    start = autoencoder.initial(seed)
    spoilt = autoencoder.spoil(train.x, np.random.default_rng(seed))

    def accuracy(network: Any) -> float:
        rows, judged = network.encode(train.x), network.encode(test.x)
        return autoencoder.accuracy(rows, train, judged, test, autoencoder.TRAINING)

    return Problem(
        "autoencoder", start, (spoilt, train.x), autoencoder.BATCH,
        build=lambda rows: autoencoder.build(start, *rows),
        learn=lambda network: autoencoder.learn(network, train.x, autoencoder.EPOCHS, seed),
        accuracy=accuracy,
    )  # fmt: skip


def _transformer(seed: int) -> Problem:
    text, epochs = transformer.load(), transformer.EPOCHS
    start = transformer.initial(len(text.alphabet), seed)
    return Problem(
        "transformer", start, (text.train,), transformer.BATCH,
        build=lambda rows: transformer.build(start, *rows, epochs),
        learn=lambda network: transformer.learn(network, text, epochs, seed),
        accuracy=lambda network: network.accuracy(text.test),
    )  # fmt: skip


PROBLEMS = {
    "lenet": _classifier(lenet),
    "autoencoder": _autoencoder,
    "transformer": _transformer,
    "batchnorm": _classifier(batchnorm),
}
