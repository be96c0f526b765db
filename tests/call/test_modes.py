"""Modes: by name and as objects; NanGuardMode, MonitorMode, DebugMode with planted faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.call import modes
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    AssertionFailed,
    BadOptimization,
    BadThunkOutput,
    NanGuardError,
    StochasticOrder,
)
from gradc.graph.op import DECLARATIONS
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.declare import FUNCTIONS, SAMPLES, elemwise
from gradc.ops.rules import to_float
from gradc.rewrite import passes
from gradc.rewrite.engine import Pass
from gradc.rewrite.pattern import P, wildcards
from gradc.rewrite.rule import rule


def place(text: object) -> str:
    return re.sub(r"py:\d+", "py:7", str(text))


def loss() -> tuple[Variable, Variable, Any]:
    x = T.vector("x")
    w = gradc.shared(np.array([1.0, 2.0, 3.0]), name="w")
    y = T.log(x)
    return x, T.switch(x > 0, y * w, 0.0).sum(), w


# -- names and objects -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode",
    [
        None, "FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode", "DEBUG_MODE", "NanGuardMode",
        gradc.Mode(), gradc.Mode("py", "fast_run"), gradc.Mode("c|py_nogc", None),
        gradc.Mode("cvm", "o1"), gradc.Mode().excluding("fusion", "stabilize", "product_with_log"),
    ],
    ids=str,
)  # fmt: skip
def test_every_mode_computes_the_same(mode: Any) -> None:
    x, cost, w = loss()
    if isinstance(mode, gradc.Mode) and "product_with_log" in mode.excluded:
        mode = mode.including("product_with_log").requiring("stabilize")
        assert mode.excluded == ("fusion",)
    f = gradc.function([x], [cost, T.grad(cost, x)], updates=[(w, w * 2)], mode=mode)
    values = np.array([1.0, 2.0, 4.0])
    for scale in (1, 2):
        got, slope = f(values)
        np.testing.assert_allclose(got, (np.log(values) * [1, 2, 3]).sum() * scale)
        np.testing.assert_allclose(slope, np.array([1, 2, 3]) * scale / values)
    assert w.get_value().tolist() == [4, 8, 12]


def test_excluding_leaves_rules_out_and_fusion_too() -> None:
    x = T.vector("x")
    y = T.log(1 + T.exp(x)) * 1
    f = gradc.function([x], y, mode=gradc.Mode().excluding("stabilize", "factor_of_one"))
    assert f([1000.0])[0] == np.inf
    names = f.stages.trace.counts
    assert "factor_of_one" not in names
    assert "log_of_one_plus_exp" not in names
    assert gradc.function([x], y)([1000.0])[0] == 1000
    fused, single = (
        str(gradc.function([x], T.exp(x).sum() + T.sin(x).sum(), mode=mode).stages.program)
        for mode in ("FAST_RUN", gradc.Mode().excluding("fusion"))
    )
    assert single.count(": nest") > fused.count(": nest")


def test_names_that_are_none() -> None:
    x = T.vector("x")
    for make, text in (
        (lambda: gradc.function([x], x, mode="FAST"), "function: there is no mode 'FAST'.\n"),
        (lambda: gradc.Mode("jit"), "Mode: there is no linker 'jit'.\n"),
        (lambda: gradc.Mode(optimizer="o9"), "Mode: there is no optimizer 'o9'.\n"),
        (
            lambda: gradc.function([x], x * 2, mode=gradc.Mode().excluding("inplace")),
            "mode: there is no rule and no pass called 'inplace'.\n",
        ),
        (lambda: gradc.NanGuardMode(linker="py"), "NanGuardMode: its checks are compiled"),
        (lambda: gradc.register_mode("FAST_RUN", gradc.Mode()), "register_mode: 'FAST_RUN' is"),
    ):
        with pytest.raises(ArgumentError) as raised:
            make()
        assert str(raised.value).startswith(text)
    with pytest.raises(ArgumentTypeError):
        gradc.function([x], x, mode=3)


def test_the_default_mode_and_modes_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "_NAMED", dict(modes._NAMED))
    assert gradc.get_default_mode() is gradc.get_mode("FAST_RUN")
    with gradc.config.override(mode="NanGuardMode"):
        assert isinstance(gradc.get_mode(), gradc.NanGuardMode)
        x = T.vector("x")
        with pytest.raises(NanGuardError):
            gradc.function([x], T.sqrt(x))([-1.0])
    name = "test-own-mode"
    gradc.register_mode(name, gradc.Mode("cvm", "fast_compile"))
    assert gradc.get_mode(name).way == "FAST_COMPILE"


# -- NanGuardMode ----------------------------------------------------------------------------------


def test_nan_guard_names_the_first_operation_its_line_and_operands() -> None:
    x, cost, w = loss()
    f = gradc.function([x], cost, updates=[(w, w + cost)], mode="NanGuardMode", name="train")
    with pytest.raises(NanGuardError) as raised:
        f([1.0, -2.0, 1.0])
    assert place(raised.value) == (
        "train: log (test_modes.py:7) gives nan (1 of 3 elements).\n"
        "    y : float64[?]    got float64[3] [ 0., nan, 0.]    made at test_modes.py:7    "
        "y = T.log(x)\n"
        "    x : float64[?]    got float64[3] [ 1., -2., 1.]    made at test_modes.py:7    "
        'x = T.vector("x")\n'
        "  Fix: look at what it got; a clip, another scale or a smaller step may help."
    ).replace("    y : ", "    log : ").replace("    x : ", "    x   : ")
    assert isinstance(raised.value, AssertionFailed)
    assert w.get_value().tolist() == [1, 2, 3]
    with pytest.raises(NanGuardError, match=r"gives an infinity \(1 of 3 elements\)"):
        f([1.0, 0.0, 1.0])
    with pytest.raises(NanGuardError, match=r"^train: the input x has a number above 1e\+10"):
        f([1.0, 1e11, 1.0])
    w.set_value(np.array([np.nan, 0, 0]))
    with pytest.raises(NanGuardError, match=r"^train: the input w has nan"):
        f([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("flags", "bad"),
    [
        ((True, False, False), [np.nan]),
        ((False, True, False), [np.inf]),
        ((False, False, True), [np.inf, 1e11]),
        ((True, True, False), [np.nan, np.inf]),
        ((True, True, True), [np.nan, np.inf, 1e11]),
    ],
)
def test_what_nan_guard_forbids(flags: tuple[bool, ...], bad: list[float]) -> None:
    x = T.fvector("x")
    f = gradc.function([x], -x, mode=gradc.NanGuardMode(*flags))
    for value in (1.0, np.nan, np.inf, -1e11):
        argument = np.array([0.0, value], "float32")
        if abs(value) in bad or (np.isnan(value) and flags[0]):
            with pytest.raises(NanGuardError):
                f(argument)
        else:
            np.testing.assert_array_equal(f(argument), -argument)


# -- MonitorMode -----------------------------------------------------------------------------------


def test_monitor_mode(capsys: pytest.CaptureFixture[str]) -> None:
    x = T.vector("x")
    seen: list[Any] = []

    def before(i: int, node: Any, fn: Any) -> None:
        assert fn.outputs == [[None]]
        seen.append((i, node.op.name, [cell[0].tolist() for cell in fn.inputs]))

    mode = gradc.MonitorMode(pre_func=before, post_func=gradc.detect_nan)
    w = gradc.shared(1.0)
    f = gradc.function([x], T.log(x * 3).sum(), updates=[(w, w + 1)], mode=mode)
    np.testing.assert_allclose(f([1.0, 2.0]), np.log(18))
    assert w.get_value() == 2
    assert ("log", [[3, 6]]) in [(name, values) for _, name, values in seen]
    assert [i for i, *_ in seen] == list(range(len(seen)))
    assert not capsys.readouterr().out
    f([-1.0])
    shown = place(capsys.readouterr().out)
    assert re.match(r"\*\*\* NaN detected \*\*\* by operation \d, test_modes.py:7\nlog", shown)
    assert "Inputs : [array([-3.])]\nOutputs: [array([nan])]\n" in shown


# -- DebugMode -------------------------------------------------------------------------------------


@pytest.fixture
def tripled() -> Iterator[Callable[[Variable], Variable]]:
    """A wrong operation, withdrawn when the test is over: other tests take all there are."""
    word = "tripled_for_a_test"
    yield elemwise(
        word,
        doc="Twice x, but for its C.",
        dtype=to_float,
        c=scalar_fn("{x} * 3"),
        ref=lambda x: x * 2,
        pullback=lambda cts, outs, x: (cts[0] * 2,),
    )
    for table in (DECLARATIONS, FUNCTIONS, SAMPLES):
        table.pop(word, None)


def test_debug_mode_names_an_operation_whose_c_is_wrong(
    tripled: Callable[[Variable], Variable],
) -> None:
    x = T.vector("x")
    w = gradc.shared(0.0)
    y = T.exp(tripled(x + 1)).sum()
    f = gradc.function([x], y, updates=[(w, w + y)], mode="DebugMode")
    with pytest.raises(BadThunkOutput) as raised:
        f([0.0, 1.0])
    assert place(raised.value) == (
        "f: the C of tripled_for_a_test (test_modes.py:7) does not give what its reference gives.\n"
        "    C         : float64[?]    got float64[2] [3., 6.]    made at test_modes.py:7    "
        "y = T.exp(tripled(x + 1)).sum()\n"
        "    reference : float64[?]    got float64[2] [2., 4.]    made at test_modes.py:7    "
        "y = T.exp(tripled(x + 1)).sum()\n"
        "    add       : float64[?]    got float64[2] [1., 2.]    made at test_modes.py:7    "
        "y = T.exp(tripled(x + 1)).sum()\n"
        '  Fix: interpret it meanwhile, mode="REFERENCE", and report it.'
    )
    assert w.get_value() == 0
    f = gradc.function([x], y, mode=gradc.DebugMode(check_c_code=False))
    assert f([0.0]) == np.exp(2)  # nothing is compiled
    f = gradc.function([x], y, mode=gradc.DebugMode(check_py_code=False))
    assert f([0.0]) == np.exp(3)  # no reference is asked


@pytest.mark.parametrize("keeps", ["exact", "stabilises"])
def test_debug_mode_names_a_rule_that_is_wrong(keeps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (v,) = wildcards("v")

    @rule(P.cos(v), keeps=keeps)
    def cos_as_sin(v: Variable) -> Variable:
        """Wrong."""
        return T.sin(v)

    planted = Pass("planted", (cos_as_sin,))
    monkeypatch.setitem(passes.PASSES, "FAST_RUN", (*passes.PASSES["FAST_RUN"], planted))
    x = T.vector("x")
    f = gradc.function([x], T.cos(2 * x).sum(), mode="DebugMode")
    with pytest.raises(BadOptimization) as raised:
        f([0.0, 1.0])
    assert place(raised.value).startswith(
        "f: the rule cos_as_sin of planted changes a value (test_modes.py:7).\n"
        "    before : float64[?]    got float64[2] [ 1. , -0.41614684]    made at test_modes.py:7"
    )
    assert "Fix: leave it out, Mode().excluding('cos_as_sin'), and report it: cos_as_sin  " in str(
        raised.value
    )


def test_debug_mode_lets_stabilisers_mend(capsys: pytest.CaptureFixture[str]) -> None:
    x = T.vector("x")
    y = T.Print("p")(T.log(1 + T.exp(x)))
    f = gradc.function([x], [y, T.log(T.sigmoid(x)), T.softmax(x)],
                       mode="DebugMode")  # fmt: skip
    got = f([-1000.0, 0.0, 1000.0])
    np.testing.assert_allclose(got[0], [0, np.log(2), 1000])
    np.testing.assert_allclose(got[1], [-1000, -np.log(2), 0], atol=1e-300)
    assert "p __str__ =" in capsys.readouterr().out
    with pytest.raises(BadThunkOutput, match=r"^f: log \(test_modes.py:\d+\) gives a value that"):
        gradc.function([x], T.log(x), mode=gradc.DebugMode(check_isfinite=True))([0.0])


def test_debug_mode_sees_rules_that_depend_on_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    (v,) = wildcards("v")
    count = iter(range(100))

    @rule(P.cos(v), keeps="exact")
    def sometimes(v: Variable) -> Variable | None:
        """Fires every other time."""
        return T.sin(v) if next(count) % 2 else None

    planted = Pass("planted", (sometimes,))
    monkeypatch.setitem(passes.PASSES, "FAST_RUN", (*passes.PASSES["FAST_RUN"], planted))
    x = T.vector("x")
    with pytest.raises(StochasticOrder, match=r"^f: rewriting the graph twice gives two graphs."):
        gradc.function([x], T.cos(x), mode="DebugMode")


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")


def test_the_interpreter_gives_views_in_any_order() -> None:
    """A transposed array as it comes from numpy is Fortran's: results and updates are C's."""
    w, x = gradc.shared(np.arange(6.0).reshape(3, 2), "w"), T.dmatrix("x")
    f = gradc.function([x], [x.T, w.dimshuffle(1, 0), x[:, ::2]], updates=[(w, w.T)],
                       mode="REFERENCE")  # fmt: skip
    a = np.arange(8.0).reshape(2, 4)
    wanted = (a.T, w.get_value().T, a[:, ::2])
    for found, expected in zip(f(a), wanted, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.flags.c_contiguous
    assert w.get_value().shape == (2, 3)
