"""An index out of bounds raises where the loops that would read there make no turn, as in numpy."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import IndexBoundsError

X = np.zeros((5, 0, 7))
NONE = np.zeros((0, 1), int)


def expressions(x, y, w, places):
    """Per index array an expression that reads or writes there, and what numpy does."""
    a, b, c, d, e, f, g, h = places
    return [
        x[a],
        x[:, :, b],
        T.inc_subtensor(x[c], 1.0),
        (x[d] * 2).sum(),
        T.set_subtensor(x[:, :, e], 2.0) + 1,
        x[f, :, f] + x[2 * f - f].sum(),
        y[:, None] * w[g],
        gradc.grad((x[h] ** 2).sum(), x),
    ]


NUMPY = [
    lambda i: X[i],
    lambda i: X[:, :, i],
    lambda i: X[i],
    lambda i: X[i],
    lambda i: X[:, :, i],
    lambda i: X[i, :, i],
    lambda i: np.zeros(6)[i],
    lambda i: X[i],
]


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "REFERENCE", "unfused"])
def test_places_that_no_loop_reads(mode: str, quickly) -> None:
    x, y, w = T.dtensor3("x"), T.vector("y"), T.vector("w")
    places = [T.lvector(word) for word in "abcdefgh"]
    with gradc.config.override(fuse=mode != "unfused"):
        level = "FAST_RUN" if mode == "unfused" else mode
        f = gradc.function([x, y, w, *places], expressions(x, y, w, places), mode=level)
    good = [np.array([0, -1])] * len(places)
    given = [X, np.zeros(0), np.zeros(6)]
    f(*given, *good)
    f(*given, *[np.array([], int)] * len(places))
    for k, reference in enumerate(NUMPY):
        for wrong in (9, -9):
            index = np.array([1, wrong])
            with pytest.raises(IndexError):
                reference(index)
            with pytest.raises(IndexBoundsError, match=f"index {wrong} is out of bounds for axis"):
                f(*given, *good[:k], index, *good[k + 1 :])


def test_no_place_where_index_arrays_broadcast_to_nothing(quickly) -> None:
    """numpy looks at no index array then, be it one of one number."""
    x, v, m = T.dtensor3("x"), T.lvector("v"), T.lmatrix("m")
    outs = [x[v, :, m], x[np.array([9]), :, m], x[:, v, m], T.inc_subtensor(x[v, m], 1.0)]
    full = np.zeros((5, 2, 7))
    for mode in ("FAST_RUN", "REFERENCE"):
        f = gradc.function([x, v, m], outs, mode=mode)
        shapes = [each.shape for each in f(full, np.array([9]), NONE)]
        nine = np.array([9])
        wanted = [full[nine, :, NONE]] * 2 + [full[:, nine, NONE]]
        assert shapes == [*(each.shape for each in wanted), full.shape]
        with pytest.raises(IndexBoundsError):
            f(full, np.array([9]), np.zeros((1, 1), int))


def test_a_table_is_unchanged_by_an_update_at_no_element(quickly) -> None:
    table = gradc.shared(np.ones((3, 0, 2)), name="table")
    count = gradc.shared(0.0, name="count")
    v = T.lvector("v")
    f = gradc.function([v], [], updates=[
        (table, T.inc_subtensor(table[v], 1.0)), (count, count + 1)])  # fmt: skip
    f([0, 2])
    with pytest.raises(IndexBoundsError, match="index 3 is out of bounds for axis 0 with length 3"):
        f([0, 3])
    assert count.get_value() == 1


def test_places_in_the_step_of_a_loop(quickly) -> None:
    rows, v = T.tensor3("rows"), T.lvector("v")
    out, _ = gradc.scan(lambda row: row[:, v] * 2.0, sequences=[rows])
    f = gradc.function([rows, v], out)
    assert f(np.zeros((3, 0, 4)), [3]).shape == (3, 0, 1)
    with pytest.raises(IndexBoundsError, match="index 4 is out of bounds for axis 1 with length 4"):
        f(np.zeros((3, 0, 4)), [4])


def test_one_test_for_a_gather_and_its_gradient_and_none_for_a_row() -> None:
    """An embedding tests each index once a row; a table of blocks has one test of its own."""
    x, table, v = T.dtensor3("x"), T.dmatrix("table"), T.lvector("v")
    blocks = (T.exp(x[v]) ** 2).sum()
    f = gradc.function([x, v], [blocks, gradc.grad(blocks, x)])
    assert str(f.stages.program).count("where no loop tests them") == 1
    g = gradc.function([table, v], [table[v], gradc.grad((table[v] ** 2).sum(), table)])
    assert "where no loop tests them" not in str(g.stages.program)
