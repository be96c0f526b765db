"""Gaussian process regression with learned hyperparameters, checked against scikit-learn.

The data are scikit-learn's 442 diabetics: ten measurements each, and how far the disease had gone
a year later.  The kernel is the one that scikit-learn writes ConstantKernel() * RBF() +
WhiteKernel().  Its three logarithms are what the likelihood is maximised over, by SciPy's L-BFGS;
value and gradient are one compiled call, with one Cholesky factor for both.

    python examples/gp.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

import gradc
import gradc.tensor as T
from gradc.graph.variable import Variable

Array = npt.NDArray[np.float64]

PICTURE = Path(__file__).parent / "output" / "gp.png"
START = np.log([1.0, 3.0, 0.5])  # height of the kernel, its length, the variance of the noise


@dataclass(frozen=True)
class Data:
    """Measurements, scaled, and progress, in deviations from its mean."""

    x: Array
    y: Array


@dataclass(frozen=True)
class Fit:
    """The logarithms of what was found, and the likelihood's."""

    theta: Array
    likelihood: float
    gradient: Array
    evaluations: int


def load(seed: int = 0, count: int = 300) -> tuple[Data, Data]:
    """The patients to learn from, and the others."""
    x, y = load_diabetes(return_X_y=True)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    order = np.random.default_rng(seed).permutation(len(y))
    first, rest = order[:count], order[count:]
    return Data(x[first], y[first]), Data(x[rest], y[rest])


def kernel(x: Variable, other: Variable, theta: Variable) -> Variable:
    """How alike the rows of x and of other are; without noise."""
    squares = T.sum(x**2, axis=1)[:, None] + T.sum(other**2, axis=1) - 2 * x @ other.T
    return T.exp(theta[0] - 0.5 * T.maximum(squares, 0) * T.exp(-2 * theta[1]))


def likelihood(x: Variable, y: Variable, theta: Variable) -> Variable:
    """The logarithm of how likely y is (Rasmussen and Williams, 2006, algorithm 2.1)."""
    n = x.shape[0]
    factor = T.linalg.cholesky(kernel(x, x, theta) + T.exp(theta[2]) * T.eye(n))
    alpha = T.linalg.cho_solve((factor, True), y)
    return -0.5 * T.dot(y, alpha) - T.sum(T.log(T.diag(factor))) - 0.5 * n * np.log(2 * np.pi)


def fit(data: Data) -> Fit:
    """Maximise the likelihood."""
    x, y, theta = T.dmatrix("x"), T.dvector("y"), gradc.shared(START, "theta")
    cost, start = gradc.scipy_objective(-likelihood(x, y, theta), [theta], inputs=[x, y])
    found = minimize(cost, start, args=(data.x, data.y), jac=True, method="L-BFGS-B")
    value, gradient = cost(found.x, data.x, data.y)
    return Fit(found.x, -float(value), -np.asarray(gradient), found.nfev)


def predict(theta: Array, data: Data, x: Array) -> tuple[Array, Array]:
    """The mean and deviation of progress for other patients (the same, without their noise)."""
    old, y, new, logs = T.dmatrix("old"), T.dvector("y"), T.dmatrix("new"), T.dvector("logs")
    factor = T.linalg.cholesky(kernel(old, old, logs) + T.exp(logs[2]) * T.eye(old.shape[0]))
    across = kernel(old, new, logs)
    half = T.linalg.solve_triangular(factor, across, lower=True)
    mean = T.dot(T.linalg.cho_solve((factor, True), y), across)
    variance = T.exp(logs[0]) + T.exp(logs[2]) - T.sum(half**2, axis=0)
    answer = gradc.function([old, y, new, logs], [mean, T.sqrt(variance)], name="predict")
    mean_, deviation = answer(data.x, data.y, x, theta)
    return mean_, deviation


def reference(theta: Array, data: Data) -> GaussianProcessRegressor:
    """The same process by scikit-learn, with these hyperparameters."""
    height, length, noise = np.exp(theta)
    kernel = ConstantKernel(height) * RBF(length) + WhiteKernel(noise)
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(data.x, data.y)


def draw(path: Path, mean: Array, deviation: Array, truth: Array) -> None:
    """Save a picture: what was predicted for the other patients, and what became of them."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    order = np.argsort(mean)
    figure, axes = plt.subplots(figsize=(8, 4))
    places = np.arange(len(mean))
    low, high = (mean - 2 * deviation)[order], (mean + 2 * deviation)[order]
    axes.fill_between(places, low, high, alpha=0.2, label="two deviations")
    axes.plot(places, mean[order], label="prediction")
    axes.plot(places, truth[order], ".", label="what became of them")
    axes.set_xlabel("other patients, by prediction")
    axes.set_ylabel("progress of the disease, standardised")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Learn, predict, compare."""
    parser = argparse.ArgumentParser(description="A Gaussian process on scikit-learn's diabetics.")
    parser.add_argument("--seed", type=int, default=0, help="of who is learned from")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    train, test = load(args.seed)
    found = fit(train)
    height, length, noise = np.exp(found.theta)
    print(f"height {height:.3f}, length {length:.3f}, noise {noise:.3f}")
    print(f"log likelihood {found.likelihood:.6f} after {found.evaluations} evaluations")
    mean, deviation = predict(found.theta, train, test.x)
    other = reference(found.theta, train)
    value, gradient = other.log_marginal_likelihood(found.theta, eval_gradient=True)
    print(f"scikit-learn's is {value:.6f}, gradients at most "
          f"{np.abs(gradient - found.gradient).max():.1e} apart")  # fmt: skip
    theirs, their_deviation = other.predict(test.x, return_std=True)
    print(f"predictions at most {np.abs(theirs - mean).max():.1e} apart, deviations "
          f"{np.abs(their_deviation - deviation).max():.1e}")  # fmt: skip
    inside = np.mean(np.abs(test.y - mean) < 2 * deviation)
    print(f"{inside:.1%} of {len(test.y)} other patients within two deviations")
    draw(args.picture, mean, deviation, test.y)
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
