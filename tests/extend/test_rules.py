"""Rules of users: in the functions of a mode, and nowhere else."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, BadOptimization, RewriteError
from gradc.rewrite import P, Pass, rule, wildcards
from tests.extend.operations import Cube, Scale
from tests.extend.rules import cube_as_product, doubled_and_exp, never

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.mark.parametrize("base", ["FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode"])
def test_rules_of_a_mode(base: str) -> None:
    x = T.dvector("x")
    outputs = [Cube()(x), Scale(2.0)(x) + T.exp(x), Scale(3.0)(x) + T.exp(x)]
    mode = gradc.get_mode(base).including(cube_as_product, doubled_and_exp)
    f = gradc.function([x], outputs, mode=mode)
    v = np.array([1.0, 2.0])
    for got, want in zip(f(v), [v**3, 2 * v + np.exp(v), 3 * v + np.exp(v)], strict=True):
        np.testing.assert_allclose(got, want)
    if base == "FAST_RUN":
        text = str(f.stages.trace)
        assert text.startswith("user: 2 changes\n  cube_as_product  Cube(x) =>")
        assert "Scale{factor=3.0}" in str(f.stages.optimized)
        assert "Cube" not in str(f.stages.optimized)
    plain = gradc.function([x], outputs, mode=base)
    assert "cube_as_product" not in str(plain.stages.trace)
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again(v)[0], v**3)
    assert "+cube_as_product" in str(mode)


def test_passes_have_names_and_can_be_left_out() -> None:
    x = T.dvector("x")
    mode = gradc.Mode(optimizer=None).including(Pass("mine", (cube_as_product,)))
    f = gradc.function([x], Cube()(x), mode=mode)
    assert str(f.stages.trace).startswith("mine: 1 changes")
    for name in ("mine", "cube_as_product"):
        g = gradc.function([x], Cube()(x), mode=mode.excluding(name))
        assert "Cube" in str(g.stages.optimized)
    with pytest.raises(ArgumentError, match="there is no rule and no pass called 'others'"):
        gradc.function([x], Cube()(x), mode=mode.excluding("others"))


def test_rules_that_are_wrong_say_so() -> None:
    x = T.dvector("x")
    (u,) = wildcards("u")

    @rule(P.sin(u), keeps="exact")
    def sin_as_cos(u: Any) -> Any:
        return T.cos(u)

    @rule(P.cos(u), keeps="exact")
    def cos_as_sin(u: Any) -> Any:
        return T.sin(u)

    with pytest.raises(RewriteError, match=r"rule never: gives float64\[\] in place of float64"):
        gradc.function([x], T.tanh(x), mode=gradc.Mode().including(never))
    with pytest.raises(RewriteError, match="rules undo each other: sin_as_cos, cos_as_sin"):
        gradc.function([x], T.sin(x), mode=gradc.Mode().including(sin_as_cos, cos_as_sin))
    with pytest.raises(ArgumentTypeError, match="is no rule and no pass"):
        gradc.function([x], T.sin(x), mode=gradc.Mode().including(3.0))
    f = gradc.function([x], T.sin(x), mode=gradc.DebugMode().including(sin_as_cos))
    with pytest.raises(BadOptimization, match="the rule sin_as_cos of user changes a value"):
        f([1.0])
    local = gradc.function([x], T.sin(x), mode=gradc.Mode().including(sin_as_cos))
    assert local([0.0]).tolist() == [1.0]
    with pytest.raises(ArgumentTypeError, match="define it at the top of a module"):
        pickle.dumps(local)
    with pytest.raises(ArgumentError, match="it holds Python code or rules"):
        local.save("never")


PROGRAM = """
import sys, gradc, gradc.tensor as T
from gradc.rewrite import P, rule, wildcards
asked = []
gradc.config.on_compile = lambda lookup: asked.append((lookup.slot is None, lookup.hit))
x, (u,) = T.dvector("x"), wildcards("u")
@rule(P.sin(u), keeps="rounding")
def mine(u): return u * float(sys.argv[1])
modes = [gradc.Mode().including(mine), "FAST_RUN"]
print([gradc.function([x], T.sin(x), mode=each)([0.0]).tolist() for each in modes[1:]])
print(gradc.function([x], T.sin(x), mode=modes[0])([1.0]).tolist(), asked)
"""


def test_another_process_never_takes_it_by_the_graphs_key() -> None:
    for number in ("2", "3"):
        got = subprocess.run(
            [sys.executable, "-c", PROGRAM, number], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert got[0] == "[[0.0]]"
        assert got[1].startswith(f"[{float(number)}] [(False, ")
        assert got[1].endswith(", (True, False)]")
