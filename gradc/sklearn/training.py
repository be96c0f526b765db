"""Minibatch training of a network: the step compiled, the rest as scikit-learn counts it.

Takes an estimator's settings, its first weights and the data; gives the weights it learns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import shuffle

import gradc
from gradc import optim
from gradc.ops.elemwise import cast
from gradc.ops.reduce import sum
from gradc.optim.given import Updates
from gradc.sharedvar import SharedVariable
from gradc.sklearn.network import cost_of, outputs_of, penalty_of, target_of
from gradc.tensor.constructors import lscalar, matrix

__all__ = ["Settings", "Training"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Settings:
    """How a network is trained. The names are the estimators'."""

    activation: str
    kind: str
    solver: str
    alpha: float
    learning_rate: str
    learning_rate_init: float
    power_t: float
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float

    def updates(self, cost: Any, weights: Sequence[SharedVariable], rate: Any) -> Updates:
        """The rule of descent."""
        if self.solver == "adam":
            moments = (self.beta_1, self.beta_2, self.epsilon)
            return optim.adam(cost, weights, rate, *moments, epsilon_hat=True)
        rule = optim.nesterov if self.nesterovs_momentum else optim.momentum
        return rule(cost, weights, rate, self.momentum)


@dataclass
class Training:
    """A network that learns: its weights, and the compiled step over a batch of rows.

    Rows are gathered inside of the step, in an order that is drawn anew each epoch.
    """

    settings: Settings
    weights: list[SharedVariable]
    rows: int
    size: int
    rate: SharedVariable
    order: SharedVariable
    step: Callable[..., Any]
    losses: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, settings: Settings, first: Sequence[Array], x: Array, y: Array, size: int
    ) -> Training:
        """Compile the step."""
        weights = [
            gradc.shared(each, name=f"{'wb'[k % 2]}{k // 2}") for k, each in enumerate(first)
        ]
        rate = gradc.shared(np.float64(settings.learning_rate_init), name="rate")
        alpha = gradc.shared(np.asarray(settings.alpha, x.dtype), name="alpha")
        order = gradc.shared(np.arange(len(x)), name="order")
        start, stop = lscalar("start"), lscalar("stop")
        rows = order[start:stop]
        data, target = gradc.shared(x, name="X"), gradc.shared(y, name="Y")
        inputs = matrix("x", dtype=x.dtype.name)
        wanted = target_of(settings.kind, x.dtype.name)
        z = outputs_of(inputs, weights, settings.activation)
        count = cast(stop - start, x.dtype.name)
        total = sum(cost_of(settings.kind, z, wanted)) + alpha * penalty_of(weights)
        cost = total / count
        step = gradc.function(
            [start, stop], total, updates=settings.updates(cost, weights, rate),
            givens={inputs: data[rows], wanted: target[rows]}, name="step",
        )  # fmt: skip
        return cls(settings, weights, len(x), size, rate, order, step)

    def epoch(self, random: np.random.RandomState | None) -> float:
        """Every row once, in an order drawn from `random`: the mean loss on the way."""
        if random is not None:
            order = shuffle(self.order.get_value(borrow=True), random_state=random)
            self.order.set_value(order, borrow=True)
        total = 0.0
        for start in range(0, self.rows, self.size):
            total += float(self.step(start, min(start + self.size, self.rows)))
        self.losses.append(total / self.rows)
        return self.losses[-1]

    def slow_down(self) -> bool:
        """Divide the rate by 5 where it adapts; False where it does not, or is small enough."""
        rate = self.rate.get_value()
        adapts = self.settings.solver == "sgd" and self.settings.learning_rate == "adaptive"
        if not adapts or rate <= 1e-6:
            return False
        self.rate.set_value(rate / 5.0)
        return True

    def end_epoch(self) -> None:
        """Let the rate fall with the number of rows that were seen, where it scales."""
        if self.settings.solver == "sgd" and self.settings.learning_rate == "invscaling":
            seen = len(self.losses) * self.rows
            rate = self.settings.learning_rate_init / (seen + 1) ** self.settings.power_t
            self.rate.set_value(np.float64(rate))

    def values(self) -> list[Array]:
        """Copies of the weights."""
        return [each.get_value() for each in self.weights]
