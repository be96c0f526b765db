"""Messages, compared whole, and the classes a Python user would catch."""

from __future__ import annotations

import pickle

import pytest

from gradc import errors
from gradc.errors import ArgumentError, GradcError, GradError, ShapeError, Where, message

SHAPE = """\
add: axis 1 has static lengths 3 and 4.
    x : float32[?, 3]    made at train.py:12    x = T.matrix("x", shape=(None, 3))
    b : float32[1, 4]    made at train.py:15    b = gradc.shared(np.zeros((1, 4), "float32"), \
shape=(1, 4))
  Fix: make the lengths equal, or give the axis length 1 where it should broadcast."""

GRAD = """\
grad: the cost must be a scalar, got float32[?].
    cost made at train.py:31    loss = (y - t) ** 2
  Fix: reduce it first, for example T.mean(loss); for one gradient per row use gradc.jacobian."""

ARGUMENT = """\
f: axis 0 of "y" has length 99 where "x" has 100; add (train.py:20) needs them equal.
    x : float32[?, 3]    got float32[100, 3]        y : float32[?, 3]    got float32[99, 3]
  Fix: pass arrays of one length, or declare axis 0 of "y" as 1 if it should broadcast."""


def test_shape_message() -> None:
    x = Where("x", "float32[?, 3]", "/home/u/train.py", 12, 'x = T.matrix("x", shape=(None, 3))')
    source = 'b = gradc.shared(np.zeros((1, 4), "float32"), shape=(1, 4))'
    b = Where("b", "float32[1, 4]", "/home/u/train.py", 15, source)
    what = "add: axis 1 has static lengths 3 and 4."
    fix = "make the lengths equal, or give the axis length 1 where it should broadcast."
    error = ShapeError(message(what, [x, b], fix))
    assert str(error) == SHAPE
    assert (error.variable, error.user_line, error.hint) == ("x", "train.py:12", fix)


def test_grad_message() -> None:
    cost = Where("cost", "", "train.py", 31, "loss = (y - t) ** 2")
    fix = "reduce it first, for example T.mean(loss); for one gradient per row use gradc.jacobian."
    text = message("grad: the cost must be a scalar, got float32[?].", [cost], fix)
    assert str(GradError(text)) == GRAD


def test_argument_message() -> None:
    rows = [
        Where("x", "float32[?, 3]", got="float32[100, 3]"),
        Where("y", "float32[?, 3]", got="float32[99, 3]"),
    ]
    what = 'f: axis 0 of "y" has length 99 where "x" has 100; add (train.py:20) needs them equal.'
    fix = 'pass arrays of one length, or declare axis 0 of "y" as 1 if it should broadcast.'
    error = ArgumentError(message(what, rows, fix), function="f", variable="y")
    assert str(error) == ARGUMENT
    assert (error.function, error.variable) == ("f", "y")


def test_columns_are_aligned() -> None:
    rows = [Where("hidden", "float32[?]", "a.py", 7, "h = x"), Where("b", "float64[?, 3]")]
    assert message("no.", rows).splitlines()[1:] == [
        "    hidden : float32[?]       made at a.py:7    h = x",
        "    b      : float64[?, 3]",
    ]


def test_rows_too_long_for_one_line_stand_below_each_other() -> None:
    rows = [Where(name * 30, "float32[?]", got="float32[3]") for name in "xy"]
    assert len(message("no.", rows).splitlines()) == 3


def test_user_text_cannot_break_the_layout() -> None:
    text = message("no.", [Where("a\nb\u202e", "t", "d/e\x1b.py", 1, "x\ty")])
    assert text.splitlines()[1] == "    a\\nb\\u202e : t    made at e\\x1b.py:1    x\\ty"
    assert len(message("no.", [Where("n" * 10**6)])) < 300


def test_plain_text_is_enough() -> None:
    error = ShapeError("no.")
    assert (str(error), error.variable, error.hint) == ("no.", "", "")


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ShapeError", ValueError),
        ("DTypeError", TypeError),
        ("ArgumentTypeError", TypeError),
        ("ArgumentError", ValueError),
        ("GradError", ValueError),
        ("DisconnectedInputError", ValueError),
        ("NullTypeGradError", TypeError),
        ("UnusedInputError", ValueError),
        ("MissingInputError", ValueError),
        ("UpdateError", TypeError),
        ("IndexBoundsError", IndexError),
        ("AssertionFailed", AssertionError),
        ("OutOfMemory", MemoryError),
        ("RewriteError", RuntimeError),
        ("InternalError", RuntimeError),
        ("CompilerNotFound", OSError),
        ("CompileError", OSError),
        ("CacheError", OSError),
        ("InjectedFailure", RuntimeError),
    ],
)
def test_classes(name: str, builtin: type[Exception]) -> None:
    cls = getattr(errors, name)
    text = message("what.", [Where("x", "t", "f.py", 3)], "fix")
    error = pickle.loads(pickle.dumps(cls(text, function="g")))
    assert isinstance(error, GradcError)
    assert isinstance(error, builtin)
    assert str(error) == text
    got = (error.variable, error.user_line, error.function, error.hint)
    assert got == ("x", "f.py:3", "g", "fix")
