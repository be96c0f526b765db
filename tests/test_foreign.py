"""Arrays of other packages are read where they lie, and what cannot be read says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentTypeError
from gradc.foreign import Unreadable, read_array

X = np.arange(12.0).reshape(3, 4)


class Tensor:
    """What DLPack asks of an array, on a device of our choice."""

    def __init__(self, array: np.ndarray, device: int = 1) -> None:
        self.array = array
        self.device = device

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device, 0

    def __dlpack__(self, **options: object) -> object:
        return self.array.__dlpack__(**options)


class Interface:
    """An object with numpy's __array_interface__ only."""

    def __init__(self, array: np.ndarray) -> None:
        self.owner = array
        self.__array_interface__ = array.__array_interface__


@pytest.fixture(scope="module")
def twice():
    x = T.dmatrix("x")
    return gradc.function([x], 2 * x, name="twice")


READ = {
    "dlpack": Tensor,
    "array_interface": Interface,
    "buffer": memoryview,
    "memmap": lambda array: array.view(np.memmap),
    "read-only": lambda array: np.frombuffer(memoryview(array.tobytes())).reshape(array.shape),
}


@pytest.mark.parametrize("name", READ)
def test_what_holds_an_array_is_an_argument(name: str, twice) -> None:
    given = READ[name](X)
    np.testing.assert_array_equal(twice(given), 2 * X)
    np.testing.assert_array_equal(gradc.jit(lambda x: x + 1, mode="REFERENCE")(given), X + 1)
    np.testing.assert_array_equal(gradc.shared(given).get_value(), X)
    np.testing.assert_array_equal(T.constant(given).data, X)
    if name != "read-only":
        assert np.shares_memory(read_array(given), X)


def test_other_layouts_are_read_in_place() -> None:
    for given in (X.T, X[::-1, ::2], np.asfortranarray(X)):
        assert np.shares_memory(read_array(Tensor(given)), given)


def test_numbers_elsewhere_are_refused(twice) -> None:
    with pytest.raises(ArgumentTypeError) as info:
        twice(Tensor(X, device=2))
    lines = str(info.value).splitlines()
    assert lines[0] == (
        'twice: argument 0 "x" must be an array of numbers, got Tensor (its numbers are on CUDA '
        "device 0)."
    )
    assert lines[-1] == (
        "  Fix: copy it to the CPU first: x.cpu() in torch, jax.device_get(x) in jax."
    )
    for take in (gradc.shared, T.constant, gradc.jit(lambda x: x)):
        with pytest.raises(ArgumentTypeError, match=r"CUDA device 0.*\n.*copy it to the CPU"):
            take(Tensor(X, device=2))
    recording = Tensor(X)
    recording.requires_grad = True
    with pytest.raises(ArgumentTypeError, match=r"records gradients.*[\s\S]*x\.detach\(\)"):
        twice(recording)

    class Nowhere(Tensor):
        def __dlpack_device__(self):  # as torch's, on the device meta
            raise ValueError("Unknown device type meta for Dlpack")

    with pytest.raises(ArgumentTypeError, match=r'argument 0 "x".*Unknown device type meta'):
        twice(Nowhere(X))


def test_memory_maps_are_not_copied(tmp_path: Path, twice) -> None:
    path = tmp_path / "numbers"
    written = np.memmap(path, "f8", "w+", shape=(3, 4))
    written[:] = X
    written.flush()
    for mode in ("r", "r+", "c"):
        mapped = np.memmap(path, "f8", mode, shape=(3, 4))
        (taken,), _ = twice._canonical((mapped,), {})
        assert np.shares_memory(taken, mapped)
        np.testing.assert_array_equal(twice(mapped), 2 * X)
        w = gradc.shared(mapped, borrow=True)
        assert np.shares_memory(w.get_value(borrow=True), mapped)
        w.set_value(mapped, borrow=True)
        assert np.shares_memory(w.get_value(borrow=True), mapped)


def test_an_update_of_what_is_read_only_gets_its_own_memory(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    np.memmap(path, "f8", "w+", shape=(3, 4))[:] = X
    a, b = (
        gradc.shared(np.memmap(path, "f8", "r", shape=(3, 4)), name, borrow=True) for name in "ab"
    )
    i = T.lvector("i")
    f = gradc.function([i], a.sum(), updates={a: a + 1, b: T.inc_subtensor(b[i], 10.0)})
    want = X.copy()
    for k in range(2):
        assert f([1, 1]) == np.sum(X + k)
        want[1] += 20
        np.testing.assert_array_equal(a.get_value(), X + k + 1)
        np.testing.assert_array_equal(b.get_value(), want)
        assert a.get_value(borrow=True).flags.writeable
    np.testing.assert_array_equal(np.fromfile(path).reshape(3, 4), X)
    c = gradc.shared(np.memmap(path, "f8", "r", shape=(3, 4)), borrow=True)
    c.zero(borrow=True)
    assert not c.get_value().any()


def test_torch(twice) -> None:
    torch = pytest.importorskip("torch")
    given = torch.from_numpy(X)
    assert np.shares_memory(read_array(given), X)
    assert np.shares_memory(read_array(given.T), X)
    np.testing.assert_array_equal(twice(given), 2 * X)
    assert np.shares_memory(gradc.shared(given, borrow=True).get_value(borrow=True), X)
    with pytest.raises(ArgumentTypeError, match=r"x\.detach\(\)"):
        twice(given.clone().requires_grad_())
    with pytest.raises(ArgumentTypeError):
        twice(given.to(torch.bfloat16))


def test_jax(twice) -> None:
    numpy = pytest.importorskip("jax.numpy")
    given = numpy.asarray(X.astype("f4"))
    np.testing.assert_array_equal(twice(given), 2 * X)
    assert np.shares_memory(read_array(given), np.asarray(given))
    with pytest.raises(ArgumentTypeError):
        twice(given.astype("bfloat16"))


def test_pandas(twice) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    np.testing.assert_array_equal(twice(frame), 2 * X)
    assert np.shares_memory(read_array(frame), frame.to_numpy())
    np.testing.assert_array_equal(read_array(frame["b"]), X[:, 1])
    counts = pandas.DataFrame({"a": [1, 2], "b": [3, 4]}, dtype="Int64")
    np.testing.assert_array_equal(read_array(counts), [[1, 3], [2, 4]])
    assert read_array(counts).dtype == read_array(counts["a"]).dtype == np.int64
    with pytest.raises(Unreadable, match="missing values"):
        read_array(pandas.Series([True, None], dtype="boolean"))
    with pytest.raises(ArgumentTypeError, match=r"columns have the dtypes float64, (object|str)"):
        twice(frame.assign(d="text"))
