"""Slices whose step only the call knows, and values put where a mask is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, IndexBoundsError, VectorizeError

pytestmark = pytest.mark.usefixtures("quickly")

X = np.arange(5 * 6 * 7.0).reshape(5, 6, 7)
ROWS, M = np.array([0, 2, 2]), np.array([1, 0, 1, 0, 0], bool)


def keys(k: Any, a: Any, b: Any, i: Any, j: Any, m: Any) -> list[Any]:
    """Keys with a step k, of numbers or of variables."""
    return [
        slice(None, None, k),
        slice(a, b, k),
        slice(a, None, k),
        slice(None, b, k),
        (slice(None, None, k), slice(None, None, k)),
        (slice(None), slice(None, None, k), 1),
        (1, None, slice(None, None, k)),
        (i, slice(1, None, k)),
        (slice(1, None, k), i),
        (i, slice(None, None, k), i),
        (Ellipsis, slice(None, 3, k)),
        (m, slice(None, None, k)),
        (slice(None, None, k), slice(0, 3, 2), j),
        (j, slice(None, None, k), i),
    ]


def test_read_written_and_differentiated_as_numpy_does() -> None:
    x, i, m = T.dtensor3("x"), T.lvector("i"), T.TensorType("bool", (None,))("m")
    k, a, b, j = T.lscalar("k"), T.lscalar("a"), T.iscalar("b"), T.iscalar("j")
    read = [x[each] for each in keys(k, a, b, i, j, m)]
    slopes = [gradc.grad(T.sum(each**2), x) for each in read]
    put = [T.set_subtensor(each, each * 2 + 1) for each in read]
    added = [T.inc_subtensor(each, 3.0) for each in read]
    f = gradc.function([x, k, a, b, i, j, m], [*read, *slopes, *put, *added])
    count = len(read)
    far = np.iinfo(np.int64)
    ends = ((0, 5), (1, -1), (-2, 1), (4, 0), (-100, 100), (100, -100))
    for step in (1, 2, 3, -1, -2, -7, 9, far.max, far.min):
        for first, last in ends:
            found = f(X, step, first, last, ROWS, 2, M)
            for q, key in enumerate(keys(step, first, last, ROWS, 2, M)):
                want = X[key]
                slope, more, other = np.zeros_like(X), X.copy(), X.copy()
                np.add.at(slope, key, 2 * want)
                np.add.at(more, key, 3.0)
                other[key] = want * 2 + 1
                for got, wanted in zip(found[q::count], (want, slope, other, more), strict=True):
                    np.testing.assert_array_equal(got, wanted, err_msg=str(key))


@pytest.mark.parametrize("mode", ["FAST_RUN", "REFERENCE", "DebugMode"])
def test_a_step_of_nothing(mode: str) -> None:
    x, k, s = T.dvector("x"), T.lscalar("k"), gradc.shared(0.0)
    f = gradc.function([x, k], x[::k], updates={s: s + 1}, mode=mode)
    assert f([1.0, 2.0, 3.0], -2).tolist() == [3.0, 1.0]
    with pytest.raises(ArgumentError, match="the step of a slice is 0"):
        f([1.0, 2.0, 3.0], 0)
    assert s.get_value() == 1.0
    with pytest.raises(ArgumentTypeError, match="integers or bools, got float64"):
        x[:: T.dscalar()]
    with pytest.raises(ArgumentTypeError, match="no index"):
        x[::2.5]


def test_steps_in_batches() -> None:
    rows, k = T.dmatrix("rows"), T.lscalar("k")
    many = gradc.vectorize(lambda row: T.set_subtensor(row[::k], 1.0))(rows)
    found = gradc.function([rows, k], many)(np.zeros((2, 5)), -2)
    assert found.tolist() == [[1.0, 0.0, 1.0, 0.0, 1.0]] * 2
    with pytest.raises(VectorizeError, match="cannot differ in length"):
        gradc.vectorize(lambda row, by: row[::by])(rows, T.lvector("by"))


def test_values_where_a_mask_is_true() -> None:
    x, v, s = T.dmatrix("x"), T.dvector("v"), T.dscalar("s")
    m, r = (T.TensorType("bool", (None,) * d)(n) for n, d in (("m", 2), ("r", 1)))
    outputs = [
        T.set_subtensor(x[m], 3),
        T.inc_subtensor(x[m], s),
        T.set_subtensor(x[r], v),
        T.set_subtensor(x[:, r], 7),
        T.inc_subtensor(x[:, r], T.shape_padright(x[:, 0])),
        T.set_subtensor(x[r], x[r] * 2),
        T.set_subtensor(x[r, 1:2], 5.0),
        T.set_subtensor(x[r].T, s),
    ]
    costs = [T.sum(each**2) for each in outputs[:3]]
    slopes = [gradc.grad(costs[0], x), gradc.grad(costs[1], s), gradc.grad(costs[2], v)]
    f = gradc.function([x, v, s, m, r], outputs + slopes)
    rng = np.random.default_rng(0)
    a, b, mask, rows = rng.normal(size=(3, 3)), rng.normal(size=3), rng.random((3, 3)) > 0.5, M[:3]
    every = slice(None)
    wanted = [
        written(a, mask, 3.0),
        written(a, mask, a[mask] + 1.5),
        written(a, rows, b),
        written(a, (every, rows), 7.0),
        written(a, (every, rows), a[:, rows] + a[:, :1]),
        written(a, rows, a[rows] * 2),
        written(a, (rows, slice(1, 2)), 5.0),
        written(a, rows, 1.5),
        np.where(mask, 0, 2 * a),
        2 * (a + 1.5)[mask].sum(),
        4 * b,
    ]
    for k, (got, want) in enumerate(zip(f(a, b, 1.5, mask, rows), wanted, strict=True)):
        np.testing.assert_allclose(got, want, err_msg=str(k))


def written(a: Any, key: Any, values: Any) -> Any:
    copy = a.copy()
    copy[key] = values
    return copy


def test_masks_that_do_not_fit_or_are_batched() -> None:
    x, m = T.dmatrix("x"), T.TensorType("bool", (None, None))("m")
    f = gradc.function([x, m], T.set_subtensor(x[m], 3))
    with pytest.raises(IndexBoundsError, match="axis 1 of the array has length 3, that of the mas"):
        f(np.ones((3, 3)), np.ones((3, 2), bool))
    one = T.TensorType("bool", (1,))("one")
    g = gradc.function([x, one], T.set_subtensor(x[:, one], 3))
    assert g(np.ones((2, 1)), [True]).tolist() == [[3.0], [3.0]]
    with pytest.raises(IndexBoundsError):
        g(np.ones((2, 2)), [True])
    a = np.array([[1.0, -2.0], [-3.0, 4.0]])
    many = gradc.vectorize(lambda row, k: T.set_subtensor(row[k], 9.0))(x, m)
    assert gradc.function([x, m], many)(a, a > 0).tolist() == [[9.0, -2.0], [-3.0, 9.0]]
    clipped = gradc.function([x], T.set_subtensor(x[x < 0], 0))
    assert len(clipped.stages.program.segments) == 1
    assert clipped(a).tolist() == [[1.0, 0.0], [0.0, 4.0]]
