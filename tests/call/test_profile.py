"""profile=True: the times of steps, by step and by line."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError


def step(**options: Any) -> gradc.Function:
    x = T.matrix("x")
    w = gradc.shared(np.full((30, 20), 0.1), name="w")
    h = T.tanh(x.dot(w))
    g = T.grad((h**2).sum(), w)
    return gradc.function([x], h.sum(), updates=[(w, w - 0.1 * g)], name="train", **options)


def test_a_profile_adds_up_and_names_steps_and_lines() -> None:
    f, plain = step(profile=True), step()
    for _ in range(7):
        np.testing.assert_array_equal(f(np.ones((400, 30))), plain(np.ones((400, 30))))
    assert plain.profile is None
    assert "GC_TIME" in str(plain.stages.source)
    assert plain.stages.library.key != f.stages.library.key
    (found,) = f.profile.functions
    program = f.stages.program
    assert (found.name, found.calls, f.profile.calls) == ("train", 7, 7)
    assert len(found.steps) == program.steps
    assert all(seconds > 0 for seconds in found.steps)
    assert sum(found.steps) <= found.running <= found.total == f.profile.seconds
    assert sum(found.steps) > 0.3 * found.running
    text = f.profile.summary("str")
    assert re.match(r"Profile of train: 7 calls, +\d+\.\d\d [mu]s, +\d+\.\d\d [mu]s each\n", text)
    by_step, by_line = text.split("By step")[1].split("By line")
    assert by_step.count("[test_profile.py:") >= 2
    assert re.search(r"product \d: .* = gemm", by_step)
    assert "h = T.tanh(x.dot(w))" in by_line
    shares = [float(share) for share in re.findall(r"^ +(\d+\.\d) %", by_line, re.M)]
    assert shares == sorted(shares, reverse=True)
    assert abs(sum(shares) - 100 * sum(found.steps) / found.total) < 1
    short = f.profile.summary("str", n_steps=1)
    assert re.search(r"\d+\.\d %  +\d+\.\d\d .s  \d+ more", short)


def test_a_function_that_was_never_called_and_one_that_fails() -> None:
    x = T.vector("x")
    f = gradc.function([x], T.assert_op(x, x > 0).sum(), profile=True)
    assert "0 calls" in f.profile.summary("str")
    f([1.0])
    with pytest.raises(AssertionError):
        f([-1.0])
    assert f.profile.calls == 2


def test_one_profile_of_several_functions(capsys: pytest.CaptureFixture[str]) -> None:
    stats = gradc.ProfileStats()
    x = T.vector("x")
    f = gradc.function([x], T.exp(x), profile=stats, name="f")
    g = gradc.function([x], T.sin(x), profile=stats, name="g")
    f([1.0]), f([2.0]), g([1.0])
    assert [(each.name, each.calls) for each in stats.functions] == [("f", 2), ("g", 1)]
    assert f.profile is stats is g.profile
    stats.summary()
    assert capsys.readouterr().out.count("Profile of") == 2
    file = io.StringIO()
    gradc.print_global_stats(file)
    lines = file.getvalue().splitlines()
    assert lines[0] == "Time in profiled functions"
    assert any(re.search(r"2 calls  f$", line) for line in lines)


def test_what_is_interpreted_has_no_steps() -> None:
    x = T.vector("x")
    with pytest.raises(ArgumentError) as raised:
        gradc.function([x], x * 2, mode="REFERENCE", profile=True)
    assert str(raised.value) == (
        "function: Mode('py', 'None') interprets, and has no steps to profile.\n"
        "  Fix: leave profile= or mode= out."
    )
    with gradc.config.override(profile=True):
        assert gradc.function([x], x * 2, mode="REFERENCE").profile is None
        assert gradc.function([x], x * 2, mode="DebugMode")([1.0]) == 2
        assert gradc.function([x], x * 2, profile=False).profile is None


def test_the_setting_prints_at_the_end_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(
        "import gradc, gradc.tensor as T\n"
        "x = T.vector('x')\n"
        "f = gradc.function([x], T.exp(x) * 3, name='step')\n"
        "f([1.0])\n"
    )
    done = subprocess.run(
        [sys.executable, str(program)], env=os.environ | {"GRADC_PROFILE": "1"}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == ""
    assert done.stderr.startswith("Profile of step: 1 calls, ")
    assert "train.py:3  f = gradc.function([x], T.exp(x) * 3, name='step')" in done.stderr


def test_the_plan_of_memory_step_by_step() -> None:
    x = T.matrix("x")
    y = T.sort(T.exp(x), axis=0)
    with gradc.config.override(profile_memory=True):
        f = gradc.function([x], [y.sum(), T.sort(y * x, axis=1)], profile=True)
    f(np.ones((100, 10)))
    text = f.profile.summary("str").split("Memory of intermediate values: ")[1]
    head, title, *rows = text.splitlines()
    assert title == "By step: in use, a worker, what begins and ends"
    assert len(rows) == f.stages.program.steps
    used = [re.findall(r"(\d+\.?\d*) (K?B) ", row)[0] for row in rows]
    most = max(float(n) * (1e3 if unit == "KB" else 1) for n, unit in used)
    planned, least = (float(n) * 1e3 for n in re.findall(r"(\d+\.\d+) KB", head))
    assert 8000 <= least == most <= planned
    assert re.search(r", in step \d+$", head)
    assert set(re.findall(r"(%\d+) 8.00 KB", text))


def test_the_time_of_rewriting_by_pass_and_rule() -> None:
    x = T.vector("x")
    with gradc.config.override(profile_optimizer=True):
        f = gradc.function([x], T.log(T.exp(x) + 1) * 1, profile=True)
    f([1.0])
    text = f.profile.summary("str", n_steps=1000)
    passes, rules = text.split("By pass of rewriting: share, time\n")[1].split("By rule: ")
    assert re.findall(r"ms  (\w+)", passes) == list(f.stages.trace.stages)
    applied = [int(n) for n in re.findall(r"(\d+)  \w+: \w+", rules)]
    assert sum(applied) == len(f.stages.trace) > 1
    plain = gradc.function([x], T.log(T.exp(x) + 1) * 1, profile=True)
    assert plain.stages.library.key == f.stages.library.key
    assert "By pass" not in plain.profile.summary("str")


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
