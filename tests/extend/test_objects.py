"""Variables that hold Python objects: types of users', generic, shared objects."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, VectorizeError
from gradc.graph.objects import OBJECTS

pytestmark = pytest.mark.usefixtures("quickly")

MODES = ["FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode"]


class Words(gradc.Type):
    """A list of text, in one case or another."""

    def __init__(self, upper: bool = False) -> None:
        self.upper = upper

    def filter(self, data: Any, strict: bool = False, allow_downcast: Any = None) -> Any:
        if not isinstance(data, list):
            raise TypeError(f"{data!r} is no list of words")
        return [each.upper() for each in data] if self.upper else data


class Split(gradc.Op):
    """A text's words, and how many they are."""

    __props__ = ()

    def make_node(self, text: Any) -> gradc.Apply:
        return gradc.Apply(self, [text], [Words()(), T.lscalar()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = inputs[0].split()
        output_storage[1][0] = np.asarray(len(inputs[0].split()))


class Weighted(gradc.Op):
    """x times the number of words."""

    __props__ = ()

    def make_node(self, words: Any, x: Any) -> gradc.Apply:
        return gradc.Apply(self, [words, x], [x.type()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = len(inputs[0]) * inputs[1]

    def infer_shape(self, node: Any, input_shapes: Any) -> Any:
        return [input_shapes[1]]

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return [gradc.DisconnectedType()(), self(inputs[0], output_grads[0])]


@gradc.as_op([Words(), gradc.generic], Words())
def joined(words: Any, more: Any) -> Any:
    """Words and one more."""
    return [*words, str(more)]


@gradc.as_op(T.dvector, Words())
def written(x: Any) -> Any:
    """Numbers as words."""
    return [str(each) for each in x]


def nothing_is_left() -> bool:
    gc.collect()
    return not OBJECTS._found


@pytest.fixture(autouse=True)
def forgotten() -> Any:
    yield
    assert nothing_is_left()


@pytest.mark.parametrize("mode", MODES)
def test_in_every_mode(mode: str) -> None:
    text, x = gradc.generic("text"), T.dvector("x")
    words, count = Split()(text)
    y = Weighted()(words, x)
    outputs = {"w": joined(words, 3), "n": count + 1, "g": gradc.grad(T.sum(y**2), x), "t": text}
    f = gradc.function([text, x], outputs, mode=mode)
    for text_, x_ in (("a b", [1.0, 2.0]), ("a b c", [3.0])):
        got, k = f(text_, x_), len(text_.split())
        assert (got["w"], got["n"], got["t"]) == ([*text_.split(), "3"], k + 1, text_)
        np.testing.assert_array_equal(got["g"], 2 * k * k * np.array(x_))
    with pytest.raises(AttributeError, match="split"):
        f(7, [1.0])


@pytest.mark.parametrize("mode", MODES)
def test_shared_objects(mode: str) -> None:
    kept, more = gradc.shared_object(["a"], "kept", Words()), gradc.generic("more")
    f = gradc.function([more], kept, updates=[(kept, joined(kept, more))], mode=mode)
    assert f(1) == ["a"]
    assert f(more=2) == ["a", "1"]
    assert kept.get_value() == ["a", "1", "2"]
    assert kept.get_value() is not kept.get_value(borrow=True)
    other = kept.clone("other")
    other.set_value(["b"])
    assert kept.get_value() == ["b"]
    with pytest.raises(TypeError, match="no list of words"):
        kept.set_value("b")
    with pytest.raises(TypeError, match="holds an object"):
        kept.zero()


def test_what_fails_changes_nothing() -> None:
    kept, more = gradc.shared_object(["a"], "kept", Words()), gradc.generic("more")
    bad = T.specify_shape(Split()(more)[1], ())
    f = gradc.function([more], bad, updates={kept: joined(kept, more)})
    with pytest.raises(AttributeError):
        f(5)
    assert kept.get_value() == ["a"]


def test_calls_in_threads_and_in_each_other() -> None:
    kept, more = gradc.shared_object([], "kept", Words()), gradc.generic("more")
    f = gradc.function([more], updates={kept: joined(kept, more)})

    @gradc.as_op(gradc.generic, gradc.generic)
    def inner(value: Any) -> Any:
        f(value)
        return value

    g = gradc.function([more], inner(more))

    def work(k: int) -> None:
        for _ in range(50):
            g(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(kept.get_value()) == sorted("0123" * 50)


def test_types_are_told_by_their_attributes() -> None:
    assert Words() == Words() != Words(True)
    assert hash(Words()) == hash(Words())
    assert Words().clone() == Words()
    assert pickle.loads(pickle.dumps(Words(True))) == Words(True)
    assert isinstance(T.dvector("x").type, gradc.Type)
    assert not isinstance(T.dvector("x").type, Words)
    assert Words(True).is_valid_value(["a"])
    assert not Words().is_valid_value("a")
    loud = Words(True)("loud")
    assert gradc.function([gradc.In(loud, value=["b"])], loud)() == ["B"]
    with pytest.raises(ArgumentTypeError, match=r"input is Words{upper=False}, got Words{upper=T"):
        joined(loud, 1)


def test_variables_of_a_class_of_the_users() -> None:
    class Sentence(gradc.tensor.Variable):
        def count(self) -> Any:
            return Weighted()(self, T.constant([1.0]))

    class Sentences(Words):
        def make_variable(self, name: str | None = None) -> Any:
            return Sentence(self, name=name)

    class Reversed(gradc.Op):
        def make_node(self, words: Any) -> gradc.Apply:
            return gradc.Apply(self, [words], [words.type()])

        def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
            output_storage[0][0] = inputs[0][::-1]

    s = Sentences()("s")
    back = Reversed()(s)
    assert isinstance(back, Sentence)
    f = gradc.function([s], [back, back.count()])
    assert f(["a", "b"]) == [["b", "a"], [2.0]]


def test_objects_are_no_arrays() -> None:
    words, x = Words()("words"), T.dvector("x")
    with pytest.raises(ArgumentTypeError, match="words is no array, but an object of the type W"):
        words + 1
    with pytest.raises(ArgumentTypeError, match="is no array"):
        T.exp(words)
    with pytest.raises(ArgumentTypeError, match=r"argument 0 .words.*symbolic"):
        gradc.function([words], words)(words)
    with pytest.raises(TypeError, match="no list of words"):
        gradc.function([words], words)("a")
    with pytest.raises(ArgumentTypeError, match=r"Words{upper=False}, its replacement int64"):
        gradc.function([x], Weighted()(words, x), givens={words: T.lscalar("n")})
    with pytest.raises(ArgumentError, match="keeps for itself"):
        Words().dtype = "float64"  # type: ignore[misc]
    rows = T.dmatrix("rows")
    many = gradc.vectorize(lambda row: Weighted()(words, row))(rows)
    f = gradc.function([words, rows], many)
    np.testing.assert_array_equal(f(["a", "b"], [[1.0], [2.0]]), [[2.0], [4.0]])
    held = gradc.object_constant(Words(), ["a"], "held")
    np.testing.assert_array_equal(gradc.function([x], Weighted()(held, x))([3.0]), [3.0])
    with pytest.raises(ArgumentTypeError, match="no type of objects"):
        gradc.shared_object(1, type=x.type)
    with pytest.raises(VectorizeError, match="gives objects"):
        gradc.vectorize(lambda row: written(row))(rows)


def test_functions_pickle_before_anything_else_is_asked_of_saving() -> None:
    code = (
        "import copy, pickle, gradc\nx = gradc.tensor.dscalar()\nf = gradc.function([x], x + 1)\n"
        "assert pickle.loads(pickle.dumps(f))(1.0) == copy.copy(f)(1.0) == 2.0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_pickles() -> None:
    kept, more = gradc.shared_object(["a"], "kept", Words()), gradc.generic("more")
    f = gradc.function([more], joined(kept, more), updates={kept: joined(kept, more)})
    g = pickle.loads(pickle.dumps(f))
    assert (g(1), f(2), g(3)) == (["a", "1"], ["a", "2"], ["a", "1", "3"])
