"""Graphs as pages: `d3viz` writes one that a browser shows and lets you move, `d3write` graphviz's.

Takes what debugprint takes.  The page needs nothing from the net: each node has its place already,
computed here in rows, so that arrows point down; the script only moves things.
"""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from gradc.errors import printable
from gradc.printing.draw import Drawing, colour_of, pydotprint

__all__ = ["d3viz", "d3write"]

_WORD = 40  # characters of a label
_ROW = 80  # pixels between rows
_GAP = 24  # pixels between nodes of a row
_SWEEPS = 4  # of ordering rows by what they are joined to


def d3viz(fct: Any, outfile: str | Path, copy_deps: bool = True) -> Path:
    """Write a page that shows a graph: drag nodes, zoom, click for what belongs together.

    fct: what debugprint takes; of a function its optimised graph, with the place of each value.
    outfile: the page.  copy_deps: put style and script into it; False refers to gradc's own files,
    for pages that stay on this machine.
    Returns: the page's path.  Source: theano.d3viz.d3viz.
    """
    drawing = Drawing(fct, "d3viz", compact=True, with_ids=False, simple=False)
    name = getattr(fct, "name", None)
    templates = importlib.import_module("gradc.emit.render")  # jinja2: not for a warm start
    folder = templates.template_folder()
    script, style = (folder / each for each in ("graph.js", "graph.css"))
    text: str = templates.render(
        "graph.html.j2",
        title=printable(name if isinstance(name, str) else "graph", 60),
        copied=copy_deps,
        data=_data(drawing),
        script=script.read_text(encoding="utf-8") if copy_deps else script.as_uri(),
        style=style.read_text(encoding="utf-8") if copy_deps else style.as_uri(),
    )
    path = Path(outfile)
    path.write_text(text, encoding="utf-8")
    return path


def d3write(fct: Any, path: str | Path, compact: bool = True, with_ids: bool = False) -> Path:
    """Write a graph in graphviz's language; compact and with_ids are those of pydotprint.

    Returns: the path.  Source: theano.d3viz.d3write.
    """
    drawn = pydotprint(fct, format="dot", compact=compact, with_ids=with_ids, return_image=True)
    target = Path(path)
    target.write_bytes(drawn)
    return target


def _data(drawing: Drawing) -> str:
    """The page's data; no text in it can end its element."""
    number = {box.name: k for k, box in enumerate(drawing.boxes)}
    pairs = [(number[each.start], number[each.end]) for each in drawing.arrows]
    words = [printable(box.word, _WORD) for box in drawing.boxes]
    places = _places(pairs, [7 * len(word) + 18 for word in words])
    nodes = [
        {
            "label": word,
            "tip": "\n".join(printable(line) for line in (box.word, *box.tip.splitlines())),
            "colour": colour_of(box, False, {}),
            "round": box.is_operation,
            "x": x,
            "y": y,
        }
        for box, word, (x, y) in zip(drawing.boxes, words, places, strict=True)
    ]
    arrows = [
        {"from": start, "to": end, "label": printable(each.word, _WORD)}
        for (start, end), each in zip(pairs, drawing.arrows, strict=True)
    ]
    text = json.dumps({"nodes": nodes, "arrows": arrows})
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _places(pairs: list[tuple[int, int]], widths: list[int]) -> list[tuple[float, float]]:
    """Where nodes stand: in rows, each below all it is read from, few arrows crossing.

    Source: Sugiyama, Tagawa, Toda 1981, rows ordered by the mean place of neighbours.
    """
    below, above = defaultdict(list), defaultdict(list)
    for start, end in pairs:
        below[start].append(end)
        above[end].append(start)
    rows = _rows(len(widths), below, above)
    by_row: dict[int, list[int]] = defaultdict(list)
    for node, row in enumerate(rows):
        by_row[row].append(node)
    x = [0.0] * len(widths)
    for sweep in range(_SWEEPS):
        near = above if sweep % 2 == 0 else below
        for row in sorted(by_row, reverse=sweep % 2 == 1):
            middles = {node: _middle(node, near[node], x) for node in by_row[row]}
            by_row[row].sort(key=middles.__getitem__)
            _spread(by_row[row], widths, x)
    left = min((x[node] - width / 2 for node, width in enumerate(widths)), default=0.0)
    return [(x[node] - left, 20.0 + _ROW * row) for node, row in enumerate(rows)]


def _middle(node: int, near: list[int], x: list[float]) -> float:
    return sum(x[each] for each in near) / len(near) if near else x[node]


def _spread(row: list[int], widths: list[int], x: list[float]) -> None:
    """One beside the other, around 0."""
    at = -(sum(widths[node] for node in row) + _GAP * (len(row) - 1)) / 2
    for node in row:
        x[node] = at + widths[node] / 2
        at += widths[node] + _GAP


def _rows(count: int, below: dict[int, list[int]], above: dict[int, list[int]]) -> list[int]:
    """The row of each node: one below the lowest it reads; inputs just above their reader."""
    rows = [0] * count
    waiting = [len(above[node]) for node in range(count)]
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:  # grows
        for each in below[node]:
            rows[each] = max(rows[each], rows[node] + 1)
            waiting[each] -= 1
            if not waiting[each]:
                ready.append(each)
    for node in range(count):
        if not above[node] and below[node]:
            rows[node] = min(rows[each] for each in below[node]) - 1
    return rows
