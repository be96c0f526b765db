"""Minibatch training of a network: the step compiled, the rest as scikit-learn counts it.

Takes an estimator's settings, its first weights and the data; gives the weights it learns, and what
a later training needs to go on.
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

__all__ = ["Descent", "Progress", "Settings", "Training"]

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

    @property
    def rule(self) -> tuple[Any, ...]:
        """What has to be the same for the states of one rule of descent to fit another."""
        return self.solver, self.nesterovs_momentum

    def updates(self, cost: Any, weights: Sequence[SharedVariable], rate: Any) -> Updates:
        """The rule of descent."""
        if self.solver == "adam":
            moments = (self.beta_1, self.beta_2, self.epsilon)
            return optim.adam(cost, weights, rate, *moments, epsilon_hat=True)
        rule = optim.nesterov if self.nesterovs_momentum else optim.momentum
        return rule(cost, weights, rate, self.momentum)


@dataclass(frozen=True)
class Descent:
    """What a rule of descent knows between two trainings: states, counts of steps, its rate."""

    rule: tuple[Any, ...]
    states: list[Array]
    counts: list[Array]
    rate: float

    def fits(self, settings: Settings, first: Sequence[Array]) -> bool:
        """Whether it is for the same rule and for weights of these shapes."""
        if self.rule != settings.rule:
            return False
        each = len(self.states) // len(first)
        wanted = [(x.shape, x.dtype) for x in first for _ in range(each)]
        return [(x.shape, x.dtype) for x in self.states] == wanted


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

    def begin(
        self, settings: Settings, first: Sequence[Array], x: Array, y: Array,
        descent: Descent | None,
    ) -> None:  # fmt: skip
        """From these weights, with a rule of descent that goes on, or has seen nothing."""
        for weight, value in zip(self.weights, first, strict=True):
            weight.set_value(value)
        if descent is None:
            each = len(self.states) // len(self.weights)
            states = [np.zeros_like(first[k // each]) for k in range(len(self.states))]
            counts = [np.zeros((), count.dtype) for count in self.counts]
            descent = Descent(settings.rule, states, counts, settings.learning_rate_init)
        for variable, value in zip(self.states, descent.states, strict=True):
            variable.set_value(value)
        for variable, value in zip(self.counts, descent.counts, strict=True):
            variable.set_value(value)
        self.rate.set_value(np.float64(descent.rate))
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

    @classmethod
    def of(
        cls, settings: Settings, first: Sequence[Array], x: Array, y: Array, size: int,
        descent: Descent | None = None,
    ) -> Training:  # fmt: skip
        """Take a step that is idle, or compile one.  descent: what to go on with, if it fits."""
        form = replace(settings, alpha=0.0, learning_rate="", learning_rate_init=0.0, power_t=0.0)
        key = form, len(first) // 2, x.dtype.name
        idle = _idle(*key)
        try:
            step = idle.pop()
        except IndexError:
            step = Step.of(*key)
        fits = descent is not None and descent.fits(settings, first)
        step.begin(settings, first, x, y, descent if fits else None)
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
        return total / self.rows

    def slow_down(self) -> bool:
        """Divide the rate by 5 where it adapts; False where it does not, or is small enough."""
        rate = self.step.rate.get_value()
        adapts = self.settings.solver == "sgd" and self.settings.learning_rate == "adaptive"
        if not adapts or rate <= 1e-6:
            return False
        self.step.rate.set_value(rate / 5.0)
        return True

    def end_epoch(self, seen: int) -> None:
        """Let the rate fall with the number of rows that were seen, where it scales."""
        if self.settings.solver == "sgd" and self.settings.learning_rate == "invscaling":
            rate = self.settings.learning_rate_init / (seen + 1) ** self.settings.power_t
            self.step.rate.set_value(np.float64(rate))

    def values(self) -> list[Array]:
        """Copies of the weights."""
        return [each.get_value() for each in self.step.weights]

    def descent(self) -> Descent:
        """What the rule of descent knows, copied."""
        step = self.step
        states, counts = ([x.get_value() for x in some] for some in (step.states, step.counts))
        return Descent(self.settings.rule, states, counts, float(step.rate.get_value()))


@dataclass
class Progress:
    """How far an estimator has come, over all of its fits that go on with each other.

    scores: on rows held back, if there are some.  best: the highest of them, or minus the least
    loss.  idle: epochs since it became better.  seen: rows.  weights: those of the best
    score, once this fit has reached one.
    """

    losses: list[float] = field(default_factory=list)
    scores: list[float] | None = None
    best: float = -np.inf
    idle: int = 0
    seen: int = 0
    weights: list[Array] | None = None
    descent: Descent | None = None

    @classmethod
    def onwards(cls, before: Progress | None, is_held: bool) -> Progress:
        """From where another ended; is_held: rows are held back."""
        if before is None or (before.scores is None) is is_held:
            descent = None if before is None else before.descent
            return cls(scores=[] if is_held else None, descent=descent)
        scores = None if before.scores is None else list(before.scores)
        return replace(before, losses=list(before.losses), scores=scores, weights=None)

    def epoch(self, loss: float, score: float | None, rows: int, tol: float) -> bool:
        """Count an epoch; whether it was the best."""
        self.losses.append(loss)
        self.seen += rows
        # scikit-learn: a loss that fell by less than tol, or a score that rose by less
        reached = -loss
        stays = loss > -self.best - tol
        if score is not None and self.scores is not None:
            self.scores.append(score)
            reached, stays = score, score < self.best + tol
        self.idle = self.idle + 1 if stays else 0
        is_best = reached > self.best
        if is_best:
            self.best = reached
        return is_best
