"""Softmax crossentropy of 1000 x 1000 scores, and its gradient.

The floor reads the scores and writes the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy

from benchmarks.harness.workload import Data, Floor, Goal, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, rows: int, classes: int) -> Data:
    """Scores, and the right class of each row."""
    draw = draws(dtype)
    return {"scores": draw.normal(rows, classes), "labels": draw.whole(classes, rows)}


def formula(np: Any, scores: Any, labels: Any) -> dict[str, Any]:
    """The mean over rows."""
    return {"cost": np.crossentropy(scores, labels)}


def floor(data: Data) -> Floor:
    """Two matrices through memory."""
    return Floor(reads=[data["scores"]], writes=[numpy.empty_like(data["scores"])])


WORKLOADS = (
    Workload(
        name="xent",
        title="softmax crossentropy of {rows} x {classes} scores, and its gradient",
        data=data,
        formula=formula,
        sizes={"rows": 1000, "classes": 1000},
        dtype="float32",
        outputs=("cost",),
        parameters=("scores",),
        matrices=("scores",),
        floor=floor,
        goal=Goal(ahead=1.3),
    ),
)
