"""Minibatches: slices of shared data, looked at where they lie."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import optim
from gradc.errors import ArgumentError, ArgumentTypeError
from gradc.kernel.program import Nest

pytestmark = pytest.mark.usefixtures("quickly")

X = np.arange(44.0).reshape(11, 4)
Y = np.arange(11)


def test_slices_by_their_number() -> None:
    x, y, w = T.matrix("x"), T.lvector("y"), T.vector("w")
    data = gradc.shared(X, name="data")
    batches = optim.minibatches({x: data, y: Y}, 4)
    f = gradc.function([batches.index, w], [T.dot(x, w), y], givens=batches.givens)
    weights = np.array([1.0, -1.0, 2.0, 0.5])
    assert (batches.count, batches.rows) == (3, 11)
    for k in range(3):
        product, labels = f(k, weights)
        np.testing.assert_allclose(product, X[4 * k : 4 * k + 4] @ weights)
        assert labels.tolist() == Y[4 * k : 4 * k + 4].tolist()
    batches.shuffle(np.random.default_rng(1))
    seen = np.concatenate([f(k, weights)[1] for k in range(3)])
    assert sorted(seen) == list(range(11))
    assert seen.tolist() != list(range(11))
    np.testing.assert_array_equal(data.get_value(), X[seen])
    for none in (-1, -2, -3, 3, 4, 2**62, -(2**62), 2**63 - 1):
        with pytest.raises(ArgumentError, match="there is no batch of this number"):
            f(none, weights)
    before = seen
    batches.shuffle(2)
    assert np.concatenate([f(k, weights)[1] for k in range(3)]).tolist() != before.tolist()


def test_nothing_is_copied() -> None:
    x, w = T.matrix("x"), T.matrix("w")
    batches = optim.minibatches({x: X}, 4)
    f = gradc.function([batches.index, w], T.dot(x, w), givens=batches.givens)
    steps = [step for part in f.stages.program.segments for step in part.steps]
    assert not any(isinstance(step, Nest) for step in steps), f.stages.program


def test_wrong_data() -> None:
    x, y = T.matrix("x"), T.lvector("y")
    cases = [
        (lambda: optim.minibatches({}, 4), ArgumentTypeError, "has to be a dict"),
        (lambda: optim.minibatches({x: X}, 0), ArgumentError, "size has to be a whole number"),
        (lambda: optim.minibatches({x: X, y: Y[1:]}, 4), ArgumentError, "have 11, 10 rows"),
        (lambda: optim.minibatches({T.scalar(): X}, 4), ArgumentTypeError, "no variable with rows"),
        (
            lambda: optim.minibatches({x: gradc.shared(Y)}, 4), ArgumentTypeError,
            "it has to be float64",
        ),
    ]  # fmt: skip
    for call, kind, text in cases:
        with pytest.raises(kind, match=text):
            call()


def test_one_array_for_two_variables_is_shuffled_once() -> None:
    one, two = (gradc.shared(np.arange(10.0)[:, None]) for _ in range(2))
    x, target, y = T.matrices("x", "target", "y")
    optim.minibatches({x: one, y: two, target: one}, 3).shuffle(1)
    np.testing.assert_array_equal(one.get_value(), two.get_value())
    assert one.get_value()[0] != 0 or one.get_value()[1] != 1


@pytest.mark.parametrize("data", [[0.5, 1.9], ["a"], [[1], [2, 3]], [2**64], [1j]], ids=str)
def test_data_that_the_variable_cannot_hold(data: list[object]) -> None:
    with pytest.raises(ArgumentTypeError, match="labels"):
        optim.minibatches({T.lvector("labels"): data}, 2)
