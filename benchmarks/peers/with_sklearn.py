"""scikit-learn: its own estimators, where a workload is one."""

from __future__ import annotations

import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data
from benchmarks.mlp_classifier import fitting

__all__ = ["about", "mlp_classifier"]


def about() -> str:
    """Its version."""
    return f"scikit-learn {sklearn.__version__}"


def mlp_classifier(case: Case, data: Data) -> Task:
    """Its own fit."""
    return fitting(MLPClassifier, case, data)
