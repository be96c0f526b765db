"""The C of loops of every sort is clean: forwards, backwards, until, branches, nested, random."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import gradc
import gradc.tensor as T
from gradc.descent import descend
from gradc.graph import explicit_graph_inputs
from gradc.options import Options
from gradc.tensor.shared_randomstreams import RandomStreams
from tests.emit.test_emit import ROOT, STRICT, TARGET

X, Y, K = T.dmatrix("x"), T.fvector("y"), T.lvector("k")


def batch() -> list[Any]:
    """Products over a batch: rows in parts, forwards and backwards; sums in the loop."""
    w, b = T.dmatrix("w"), T.dvector("b")
    rows = T.dtensor3("rows")
    h, _ = gradc.scan(lambda row, h: T.tanh(T.dot(h, w) * b + row), rows, [X])
    return [h[-1], *T.grad(T.sum(h**2), [w, b, X])]


def numbers() -> list[Any]:
    """A recurrence of single numbers, with two taps, and its gradient."""
    s, _ = gradc.scan(
        lambda y, a, b: a * 0.5 - b + y,
        Y,
        {"initial": T.zeros((2,), "float32"), "taps": [-2, -1]},
    )
    return [s, T.grad(s.sum(), Y)]


def conditions() -> list[Any]:
    """A condition that ends a loop, indices in its step, and a branch."""
    limit = T.dscalar("limit")

    def step(k: Any, total: Any) -> Any:
        return total + X[k].sum(), gradc.until(total > limit)

    total, _ = gradc.scan(step, K, T.constant(0.0))
    chosen = gradc.ifelse(limit > 0, T.tanh(X).sum(), X.sum())
    return [total[-1], T.grad(total[-1], X), chosen, T.grad(chosen, X)]


def nested() -> list[Any]:
    """A loop in a loop, with its gradient; arrays of the inner one differ from turn to turn."""
    power = gradc.scan(lambda h: T.tanh(h) * 0.5, None, X[0], n_steps=3)[0][-1]
    outer, _ = gradc.scan(
        lambda row, s: s + gradc.scan(lambda r, q: q * r, row, s.sum())[0][-1], X, [power]
    )
    return [outer, T.grad(outer.sum(), X)]


def random() -> list[Any]:
    """Draws in the step, and a state of integers."""
    draws, _ = gradc.scan(
        lambda s: s + RandomStreams(3).normal((4,)), None, T.zeros((4,), "float64"), n_steps=5
    )
    counts, _ = gradc.scan(lambda k, c: c + k, K, T.constant(0, dtype="int64"))
    return [draws, counts]


def test_no_warnings(tmp_path: Path) -> None:
    outputs = [each for make in (batch, numbers, conditions, nested, random) for each in make()]
    inputs = explicit_graph_inputs(outputs)
    graph = gradc.function(inputs, outputs, mode="REFERENCE").graph
    source = descend(graph, "FAST_RUN", TARGET, Options()).source
    for word in ("_part(", "turn % 4096", "break;", "gc_own(frame", "taken = turn + 1"):
        assert word in source.text
    file = tmp_path / "loops.c"
    file.write_text(source.text)
    command = ["gcc", *STRICT.split(), "-O1", "-fopenmp-simd", f"-I{ROOT / 'csrc/inline'}"]
    subprocess.run([*command, "-c", str(file), "-o", str(tmp_path / "loops.o")], check=True)
