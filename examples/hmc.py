"""Hamiltonian Monte Carlo for a logistic regression, checked against importance sampling in numpy.

Which of scikit-learn's 569 tumours are benign?  The weights of 30 measurements and of a constant
have standard normal priors.  The sampler (Duane et al. 1987; Neal 2011) walks in coordinates in
which the posterior is round near its mode.  Momenta, leapfrog steps and the choice at the end are
one loop in another, compiled together; all chains go through it as rows of one matrix.

    python examples/hmc.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from tqdm import tqdm

import gradc
import gradc.random as R
import gradc.tensor as T
from gradc.control import fori_loop, scan
from gradc.graph.variable import Variable

Array = npt.NDArray[np.float64]

PICTURE = Path(__file__).parent / "output" / "hmc.png"
CHAINS = 8
STEP, LEAPS = 0.25, 6  # a step's length in deviations, and how many make a transition
CHUNK = 250  # transitions a call


@dataclass(frozen=True)
class Problem:
    """The data, and the coordinates: weights are mode + scale @ position."""

    names: list[str]
    x: Array
    y: Array
    mode: Array
    scale: Array


@dataclass(frozen=True)
class Estimate:
    """Of every weight the posterior's mean and deviation, and the error of that mean."""

    mean: Array
    deviation: Array
    error: Array


def log_posterior(w: Variable, x: Variable, y: Variable) -> Variable:
    """The logarithm of prior times likelihood, of every row of w, up to a constant."""
    logits = w @ T.transpose(x)
    likelihood = T.sum(y * logits - T.log(1 + T.exp(logits)), axis=-1)
    return likelihood - 0.5 * T.sum(w**2, axis=-1)


def load() -> Problem:
    """The tumours, and where and how the posterior peaks."""
    data = load_breast_cancer()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    x, y = np.column_stack([np.ones(len(x)), x]), data.target.astype(np.float64)
    cost = gradc.value_and_grad(lambda w, x, y: -log_posterior(w, x, y))
    mode = minimize(cost, np.zeros(x.shape[1]), (x, y), jac=True, method="L-BFGS-B").x
    precision = -gradc.hessian(log_posterior)(mode, x, y)
    scale = np.linalg.inv(np.linalg.cholesky(precision)).T
    return Problem(["(constant)", *data.feature_names], x, y, mode, scale)


@gradc.jit
def transitions(
    keys: Variable, start: Variable, x: Variable, y: Variable, mode: Variable, scale: Variable
) -> tuple[Variable, tuple[Variable, Variable]]:
    """One transition a key, of all chains: the last positions, all weights, who moved."""

    def energy(position: Variable) -> Variable:
        return -log_posterior(mode + position @ T.transpose(scale), x, y)

    def force(position: Variable) -> Variable:
        return -T.grad(T.sum(energy(position)), position)

    def transition(position: Variable, key: Variable) -> tuple[Variable, Any]:
        for_momentum, for_length, for_choice = R.split(key, 3)
        momentum = R.normal(for_momentum, position.shape)
        length = STEP * R.uniform(for_length, (), minval=0.8, maxval=1.2)

        def leap(_: Variable, state: tuple[Variable, Variable]) -> tuple[Variable, Variable]:
            q, p = state
            q = q + length * p
            return q, p + length * force(q)

        half = 0.5 * length * force(position)
        q, p = fori_loop(0, LEAPS, leap, (position, momentum + half))
        p = p - 0.5 * length * force(q)
        before = energy(position) + 0.5 * T.sum(momentum**2, axis=1)
        after = energy(q) + 0.5 * T.sum(p**2, axis=1)
        moved = T.log(R.uniform(for_choice, before.shape)) < before - after
        position = T.switch(moved[:, None], q, position)
        return position, (mode + position @ T.transpose(scale), moved)

    return scan(transition, start, keys)


def sample(
    problem: Problem, count: int, seed: int = 0, chains: int = CHAINS
) -> tuple[Array, float]:
    """Weights [chains, count, weights] behind as many thrown away, and how often chains moved."""
    fixed = problem.x, problem.y, problem.mode, problem.scale
    key = R.key(seed)
    position = 3 * np.random.default_rng(seed).standard_normal((chains, len(problem.mode)))
    found, moves = [], []
    for k in tqdm(range(0, 2 * count, CHUNK), desc="sampling", unit_scale=CHUNK, unit=" draws"):
        keys = R.split(R.fold_in(key, k), CHUNK)
        position, (weights, moved) = transitions(keys, position, *fixed)
        found.append(weights)
        moves.append(moved)
    draws = np.concatenate(found)[count : 2 * count]
    return np.swapaxes(draws, 0, 1), float(np.concatenate(moves)[count:].mean())


def r_hat(draws: Array) -> Array:
    """How far halves of chains are from having one law: 1 if they do (Gelman et al. 2013)."""
    chains, count, width = draws.shape
    halves = draws.reshape(2 * chains, count // 2, width)
    within = halves.var(axis=1, ddof=1).mean(axis=0)
    between = halves.mean(axis=1).var(axis=0, ddof=1)
    return np.sqrt((count // 2 - 1) / (count // 2) + between / within)


def estimate(draws: Array, batches: int = 20) -> Estimate:
    """What the draws say, the errors from how the means of batches of each chain scatter."""
    chains, count, width = draws.shape
    means = draws.reshape(chains * batches, count // batches, width).mean(axis=1)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    return Estimate(draws.mean(axis=(0, 1)), draws.std(axis=(0, 1)), error)


def reference(problem: Problem, count: int = 200_000, seed: int = 1) -> tuple[Estimate, float]:
    """The same by importance sampling from Student's law at the mode, and its effective size."""
    rng, freedom, width = np.random.default_rng(seed), 15, len(problem.mode)
    weights, logs = [], []
    for _ in tqdm(range(0, count, 10_000), desc="reference", unit_scale=10_000, unit=" draws"):
        z = 1.1 * rng.standard_normal((10_000, width))
        z /= np.sqrt(rng.chisquare(freedom, (10_000, 1)) / freedom)
        w = problem.mode + z @ problem.scale.T
        logits = w @ problem.x.T
        log_p = w @ (problem.x.T @ problem.y) - np.logaddexp(0, logits).sum(1) - 0.5 * (w**2).sum(1)
        tail = np.log1p((z**2).sum(axis=1) / 1.1**2 / freedom)
        weights.append(w)
        logs.append(log_p + 0.5 * (freedom + width) * tail)
    w, log_ratio = np.concatenate(weights), np.concatenate(logs)
    share = np.exp(log_ratio - log_ratio.max())
    share /= share.sum()
    mean = share @ w
    deviation = np.sqrt(share @ (w - mean) ** 2)
    error = np.sqrt(share**2 @ (w - mean) ** 2)
    return Estimate(mean, deviation, error), float(1 / (share**2).sum())


def apart(first: Estimate, second: Estimate) -> Array:
    """How many Monte Carlo errors the means are apart."""
    return np.abs(first.mean - second.mean) / np.hypot(first.error, second.error)


def draw(path: Path, names: list[str], draws: Array, found: Estimate, other: Estimate) -> None:
    """Save a picture: every weight by both methods, and the way of four chains."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    order = np.argsort(found.mean)
    figure = plt.figure(figsize=(9, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.arange(len(order))
    left.errorbar(found.mean[order], places, xerr=found.deviation[order], fmt="o", ms=4,
                  label="Hamiltonian Monte Carlo, one deviation")  # fmt: skip
    left.plot(other.mean[order], places, "kx", ms=5, label="importance sampling")
    left.axvline(0, color="0.8", zorder=0)
    left.set_yticks(places, [names[k] for k in order], fontsize=7)
    left.set(title="weights: malign < 0 < benign", ylim=(-1, len(order) + 3.5))
    left.legend(fontsize=7, loc="upper left")
    one = order[0]
    for chain in draws[:4]:
        right.plot(chain[:300, one], lw=0.7)
    right.set(title=f"four chains: {names[one]}", xlabel="transition", ylabel="weight")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Sample, compare."""
    parser = argparse.ArgumentParser(description="Hamiltonian Monte Carlo on tumours.")
    parser.add_argument("--draws", type=int, default=2000, help="a chain")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    problem = load()
    draws, moved = sample(problem, args.draws, args.seed)
    found = estimate(draws)
    other, size = reference(problem)
    smallest = (found.deviation / found.error).min() ** 2
    print(f"{CHAINS} chains of {args.draws} draws; {moved:.0%} of the proposals accepted")
    print(f"R-hat at most {r_hat(draws).max():.4f}, effective draws at least {smallest:.0f}")
    print(f"importance sampling: {size:.0f} effective draws")
    print(f"means at most {apart(found, other).max():.2f} Monte Carlo errors apart")
    draw(args.picture, problem.names, draws, found, other)
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
