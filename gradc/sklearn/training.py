"""Minibatch training of a network: the step compiled, the rest as scikit-learn counts it.

Takes an estimator's settings, its first weights and the data; gives the weights it learns.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import gradc
from gradc import optim
from gradc.ops.elemwise import cast
from gradc.ops.reduce import sum
from gradc.optim.given import Updates
from gradc.sharedvar import SharedVariable
from gradc.sklearn.network import cost_of, outputs_of, penalty_of, shown_of, target_of
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
class Step:
    """A compiled step over a batch of rows, and the shared variables that it works on.

    Rows are gathered inside of it.  states: of the rule of descent, as many for each weight.
    """

    run: Callable[..., Any]
    weights: list[SharedVariable]
    states: list[SharedVariable]
    counts: list[SharedVariable]
    rate: SharedVariable
    alpha: SharedVariable
    order: SharedVariable
    data: SharedVariable
    target: SharedVariable

    @classmethod
    def of(cls, form: Settings, layers: int, dtype: str) -> Step:
        """Compile it for networks of any sizes; what `form` says of penalty and rate is open."""
        weights = [
            gradc.shared(np.zeros((2,) * (2 - k % 2), dtype), name=f"{'wb'[k % 2]}{k // 2}")
            for k in range(2 * layers)
        ]
        rate, alpha = gradc.shared(np.float64(0), name="rate"), gradc.shared(np.zeros((), dtype))
        order = gradc.shared(np.arange(2), name="order")
        start, stop = lscalar("start"), lscalar("stop")
        inputs, wanted = matrix("x", dtype=dtype), target_of(form.kind, dtype)
        data = gradc.shared(np.zeros((2, 2), dtype), name="X")
        target = gradc.shared(np.zeros((2,) * wanted.ndim, wanted.dtype), name="Y")
        z = outputs_of(inputs, weights, form.activation)
        costs, penalty = cost_of(form.kind, z, wanted), alpha * penalty_of(weights)
        shown, total = (sum(x) + penalty for x in (shown_of(form.kind, z, costs), costs))
        updates = form.updates(total / cast(stop - start, dtype), weights, rate)
        rows = order[start:stop]
        run = gradc.function(
            [start, stop], shown, updates=updates,
            givens={inputs: data[rows], wanted: target[rows]}, name="step",
        )  # fmt: skip
        others = [each for each in updates if each not in weights]
        states, counts = ([x for x in others if (x.ndim > 0) is wide] for wide in (True, False))
        return cls(run, weights, states, counts, rate, alpha, order, data, target)

    def begin(self, settings: Settings, first: Sequence[Array], x: Array, y: Array) -> None:
        """From these weights, with a rule of descent that has seen nothing."""
        for weight, value in zip(self.weights, first, strict=True):
            weight.set_value(value)
        each = len(self.states) // len(self.weights)
        for k, state in enumerate(self.states):
            state.set_value(np.zeros_like(first[k // each]), borrow=True)
        for count in self.counts:
            count.set_value(np.zeros((), count.dtype))
        self.rate.set_value(np.float64(settings.learning_rate_init))
        self.alpha.set_value(np.asarray(settings.alpha, x.dtype))
        self.order.set_value(np.arange(len(x)), borrow=True)
        self.data.set_value(x, borrow=True)
        self.target.set_value(y, borrow=True)

    def end(self) -> None:
        """Let go of the data."""
        for each in (self.data, self.target):
            each.set_value(np.zeros((0,) * each.ndim, each.dtype), borrow=True)


@functools.lru_cache(maxsize=16)
def _idle(form: Settings, layers: int, dtype: str) -> list[Step]:
    """Steps of a form that no training has now: making one takes as long as some epochs."""
    return []


_MOST_IDLE = 4


@dataclass
class Training:
    """A network that learns: its compiled step, which no other training has meanwhile.

    The order of the rows is drawn anew each epoch.
    """

    settings: Settings
    step: Step
    rows: int
    size: int
    idle: list[Step]
    losses: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, settings: Settings, first: Sequence[Array], x: Array, y: Array, size: int
    ) -> Training:
        """Take a step that is idle, or compile one."""
        form = replace(settings, alpha=0.0, learning_rate="", learning_rate_init=0.0, power_t=0.0)
        key = form, len(first) // 2, x.dtype.name
        idle = _idle(*key)
        try:
            step = idle.pop()
        except IndexError:
            step = Step.of(*key)
        step.begin(settings, first, x, y)
        return cls(settings, step, len(x), size, idle)

    def end(self) -> list[Array]:
        """The weights; the step is idle from now on."""
        values = self.values()
        self.step.end()
        if len(self.idle) < _MOST_IDLE:
            self.idle.append(self.step)
        return values

    def epoch(self, random: np.random.RandomState | None) -> float:
        """Every row once, in an order drawn from `random`: the mean loss on the way."""
        if random is not None:
            # the draws of sklearn.utils.shuffle, which took 250 us of an epoch of 1850, and this 25
            places = np.arange(self.rows)
            random.shuffle(places)
            order = self.step.order.get_value(borrow=True)[places]
            self.step.order.set_value(order, borrow=True)
        total = 0.0
        for start in range(0, self.rows, self.size):
            total += float(self.step.run(start, min(start + self.size, self.rows)))
        self.losses.append(total / self.rows)
        return self.losses[-1]

    def slow_down(self) -> bool:
        """Divide the rate by 5 where it adapts; False where it does not, or is small enough."""
        rate = self.step.rate.get_value()
        adapts = self.settings.solver == "sgd" and self.settings.learning_rate == "adaptive"
        if not adapts or rate <= 1e-6:
            return False
        self.step.rate.set_value(rate / 5.0)
        return True

    def end_epoch(self) -> None:
        """Let the rate fall with the number of rows that were seen, where it scales."""
        if self.settings.solver == "sgd" and self.settings.learning_rate == "invscaling":
            seen = len(self.losses) * self.rows
            rate = self.settings.learning_rate_init / (seen + 1) ** self.settings.power_t
            self.step.rate.set_value(np.float64(rate))

    def values(self) -> list[Array]:
        """Copies of the weights."""
        return [each.get_value() for each in self.step.weights]
