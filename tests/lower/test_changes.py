"""Scatters change a shared variable where it is: rows, not matrices; tested before the commit."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program
from gradc.kernel.loops import Nest
from gradc.kernel.program import Program

ROWS, WIDTH = 7, 3
START = np.arange(ROWS * WIDTH, dtype="float64").reshape(ROWS, WIDTH)


def program_of(function) -> Program:
    program = function.stages.program
    check_program(program)
    return program


def changed(program: Program) -> list[Nest]:
    """Steps that change an argument where it is."""
    steps = [step for segment in program.segments for step in segment.steps]
    return [step for step in steps if isinstance(step, Nest) and step.base is not None]


def workspace(program: Program) -> set[str]:
    """The lengths of the first axis of everything in the workspace."""
    inside = ("work", "partial", "scratch")
    return {str(b.shape[0]) for b in program.buffers if b.place in inside and b.shape}


@pytest.fixture
def table() -> gradc.sharedvar.SharedVariable:
    return gradc.shared(START.copy(), "table")


@pytest.mark.parametrize("rate", ["number", "input"])
def test_an_embedding_learns_by_its_rows(table, rate: str) -> None:
    """Two lookups, one update: no array of the table's size but the table."""
    i, j, step = T.lvector("i"), T.lvector("j"), T.scalar("step")
    cost = T.sum(T.tanh(table[i]) * table[j] ** 2)
    slope = T.grad(cost, table)
    by = 0.1 if rate == "number" else step
    f = gradc.function(
        [i, j, step], cost, updates=[(table, table - by * slope)], on_unused_input="ignore"
    )
    program = program_of(f)
    assert len(changed(program)) == 1
    lengths = {str(b.shape[0]) for b in program.buffers if b.comment == "%0"}
    assert workspace(program) <= lengths | {s for s in workspace(program) if "size" in s}
    rows = [b for b in program.buffers if b.place == "arg" and b.index == 3 and b.shape]
    assert all(b.shape != rows[0].shape for b in program.buffers if b.place == "work")
    values = START / 20
    table.set_value(values)
    a, b = np.array([1, 1, -1, 0]), np.array([2, 0, 2, 2])
    expected = np.zeros_like(values)
    np.add.at(expected, a, (1 - np.tanh(values[a]) ** 2) * values[b] ** 2)
    np.add.at(expected, b, np.tanh(values[a]) * 2 * values[b])
    f(a, b, 0.1)
    np.testing.assert_allclose(table.get_value(), values - 0.1 * expected, rtol=1e-12)


def test_an_index_out_of_bounds_leaves_everything(table) -> None:
    """The whole message; the other variable is not written either."""
    other = gradc.shared(np.zeros(2), "other")
    i, v = T.lvector("i"), T.vector("v")
    f = gradc.function(
        [i, v],
        updates=[(other, other + 1), (table, T.inc_subtensor(table[:, i], v))],
        name="f",
    )
    assert len(changed(program_of(f))) == 1
    with pytest.raises(IndexError) as caught:
        f([0, 2, 3], [1.0, 2.0, 3.0])
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "f: indexing (test_changes.py:73): index 3 is out of bounds for axis 1 with length 3."
    )
    assert [line.split()[0] for line in lines[1:-1]] == ["table", "i"]
    assert lines[-1] == "  Fix: pass indices between -length and length - 1."
    np.testing.assert_array_equal(table.get_value(), START)
    np.testing.assert_array_equal(other.get_value(), 0)
    f([0, -1, 0], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(table.get_value(), START + np.array([4.0, 0.0, 2.0]))


def test_several_changes_one_after_the_other(table) -> None:
    i, v = T.lvector("i"), T.matrix("v")
    first = T.set_subtensor(table[1:3], 9.0)
    second = T.inc_subtensor(first[i], v)
    third = T.set_subtensor(second[[True, False, False, False, False, False, True]], -1.0)
    f = gradc.function([i, v], table.sum(), updates=[(table, third)])
    program = program_of(f)
    assert len(changed(program)) == 1
    assert not any(b.place == "work" for b in program.buffers)
    total = f([2, 2, 4], np.ones((3, 3)))
    expected = START.copy()
    expected[1:3] = 9
    np.add.at(expected, [2, 2, 4], 1)
    expected[[0, 6]] = -1
    assert total == START.sum()
    np.testing.assert_array_equal(table.get_value(), expected)


def test_what_reads_the_old_value_comes_first_or_forbids_it(table) -> None:
    i, k = T.lvector("i"), T.lvector("k")
    swapped = T.set_subtensor(table[i], table[::-1][:2] * 2)  # read while it is written: a copy
    f = gradc.function([i], updates=[(table, swapped)])
    g = gradc.function([i], table[i] + 1, updates=[(table, T.set_subtensor(table[i], 0.0))])
    new = T.inc_subtensor(table[i], 1.0)
    h = gradc.function([i, k], new[k], updates=[(table, new)])  # the output may fail, behind it
    assert [len(changed(program_of(each))) for each in (f, g, h)] == [0, 1, 0]
    expected = START.copy()
    f([6, 5])
    expected[[6, 5]] = START[::-1][:2] * 2
    np.testing.assert_array_equal(table.get_value(), expected)
    np.testing.assert_array_equal(g([1, 1]), expected[[1, 1]] + 1)
    expected[1] = 0
    np.testing.assert_array_equal(table.get_value(), expected)
    np.testing.assert_array_equal(h([0, 0], [0, 1])[0], expected[0] + 2)
    expected[0] += 2
    np.testing.assert_array_equal(table.get_value(), expected)


def test_storage_that_others_see_is_not_written(table) -> None:
    """The array is an argument too, so the change goes to new memory, from a copy."""
    i, x = T.lvector("i"), T.matrix("x")
    f = gradc.function([i, x], updates=[(table, T.inc_subtensor(table[i], x[i]))])
    seen = table.get_value(borrow=True)
    f([0, 1], seen)
    f([0, 1], seen)
    np.testing.assert_array_equal(seen, START)
    expected = START.copy()
    expected[:2] += 2 * START[:2]
    np.testing.assert_array_equal(table.get_value(), expected)


def test_decay_and_rows_in_one_storage(table) -> None:
    """What is computed element by element goes to the storage, and the rows behind it."""
    speed = gradc.shared(np.ones((ROWS, WIDTH)), "speed")
    i = T.lvector("i")
    slope = T.grad(T.sum(table[i] ** 3), table)
    faster = 0.9 * speed - 0.1 * slope
    f = gradc.function([i], updates=[(speed, faster), (table, table * 0.5 - 0.1 * slope)])
    program = program_of(f)
    dense = next(b.shape for b in program.buffers if b.place == "arg" and len(b.shape) == 2)
    assert not any(b.place == "work" and b.shape == dense for b in program.buffers)
    expected = np.zeros_like(START)
    np.add.at(expected, [1, 1, -1], 3 * START[[1, 1, -1]] ** 2)
    f([1, 1, -1])
    np.testing.assert_allclose(speed.get_value(), 0.9 - 0.1 * expected)
    np.testing.assert_allclose(table.get_value(), 0.5 * START - 0.1 * expected)
    with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with length 7"):
        f([0, 7])
    np.testing.assert_allclose(speed.get_value(), 0.9 - 0.1 * expected)


def test_computed_indices_and_two_tables() -> None:
    """Indices that are a shared variable which moves on by itself."""
    place = gradc.shared(np.array([5, 3]), "place")
    tables = [gradc.shared(np.zeros((6, 2)), name) for name in ("one", "two")]
    x = T.matrix("x")
    f = gradc.function(
        [x],
        updates=[
            (tables[0], T.inc_subtensor(tables[0][place], x)),
            (place, (place + 1) % 6),
            (tables[1], T.set_subtensor(tables[1][place + 1 - 2], x * 2)),
        ],
    )
    assert len(changed(program_of(f))) == 2
    expected = [np.zeros((6, 2)), np.zeros((6, 2))]
    at = np.array([5, 3])
    for k in range(4):
        f(np.full((2, 2), k + 1.0))
        np.add.at(expected[0], at, k + 1)
        expected[1][at - 1] = 2 * (k + 1)
        at = (at + 1) % 6
    for one, other in zip(tables, expected, strict=True):
        np.testing.assert_array_equal(one.get_value(), other)


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
