"""x[...] with everything numpy knows, and values put or added there, drawn at random.

numpy judges: values by x[key], gradients by np.add.at, and what stays of values that are put by
putting numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, IndexBoundsError, ShapeError
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable

pytestmark = pytest.mark.usefixtures("quickly")

SHAPE = (3, 4, 2, 5)


@dataclass
class Draw:
    """A key for numpy, and the same with variables in the place of some arrays."""

    rng: np.random.Generator
    numbers: dict[Input, Any] = field(default_factory=dict)  # what stands for them at the call

    def variable(self, array: Any) -> Any:
        """The array, or an input that takes it."""
        array = np.asarray(array)
        if self.rng.random() < 0.4:
            return array if array.ndim else array[()]
        lengths = tuple(1 if n == 1 and array.dtype != bool else None for n in array.shape)
        found = Input(TensorType(array.dtype.name, lengths))
        self.numbers[found] = array
        return found

    def slice(self, n: int) -> tuple[slice, slice]:
        ends = [self.pick([None, *range(-n - 2, n + 3)]) for _ in range(2)]
        step = self.pick([None, 1, 2, -1, -2, 3])
        symbols = [
            end if end is None or self.rng.random() < 0.6 else self.variable(np.int64(end))
            for end in ends
        ]
        return slice(*ends, step), slice(*symbols, step)

    def pick(self, values: list[Any]) -> Any:
        return values[self.rng.integers(len(values))]

    def array(self, n: int, shape: tuple[int, ...]) -> Any:
        kind = self.pick(["int64", "int32", "uint8"])
        low = 0 if kind == "uint8" else -n
        kept = self.rng.integers(len(shape) + 1)
        mine = [1 if self.rng.random() < 0.2 else m for m in shape[kept:]]
        return self.rng.integers(low, n, mine).astype(kind)

    def key(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Items for some axes of an array of SHAPE."""
        plain: list[Any] = []
        symbolic: list[Any] = []

        def put(one: Any, other: Any) -> None:
            plain.append(one)
            symbolic.append(other)

        shape = self.pick([(), (3,), (2, 3), (2,), (0,)])
        axis, stop = 0, self.rng.integers(1, len(SHAPE) + 1)
        dots = self.pick([None, None, *range(len(SHAPE))])
        while axis < stop:
            if self.rng.random() < 0.15:
                put(None, None)
            if axis == dots:
                put(Ellipsis, Ellipsis)
                stop, axis, dots = len(SHAPE), axis + len(SHAPE) - stop, None
                continue
            n = SHAPE[axis]
            kind = self.pick(["slice", "slice", "int", "array", "array", "flag", "mask"])
            if kind == "slice":
                put(*self.slice(n))
            elif kind == "int":
                place = self.rng.integers(-n, n)
                put(place, int(place) if self.rng.random() < 0.5 else self.variable(place))
            elif kind == "array":
                array = self.array(n, shape)
                put(array, self.variable(array))
            elif kind == "flag" and shape == ():
                flag = np.True_  # two masks of other counts do not go together
                put(flag, True if self.rng.random() < 0.5 else self.variable(flag))
                continue
            elif kind == "mask" and shape in ((), (2,)):
                count = int(min(self.rng.integers(1, 3), stop - axis))
                mask = self.mask(SHAPE[axis : axis + count], 1 if shape == () else 2)
                put(mask, self.variable(mask))
                axis += count - 1
            else:
                put(*self.slice(n))
            axis += 1
        return tuple(plain), tuple(symbolic)

    def mask(self, lengths: tuple[int, ...], count: int) -> Any:
        found = np.zeros(np.prod(lengths), bool)
        found[self.rng.permutation(found.size)[:count]] = True
        return found.reshape(lengths)


def tensor(static: bool) -> Input:
    return Input(TensorType("float64", SHAPE if static else (None,) * len(SHAPE)), "x")


@pytest.mark.parametrize("static", [True, False])
def test_drawn_keys(static: bool) -> None:
    """Values, gradients, values put and added, their gradients: 16 keys in one function."""
    rng = np.random.default_rng(17 + static)
    draw, x = Draw(rng), tensor(static)
    array = rng.normal(size=SHAPE)
    outputs: list[Variable] = []
    expected: list[Any] = []
    labels: list[str] = []
    while len(labels) < 16 * 6:
        plain, symbolic = draw.key()
        try:
            wanted = array[plain]
        except IndexError:  # arrays that do not broadcast
            continue
        read = x[symbolic]
        values = rng.normal(size=[n if rng.random() < 0.8 else 1 for n in wanted.shape])
        y = Input(TensorType("float64", tuple(1 if n == 1 else None for n in values.shape)))
        draw.numbers[y] = values
        weight, other = rng.normal(size=wanted.shape), rng.normal(size=SHAPE)
        put, added = T.set_subtensor(read, y), T.inc_subtensor(read, y)
        cost = T.sum(put * other)
        outputs += [read, T.grad(T.sum(read * weight), x), put, added, *T.grad(cost, [x, y])]
        expected += [wanted, *judged(array, plain, values, weight, other)]
        labels += [f"{part} {plain}" for part in ("read", "grad", "put", "added", "to x", "to y")]
    inputs = {x: array, **draw.numbers}
    function = gradc.function(list(inputs), outputs, on_unused_input="ignore")
    for label, got, want in zip(labels, function(*inputs.values()), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=label)


def judged(array: Any, key: Any, values: Any, weight: Any, other: Any) -> list[Any]:
    """By numpy: the gradient of reading, values put and added, the gradients of putting."""
    slope, put, added, rest = np.zeros(SHAPE), array.copy(), array.copy(), other.copy()
    np.add.at(slope, key, weight)
    put[key] = values
    np.add.at(added, key, values)
    rest[key] = 0
    stays = np.full(SHAPE, -1)
    stays[key] = np.arange(weight.size).reshape(weight.shape)
    arrives = np.zeros(weight.size)
    arrives[stays[stays >= 0]] = other[stays >= 0]
    arrives = arrives.reshape(weight.shape)
    stretched = tuple(k for k, n in enumerate(values.shape) if n == 1 != weight.shape[k])
    return [slope, put, added, rest, arrives.sum(stretched, keepdims=True)]


def test_the_last_value_stays_and_alone_has_a_gradient() -> None:
    x, y, i = T.vector("x"), T.vector("y"), T.lvector("i")
    put = T.set_subtensor(x[i], y)
    weight = np.array([1.0, 10.0, 100.0])
    first = T.grad(T.sum(put**2 * weight), [x, y])
    second = T.grad(T.sum(first[1] * np.array([1.0, 2.0, 4.0, 8.0])), y)
    f = gradc.function([x, y, i], [put, *first, second])
    got = f([5.0, 6.0, 7.0], [1.0, 2.0, 3.0, 4.0], [1, -2, 0, 1])
    np.testing.assert_array_equal(got[0], [3.0, 4.0, 7.0])
    np.testing.assert_array_equal(got[1], [0.0, 0.0, 1400.0])
    np.testing.assert_array_equal(got[2], [0.0, 0.0, 6.0, 80.0])
    np.testing.assert_array_equal(got[3], [0.0, 0.0, 8.0, 160.0])


def test_through_views() -> None:
    """The array before the last brackets comes back; transposed and reshaped readings too."""
    x, i = T.matrix("x"), T.lvector("i")
    array = np.arange(12.0).reshape(4, 3)
    f = gradc.function(
        [x, i],
        [
            T.inc_subtensor(x[1:][::2], 10),
            T.set_subtensor(x.T[0], 5),
            T.inc_subtensor(x[1:].T, np.array([[1.0], [2.0], [3.0]])),
            T.set_subtensor(x[i].flatten(), np.arange(6.0)),
            T.set_subtensor(x[:], 1),
            T.inc_subtensor(x[0], 1, set_instead_of_inc=True),
            x[i, None, ::-1].inc([[[1, 2, 3]]]),
        ],
    )
    got = f(array, [2, 0])
    expected = [array[1:].copy(), array.T.copy(), *(array.copy() for _ in range(5))]
    expected[0][::2] += 10
    expected[1][0] = 5
    expected[2][1:] += [1, 2, 3]
    expected[3][[2, 0]] = np.arange(6.0).reshape(2, 3)
    expected[4][:] = 1
    expected[5][0] = 1
    expected[6][[2, 0]] += [3, 2, 1]
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_copied_graph_is_still_indexed() -> None:
    x, z, i = T.matrix("x"), T.matrix("z"), T.lvector("i")
    (row, picked) = gradc.graph_replace([x[1:], x[:, i].T], {x: z * 2})
    f = gradc.function([z, i], [T.set_subtensor(row, 0.0), T.inc_subtensor(picked, 1.0)])
    one, other = f(np.ones((2, 3)), [0, 0])
    np.testing.assert_array_equal(one, [[2.0] * 3, [0.0] * 3])
    np.testing.assert_array_equal(other, [[4.0, 2.0, 2.0]] * 2)


def message_of(error: type[Exception], call: Any) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_a_mask_of_other_lengths_while_building() -> None:
    x = T.matrix("x", shape=(3, 4))
    said = message_of(IndexBoundsError, lambda: x[:, np.array([True, False])])
    assert said.splitlines()[0] == "x[...]: axis 1 has length 4, that of the mask 2."


def test_a_constant_out_of_bounds_while_building() -> None:
    x = T.matrix("x", shape=(3, 4))
    said = message_of(IndexBoundsError, lambda: x[:, [0, 4]])
    assert said.splitlines()[0] == "x[...]: index 4 is out of bounds for axis 1 with length 4."


def test_what_cannot_be_put() -> None:
    x, k = T.matrix("x"), T.lmatrix("k")
    said = message_of(ArgumentTypeError, lambda: T.set_subtensor(x * 2, 1))
    assert said.splitlines()[0] == "set_subtensor: the first argument is not indexed."
    said = message_of(DTypeError, lambda: T.inc_subtensor(k[0], 1.5))
    assert said.splitlines()[0] == "inc_subtensor: float64 does not fit into int64."
    y = T.vector("y", shape=(3,))
    said = message_of(ShapeError, lambda: T.matrix("z", shape=(2, 4))[0].set(y))
    assert said.splitlines()[0] == (
        "set_subtensor: axis 0 of the values has length 3, the places 4."
    )
    said = message_of(ArgumentError, lambda: T.set_subtensor(x[0], x))
    assert said.splitlines()[0] == "set_subtensor: 2 axes cannot stand in place of 1."


def test_a_list_with_slices_stands_for_a_tuple() -> None:
    """As in Theano, whose programs collect slices in a list; other lists are arrays of places."""
    x, a = T.dmatrix("x"), np.arange(12.0).reshape(3, 4)
    for key in ([slice(None), slice(None, None, -1)], [slice(1, None), 2], [0, slice(1, 3)]):
        read, changed = x[key], T.set_subtensor(x[key], 9.0)
        found = gradc.function([x], [read, changed])(a)
        expected = a.copy()
        expected[tuple(key)] = 9.0
        np.testing.assert_array_equal(found[0], a[tuple(key)])
        np.testing.assert_array_equal(found[1], expected)
    np.testing.assert_array_equal(gradc.function([x], x[[0, 2]])(a), a[[0, 2]])
