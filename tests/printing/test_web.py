"""d3viz and d3write: pages of graphs, and graphviz's language."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.emit.render import template_folder
from gradc.printing.web import _places, _rows

pytestmark = pytest.mark.usefixtures("quickly")


def function() -> gradc.Function:
    x = T.matrix("x </script><b>")
    w = gradc.shared(np.full((3, 2), 0.1), name="w")
    h = T.tanh(x.dot(w))
    updates = [(w, w - T.grad((h**2).sum(), w))]
    return gradc.function([x], h.sum(), updates=updates, name="train & test")


def data_of(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_a_page_holds_all_it_needs(tmp_path: Path) -> None:
    path = gradc.printing.d3viz(function(), tmp_path / "graph.html")
    page = path.read_text(encoding="utf-8")
    assert "<title>train &amp; test</title>" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("</script>") == 2  # no text of the user's ends an element
    data = data_of(page)
    labels = [each["label"] for each in data["nodes"]]
    assert "x </script><b> : float64[?, ?]" in labels
    assert "tanh" in labels
    assert "update of w: float64[?, ?]" in labels
    tip = data["nodes"][labels.index("tanh")]["tip"]
    assert re.search(r"^tanh\nfloat64\[\?, \?\].*\ntest_web.py:\d+  h = T.tanh\(x.dot\(w\)\)$", tip)
    for arrow in data["arrows"]:
        assert data["nodes"][arrow["from"]]["y"] < data["nodes"][arrow["to"]]["y"]


def test_a_page_may_refer_to_its_script(tmp_path: Path) -> None:
    x = T.vector("x")
    path = gradc.printing.d3viz(x + 1, tmp_path / "graph.html", copy_deps=False)
    page = path.read_text(encoding="utf-8")
    assert f'<script src="{(template_folder() / "graph.js").as_uri()}">' in page
    assert len(data_of(page)["nodes"]) == 5  # x, 1, the constant stretched, the sum, the output


def test_d3write_is_graphviz(tmp_path: Path) -> None:
    f, codes = function(), {"tanh": "pink"}
    text = gradc.printing.d3write(f, tmp_path / "g.dot").read_text(encoding="utf-8")
    drawn = gradc.printing.pydotprint(f, format="dot", return_image=True, colorCodes=codes)
    assert text.startswith("digraph gradc {")
    pairs = zip(text.split("\n"), drawn.decode().split("\n"), strict=True)
    (line,) = [a for a, b in pairs if a != b]
    assert 'label="tanh"' in line
    assert '[label="tanh", shape=ellipse, style=filled, fillcolor="pink"]' in drawn.decode()


def test_nodes_stand_in_rows_side_by_side() -> None:
    pairs = [(0, 2), (1, 2), (2, 3), (4, 3), (1, 3)]
    widths = [40, 60, 50, 30, 20]
    places = _places(pairs, widths)
    assert [y for _, y in places] == [20.0, 20.0, 100.0, 180.0, 100.0]
    for a, b in ((0, 1), (2, 4)):
        assert abs(places[a][0] - places[b][0]) >= (widths[a] + widths[b]) / 2
    assert _places([], []) == []
    chain = [(k, k + 1) for k in range(5000)]
    below: dict[int, list[int]] = {k: [k + 1] for k in range(5000)} | {5000: []}
    above: dict[int, list[int]] = {k + 1: [k] for k in range(5000)} | {0: []}
    assert _rows(5001, below, above) == [0, *range(1, 5001)]
    assert len(_places(chain, [10] * 5001)) == 5001


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to read the script")
def test_the_script_is_javascript() -> None:
    script = str(template_folder() / "graph.js")
    subprocess.run(["node", "--check", script], check=True)
