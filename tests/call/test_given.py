"""Options of DebugMode, arrays that results are written into, and the optimizer "unsafe"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.call.given import KINDS, check_given
from gradc.call.watching import _check_strides
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    AssertionFailed,
    BadThunkOutput,
    GradcWarning,
)

pytestmark = pytest.mark.usefixtures("quickly")


def test_results_may_be_written_anywhere() -> None:
    x = T.matrix("x")
    w = gradc.shared(np.ones(3), "w")
    mode = gradc.DebugMode(check_preallocated_output="ALL", require_matching_strides=2)
    f = gradc.function(
        [x], [x.T * 2, (x + w).sum(), x > 0, x.argmax(axis=0)], updates=[(w, w + 1)], mode=mode
    )
    for values in (np.ones((2, 3)), np.zeros((2, 3)), np.zeros((4, 3))):
        before = w.get_value()
        got = f(values)
        np.testing.assert_array_equal(got[0], values.T * 2)
        assert got[1] == (values + before).sum()
        np.testing.assert_array_equal(w.get_value(), before + 1)


def honest(x: Any, out: Any = None) -> Any:
    """A function as compiled ones are."""
    array = np.empty(x.shape) if out is None or out[0] is None else out[0]
    if array.shape != x.shape or not array.flags.c_contiguous:
        raise ArgumentError("no array to write into")
    array[...] = x
    return [array]


def forgetful(x: Any, out: Any = None) -> Any:
    """Leaves an element as it was."""
    found = honest(x, out)
    if out is not None:
        found[0][0, 0] = np.nan
    return found


def copying(x: Any, out: Any = None) -> Any:
    """Gives another array than it was given."""
    return [honest(x, out)[0].copy()]


def rude(x: Any, out: Any = None) -> Any:
    """Writes before it looks."""
    if out is not None:
        out[0][...] = 0
    return honest(x, out)


@pytest.mark.parametrize(
    ("function", "kinds"),
    [(forgetful, ("initial", "previous", "c_contiguous")), (copying, ("initial",))],
)
def test_what_is_written_wrong_is_found(function: Any, kinds: Any) -> None:
    x, previous = np.arange(6.0).reshape(2, 3), [np.zeros((2, 3))]
    check_given("f", honest, [x], KINDS, previous)
    for kind in kinds:
        with pytest.raises(BadThunkOutput, match=rf"^f: output 0 .* given \({kind}\) is not what"):
            check_given("f", function, [x], [kind], previous)


def test_the_message_shows_both() -> None:
    with pytest.raises(BadThunkOutput) as raised:
        check_given("f", forgetful, [np.ones((1, 2))], ["initial"], [])
    assert str(raised.value) == (
        "f: output 0 in an array that was given (initial) is not what a new one holds.\n"
        "    given got float64[1, 2] [[nan, 1.]]        new   got float64[1, 2] [[1., 1.]]\n"
        "  Fix: leave out= out meanwhile, and report it."
    )


@pytest.mark.parametrize("kind", ["f_contiguous", "strided", "wrong_size"])
def test_what_does_not_fit_stays_untouched(kind: str) -> None:
    with pytest.raises(ArgumentError, match="no array to write into"):
        check_given("f", rude, [np.ones((2, 3))], [kind], [])


def test_arrays_out_of_order_are_found() -> None:
    x, array = T.matrix("x"), np.ones((2, 3)).T
    _check_strides("f", [x], [array], 0)
    with pytest.warns(GradcWarning, match="the C of x gives an array that is not in C order"):
        _check_strides("f", [x], [array], 1)
    with pytest.raises(BadThunkOutput, match=r"strides \(8, 24\)"):
        _check_strides("f", [x], [array], 2)


def test_options_that_say_nothing() -> None:
    with pytest.raises(ArgumentError, match="knows no 'all'"):
        gradc.DebugMode(check_preallocated_output="initial:all")
    with pytest.raises(ArgumentTypeError, match="is text, got True"):
        gradc.DebugMode(check_preallocated_output=True)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="check_py_code=False needs it"):
        gradc.DebugMode(check_c_code=False, check_py_code=False)
    with pytest.raises(ArgumentError, match="check_preallocated_output needs it"):
        gradc.DebugMode(check_c_code=False, check_preallocated_output="ALL")
    with pytest.raises(ArgumentError, match="stability_patience='x' is no number of times"):
        gradc.DebugMode(stability_patience="x")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="require_matching_strides=3 says nothing"):
        gradc.DebugMode(require_matching_strides=3)


def test_unsafe_takes_assertions_for_true() -> None:
    x = T.dvector("x")
    y = T.exp(T.Assert("x is positive")(x, T.all(x > 0)))
    f = gradc.function([x], y, mode=gradc.Mode(optimizer="unsafe"))
    assert "assertion_dropped" in f.stages.trace.counts
    assert "check" not in str(f.stages.optimized)
    np.testing.assert_allclose(f([-1.0]), np.exp([-1.0]))
    kept = gradc.Mode(optimizer="unsafe").excluding("assertion_dropped")
    for mode in (kept, "FAST_RUN"):
        with pytest.raises(AssertionFailed):
            gradc.function([x], y, mode=mode)([-1.0])


def test_theanos_words_for_fusion_and_for_operations_in_place() -> None:
    x = T.dvector("x")
    seen: list[Any] = []
    mode = gradc.MonitorMode(post_func=lambda i, node, fn: seen.append(node))
    gradc.function([x], x * 2 + 1, mode=mode.excluding("local_elemwise_fusion", "inplace"))([1.0])
    assert seen
    with pytest.raises(ArgumentError, match="no pass called 'inplace'"):
        gradc.function([x], x * 2, mode=gradc.Mode().excluding("inplace"))
