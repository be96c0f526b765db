"""Places in columns: what is read there, and what is put there; lengths that the call knows."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError

X = np.arange(12.0).reshape(3, 4)
ROWS, COLUMNS = np.array([0, 2, 0]), np.array([1, 3, 1])
IN_COLUMNS, IN_ROWS = (ROWS[:, None], COLUMNS[:, None]), (ROWS[None], COLUMNS[None])


def added(places: tuple[np.ndarray, np.ndarray], values: object) -> np.ndarray:
    result = X.copy()
    np.add.at(result, places, values)
    return result


@pytest.mark.usefixtures("quickly")
def test_places_in_columns() -> None:
    x, v, w, s = T.dmatrix("x"), T.dmatrix("v"), T.dvector("w"), T.dscalar("s")
    rows, columns = T.lvector("rows"), T.lvector("columns")
    in_columns = x[rows[:, None], columns[:, None]]
    outputs = [
        in_columns,
        T.set_subtensor(in_columns, v),
        T.inc_subtensor(in_columns, v),
        T.inc_subtensor(in_columns, s),
        T.inc_subtensor(x[rows[None], columns[None]], w),
        T.grad(T.sum(in_columns**2), x),
    ]
    f = gradc.function([x, rows, columns, v, w, s], outputs)
    values = np.array([[1.0], [2.0], [1.0]])
    wanted = [
        X[IN_COLUMNS],
        X.copy(),
        added(IN_COLUMNS, values),
        added(IN_COLUMNS, 2.0),
        added(IN_ROWS, [1.0, 2.0, 3.0]),
        added(IN_COLUMNS, 2 * X[IN_COLUMNS]) - X,
    ]
    wanted[1][IN_COLUMNS] = values
    got = f(X, ROWS, COLUMNS, values, np.array([1.0, 2.0, 3.0]), 2.0)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ArgumentError, match="axis 1 of the values"):
        f(X, ROWS, COLUMNS, np.ones((3, 2)), np.ones(3), 2.0)
