"""Lengths that are computed: everything that can be done with arrays of such lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.check import check_program

pytestmark = pytest.mark.usefixtures("quickly")

Y = np.arange(6.0).reshape(3, 2)


def judged(x: Any) -> list[Any]:
    n, k = int((x > 0).sum()), int(np.argmax(x))
    head, rest = np.where(np.arange(4) < n, 2 * x, 0.0), np.zeros_like(Y)
    rest[k] = 2 * Y[k]
    high, low = x[x > 0], x[x < 0]
    outer = np.where(x > 0, low.sum(), 0.0) + np.where(x < 0, high.sum(), 0.0)
    return [
        x[:n], x[n:], np.arange(n) * 2, np.zeros(2), Y[k], Y[k, :n], head, rest,
        x[x > x.mean()].reshape(-1, 1), np.concatenate([high, x[x <= 0]]), np.sort(high),
        np.cumsum(high), Y[x[:3] > 0].sum(), outer, 2 * n, np.flatnonzero(x).shape[0],
        high[::-1][1:], np.outer(high, high) @ np.ones(n),
    ]  # fmt: skip


def test_all_that_is_done_with_arrays() -> None:
    x, y = T.vector("x"), T.matrix("y")
    n, k, high = (x > 0).sum(), T.argmax(x), x[x > 0]
    outputs = [
        x[:n], x[n:], T.arange(n) * 2, T.zeros((n, 2)).sum(0), y[k], y[k, :n],
        T.grad((x[:n] ** 2).sum(), x), T.grad(T.sum(y[k] ** 2), y),
        x[x > x.mean()].reshape((-1, 1)), T.concatenate([high, x[x <= 0]]), T.sort(high),
        T.cumsum(high), y[x[:3] > 0].sum(), T.grad(T.sum(T.outer(high, x[x < 0])), x),
        high.shape[0] * 2, T.nonzero(x)[0].shape[0], high[::-1][1:],
        T.dot(T.outer(high, high), T.ones((n,))),
    ]  # fmt: skip
    f = gradc.function([x, y], outputs)
    check_program(f.stages.program)
    assert len(f.stages.program.segments) == 2
    for array in ([3.0, -1.0, 2.0, 0.0], [-3.0, -1.0, -2.0, -4.0], [1.0, 0.5, 0.25, 2.0]):
        array = np.array(array)
        if np.argmax(array) == 3:
            with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0"):
                f(array, Y)
            array = array[[3, 0, 1, 2]]
        for place, (got, want) in enumerate(zip(f(array, Y), judged(array), strict=True)):
            np.testing.assert_allclose(got, want, err_msg=str(place))


def test_a_shared_variable_grows() -> None:
    x, kept = T.vector("x"), gradc.shared(np.zeros(1), "kept")
    f = gradc.function([x], kept.sum(), updates=[(kept, T.concatenate([kept, x[x > 0]]))])
    assert [f([1.0, -1.0, 2.0]), f([]), f([-5.0, 5.0])] == [0.0, 3.0, 3.0]
    np.testing.assert_array_equal(kept.get_value(), [0.0, 1.0, 2.0, 5.0])


def test_lengths_that_meet_later_are_compared_then() -> None:
    x, z, kept = T.vector("x"), T.vector("z"), gradc.shared(np.zeros(2), "kept")
    f = gradc.function([x, z], x[x > 0] + z, updates=[(kept, kept + 1)], name="f")
    np.testing.assert_array_equal(f([1.0, -1.0], [2.0]), [3.0])
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole line is compared
        f([1.0, 1.0], [2.0])
    assert (
        str(caught.value)
        .splitlines()[0]
        .endswith("needs axis 0 of its operands equal, got lengths 2 and 1.")
    )
    np.testing.assert_array_equal(kept.get_value(), 1.0)
