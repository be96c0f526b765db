"""Assert, Raise, Print, PdbBreakpoint inside compiled functions, in every mode."""

from __future__ import annotations

import re
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentTypeError, AssertionFailed, ReentrantCall
from gradc.kernel.check import check_program

MODES = ("FAST_RUN", "FAST_COMPILE", "REFERENCE")


def lines(out: str) -> list[str]:
    return out.splitlines()


# -- assertions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_an_assertion_says_the_message_the_line_and_the_values(mode: str) -> None:
    x = T.vector("x")
    rate = gradc.shared(np.array(0.5), name="rate")
    y = T.Assert("rates are {positive}")(x.sum(), x > 0, rate < 1)
    f = gradc.function([x], y, updates=[(rate, rate * 2 + 0 * y)], mode=mode)
    assert f([1.0, 2.0]) == 3
    assert rate.get_value() == 1.0
    with pytest.raises(AssertionFailed) as raised:
        f([1.0, 2.0])
    name = "" if mode == "REFERENCE" else "f: "
    assert re.sub(r"py:\d+", "py:7", str(raised.value)) == (
        f"{name}rates are {{positive}} (test_watch.py:7).\n"
        "    rate : float64[]    got float64[] 1.    made at test_watch.py:7    "
        'rate = gradc.shared(np.array(0.5), name="rate")\n'
        "  Fix: pass values that meet the condition."
    )
    with pytest.raises(AssertionError, match=r"x : float64\[\?\] +got float64\[2\] \[ 1., -2.\]"):
        f([1.0, -2.0])
    assert rate.get_value() == 1.0


def test_an_assertion_is_kept_and_moved_by_no_rule() -> None:
    x, k = T.vector("x"), T.lscalar("k")
    checked = T.Assert("short")(x, x.shape[0] < 4)
    rows = T.Assert("in range")(k, k >= 0, k < x.shape[0])
    outs = [checked.sum(), checked * 0 + 1, (checked * 2)[::-1].sum(), x[rows], T.exp(checked)[:0]]
    f = gradc.function([x, k], outs)
    check_program(f.stages.program)
    got = f([1.0, 2.0, 3.0], 2)
    assert [each.tolist() for each in got] == [6, [1, 1, 1], 12, 3, []]
    for arguments, word in ((([1.0] * 4), 0), "short"), (([1.0], 1), "in range"):
        with pytest.raises(AssertionFailed, match=word):
            f(*arguments)
    # dead where the value is not used, as in Theano
    unused = gradc.function([x], x + 1 + 0 * T.zeros_like(checked))
    assert unused([1.0] * 5).tolist() == [2] * 5


def test_an_assertion_known_to_hold_costs_nothing_and_one_known_to_fail_waits() -> None:
    x = T.vector("x")
    f = gradc.function([x], T.assert_op(x, True, 1) * 2)
    assert "check" not in str(f.stages.optimized)
    assert "given" not in str(f.stages.optimized)
    g = gradc.function([x], T.assert_op(x, False))
    with pytest.raises(AssertionFailed, match=r"^f: the asserted condition does not hold"):
        g([1.0])


def test_gradients_pass_through() -> None:
    x = T.vector("x")
    y = T.Print("")(T.Assert("a")(x**2, x > -9))
    y = T.PdbBreakpoint("b")(x.sum() > 1e9, y)
    g = T.grad(y.sum(), x)
    f = gradc.function([x], [g, T.grad(T.Raise("no")(x).sum(), x)])
    np.testing.assert_array_equal(f([1.0, 2.0])[0], [2, 4])
    np.testing.assert_array_equal(f([1.0, 2.0])[1], [1, 1])


def test_messages_are_text() -> None:
    with pytest.raises(ArgumentTypeError) as raised:
        T.Assert(3)
    assert str(raised.value) == (
        'Assert: the message is text, got 3.\n  Fix: write Assert("what must hold").'
    )


# -- printing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_print(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    x = T.matrix("x")
    y = T.Print("x.T is", attrs=("shape", "min", "__str__"))(x.T)
    f = gradc.function([x], y.sum(axis=0) + 1, mode=mode)
    assert f(np.arange(6.0).reshape(2, 3)).tolist() == [4, 13]
    shown = capsys.readouterr().out
    assert shown.startswith("x.T is shape = (3, 2)\nx.T is min = 0.0\nx.T is __str__ = [[0. 3.]\n")
    assert f(np.zeros((0, 3)) if mode == "no" else np.zeros((2, 3))).tolist() == [1, 1]


def test_print_of_scalars_constants_views_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    x, k = T.vector("x"), T.lscalar("k")
    show = [
        T.Print("length")(x.shape[0]),
        T.Print("number")(k),
        T.Print("constant")(T.constant(2.5)),
        T.Print("view")(x[1:]),
        T.Print("reshaped")(x.reshape((1, -1))),
        T.Print("bool")(x > 1),
        T.Print("twice")(T.Print("once")(x)),
        T.Print("argument", attrs=("flags",))(x) * 0,
    ]
    f = gradc.function([x, k], show)
    check_program(f.stages.program)
    got = f([1.0, 2.0], 7)
    assert [each.tolist() for each in got] == [
        2, 7, 2.5, [2], [[1, 2]], [False, True], [1, 2], [0, 0],
    ]  # fmt: skip
    shown = capsys.readouterr().out
    for line in (
        "length __str__ = 2", "number __str__ = 7", "constant __str__ = 2.5", "view __str__ = [2.]",
        "reshaped __str__ = [[1. 2.]]", "bool __str__ = [False  True]",
    ):  # fmt: skip
        assert line in lines(shown)
    assert shown.index("once __str__") < shown.index("twice __str__")
    assert "WRITEABLE : False" in shown
    empty = gradc.function([x], T.Print("empty")(x[:0]))
    assert empty([1.0]).shape == (0,)
    assert capsys.readouterr().out == "empty __str__ = []\n"


def test_a_function_of_the_users_gets_a_copy_and_its_exception_comes_back() -> None:
    x = T.vector("x")
    w = gradc.shared(np.zeros(2), name="w")
    kept: list[Any] = []

    def keep(op: Any, array: np.ndarray) -> None:
        kept.append((op.message, array))
        if array[0] < 0:
            raise LookupError("negative")

    y = T.Print("m", global_fn=keep)(x * 2)
    f = gradc.function([x], y + 1, updates=[(w, w + y)], name="step")
    assert f([1.0, 2.0]).tolist() == [3, 5]
    f([3.0, 4.0])
    assert [(word, array.tolist()) for word, array in kept] == [("m", [2, 4]), ("m", [6, 8])]
    before = w.get_value()
    with pytest.raises(LookupError, match="negative") as raised:
        f([-1.0, 0.0])
    assert re.fullmatch(
        r"gradc: raised by printed of test_watch.py:\d+\.",
        raised.value.__notes__[0],
    )
    assert w.get_value().tolist() == before.tolist() == [8, 12]


def test_raise() -> None:
    x = T.scalar("x")
    w = gradc.shared(0.0)
    f = gradc.function([x], T.switch(x > 0, x, T.Raise("bad", KeyError)(x)), updates=[(w, w + 1)])
    with pytest.raises(KeyError, match="bad"):
        f(1.0)
    assert w.get_value() == 0


def test_breakpoint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    x = T.vector("x")
    a, b = T.PdbBreakpoint("sum")(x.sum() > 5, x, x * 2)
    f = gradc.function([x], [a, b])
    stopped: list[Any] = []

    class Debugger:
        def __init__(self, **_: Any) -> None: ...

        def set_trace(self, frame: Any) -> None:
            stopped.append([each.tolist() for each in frame.f_locals["monitored"]])

    monkeypatch.setattr("pdb.Pdb", Debugger)
    assert [each.tolist() for each in f([1.0, 2.0])] == [[1, 2], [2, 4]]
    assert not stopped
    f([4.0, 2.0])
    assert stopped == [[[4, 2], [8, 4]]]
    assert "breakpoint 'sum'" in capsys.readouterr().out
    single = T.PdbBreakpoint("one")(x.sum() > 1e9, x)
    assert isinstance(single, T.Variable)


# -- the call path ---------------------------------------------------------------------------------


def test_a_callback_may_call_functions_but_not_write_what_the_call_reads() -> None:
    x = T.vector("x")
    w = gradc.shared(np.ones(2), name="w")
    inner = gradc.function([x], x * 2)
    grow = gradc.function([], [], updates=[(w, w + 1)])
    seen: list[Any] = []

    def reads(op: Any, array: np.ndarray) -> None:
        seen.append(inner(array).tolist())
        seen.append(w.get_value().tolist())

    def writes(op: Any, array: np.ndarray) -> None:
        grow()

    f = gradc.function([x], T.Print("", global_fn=reads)(x) + w)
    assert f([1.0, 2.0]).tolist() == [2, 3]
    assert seen == [[2, 4], [1, 1]]
    g = gradc.function([x], T.Print("", global_fn=writes)(x) + w)
    with pytest.raises(ReentrantCall):
        g([1.0, 2.0])
    assert w.get_value().tolist() == [1, 1]


def test_threads_and_long_runs_that_gave_the_gil_away() -> None:
    x = T.matrix("x")
    counts: list[int] = []
    y = T.Print("", global_fn=lambda op, array: counts.append(int(array)))(x.dot(x).sum())
    f = gradc.function([x], y * 1)
    results: list[float] = []

    def work() -> None:
        results.extend(float(f(np.ones((120, 120)))) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert results == [120.0**3] * 80
    assert counts == [120**3] * 80


def test_ctrl_c_in_a_callback() -> None:
    x = T.scalar("x")
    w = gradc.shared(0.0)

    def slow(op: Any, array: np.ndarray) -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    f = gradc.function([x], T.Print("", global_fn=slow)(x), updates=[(w, w + x)])
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        f(1.0)
    assert time.monotonic() - start < 2
    assert w.get_value() == 0


def test_functions_with_callbacks_are_not_found_by_their_graph() -> None:
    x = T.vector("x")
    found: list[Any] = []
    with gradc.config.override(on_compile=found.append):
        for _ in range(2):
            gradc.function([x], T.Print("same")(x) * 7)
            gradc.function([x], T.assert_op(x, x > 0) * 7)
    assert [each.slot is None for each in found] == [True, False, True, False]
    assert [each.hit for each in found][2:] == [False, True]
    assert found[0].library.key == found[2].library.key


# -- derivatives and batches -----------------------------------------------------------------------


def test_forward_mode_and_batches_go_through(capsys: pytest.CaptureFixture[str]) -> None:
    x, v = T.vector("x"), T.vector("v")
    y = T.Assert("small")(T.Print("row", attrs=("shape",))(x * x), x < 100)
    y = T.PdbBreakpoint("p")(x.sum() > 1e9, y)
    tangent = gradc.Rop(y, x, v)
    rows = T.matrix("rows")
    each = gradc.vectorize_graph(y, {x: rows})
    f = gradc.function([x, v, rows], [tangent, each])
    got = f([1.0, 2.0], [1.0, 1.0], [[1.0, 2.0], [3.0, 4.0]])
    assert [array.tolist() for array in got] == [[2, 4], [[1, 4], [9, 16]]]
    assert "row shape = (2, 2)" in lines(capsys.readouterr().out)
    with pytest.raises(AssertionFailed, match="small"):
        f([1.0, 2.0], [1.0, 1.0], [[1.0, 2.0], [3.0, 400.0]])


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
