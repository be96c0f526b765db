"""Eager previews, and test values while building."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, GradcWarning, MissingInputError, ShapeError
from gradc.graph.op import BUILT


def place(text: object) -> str:
    return re.sub(r"py:\d+", "py:7", str(text))


def test_a_preview_computes_by_the_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    x, b = T.matrix("x"), T.fvector("b")
    w = gradc.shared(np.full((3, 2), 0.5), name="w")
    h = T.tanh(x.dot(w))
    h.name = "h"
    y = (h + b).sum(axis=0)
    values = np.arange(6.0).reshape(2, 3)
    expected = (np.tanh(values @ np.full((3, 2), 0.5)) + 1).sum(axis=0)
    np.testing.assert_allclose(y.preview({x: values}, b=[1, 1]), expected)
    np.testing.assert_allclose(y.preview({h: np.ones((4, 2)), b: [1, 1]}), [8, 8])
    assert T.cast(x, "int8").preview(x=[[1.7]]).dtype == np.int8
    assert not capsys.readouterr().out
    y.preview(x=values, b=[1, 1], show=True)
    shown = place(capsys.readouterr().out).splitlines()
    assert [re.sub(" +", " ", line) for line in shown] == [
        "x float64[2, 3] [[0., 1., 2.], [3., 4., 5.]] [test_preview.py:7]",
        "b float32[2] [1., 1.] [test_preview.py:7]",
        "w float64[3, 2] [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]] [test_preview.py:7]",
        "%3 = contract{out=ad, x=ab, y=bd} x, w float64[2, 2] [[1.5, 1.5], [6. , 6. ]] "
        "[test_preview.py:7]",
        "h = tanh %3 float64[2, 2] [[0.90514825, 0.90514825], [0.99998771, 0.99998771]] "
        "[test_preview.py:7]",
        "%5 = cast{dtype=float64} b float64[2] [1., 1.] [test_preview.py:7]",
        "%6 = dimshuffle{order=(x, 0)} %5 float64[1, 2] [[1., 1.]] [test_preview.py:7]",
        "%7 = add h, %6 float64[2, 2] [[1.90514825, 1.90514825], [1.99998771, 1.99998771]] "
        "[test_preview.py:7]",
        "%8 = sum{axes=(0,)} %7 float64[2] [3.90513597, 3.90513597] [test_preview.py:7]",
    ]


def test_what_a_preview_cannot_do() -> None:
    x, z = T.vector("x"), T.vector("z")
    with pytest.raises(MissingInputError) as raised:
        (x + z).preview(z=[1.0])
    assert place(raised.value) == (
        "preview: x has no value.\n"
        '    x : float64[?]    made at test_preview.py:7    x, z = T.vector("x"), T.vector("z")\n'
        "  Fix: pass one: preview({x: value}), or give it a tag.test_value."
    )
    with pytest.raises(ArgumentError, match=r"^preview: no input is called 'q'."):
        x.preview(q=1)
    with pytest.raises(ShapeError, match=r"^add: axis 0 has lengths 1 and 2."):
        (x + z).preview(x=[1.0], z=[1.0, 2.0])
    x.tag.test_value = np.array([3.0])
    assert (x * 2).preview().tolist() == [6]


def test_test_values_find_a_mistake_at_its_line() -> None:
    x, b = T.matrix("x"), T.vector("b")
    w = gradc.shared(np.ones((3, 2)), name="w")
    x.tag.test_value, b.tag.test_value = np.ones((4, 3)), np.ones(3)
    with gradc.config.override(compute_test_value="raise"):
        y = x.dot(w)
        assert y.tag.test_value.tolist() == [[3, 3]] * 4
        with pytest.raises(ShapeError) as raised:
            y + b
        assert raised.traceback[0].statement.lines[0].strip() == "y + b"
        assert T.grad((y**2).sum(), x).tag.test_value.shape == (4, 3)
        f = gradc.function([x], y.sum())  # rewriting makes nodes of its own
        assert f(np.ones((2, 3))) == 12
        assert "step 0" in str(f.stages.program)
        assert gradc.get_test_value(w).shape == (3, 2)
        assert [v[0].shape for v in gradc.get_debug_values(y, 1.0)] == [(4, 2)]
    assert not BUILT
    z = x.dot(w)
    assert not hasattr(z.tag, "test_value")
    assert gradc.get_debug_values(x) == []


@pytest.mark.parametrize("action", ["ignore", "warn", "raise", "pdb"])
def test_inputs_without_a_value(action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = T.vector("x")
    stopped: list[Any] = []
    monkeypatch.setattr("pdb.set_trace", lambda: stopped.append(1))
    text = (
        "x has no test value.\n"
        '    x : float64[?]    made at test_preview.py:7    x = T.vector("x")\n'
        "  Fix: give it one: x.tag.test_value = array, or set config.compute_test_value to ignore."
    )
    with gradc.config.override(compute_test_value=action):
        if action == "ignore":
            y = T.exp(x * 2)
            assert not hasattr(y.tag, "test_value")
            assert gradc.get_debug_values(x) == []
            with pytest.raises(AssertionError, match="loud"):
                gradc.debug_assert(False, "loud")
        elif action == "warn":
            with pytest.warns(GradcWarning) as caught:
                T.exp(x)
            assert place(caught[0].message) == text
            with pytest.warns(GradcWarning, match="loud"):
                gradc.debug_assert(False, "loud")
        else:
            for what in (lambda: T.exp(x), lambda: gradc.get_debug_values(x)):
                with pytest.raises(MissingInputError) as raised:
                    what()
                assert place(raised.value) == text
                assert isinstance(raised.value, AttributeError)
            with pytest.raises(AssertionError, match="loud"):
                gradc.debug_assert(False, "loud")
            assert bool(stopped) == (action == "pdb")
    gradc.debug_assert(False)  # off


def test_the_environment_turns_them_on() -> None:
    config = gradc.config.__class__({"GRADC_COMPUTE_TEST_VALUE": "warn", "GRADC_PROFILE": "1"})
    options = config.freeze()
    assert (options.compute_test_value, options.profile) == ("warn", True)
    with pytest.raises(ArgumentError):
        gradc.config.compute_test_value = "often"


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
