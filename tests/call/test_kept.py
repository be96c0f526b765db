"""Inputs that keep a value between calls, and containers of what a function keeps."""

from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentTypeError, AssertionFailed, UpdateError


def accumulator() -> gradc.Function:
    """y times a sum that each call adds x to; the numbers in tests are Theano 1.0.5's."""
    x, s, y = T.dscalar("x"), T.dscalar("s"), T.dscalar("y")
    return gradc.function([x, gradc.In(s, value=10.0, update=s + x), gradc.In(y, value=2.0)], s * y)


def test_an_update_is_the_next_default() -> None:
    f = accumulator()
    x, s, y = (each.variable for each in f._signature.arguments)
    assert (f(3.0), f["s"], f[s], f.container[s].value, f[x]) == (20, 13, 13, 13, None)
    assert (f(1.0, s=100.0), f[s], f(1.0, 50.0), f[1]) == (200, 101, 100, 51)
    assert (f(1.0, y=7.0), f[y], f[s]) == (357, 2, 52)
    f[s], f["y"] = 5, 3.0
    assert (f(1.0), f[s], f[y]) == (15, 6, 3)
    assert ("s" in f, x in f, "z" in f, T.dscalar() in f) == (True, True, False, False)
    assert [each.value for each in f.input_storage] == [None, 6, 3]
    assert f.get_shared() == []


def test_what_cannot_be_kept_is_said() -> None:
    f = accumulator()
    with pytest.raises(ArgumentTypeError, match="'z' is the name of no inputs"):
        f["z"]
    with pytest.raises(ArgumentTypeError, match='0 "x" has no value between calls'):
        f["x"] = 1.0
    with pytest.raises(ArgumentTypeError, match="takes 1 to 3 arguments"):
        f(s=1.0)
    s = T.dvector("s")
    with pytest.raises(ArgumentTypeError, match="no value to begin with"):
        gradc.In(s, update=s + 1)
    with pytest.raises(UpdateError, match='the update of "s"'):
        gradc.function([gradc.In(s, value=[1.0], update=s.sum())], s)
    with pytest.raises(ArgumentTypeError):
        f["s"] = 1j
    assert f["s"] == 10


def test_a_call_that_fails_keeps_the_old_value() -> None:
    s, x = T.dvector("s"), T.dvector("x")
    checked = T.Assert("negative")(s + x, T.all(x >= 0))
    f = gradc.function([x, gradc.In(s, value=[1.0, 2.0], update=checked)], s.sum())
    assert f([1.0, 1.0]) == 3
    with pytest.raises(AssertionFailed):
        f([-1.0, 1.0])
    np.testing.assert_array_equal(f["s"], [2, 3])
    kept = f.container["s"].data
    f([1.0, 1.0])
    np.testing.assert_array_equal(kept, [2, 3])


def test_shared_variables_are_found_too() -> None:
    x, w = T.dscalar("x"), gradc.shared(1.5, name="w")
    f = gradc.function([x], x * w, updates=[(w, w + 1)])
    assert (f[w], f["w"], f[1], f(2.0)) == (1.5, 1.5, 1.5, 3.0)
    f[w] = 9.0
    assert w.get_value() == 9


def test_copies_have_states_of_their_own(tmp_path: Path) -> None:
    f = accumulator()
    f(1.0)
    f.save(tmp_path / "f")
    for g in (
        copy.deepcopy(f), pickle.loads(pickle.dumps(f)),
        gradc.load_function(tmp_path / "f"),
    ):  # fmt: skip
        assert (g["s"], g(1.0), g["s"], g["y"], f["s"]) == (11, 22, 12, 2, 11)


def test_threads_lose_no_update() -> None:
    f = accumulator()
    threads = [threading.Thread(target=lambda: [f(1.0) for _ in range(200)]) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert f["s"] == 810


def test_objects_are_kept_too() -> None:
    @gradc.as_op([gradc.generic, gradc.generic], [gradc.generic])
    def joined(words: list[str], more: list[str]) -> list[str]:
        return [*words, *more]

    words, more = gradc.generic("words"), gradc.generic("more")
    f = gradc.function([more, gradc.In(words, value=["a"], update=joined(words, more))], words)
    assert (f(["b"]), f(["c"]), f["words"]) == (["a"], ["a", "b"], ["a", "b", "c"])
