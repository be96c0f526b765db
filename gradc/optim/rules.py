"""Rules of descent: stochastic gradient, momentum, and rates adapted to each parameter.

All take `cost`, a scalar or a list of gradients, one a parameter (which may be clipped before);
`params`, shared variables of floats; and `learning_rate`: a number, a scalar variable (a shared one
can be changed between calls), or a schedule of gradc.optim.schedules.  All give a dict for
`updates=`, from the parameters and the rule's own states to what they become.
Raises: ArgumentTypeError for what is no such thing; ArgumentError for a number out of range.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.graph.variable import Variable
from gradc.ops.elemwise import cast, pow, sqrt
from gradc.optim.given import Given, Rate, Updates, fraction, given, positive
from gradc.sharedvar import SharedVariable

__all__ = ["adadelta", "adagrad", "adam", "adamw", "momentum", "nesterov", "rmsprop", "sgd"]

Cost = Variable | Sequence[Variable]
Params = Sequence[SharedVariable]


def sgd(cost: Cost, params: Params, learning_rate: Rate) -> Updates:
    """P - rate g: a step against the gradient.

    Source: Robbins and Monro, A Stochastic Approximation Method (1951).
    """
    task = given("sgd", cost, params, learning_rate)
    for p, g in task.pairs:
        task.updates[p] = p - task.rate(p) * g
    return task.updates


def momentum(cost: Cost, params: Params, learning_rate: Rate, momentum: Any = 0.9) -> Updates:
    """V' = momentum v - rate g; p + v'.

    Source: Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization and
    momentum in deep learning, equations 1 and 2.
    """
    task = given("momentum", cost, params, learning_rate)
    fraction("momentum", "momentum", momentum)
    for p, g in task.pairs:
        v = task.state(p, "velocity")
        task.updates[v] = task.number(momentum, p) * v - task.rate(p) * g
        task.updates[p] = p + task.updates[v]
    return task.updates


def nesterov(cost: Cost, params: Params, learning_rate: Rate, momentum: Any = 0.9) -> Updates:
    """V' = momentum v - rate g; p + momentum v' - rate g.

    The parameters are those at which the gradient is taken, ahead of the paper's by momentum v.
    Source: Sutskever et al. (2013), equations 3 and 4, as Bengio, Boulanger-Lewandowski and Pascanu
    (2012), Advances in Optimizing Recurrent Networks, section 3.5, write them.
    """
    task = given("nesterov", cost, params, learning_rate)
    fraction("nesterov", "momentum", momentum)
    for p, g in task.pairs:
        v = task.state(p, "velocity")
        keep, moved = task.number(momentum, p), task.rate(p) * g
        task.updates[v] = keep * v - moved
        task.updates[p] = p + keep * task.updates[v] - moved
    return task.updates


def adagrad(
    cost: Cost, params: Params, learning_rate: Rate = 0.01, epsilon: Any = 1e-10
) -> Updates:
    """S' = s + g^2; p - rate g / (sqrt(s') + epsilon).

    Source: Duchi, Hazan, Singer (2011), Adaptive Subgradient Methods, section 1.1.
    """
    task = given("adagrad", cost, params, learning_rate)
    positive("adagrad", "epsilon", epsilon)
    for p, g in task.pairs:
        s = task.state(p, "squares")
        task.updates[s] = s + g * g
        under = sqrt(task.updates[s]) + task.number(epsilon, p)
        task.updates[p] = p - task.rate(p) * g / under
    return task.updates


def rmsprop(
    cost: Cost, params: Params, learning_rate: Rate = 0.01, rho: Any = 0.9, epsilon: Any = 1e-8
) -> Updates:
    """S' = rho s + (1 - rho) g^2; p - rate g / (sqrt(s') + epsilon).

    Source: Tieleman and Hinton (2012), Neural Networks for Machine Learning, lecture 6e.
    """
    task = given("rmsprop", cost, params, learning_rate)
    fraction("rmsprop", "rho", rho)
    positive("rmsprop", "epsilon", epsilon)
    for p, g in task.pairs:
        s = task.state(p, "squares")
        task.updates[s] = _mean(task, p, rho, s, g * g)
        under = sqrt(task.updates[s]) + task.number(epsilon, p)
        task.updates[p] = p - task.rate(p) * g / under
    return task.updates


def adadelta(
    cost: Cost, params: Params, learning_rate: Rate = 1.0, rho: Any = 0.95, epsilon: Any = 1e-6
) -> Updates:
    """S' = rho s + (1 - rho) g^2; d = sqrt((u + epsilon) / (s' + epsilon)) g; p - rate d;
    u' = rho u + (1 - rho) d^2.

    Source: Zeiler (2012), ADADELTA, algorithm 1.
    """
    task = given("adadelta", cost, params, learning_rate)
    fraction("adadelta", "rho", rho)
    positive("adadelta", "epsilon", epsilon)
    for p, g in task.pairs:
        s, u = task.state(p, "squares"), task.state(p, "steps")
        floor = task.number(epsilon, p)
        task.updates[s] = _mean(task, p, rho, s, g * g)
        d = sqrt((u + floor) / (task.updates[s] + floor)) * g
        task.updates[u] = _mean(task, p, rho, u, d * d)
        task.updates[p] = p - task.rate(p) * d
    return task.updates


def adam(
    cost: Cost, params: Params, learning_rate: Rate = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
    epsilon: Any = 1e-8, *, epsilon_hat: bool = False,
) -> Updates:  # fmt: skip
    """M' = beta1 m + (1 - beta1) g; v' = beta2 v + (1 - beta2) g^2;
    p - rate m^ / (sqrt(v^) + epsilon), where m^ = m' / (1 - beta1^t), v^ = v' / (1 - beta2^t).

    t counts the steps from 1.  epsilon_hat: epsilon is added to sqrt(v'), which is not corrected.
    Source: Kingma and Ba (2015), Adam, algorithm 1; the end of section 2 for epsilon_hat.
    """
    task = given("adam", cost, params, learning_rate)
    for p, moved in _moments(task, beta1, beta2, epsilon, is_corrected=not epsilon_hat):
        task.updates[p] = p - moved
    return task.updates


def adamw(
    cost: Cost, params: Params, learning_rate: Rate = 0.001, beta1: Any = 0.9, beta2: Any = 0.999,
    epsilon: Any = 1e-8, weight_decay: Any = 0.01,
) -> Updates:  # fmt: skip
    """adam, and p shrinks by rate * weight_decay * p, which is no part of the gradient.

    Source: Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, algorithm 2, with
    the rate as a factor of the decay.
    """
    task = given("adamw", cost, params, learning_rate)
    positive("adamw", "weight_decay", weight_decay)
    for p, moved in _moments(task, beta1, beta2, epsilon):
        task.updates[p] = p - task.rate(p) * task.number(weight_decay, p) * p - moved
    return task.updates


def _moments(
    task: Given, beta1: Any, beta2: Any, epsilon: Any, *, is_corrected: bool = True
) -> list[tuple[SharedVariable, Variable]]:
    """Each parameter, and by how much its moments move it.

    The corrections are two numbers a step: rate sqrt(1 - beta2^t) / (1 - beta1^t), and epsilon
    times that root (the end of the paper's section 2), so an element costs one root and quotient.
    """
    fraction(task.name, "beta1", beta1)
    fraction(task.name, "beta2", beta2)
    positive(task.name, "epsilon", epsilon)
    t = cast(task.step() + 1, "float64")
    root = sqrt(1.0 - pow(_wide(beta2), t))
    scale = root / (1.0 - pow(_wide(beta1), t))
    found = []
    for p, g in task.pairs:
        m, v = task.state(p, "mean"), task.state(p, "squares")
        task.updates[m] = _mean(task, p, beta1, m, g)
        task.updates[v] = _mean(task, p, beta2, v, g * g)
        rate = cast(task.wide_rate() * scale, p.dtype)
        floor = cast(epsilon * root if is_corrected else epsilon, p.dtype)
        found.append((p, rate * task.updates[m] / (sqrt(task.updates[v]) + floor)))
    return found


def _wide(value: Any) -> Any:
    return cast(value, "float64") if isinstance(value, Variable) else np.float64(value)


def _mean(task: Given, p: SharedVariable, rho: Any, old: Variable, new: Variable) -> Variable:
    """The moving average."""
    found: Variable = task.number(rho, p) * old + task.number(1.0 - rho, p) * new
    return found
