"""A second process: no pass runs, and what it says is about today's program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gradc
import gradc.tensor as T
from gradc import compile as compile_module
from gradc.graph.flat import flatten
from gradc.graph.op import DECLARATIONS
from gradc.value import replace

ROOT = Path(__file__).resolve().parents[2]
COLD = ("gradc.descent", "gradc.lower", "gradc.emit.file", "gradc.emit.render", "jinja2",
        "gradc.kernel.loops")  # fmt: skip

PROGRAM = """\
import sys
import numpy as np
import gradc
import gradc.tensor as T

x = T.matrix({x!r})
w = gradc.shared(np.full((3, 2), 0.25), name={w!r})
k = T.lvector("k")
{blank}
table = T.constant(np.arange(100.0))
scale = (T.constant([1.0, 2.0]) + T.constant([2.0, 3.0])) * 2
hidden = T.tanh(T.dot(x, w) * scale)
cost = (hidden * hidden).sum() + table[k].sum() + T.log(1 + T.exp(x)).sum()
step = gradc.function([x, k], [cost, hidden], updates={{w: w - 0.1 * T.grad(cost, w)}}, name="step")
print([m for m in {cold!r} if m in sys.modules])
for _ in range(2):
    print([a.tolist() for a in step(np.arange(6.0).reshape(2, 3) / 10, [1, 98])])
for wrong in ((np.ones((2, 4)), [1]), (np.ones((2, 3)), [1, 100])):
    try:
        step(*wrong)
    except ValueError as error:
        print(type(error).__name__, error)
    except IndexError as error:
        print(type(error).__name__, error)
print(w.get_value().tolist())
print("----")
for stage in ("graph", "optimized", "trace", "program", "source", "library"):
    print(getattr(step.stages, stage))
"""


LOOPS = """\
import sys
import numpy as np
import gradc
import gradc.tensor as T

x, start, table = T.matrix({x!r}), T.vector("start"), T.vector("table")
w, flag = T.matrix("w"), T.scalar("flag")
k = T.lvector("k")
{blank}
square = gradc.OpFromGraph([start], [start * start])

def step(row, {h}):
    return T.tanh(T.dot({h}, w) + row), square({h}).sum()

def count(i, seen):
    return (seen + table[i], gradc.until(seen > 100.0))

(h, c), _ = gradc.scan(step, x, [start, None])
seen, _ = gradc.scan(count, k, T.constant(0.0))
cost = gradc.ifelse(flag > 0, (h ** 2).sum(), c.sum()) + seen[-1]
slopes = T.grad(cost, [w, start])
f = gradc.function([x, start, w, flag, k, table], [cost, *slopes], name="loops")
print([m for m in {cold!r} if m in sys.modules])
args = np.arange(8.0).reshape(4, 2) / 9, np.ones(2), np.eye(2) / 2
for on in (0.0, 1.0):
    print([a.tolist() for a in f(*args, on, [0, 1], np.arange(3.0))])
far = *args, 1.0, [0, 7], np.arange(3.0)
wide = args[0], np.ones(3), np.eye(2), 0.0, [0], [1.0]
for wrong in (far, wide):
    try:
        f(*wrong)
    except (ValueError, IndexError) as error:
        print(type(error).__name__, error)
"""


def run(folder: Path, text: str, **environ: str) -> str:
    """The program's output; it lies at program.py in `folder`, its cache beside it."""
    file = folder / "program.py"
    file.write_text(text)
    environment = {**os.environ, "GRADC_CACHE_DIR": str(folder / "cache"), **environ}
    done = subprocess.run(
        [sys.executable, str(file)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(x: str = "x", w: str = "w", blank: str = "") -> str:
    return PROGRAM.format(x=x, w=w, blank=blank, cold=COLD)


def test_a_second_process_runs_no_pass_and_says_the_same(tmp_path: Path) -> None:
    first = run(tmp_path, program(), PYTHONHASHSEED="1")
    second = run(tmp_path, program(), PYTHONHASHSEED="2")
    assert first.splitlines()[0] == str(list(COLD))
    assert second.splitlines()[0] == "[]"
    assert first.splitlines()[1:] == second.splitlines()[1:]
    assert len(list((tmp_path / "cache" / "v1").iterdir())) == 1
    assert len(list((tmp_path / "cache" / "plans").iterdir())) == 1


def test_messages_are_about_the_program_that_runs(tmp_path: Path) -> None:
    run(tmp_path, program())
    changed = program("picture", "{weights}", "# a line\n" * 5)
    warm = run(tmp_path, changed)
    cold = run(tmp_path, changed, GRADC_CACHE_DIR=str(tmp_path / "other"))
    assert warm.splitlines()[0] == "[]"
    said, _, stages = warm.partition("----")
    cold_said, _, cold_stages = cold.partition("----")
    assert said.splitlines()[1:] == cold_said.splitlines()[1:]
    assert "matrix product (program.py:17): axis 1 of the left operand has length 4" in said
    assert "    picture   : float64[?, ?]    got float64[2, 4]    made at program.py:6" in said
    assert "    {weights} : float64[?, ?]    got float64[3, 2]    made at program.py:7" in said
    assert "indexing (program.py:18): index 100 is out of bounds" in said
    assert stages.splitlines()[:-3] == cold_stages.splitlines()[:-3]
    assert not any(b"picture" in path.read_bytes() for path in (tmp_path / "cache").rglob("*.json"))


def test_loops_have_a_plan(tmp_path: Path) -> None:
    """With branches, functions and lines inside; what is said is about the step that runs."""
    names = {"x": "x", "h": "h", "blank": "", "cold": COLD}
    first = run(tmp_path, LOOPS.format(**names), PYTHONHASHSEED="1")
    second = run(tmp_path, LOOPS.format(**names), PYTHONHASHSEED="2")
    assert first.splitlines()[0] == str(list(COLD))
    assert second.splitlines()[0] == "[]"
    assert first.splitlines()[1:] == second.splitlines()[1:]
    assert "indexing (program.py:16)" in second
    changed = LOOPS.format(**{**names, "x": "picture", "h": "past", "blank": "# a line\n" * 5})
    warm = run(tmp_path, changed)
    cold = run(tmp_path, changed, GRADC_CACHE_DIR=str(tmp_path / "other"))
    assert warm.splitlines()[0] == "[]"
    assert warm.splitlines()[1:] == cold.splitlines()[1:]
    assert "indexing (program.py:21)" in warm
    written = [path.read_bytes() for path in (tmp_path / "cache").rglob("*.json")]
    assert not any(b"picture" in each or b"past" in each for each in written)


def body(*changes: str) -> object:
    """The flat form of one small graph, or of one that differs in something."""
    x = T.vector("other" if "name" in changes else "x", dtype="float32")
    if "type" in changes:
        x = T.vector("x", dtype="float64")
    y = x + (2.0 if "constant" in changes else 3.0)
    out = y.sum() if "operation" in changes else y.mean()
    if "parameter" in changes:
        out = y.mean(keepdims=True)
    outputs = [out, y] if "outputs" in changes else [out]
    graph = gradc.function([x], outputs, mode="REFERENCE").graph
    return flatten(graph, lambda _: True).body


def test_what_the_flat_form_holds() -> None:
    assert body() is not None
    assert body() == body("name")
    kinds = ("type", "constant", "operation", "parameter", "outputs")
    assert len({repr(body(kind)) for kind in ("", *kinds)}) == 1 + len(kinds)


def test_indexing_has_a_flat_form() -> None:
    """Places, slices, steps and scalars that the call knows, and what is put back through them."""
    x, i = T.matrix("x"), T.lscalar("i")
    keys = (0, 1, slice(1, None), slice(None, 1), slice(None, None, 2), i, slice(i, None))
    outputs = [x[key] for key in keys]
    outputs += [T.grad(each.sum(), x) for each in outputs]
    bodies = []
    for each in outputs:
        graph = gradc.function([x, i], each, mode="REFERENCE", on_unused_input="ignore").graph
        bodies.append(flatten(graph, compile_module._is_ours).body)
    assert None not in bodies
    assert len(set(map(repr, bodies))) == len(outputs)


def test_what_has_no_flat_form() -> None:
    x = T.vector("x")
    graph = gradc.function([x], T.exp(x), mode="REFERENCE").graph
    assert flatten(graph, lambda _: False).body is None  # an operation that is not gradc's own


def test_every_operation_of_gradc_is_known_by_its_name() -> None:
    exp = T.exp(T.scalar()).owner.op.rule
    assert compile_module._is_ours(exp)
    assert len(compile_module._OURS) > 80
    toy = replace(exp, name="toy_of_test_warm")
    try:
        assert not compile_module._is_ours(toy)
    finally:
        del DECLARATIONS["toy_of_test_warm"]
