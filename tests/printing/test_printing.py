"""pp, debugprint, pydotprint: whole texts."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, DrawingError
from gradc.printing import debugprint, min_informative_str, pydotprint, var_descriptor

pytestmark = pytest.mark.usefixtures("quickly")


def formulas() -> dict[str, T.Variable]:
    x, w, b = T.matrix("x"), T.matrix("w"), T.vector("b")
    i, k = T.lvector("i"), T.lscalar("k")
    return {
        "x + 1.0": x + 1,
        "(x + w) * b": (x + w) * b,
        "x - (w - b)": x - (w - b),
        "x - w - b": x - w - b,
        "x / (w * b)": x / (w * b),
        "-x ** 2.0": -(x**2),
        "(-x) ** 2.0": (-x) ** 2,
        "x ** w ** 2.0": x ** (w**2),
        "(x ** w) ** 2.0": (x**w) ** 2,
        "(x > 0.0) & (x < w)": (x > 0) & (x < w),
        "x // 2.0 % w": x // 2 % w,
        r"x \dot w + b": x.dot(w) + b,
        r"x \dot (w \dot b)": x.dot(w.dot(b)),
        r"x \dot w \dot b": x.dot(w).dot(b),
        r"x * 2.0 \dot w.T": (x * 2).dot(w.T),
        r"exp(x.T \dot b)": T.exp(x.T.dot(b)),
        "x[1:, 0]": x[1:, 0],
        "x[::-1, k]": x[::-1, k],
        "x.shape[0]": x.shape[0],
        "float32(x)": T.cast(x, "float32"),
        "sum(x, axis=0)": x.sum(axis=0),
        "sum(x)": x.sum(),
        "max(x, axis=1).dimshuffle(0, 'x')": x.max(axis=1, keepdims=True),
        "switch(x > 0.0, x, -w)": T.switch(x > 0, x, -w),
        "x[:, :2][i]": x[i, :2],
        "(x + w)[0]": (x + w)[0],
    }


@pytest.mark.parametrize(("text", "variable"), formulas().items(), ids=list(formulas()))
def test_pp(text: str, variable: T.Variable) -> None:
    assert gradc.pp(variable) == text


def test_pp_stops_at_names_and_says_what_it_cannot_show() -> None:
    x = T.vector("x")
    h = T.exp(x)
    h.name = "h"
    assert gradc.pp(h + h) == "h + h"
    assert gradc.pp(h, x) == "exp(x)\nx"
    assert gradc.pprint is gradc.pp
    with pytest.raises(ArgumentTypeError) as raised:
        gradc.pp(3)
    assert str(raised.value) == (
        "pp: 3 is no variable.\n"
        "  Fix: pass an expression; gradc.printing.debugprint shows compiled functions too."
    )


def test_pp_and_debugprint_of_a_deep_graph_and_of_a_wide_one() -> None:
    x = T.scalar("x")
    deep = wide = x
    for _ in range(3000):
        deep = T.sin(deep)
    for _ in range(40):
        wide = wide + wide
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        deep_text, wide_text = gradc.pp(deep), gradc.pp(wide)
        tree = debugprint([deep, wide], file="str")
        words = min_informative_str(deep)
        whole = var_descriptor(wide)
    finally:
        sys.setrecursionlimit(limit)
    assert deep_text == "sin(" * 3000 + "x" + ")" * 3000
    assert wide_text.endswith("...")
    assert len(wide_text) < 300_000
    assert tree.count("\n") < 3000 + 40 * 3 + 5
    assert max(map(len, tree.splitlines())) < 300
    assert words.splitlines()[-1].strip() == "DKK. x"
    assert len(whole) < 4000


def test_debugprint_shows_shared_subtrees_once() -> None:
    x, b = T.matrix("x"), T.vector("b")
    h = T.tanh(x + b)
    h.name = "h"
    text = debugprint(h * h.sum(), print_type=True, file="str")
    assert text == (
        "mul [id A] <float64[?, ?]>\n"
        " ├─ tanh [id B] <float64[?, ?]> 'h'\n"
        " │   └─ add [id C] <float64[?, ?]>\n"
        " │       ├─ x [id D] <float64[?, ?]>\n"
        " │       └─ dimshuffle{order=(x, 0)} [id E] <float64[1, ?]>\n"
        " │           └─ b [id F] <float64[?]>\n"
        " └─ dimshuffle{order=(x, x)} [id G] <float64[1, 1]>\n"
        "     └─ sum{axes=(0, 1)} [id H] <float64[]>\n"
        "         └─ tanh [id B] <float64[?, ?]> 'h'\n"
        "             └─ ···"
    )


def test_debugprint_options(capsys: pytest.CaptureFixture[str]) -> None:
    x = T.vector("x")
    h = T.exp(x)
    h.name = "h"
    y = h + h
    assert debugprint(y, depth=2, file="str", ids="int") == (
        "add [id 0]\n ├─ exp [id 1] 'h'\n └─ exp [id 1] 'h'"
    )
    assert debugprint(y, stop_on_name=True, file="str", ids="") == "add\n ├─ exp 'h'\n └─ exp 'h'"
    assert debugprint(h, print_clients=True, file="str", ids="") == "exp 'h'\n └─ x read by exp[0]"
    done: dict[object, str] = {}
    assert debugprint(h, file="str", done=done) == "exp [id A] 'h'\n └─ x [id B]"
    assert debugprint(y, file="str", done=done) == (
        "add [id C]\n ├─ exp [id A] 'h'\n │   └─ ···\n └─ exp [id A] 'h'\n     └─ ···"
    )
    file = io.StringIO()
    assert debugprint(y.owner, file=file, ids="") is file
    assert file.getvalue() == "add\n ├─ exp 'h'\n │   └─ x\n └─ exp 'h'\n     └─ ···\n"
    debugprint([x, x], ids="")
    assert capsys.readouterr().out == "x\nx\n"
    with pytest.raises(ArgumentError, match="ids='HEX' is not known"):
        debugprint(y, ids="HEX")
    with pytest.raises(ArgumentTypeError, match="debugprint: 3 is no expression and no function"):
        debugprint([y, 3])


def test_debugprint_of_a_function_shows_what_was_compiled_and_where_it_lies() -> None:
    x = T.vector("x")
    w = gradc.shared(np.zeros(3), name="w")
    f = gradc.function([x], (x * w).sum() * 1.0, updates=[(w, w + 2 * x)])
    assert debugprint(f, file="str", print_storage=True) == (
        "sum{axes=(0,)} [id A] [%4 b4: output 0, step 0]\n"
        " └─ mul [id B] [not stored]\n"
        "     ├─ x [id C] [%0 b0: argument 0, input]\n"
        "     └─ w [id D] [float64[3], 24 bytes: [0., 0., 0.]; %1 b1: argument 1, shared]\n"
        "add [id E] [%6 b2: update 1, in place of argument 1, step 0] (update of w)\n"
        " ├─ w [id D] [float64[3], 24 bytes: [0., 0., 0.]; %1 b1: argument 1, shared]\n"
        " └─ mul [id F] [not stored]\n"
        "     ├─ x [id C] [%0 b0: argument 0, input]\n"
        "     └─ [2.0] [id G]"
    )
    interpreted = gradc.function([x], x + 1, mode="REFERENCE")
    assert debugprint(interpreted, file="str", ids="").startswith("add\n ├─ x\n")


def test_min_informative_str_is_theanos() -> None:
    a, b = T.scalar("A"), T.scalar("B")
    c = a + b
    c.name = "C"
    d, e = T.scalar("D"), T.scalar("E")
    g = c + (d + e)
    assert min_informative_str(g) == "A. add\n B. C\n C. add\n  D. D\n  E. E"
    assert min_informative_str(d + d) == "A. add\n B. D\n <B>"


def test_var_descriptor_says_everything_once() -> None:
    x = T.vector("x")
    y = T.exp(x)
    assert var_descriptor(x) == "x:float64[?]"
    assert var_descriptor(y * y) == "<B>=exp(<A>=x:float64[?]);<C>=mul(<B>,<B>)"
    long = T.as_variable(np.arange(100.0))
    assert "#" in var_descriptor(x + long)
    assert var_descriptor(x + long) != var_descriptor(x + T.as_variable(np.arange(100.0) + 1))


def test_pydotprint_writes_graphvizs_language(tmp_path: Path) -> None:
    x = T.vector('x"; rm')
    y = T.exp(x) * 2
    path = pydotprint(y, tmp_path / "graph.dot")
    text = path.read_text()
    assert text.startswith("digraph gradc {\n")
    assert text.rstrip().endswith("}")
    assert 'label="x\\"; rm : float64[?]", shape=box' in text
    assert text.count("shape=ellipse") == 3
    assert pydotprint(y, format="dot", return_image=True) == text.encode()
    f = gradc.function([x], y)
    wide = pydotprint(f, tmp_path / "f", format="gv", compact=False, with_ids=True)
    assert wide.name == "f.gv"
    assert "output 0: " in wide.read_text()
    with pytest.raises(ArgumentError, match="the format 'bmp' is not known"):
        pydotprint(y, tmp_path / "a", format="bmp")


def test_pydotprint_draws_the_steps_of_loops(tmp_path: Path) -> None:
    x = T.dmatrix("x")

    def row(each: T.Variable) -> T.Variable:
        inner, _ = gradc.scan(lambda a, b: T.cosh(a) * b, each, [T.constant(1.0)], name="along")
        return T.sinh(inner[-1])

    y, _ = gradc.scan(row, x)
    pydotprint(y, tmp_path / "loops.dot", scan_graphs=True)
    texts = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert sorted(texts) == ["loops.dot", "loops_scan_0.dot", "loops_scan_0_along_0.dot"]
    assert "sinh" not in texts["loops.dot"]
    assert "sinh" in texts["loops_scan_0.dot"]
    assert "cosh" in texts["loops_scan_0_along_0.dot"]
    assert "cosh" not in texts["loops_scan_0.dot"]
    with pytest.raises(ArgumentError, match="scan_graphs draws several pictures"):
        pydotprint(y, format="dot", return_image=True, scan_graphs=True)


def test_pydotprint_says_what_a_picture_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = T.exp(T.vector("x"))
    if shutil.which("dot"):
        assert pydotprint(y, tmp_path / "graph.svg").read_bytes().startswith(b"<?xml")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DrawingError) as raised:
        pydotprint(y, tmp_path / "graph.png")
    assert str(raised.value) == (
        "pydotprint: graphviz's program `dot` is not there, and a png needs it.\n"
        '  Fix: install graphviz (apt install graphviz), or write its language: format="dot".'
    )
