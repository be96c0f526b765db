"""Shared variables: what is copied and what is borrowed, and what does not fit."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

import gradc
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, UpdateError
from gradc.sharedvar import SharedVariable

pytestmark = pytest.mark.usefixtures("quickly")


def test_lengths_are_unknown_unless_declared() -> None:
    value = np.zeros((1, 3), "float32")
    assert str(gradc.shared(value).type) == "float32[?, ?]"
    assert str(gradc.shared(value, shape=(1, None)).type) == "float32[1, ?]"
    assert str(gradc.shared(value, broadcastable=(True, False)).type) == "float32[1, ?]"
    assert str(gradc.shared(2).type) == "int64[]"
    assert str(gradc.shared(True).type) == "bool[]"
    assert str(gradc.shared([1.0, 2.0]).type) == "float64[?]"


def test_values_are_copied_in_and_out() -> None:
    array = np.zeros(3)
    w = gradc.shared(array, "w")
    array[0] = 1
    assert w.get_value()[0] == 0
    w.get_value()[1] = 1
    assert w.get_value()[1] == 0
    w.set_value(array)
    array[2] = 1
    np.testing.assert_array_equal(w.get_value(), [1, 0, 0])


def test_pickled_or_copied_with_a_graph_it_has_a_value_of_its_own() -> None:
    w = gradc.shared(np.arange(3.0), "w", strict=True)
    for duplicate in (copy.deepcopy, lambda given: pickle.loads(pickle.dumps(given))):
        twin, doubled = duplicate((w, w * 2))
        assert doubled.owner.inputs[0] is twin
        assert (twin.name, twin.type) == ("w", w.type)
        np.testing.assert_array_equal(twin.get_value(), [0, 1, 2])
        twin.set_value(np.zeros(3))
        np.testing.assert_array_equal(w.get_value(), [0, 1, 2])
        with pytest.raises(ArgumentTypeError):
            twin.set_value(np.zeros(3, "float32"))


def test_borrowing() -> None:
    array = np.zeros(3)
    w = gradc.shared(array, borrow=True)
    assert w.storage is array
    assert w.get_value(borrow=True) is array
    before = w.storage
    w.set_value(np.ones(3))
    assert w.storage is not before
    np.testing.assert_array_equal(before, 0)
    other = np.full(3, 2.0)
    w.set_value(other, borrow=True)
    assert w.storage is other


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 3)).T,
        np.zeros(6)[::-2],
        np.broadcast_to(np.zeros(3), (2, 3)),
        np.zeros(3, ">f8"),
        np.frombuffer(b"\0" * 25, "u1")[1:].view("f8"),
    ],
    ids=["fortran", "strided", "read-only", "byte-swapped", "unaligned"],
)
def test_storage_is_plain_whatever_is_borrowed(array: np.ndarray) -> None:
    w = gradc.shared(array, borrow=True)
    w.set_value(array, borrow=True)
    flags = w.storage.flags
    assert flags.c_contiguous and flags.aligned and flags.writeable and w.storage.dtype.isnative  # noqa: PT018
    np.testing.assert_array_equal(w.storage, array)


def test_set_value_may_resize_but_not_what_was_declared() -> None:
    w = gradc.shared(np.zeros((2, 3)), "w", shape=(None, 3))
    w.set_value(np.ones((5, 3)))
    assert w.get_value().shape == (5, 3)
    with pytest.raises(ArgumentError, match="axis 1 of w was declared as 3, the value has 4"):
        w.set_value(np.ones((5, 4)))
    with pytest.raises(ArgumentError, match="w has 2 axes, the value 1"):
        w.set_value(np.ones(3))
    np.testing.assert_array_equal(w.get_value(), np.ones((5, 3)))


def test_nothing_is_cast_that_loses() -> None:
    w = gradc.shared(np.zeros(2, "float32"), "w")
    with pytest.raises(ArgumentTypeError) as caught:
        w.set_value(np.zeros(2))
    assert str(caught.value).splitlines()[0] == (
        "set_value: w is float32[?], the value has dtype float64."
    )
    assert "convert it: value.astype('float32')" in str(caught.value)
    w.set_value(np.array([1, 2], "int16"))
    assert w.get_value().dtype == "float32"
    gradc.shared(np.zeros(2, "float32"), allow_downcast=True).set_value(np.zeros(2))
    with pytest.raises(ArgumentTypeError):
        gradc.shared(np.zeros(2), strict=True).set_value(np.zeros(2, "float32"))
    scalar = gradc.shared(np.float32(0))
    scalar.set_value(0.1)
    assert scalar.get_value() == np.float32(0.1)
    small = gradc.shared(np.int8(0))
    small.set_value(100)
    with pytest.raises(ArgumentTypeError):
        small.set_value(300)
    with pytest.raises(ArgumentTypeError):
        small.set_value(0.5)
    small.set_value(-1.0)  # as in Theano 1.0.5: what the dtype holds is taken, of lists too
    w.set_value([0.5, np.float64(2.0), float("nan")])
    for value in ([0.1, 0.2], np.array([0.5])):
        with pytest.raises(ArgumentTypeError):
            w.set_value(value)
    with pytest.raises(ArgumentTypeError):
        gradc.shared(np.float32(0), allow_downcast=False).set_value(0.1)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("text", DTypeError),
        (None, DTypeError),
        ([1, "a"], DTypeError),
        ([[1], [1, 2]], ArgumentTypeError),
        (np.ma.array([1.0]), ArgumentTypeError),
    ],
)
def test_what_is_no_array(value, error) -> None:
    with pytest.raises(error, match="shared: "):
        gradc.shared(value)


def test_declarations_must_fit_the_value() -> None:
    with pytest.raises(ArgumentError, match=r"the value has shape \(2,\), \(3,\) was declared"):
        gradc.shared(np.zeros(2), shape=(3,))
    with pytest.raises(ArgumentError, match="not both"):
        gradc.shared(np.zeros(2), shape=(2,), broadcastable=(False,))
    with pytest.raises(ArgumentTypeError, match="symbolic variable w"):
        gradc.shared(gradc.shared(1.0, "w"))
    with pytest.raises(ArgumentTypeError, match="the name must be text"):
        gradc.shared(1.0, 2)  # type: ignore[arg-type]


def test_zero_and_attributes() -> None:
    w = gradc.shared(np.ones(2), "w")
    assert isinstance(w, SharedVariable)
    assert (w.name, w.default_update, w.owner) == ("w", None, None)
    w.default_update = w + 1
    storage = w.storage
    w.zero()
    np.testing.assert_array_equal(storage, 1)
    np.testing.assert_array_equal(w.get_value(), 0)


def test_a_copy_waits_for_the_lock() -> None:
    w = gradc.shared(np.zeros(2))
    seen: list[np.ndarray] = []
    with w.lock:
        thread = threading.Thread(target=lambda: seen.append(w.get_value()))
        thread.start()
        thread.join(0.05)
        assert not seen
        w.storage[:] = 1
    thread.join()
    np.testing.assert_array_equal(seen[0], 1)


def test_a_clone_is_the_same_storage() -> None:
    w = gradc.shared(np.ones(2), "w")
    v = w.clone("v")
    assert v.name == "v"
    assert w.clone().name == "w"
    assert v.type == w.type
    cost = (w * v).sum()
    f = gradc.function([], [cost, gradc.grad(cost, w)], updates=[(v, w + 1)], givens={w: v * 3})
    assert [each.tolist() for each in f()] == [6, [1, 1]]
    assert w.get_value().tolist() == [4, 4]
    assert f()[0] == 2 * 3 * 4 * 4
    np.testing.assert_array_equal(w.get_value(), v.get_value())
    with pytest.raises(UpdateError, match="are one storage"):
        gradc.function([], [], updates=[(w, w + 1), (v, v + 1)])


def test_the_container_is_the_value() -> None:
    w = gradc.shared(np.ones(2), "w")
    w.container.value = [3.0, 4.0]
    w.container.value[0] = 9
    w.container.data[1] = 5
    assert w.get_value().tolist() == [3, 5]
    w.container.storage[0] = array = np.zeros(3)
    assert w.get_value(borrow=True) is array
    assert len(w.container.storage) == 1
    assert (w.container.name, w.container.type) == ("w", w.type)
    with pytest.raises(IndexError):
        w.container.storage[1] = array
