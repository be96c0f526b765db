"""Rates that change from step to step.

A schedule is any function from the number of a step (an int64 scalar variable, 0 for the first) to
a rate.  It stands where an optimizer takes a `learning_rate`; the optimizer counts the steps.

    gradc.optim.sgd(cost, params, schedules.warmup(500, schedules.cosine(0.1, 20_000)))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.ops.compare import maximum, minimum
from gradc.ops.elemwise import pow
from gradc.ops.math import cos
from gradc.optim.given import Rate, Schedule, positive

__all__ = ["constant", "cosine", "exponential", "step", "warmup"]


def constant(rate: Any) -> Schedule:
    """The same rate at each step."""
    positive("constant", "rate", rate)
    return lambda step: rate


def step(rate: Any, every: int, factor: Any = 0.1) -> Schedule:
    """Rate * factor ** (step // every): a stair down."""
    _lasts("step", "every", every)
    positive("step", "rate", rate)
    positive("step", "factor", factor)
    return lambda step: rate * pow(np.float64(factor), step // every)


def exponential(rate: Any, decay: Any, every: int = 1) -> Schedule:
    """Rate * decay ** (step / every): falls by the same share at each step."""
    _lasts("exponential", "every", every)
    positive("exponential", "rate", rate)
    positive("exponential", "decay", decay)
    return lambda step: rate * pow(np.float64(decay), step / every)


def cosine(rate: Any, steps: int, final: Any = 0.0) -> Schedule:
    """From rate to final in `steps` steps, by half a turn of the cosine, and then stays there.

    Source: Loshchilov and Hutter (2017), SGDR, equation 5.
    """
    _lasts("cosine", "steps", steps)
    positive("cosine", "rate", rate)
    positive("cosine", "final", final)

    def at(step: Variable) -> Variable:
        turn = cos(minimum(step, steps) * (math.pi / steps))
        found: Variable = final + 0.5 * (rate - final) * (1.0 + turn)
        return found

    return at


def warmup(steps: int, then: Rate) -> Schedule:
    """Up to the first rate of `then` in `steps` equal steps; `then` counts from there.

    then: a rate or a schedule.
    Source: Goyal et al. (2017), Accurate, Large Minibatch SGD, section 2.2.
    """
    _lasts("warmup", "steps", steps)
    is_rate = isinstance(then, Variable) or not callable(then)
    later: Schedule = constant(then) if is_rate else then  # type: ignore[assignment]

    def at(step: Variable) -> Variable:
        share = minimum((step + 1.0) / steps, 1.0)
        found: Variable = share * later(maximum(step - steps, 0))
        return found

    return at


def _lasts(name: str, word: str, steps: Any) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        what = f"{name}: {word} has to be a whole number above 0, got {steps!r}."
        raise ArgumentError(message(what, fix="pass how many steps it lasts."))
