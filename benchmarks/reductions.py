"""Sums and largest elements of rows, and of columns.

The floor reads the matrix.
"""

from __future__ import annotations

from typing import Any

from benchmarks.harness.workload import Data, Floor, Workload, draws

__all__ = ["WORKLOADS"]


def data(dtype: str, rows: int, columns: int) -> Data:
    """A matrix."""
    return {"x": draws(dtype).normal(rows, columns)}


def over_rows(np: Any, x: Any) -> dict[str, Any]:
    """Along the rows, which lie in one piece."""
    return {"sum": np.sum(x, 1), "max": np.max(x, 1)}


def over_columns(np: Any, x: Any) -> dict[str, Any]:
    """Along the columns, across memory."""
    return {"sum": np.sum(x, 0), "max": np.max(x, 0)}


def floor(data: Data) -> Floor:
    """One matrix read."""
    return Floor(reads=[data["x"]])


ROWS = Workload(
    name="rows",
    title="sum and max of each row, {rows} x {columns}",
    data=data,
    formula=over_rows,
    sizes={"rows": 2000, "columns": 1000},
    outputs=("sum", "max"),
    matrices=("x",),
    floor=floor,
)
COLUMNS = ROWS.resized(
    name="columns", title="sum and max of each column, {rows} x {columns}", formula=over_columns
)

WORKLOADS = (
    ROWS,
    COLUMNS,
    ROWS.resized(name="rows32", dtype="float32"),
    COLUMNS.resized(name="columns32", dtype="float32"),
)
