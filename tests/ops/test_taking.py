"""Elements by numbers, as numpy takes them: many in one function, with their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Input

pytestmark = pytest.mark.usefixtures("quickly")

X = np.random.default_rng(4).normal(size=(4, 3))
AT = np.array([[0, 1, 2], [2, 2, 1], [0, 0, 0], [1, 2, -1]])
WILD = np.array([7, -5, 1, -1])
ONES = np.array([0, 2, 1, 2])


def tensor(dtype: str, ndim: int, name: str) -> Input:
    return Input(TensorType(dtype, (None,) * ndim), name)


def test_taking_is_numpys() -> None:
    x, at = tensor("float64", 2, "x"), tensor("int64", 2, "at")
    wild, ones = tensor("int32", 1, "wild"), tensor("int64", 1, "ones")
    n = x.shape[0]
    pairs: list[tuple[Any, Any]] = [
        (T.take(x, at), np.take(X, AT)),
        (x.take(at, axis=1), np.take(X, AT, 1)),
        (T.take(x, wild, 0, mode="wrap"), np.take(X, WILD, 0, mode="wrap")),
        (T.take(x, wild, -1, mode="clip"), np.take(X, WILD, -1, mode="clip")),
        (T.take(x, 2, axis=0), X[2]),
        (T.take(x, wild[:0], axis=1), X[:, :0]),
        (T.take_along_axis(x, at, 1), np.take_along_axis(X, AT, 1)),
        (T.take_along_axis(x, at[:1] * 0 + 1, 0), np.take_along_axis(X, AT[:1] * 0 + 1, 0)),
        (T.take_along_axis(x, [[1], [0], [2], [2]]), X[np.arange(4), [1, 0, 2, 2], None]),
        (T.take_along_axis(x, at, None), X.reshape(-1)[AT.reshape(-1)]),
        (T.choose(ones, [x[:, 0], x[:, 1], 5.0]), np.choose(ONES, [X[:, 0], X[:, 1], 5.0])),
        (ones.choose(x.T), np.choose(ONES, X.T)),
        (T.choose(wild, x.T, mode="wrap"), np.choose(WILD, X.T, mode="wrap")),
        (T.choose(wild, [1.0, x[0, 0]], mode="clip"), np.choose(WILD, [1.0, X[0, 0]], mode="clip")),
        (T.choose(ones[:, None], x[:, None, :2])[0], np.choose(ONES[:, None], X[:, None, :2])[0]),
        (T.permute_row_elements(x, [1, 2, 0]), X[:, [1, 2, 0]]),
        (T.permute_row_elements(x, [1, 2, 0], inverse=True), X[:, [2, 0, 1]]),
        (T.permute_row_elements(x, T.argsort(x)), np.sort(X)),
        (T.permute_row_elements(T.sort(x), T.argsort(x), True), X),
        (T.inverse_permutation(T.argsort(x)), np.argsort(np.argsort(X))),
        (T.ravel_multi_index((ones, ones), (3, n)), np.ravel_multi_index((ONES, ONES), (3, 4))),
        (
            T.ravel_multi_index((wild, wild), (3, n), ("clip", "wrap"), "F"),
            np.ravel_multi_index((WILD, WILD), (3, 4), ("clip", "wrap"), "F"),
        ),
        *zip(T.unravel_index(ones * 5, (3, n)), np.unravel_index(ONES * 5, (3, 4)), strict=True),
        *zip(
            T.unravel_index(at[1] + 7, (2, n, 3), "F"),
            np.unravel_index(AT[1] + 7, (2, 4, 3), "F"),
            strict=True,
        ),
        (T.repeat(x, ones, axis=0), np.repeat(X, ONES, 0)),
        (T.repeat(x, [2, 0, 1], axis=1), np.repeat(X, [2, 0, 1], 1)),
        (T.repeat(ones, ones), np.repeat(ONES, ONES)),
    ]
    rng = np.random.default_rng(9)
    costs = [(k, rng.normal(size=np.shape(want))) for k, (out, want) in enumerate(pairs)
             if out.dtype == "float64"]  # fmt: skip
    slopes = [T.grad(T.sum(pairs[k][0] * weight), x) for k, weight in costs]
    f = gradc.function([x, at, wild, ones], [*(out for out, _ in pairs), *slopes])
    got = f(X, AT, WILD.astype("int32"), ONES)
    for k, (one, (_, want)) in enumerate(zip(got, pairs, strict=False)):
        np.testing.assert_allclose(one, want, rtol=1e-15, err_msg=str(k))
    # linear in x: the gradient along x is the value itself, and along any way its value there
    for slope, (k, weight) in zip(got[len(pairs) :], costs, strict=True):
        if k in _WITH_CONSTANTS:
            continue
        np.testing.assert_allclose(
            np.sum(slope * X), np.sum(pairs[k][1] * weight), rtol=1e-12, atol=1e-12, err_msg=str(k)
        )


_WITH_CONSTANTS = (10, 13)  # choices that are numbers


def test_gradients_are_added_where_elements_came_from() -> None:
    x, at = tensor("float64", 2, "x"), tensor("int64", 1, "at")
    outputs = [
        T.grad(T.sum(T.take(x, at, 0) * np.array([[1.0], [10.0], [100.0]])), x),
        T.grad(T.sum(T.choose(at, [x[0], x[1], 3.0]) * np.array([1.0, 10.0, 100.0])), x),
        T.grad(T.sum(T.repeat(x, at, 1)), x),
    ]
    f = gradc.function([x, at], outputs)
    one, other, third = f(np.ones((3, 3)), [1, 0, 1])
    np.testing.assert_array_equal(one, [[10.0] * 3, [101.0] * 3, [0.0] * 3])
    np.testing.assert_array_equal(other, [[0.0, 10.0, 0.0], [1.0, 0.0, 100.0], [0.0] * 3])
    np.testing.assert_array_equal(third, [[1.0, 0.0, 1.0]] * 3)


def test_numbers_that_name_no_place_are_kept_nowhere() -> None:
    """A check of places is arithmetic on them: the counted places are no array."""
    at, n = tensor("int64", 1, "at"), T.lscalar("n")
    f = gradc.function([at, n], T.unravel_index(at, (n, 1000)), name="f")
    assert not any(buffer.place == "work" for buffer in f.stages.program.buffers)
    with pytest.raises(IndexError) as caught:
        f([5, 3000], 3)
    assert (
        str(caught.value)
        .splitlines()[0]
        .endswith("): index 3000 is out of bounds for axis 0 with length 3000.")
    )


def test_counts_of_repeats_are_checked() -> None:
    x, counts = tensor("float64", 2, "x"), tensor("int64", 1, "counts")
    f = gradc.function([x, counts], T.repeat(x, counts, axis=1), name="f")
    assert f(np.ones((2, 3)), [0, 0, 0]).shape == (2, 0)
    with pytest.raises(ValueError, match="has length 3, and there are 2 counts"):
        f(np.ones((2, 3)), [1, 2])
    for bad in ([1, -1, 4], [-3, 1, 1]):
        with pytest.raises(ValueError, match=r"the count at place \d is -\d"):
            f(np.ones((2, 3)), bad)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: T.take(x, [0], mode="bounce"), "there is no mode 'bounce'"),
        (lambda x: T.take(x, x), "places are whole numbers"),
        (lambda x: T.take_along_axis(x, [0]), "x has 2 axes, the indices 1"),
        (lambda x: T.choose([0], []), "there is nothing to choose from"),
        (lambda x: T.choose([0], T.scalar()), "got a scalar"),
        (lambda x: T.ravel_multi_index([[0]], (2, 3)), "1 arrays of places for 2 axes"),
        (lambda x: T.unravel_index([0], (2, 3), order="K"), "order is C or F"),
        (lambda x: T.inverse_permutation(3), "a permutation has an axis"),
    ],
)
def test_what_is_no_place(call, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        call(T.matrix("x"))
