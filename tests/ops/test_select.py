"""What masks select: numpy judges; lengths that are known when the mask is, in all their uses."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Input
from gradc.kernel.check import check_program

pytestmark = pytest.mark.usefixtures("quickly")

MATRICES = (
    np.arange(12.0).reshape(4, 3) - 5,
    np.zeros((4, 3)),
    np.full((4, 3), np.nan),
    np.zeros((0, 3)),
    np.eye(1, 3),
)


def tensor(dtype: str, ndim: int, name: str) -> Input:
    return Input(TensorType(dtype, (None,) * ndim), name)


def test_selecting_is_numpys() -> None:
    x, m = tensor("float64", 2, "x"), tensor("bool", 2, "m")
    row, col = tensor("bool", 1, "row"), tensor("bool", 1, "col")
    flag = tensor("bool", 0, "flag")
    outputs = [
        x[m], x[row], x[:, col], x[~m, None], x[flag], x[row, 1], x[row][::-1],
        *T.nonzero(x), *x.nonzero(), T.nonzero(m, return_matrix=True), T.argwhere(m),
        T.flatnonzero(x), T.nonzero_values(x), T.compress(row, x, axis=0),
        x.compress(col, axis=1), T.compress(col[:1], x), T.extract(m, x), x[m].shape[0],
        T.sum(x[m]), T.argwhere(flag),
    ]  # fmt: skip
    f = gradc.function([x, m, row, col, flag], outputs)
    check_program(f.stages.program)
    assert len(f.stages.program.segments) == 2
    for k, array in enumerate(MATRICES):
        mask = np.isfinite(array) & (array % 2 == 0) & (array != 4)
        rows, cols, yes = mask[:, 1].copy(), np.array([k > 0, False, True]), k == 0
        expected = [
            array[mask], array[rows], array[:, cols], array[~mask, None], array[np.bool_(yes)],
            array[rows, 1], array[rows][::-1], *np.nonzero(array), *np.nonzero(array),
            np.array(np.nonzero(mask)), np.argwhere(mask), np.flatnonzero(array),
            array[array != 0], np.compress(rows, array, 0), np.compress(cols, array, 1),
            array.reshape(-1)[:1][cols[: array.size][:1]], np.extract(mask, array), mask.sum(),
            array[mask].sum(), np.argwhere(yes),
        ]  # fmt: skip
        if k > 0 and not array.size:  # the condition names an element that is not there
            with pytest.raises(IndexError, match="index 0 is out of bounds"):
                f(array, mask, rows, cols, yes)
            cols[0] = False
        got = f(array, mask, rows, cols, yes)
        for place, (one, want) in enumerate(zip(got, expected, strict=True)):
            if not (place in (2, 15, 16) and not array.size):
                np.testing.assert_array_equal(one, want, err_msg=str((k, place)))


def test_nothing_is_selected() -> None:
    """Empty results, of the right shapes, and gradients of zeros."""
    x, m = tensor("float64", 2, "x"), tensor("bool", 1, "m")
    picked = x[:, m]
    outputs = [picked, T.grad(T.sum(picked**2), x), T.set_subtensor(picked, 1.0), picked.sum(0)]
    f = gradc.function([x, m], outputs)
    for array, mask in ((np.ones((2, 3)), np.zeros(3, bool)), (np.ones((2, 0)), np.zeros(0, bool))):
        got = f(array, mask)
        assert [each.shape for each in got] == [(2, 0), array.shape, array.shape, (0,)]
        np.testing.assert_array_equal(got[1], 0)
        np.testing.assert_array_equal(got[2], array)


def test_masks_of_masks() -> None:
    """Each mask waits for the one before: three segments."""
    x = tensor("float64", 1, "x")
    once = x[x > 0]
    twice = once[once < once.mean()]
    f = gradc.function([x], [twice, T.grad(T.sum(twice * twice), x)])
    assert len(f.stages.program.segments) == 3
    array = np.array([3.0, -1.0, 1.0, 8.0, 2.0, 0.0])
    got, slope = f(array)
    np.testing.assert_array_equal(got, [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(slope, [6.0, 0.0, 2.0, 0.0, 4.0, 0.0])
    assert f(-array[array != 0])[0].shape == (0,)


def test_masks_in_updates() -> None:
    """Rows selected by what was computed, in place where only they change; and a new length."""
    table = gradc.shared(np.arange(12.0).reshape(6, 2), "table")
    kept = gradc.shared(np.arange(5.0), "kept")
    low = T.scalar("low")
    worn = table.sum(axis=1) < low
    f = gradc.function(
        [low],
        worn.sum(),
        updates=[(table, T.inc_subtensor(table[worn], 100.0)), (kept, kept[kept > low])],
    )
    check_program(f.stages.program)
    expected = np.arange(12.0).reshape(6, 2)
    assert f(6.0) == 2
    expected[:2] += 100
    np.testing.assert_array_equal(table.get_value(), expected)
    assert kept.get_value().shape == (0,)
    kept.set_value(np.arange(5.0))
    assert f(1.0) == 0
    np.testing.assert_array_equal(table.get_value(), expected)
    np.testing.assert_array_equal(kept.get_value(), [2.0, 3.0, 4.0])


def test_a_mask_of_another_length() -> None:
    x, m = T.matrix("x"), T.vector("m", dtype="bool")
    f = gradc.function([x, m], x[:, m], name="f")
    with pytest.raises(IndexError) as caught:
        f(np.ones((2, 3)), np.ones(2, bool))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("f: indexing (test_select.py:")
    assert lines[0].endswith("): axis 1 of the array has length 3, that of the mask 2.")
    assert [line.split()[0] for line in lines[1:3]] == ["m", "x"]
    assert lines[3] == "  Fix: index with a mask of the array's own lengths."


def test_what_cannot_be_selected() -> None:
    with pytest.raises(ValueError, match="a scalar has no axes"):
        T.nonzero(T.scalar())
    with pytest.raises(ValueError, match="the condition is a vector"):
        T.compress(T.matrix(), T.matrix())
