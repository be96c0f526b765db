"""Logistic regression by L-BFGS: the cost is gradc's, the optimiser SciPy's.

The data are scikit-learn's 569 tumours, each with 30 measurements; the question is whether a tumour
is benign.  The cost is the one that scikit-learn's LogisticRegression states,

    |w|^2 / 2 + C * sum over rows of log(1 + exp(-sign * (x . w + b)))

with the intercept b not penalised, so both must find the same weights.

    python examples/logistic_lbfgs.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import gradc
import gradc.tensor as T

Array = npt.NDArray[np.float64]

C = 1.0  # the weight of the data against the penalty


@dataclass(frozen=True)
class Fit:
    """What was found, and by how many evaluations of the cost."""

    weights: Array
    intercept: float
    cost: float
    evaluations: int


def read_data() -> tuple[Array, Array]:
    """Measurements, each with mean 0 and deviation 1, and 0 for malign, 1 for benign."""
    x, y = load_breast_cancer(return_X_y=True)
    return (x - x.mean(axis=0)) / x.std(axis=0), y.astype(np.float64)


def fit(x: Array, y: Array) -> Fit:
    """Minimise the cost over weights and intercept."""
    w = gradc.shared(np.zeros(x.shape[1]), "w")
    b = gradc.shared(0.0, "b")
    features, labels = T.dmatrix("features"), T.dvector("labels")
    signs = 2 * labels - 1
    losses = T.log(1 + T.exp(-signs * (features @ w + b)))  # rewritten to softplus: no overflow
    cost = T.sum(w**2) / 2 + C * T.sum(losses)

    fun, x0 = gradc.scipy_objective(cost, [w, b], inputs=[features, labels])
    result = minimize(
        fun, x0, args=(x, y), jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9}
    )
    fun.assign(result.x)
    return Fit(w.get_value(), float(b.get_value()), float(result.fun), result.nfev)


def reference(x: Array, y: Array) -> LogisticRegression:
    """The same by scikit-learn."""
    return LogisticRegression(C=C, tol=1e-9, max_iter=10_000).fit(x, y)


def main() -> None:
    """Fit by both, and compare."""
    x, y = read_data()
    found, other = fit(x, y), reference(x, y)
    right = ((x @ found.weights + found.intercept > 0) == (y > 0)).mean()
    apart = np.abs(found.weights - other.coef_[0]).max()
    print(f"cost {found.cost:.6f} after {found.evaluations} evaluations")
    print(f"right for {right:.1%} of {len(y)} tumours")
    print(f"weights at most {apart:.1e} from scikit-learn's, intercept {found.intercept:.4f} "
          f"and {other.intercept_[0]:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
