"""Bad input: the right result, or an error that names variable, line and cure.

bad_input.txt holds programs of a few lines and the whole message that each ends with; a program
stands in a file train.py behind one line of imports.
"""

from __future__ import annotations

import builtins
import linecache
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import errors

pytestmark = pytest.mark.usefixtures("quickly")

IMPORTS = "import numpy as np; import gradc; import gradc.tensor as T\n"
PAGE = (Path(__file__).parent / "bad_input.txt").read_text()
CASES = {
    block.split("\n", 1)[0]: block.split("\n", 1)[1].strip() for block in PAGE.split("## ")[1:]
}
# What a Python user would catch.
BUILTIN = {
    "ArgumentError": "ValueError",
    "ArgumentTypeError": "TypeError",
    "CostTypeError": "TypeError",
    "DTypeError": "TypeError",
    "DisconnectedInputError": "ValueError",
    "GradError": "ValueError",
    "IndexBoundsError": "IndexError",
    "MissingInputError": "ValueError",
    "ShapeError": "ValueError",
    "UnusedInputError": "ValueError",
    "UpdateError": "TypeError",
}


def error_of(program: str, folder: Path) -> Exception:
    """What the program raises."""
    file = folder / "train.py"
    text = IMPORTS + program
    file.write_text(text)
    linecache.checkcache(str(file))
    with pytest.raises(errors.GradcError) as raised:
        exec(compile(text, str(file), "exec"), {})
    return raised.value


@pytest.mark.parametrize("name", CASES)
def test_the_whole_message(name: str, tmp_path: Path) -> None:
    program, expected = CASES[name].split("\n\n>>> ")
    kind, message = expected.split("\n", 1)
    error = error_of(program, tmp_path)
    assert str(error) == message
    assert type(error) is getattr(errors, kind)
    assert isinstance(error, getattr(builtins, BUILTIN[kind]))
    assert "\n  Fix: " in message
    assert error.hint == message.rpartition("\n  Fix: ")[2]


def test_an_error_knows_its_parts(tmp_path: Path) -> None:
    error = error_of(CASES["wrong rank"].split("\n\n>>> ")[0], tmp_path)
    assert isinstance(error, errors.GradcError)
    assert error.variable == "x"
    assert error.user_line == "train.py:2"
    assert error.hint == "pass an array of type float64[?, ?]."


# -- a call that raises changes nothing ----------------------------------------------------------


def momentum() -> tuple[gradc.Function, list[gradc.SharedVariable]]:
    """A function with several updates, in place and by copy, and some checks."""
    rng = np.random.default_rng(0)
    x, i = T.matrix("x"), T.lvector("i")
    w = gradc.shared(rng.normal(size=(5, 3)), name="w")
    v = gradc.shared(rng.normal(size=(5, 3)), name="v")
    n = gradc.shared(0, name="n")
    rows = T.dot(x, w)
    cost = (rows[T.arange(rows.shape[0]), i] ** 2).mean()
    step = 0.9 * v - 0.1 * T.grad(cost, w)
    updates = {w: w + step, v: step, n: n + 1}
    return gradc.function([x, i], cost, updates=updates, name="step"), [w, v, n]


X, INDEX = np.ones((4, 5)), np.array([0, 1, 2, 0])
BAD_CALLS: dict[str, tuple[object, ...]] = {
    "wrong rank": (X[0], INDEX),
    "wrong length": (np.ones((4, 6)), INDEX),
    "too few rows": (X[:3], INDEX),
    "wrong dtype": (X, INDEX + 0.5),
    "index too large": (X, INDEX + 1),
    "index too small": (X, INDEX - 4),
    "missing argument": (X,),
    "extra argument": (X, INDEX, X),
    "no array": (X, "zero"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_shared_variables_stay_to_the_bit(name: str) -> None:
    f, shared = momentum()
    f(X, INDEX)
    storages = [each.get_value(borrow=True) for each in shared]
    before = [each.tobytes() for each in storages]
    with pytest.raises(errors.GradcError):
        f(*BAD_CALLS[name])
    assert all(a is b.get_value(borrow=True) for a, b in zip(storages, shared, strict=True))
    assert [each.tobytes() for each in storages] == before
    f(X, INDEX)
    assert shared[2].get_value() == 2


# -- arrays that are odd, and right --------------------------------------------------------------

A = np.random.default_rng(3).normal(size=(6, 4))


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    result = memory.view(array.dtype).reshape(array.shape)
    result[...] = array
    return result


def read_only(array: np.ndarray) -> np.ndarray:
    result = array.copy()
    result.setflags(write=False)
    return result


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "contiguous": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "every other column": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "reversed": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "read only": read_only,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": unaligned,
    "a subclass": lambda a: a.view(np.matrix),
    "no rows": lambda a: a[:0],
    "no columns": lambda a: a[:, :0],
    "float32": lambda a: a.astype(np.float32),
    "integers": lambda a: (10 * a).astype(np.int32),
    "lists": lambda a: a.tolist(),
}


@pytest.fixture(scope="module")
def odd() -> gradc.Function:
    x = T.matrix("x")
    s = gradc.shared(np.ones(()), name="s")
    outputs = [T.exp(x).sum(axis=0), T.dot(x, x.T), x.T + s, x[::-1], x]
    return gradc.function([x], outputs, updates={s: s + 0 * x.sum()}, name="odd")


@pytest.mark.parametrize("name", LAYOUTS)
def test_odd_arrays_give_the_right_result(odd: gradc.Function, name: str) -> None:
    given = LAYOUTS[name](A)
    plain = np.array(given, dtype=np.float64)
    before = plain.copy()
    sums, product, shifted, turned, same = odd(given)
    np.testing.assert_allclose(sums, np.exp(plain).sum(axis=0), rtol=1e-14)
    np.testing.assert_allclose(product, plain @ plain.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(shifted, plain.T + 1)
    np.testing.assert_array_equal(turned, plain[::-1])
    np.testing.assert_array_equal(same, plain)
    np.testing.assert_array_equal(np.array(given, dtype=np.float64), before)
    assert not np.shares_memory(same, given)


def test_the_same_array_twice() -> None:
    x, y = T.vector("x"), T.vector("y")
    f = gradc.function([x, y], [x + y, T.dot(x, y)])
    a = np.arange(4.0)
    total, product = f(a, a)
    np.testing.assert_array_equal(total, 2 * a)
    assert product == 14
    np.testing.assert_array_equal(a, np.arange(4.0))


@pytest.mark.parametrize("part", [slice(None), slice(1, 5), slice(None, None, -1)], ids=str)
def test_an_argument_that_is_the_memory_of_a_shared_variable(part: slice) -> None:
    """The update is computed from the argument as it was when the call began."""
    start = np.arange(6.0)
    w = gradc.shared(start, name="w")
    x = T.vector("x")
    f = gradc.function([x], x * 2, updates={w: w + x.sum() + w[::-1]})
    given = w.get_value(borrow=True)[part]
    plain = given.copy()
    doubled = f(given)
    np.testing.assert_array_equal(doubled, 2 * plain)
    np.testing.assert_array_equal(w.get_value(), start + plain.sum() + start[::-1])


def test_a_borrowed_value_may_be_the_argument_of_its_own_update() -> None:
    w = gradc.shared(np.arange(5.0), name="w")
    x = T.vector("x")
    f = gradc.function([x], [], updates={w: w - x[::-1]})
    f(w.get_value(borrow=True))
    np.testing.assert_array_equal(w.get_value(), np.arange(5.0) - np.arange(5.0)[::-1])


def test_outputs_are_fresh_arrays() -> None:
    w = gradc.shared(np.arange(3.0), name="w")
    x = T.vector("x")
    f = gradc.function([x], [x, w, x])
    given = np.ones(2)
    first, second, third = f(given)
    arrays = [given, w.get_value(borrow=True), first, second, third]
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[k + 1 :])
    second += 1
    np.testing.assert_array_equal(w.get_value(), np.arange(3.0))


def test_empty_arrays_train_to_nan_or_nothing_as_in_numpy() -> None:
    x = T.matrix("x")
    w = gradc.shared(np.ones(3), name="w")
    cost = (T.dot(x, w) ** 2).sum()
    f = gradc.function([x], cost, updates={w: w - T.grad(cost, w)})
    assert f(np.empty((0, 3))) == 0
    np.testing.assert_array_equal(w.get_value(), np.ones(3))


def test_numbers_that_python_holds_are_weak() -> None:
    gradc.config.floatX = "float32"
    x, n = T.fscalar("x"), T.bscalar("n")
    f = gradc.function([x, n], [x * 2, n + 1])
    doubled, following = f(0.1, 100)
    assert doubled.dtype == np.float32
    assert following.dtype == np.int8
    assert following == 101
    with pytest.raises(errors.ArgumentTypeError):
        f(0.1, 300)
