"""MLPClassifier on scikit-learn's digits: a whole fit, of 100 units and 50 epochs by Adam.

Both estimators draw the same weights and batches, so the scores on rows held back are compared. Not
a formula: the peers that have an estimator have a function for it, no other takes part.  Each
library has the threads it takes by itself: the race keeps OPENBLAS_NUM_THREADS away from all.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy

from benchmarks.harness.task import NotOffered, Task
from benchmarks.harness.workload import Case, Data, Goal, Workload

__all__ = ["WORKLOADS", "fitting"]

SETTINGS = {
    "hidden_layer_sizes": (100,), "tol": 0.0, "n_iter_no_change": 1000, "random_state": 1,
}  # fmt: skip


def data(dtype: str, rows: int, epochs: int) -> Data:
    """Images and labels: rows to learn from, the rest to score with."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise NotOffered("mlp_classifier") from None
    x, y = load_digits(return_X_y=True)
    return {"x": numpy.asarray(x / 16, dtype), "y": y}


def fitting(estimator: Any, case: Case, data: Data) -> Task:
    """A fit by an estimator of scikit-learn's interface; its value is the score on the rest."""
    x, y, rows = data["x"], data["y"], case.sizes["rows"]
    model = estimator(max_iter=case.sizes["epochs"], **SETTINGS)
    warnings.filterwarnings("ignore", message=".*converge")  # the epochs are counted

    def values(fitted: Any) -> Data:
        return {"score": numpy.asarray(fitted.score(x[rows:], y[rows:]))}

    return Task(lambda: model.fit(x[:rows], y[:rows]), values)


WORKLOADS = (
    Workload(
        name="mlp_classifier",
        title="MLPClassifier, {rows} of the digits, {epochs} epochs",
        data=data,
        formula=None,
        sizes={"rows": 1200, "epochs": 50},
        outputs=("score",),
        goal=Goal(ahead=3.0),
        steps=1,
    ),
)
