"""Memory that is shared behind a function's back, and updates that read each other's variables.

Each once gave silent wrong answers in a tool of this kind, or could here.
"""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import GradcError

pytestmark = pytest.mark.usefixtures("quickly")

MODES = ["FAST_RUN", "FAST_COMPILE", "REFERENCE"]


def vector(*values: float) -> gradc.SharedVariable:
    return gradc.shared(np.array(values, "float64"))


@pytest.mark.parametrize("mode", MODES)
def test_borrow_alias_two_updates(mode: str) -> None:
    """The argument is the storage of a variable that the first of two updates writes."""
    x, w, v = T.vector("x"), vector(1, 2, 3), vector(0, 0, 0)
    f = gradc.function([x], None, updates=[(w, x * 2), (v, x * 2)], mode=mode)
    f(w.get_value(borrow=True))
    np.testing.assert_array_equal(w.get_value(), [2, 4, 6])
    np.testing.assert_array_equal(v.get_value(), [2, 4, 6])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("part", [slice(None), slice(None, None, -1), slice(1, None), slice(-1)])
def test_arguments_that_overlap_storage(part: slice, mode: str) -> None:
    memory = np.arange(12.0)
    w = gradc.shared(memory[2:10], borrow=True)
    n = len(np.arange(8)[part])
    x = T.vector("x")
    f = gradc.function([x], x.sum(), updates={w: w[:n] + x[::-1]}, mode=mode)
    given = memory[2:10][part]
    old, argument = memory[2:10].copy(), given.copy()
    assert f(given) == argument.sum()
    np.testing.assert_array_equal(w.get_value(), old[:n] + argument[::-1])


@pytest.mark.parametrize("mode", MODES)
def test_two_variables_in_one_memory(mode: str) -> None:
    """Borrowed twice by the user; each has its own value all the same once it is updated."""
    memory = np.arange(4.0)
    w, v = gradc.shared(memory, borrow=True), gradc.shared(memory[::1], borrow=True)
    f = gradc.function([], w + v, updates={w: w + 1, v: v * 10}, mode=mode)
    np.testing.assert_array_equal(f(), [0, 2, 4, 6])
    np.testing.assert_array_equal(w.get_value(), [1, 2, 3, 4])
    np.testing.assert_array_equal(v.get_value(), [0, 10, 20, 30])
    f()
    np.testing.assert_array_equal(w.get_value(), [2, 3, 4, 5])
    np.testing.assert_array_equal(v.get_value(), [0, 100, 200, 300])


@pytest.mark.parametrize("mode", MODES)
def test_update_with_itself(mode: str) -> None:
    a, b, c, d = vector(1, 1), vector(2, 2), vector(3, 3), vector(4, 4)
    f = gradc.function([], None, updates=[(a, b), (b, a), (c, c), (d, c)], mode=mode)
    for _ in range(3):
        f()
    values = [each.get_value()[0] for each in (a, b, c, d)]
    assert values == [2, 1, 3, 3]
    arrays = [each.get_value(borrow=True) for each in (a, b, c, d)]
    assert not any(np.shares_memory(x, y) for k, x in enumerate(arrays) for y in arrays[:k])


@pytest.mark.parametrize("mode", MODES)
def test_failing_second_update(mode: str) -> None:
    x, w, v = T.vector("x"), vector(1, 2, 3), vector(1, 2, 3)
    f = gradc.function([x], None, updates=[(w, w * 2), (v, v + x)], mode=mode)
    with pytest.raises((GradcError, ValueError)):
        f(np.ones(4))
    np.testing.assert_array_equal(w.get_value(), [1, 2, 3])
    np.testing.assert_array_equal(v.get_value(), [1, 2, 3])


def test_storage_that_nobody_else_knows_is_written_in_place() -> None:
    w = gradc.shared(np.arange(1000.0))
    f = gradc.function([], None, updates={w: w + 1})
    before = w.get_value(borrow=True)
    f()
    assert w.get_value(borrow=True) is before
    np.testing.assert_array_equal(before, np.arange(1000.0) + 1)


@pytest.mark.parametrize("mode", MODES)
def test_random_systems_of_updates_read_old_values(mode: str) -> None:
    """v_k <- sum_j m_kj v_j + x, beside numpy, some arguments being storages."""
    rng = np.random.default_rng(5)
    for _ in range(6):
        count = int(rng.integers(2, 6))
        matrix = rng.integers(-2, 3, (count, count)).astype(float)
        variables = [gradc.shared(rng.integers(-9, 9, 4).astype(float)) for _ in range(count)]
        x = T.vector("x")
        updates = {
            each: sum((variables[j] * matrix[k, j] for j in range(count)), x)
            for k, each in enumerate(variables)
        }
        f = gradc.function([x], sum(variables, x), updates=updates, mode=mode)
        for _ in range(4):
            given = variables[int(rng.integers(count))].get_value(borrow=rng.random() < 0.5)
            old, argument = np.array([each.get_value() for each in variables]), given.copy()
            np.testing.assert_array_equal(f(given), argument + old.sum(axis=0))
            new = np.array([each.get_value() for each in variables])
            np.testing.assert_array_equal(new, matrix @ old + argument)
