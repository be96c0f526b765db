"""Drawings of expressions and functions: `pydotprint` writes graphviz's language, or a picture.

Takes what debugprint takes; writes a .dot file by itself, and png, pdf, svg and the like by
graphviz's `dot`, which has to be installed for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradc.errors import ArgumentError, DrawingError, message, printable
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, toposort
from gradc.printing.storage import storage_of
from gradc.printing.tree import graph_of, roots_of

__all__ = ["COLOURS", "Arrow", "Box", "Drawing", "colour_of", "pydotprint"]

_TEXTS = ("dot", "gv")
_PICTURES = ("png", "pdf", "svg", "ps", "eps", "jpg", "gif")
_SECONDS = 120

# Fill colours by what a node is; the strong ones with high_contrast.
COLOURS = {
    "input": ("palegreen", "green"),
    "shared": ("lightcyan", "cyan"),
    "constant": ("lightgrey", "grey"),
    "output": ("lightblue", "dodgerblue"),
    "Contract": ("mistyrose", "red"),
    "Gemm": ("mistyrose", "red"),
    "Reduce": ("moccasin", "orange"),
    "Scatter": ("plum", "magenta"),
    "Gather": ("plum", "magenta"),
}


def pydotprint(
    fct: Any,
    outfile: str | Path | None = None,
    compact: bool = True,
    format: str = "png",
    with_ids: bool = False,
    high_contrast: bool = True,
    colorCodes: Mapping[str, str] | None = None,  # Theano's
    max_label_size: int = 70,
    var_with_name_simple: bool = False,
    return_image: bool = False,
    scan_graphs: bool = False,
) -> Any:
    """Draw a graph: boxes are values that come in or go out, ellipses operations.

    fct: what debugprint takes; of a function its optimised graph.
    outfile: the file; without an ending it gets that of `format`.  By default graph.<format>.
    compact: values between two operations are no boxes of their own but words on the arrow.
    format: dot (or gv: graphviz's language, written without graphviz), png, pdf, svg, ps, eps, jpg.
    with_ids: number the operations in the order of the graph.
    high_contrast: strong colours.  colorCodes: from a part of an operation's name to its colour.
    max_label_size: characters of a label.
    var_with_name_simple: a variable with a name is that name, without its type.
    return_image: give the bytes instead of writing a file.
    scan_graphs: draw the step of each loop too, beside the file, to <outfile>_<name>_<number>.

    Returns: the path, or the bytes.
    Raises: ArgumentError for an unknown format, or for return_image with scan_graphs, which gives
    several; DrawingError if graphviz is not there or fails.
    """
    kind = Path(outfile).suffix.removeprefix(".") if outfile is not None else ""
    kind = kind if kind in (*_TEXTS, *_PICTURES) else format
    if kind not in (*_TEXTS, *_PICTURES):
        what = f"pydotprint: the format {printable(kind)!r} is not known."
        raise ArgumentError(message(what, fix=f"use one of {', '.join((*_TEXTS, *_PICTURES))}."))
    if return_image and scan_graphs:
        what = "pydotprint: scan_graphs draws several pictures, return_image gives one."
        raise ArgumentError(message(what, fix="leave one of the two out."))
    drawing = Drawing(fct, "pydotprint", compact, with_ids, var_with_name_simple)
    text = _dot(drawing, high_contrast, max_label_size, colorCodes or {})
    data = text.encode("utf-8") if kind in _TEXTS else _picture(text, kind)
    if return_image:
        return data
    path = Path(outfile if outfile is not None else f"graph.{kind}")
    path = path if path.suffix == f".{kind}" else path.with_name(f"{path.name}.{kind}")
    path.write_bytes(data)
    for name, step in _steps(fct) if scan_graphs else ():
        beside = path.with_name(f"{path.stem}_{name}{path.suffix}")
        pydotprint(
            step, beside, compact, kind, with_ids, high_contrast, colorCodes, max_label_size,
            var_with_name_simple, scan_graphs=True,
        )  # fmt: skip
    return path


def _steps(fct: Any) -> Iterator[tuple[str, list[Variable]]]:
    """What one step of each loop of a graph computes, by the loop's name and number."""
    nodes = toposort([root.variable for root in roots_of(fct, "pydotprint")])
    loops = [node for node in nodes if node.op.kind == "Scan"]
    for k, node in enumerate(loops):
        step, word = node.op.keywords["graph"], node.op.keywords["word"]
        yield f"{word or 'scan'}_{k}", step(step.placeholders(), node.op.keywords["lines"])


def _picture(text: str, kind: str) -> bytes:
    import shutil  # few draw pictures
    import subprocess

    program = shutil.which("dot")
    if program is None:
        what = f"pydotprint: graphviz's program `dot` is not there, and a {kind} needs it."
        fix = 'install graphviz (apt install graphviz), or write its language: format="dot".'
        raise DrawingError(message(what, fix=fix))
    done = subprocess.run(
        [program, f"-T{kind}"], input=text.encode("utf-8"), capture_output=True, timeout=_SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        words = printable(done.stderr.decode(errors="replace").strip())
        raise DrawingError(message(f"pydotprint: graphviz failed: {words}."))
    return done.stdout


@dataclass(frozen=True)
class Box:
    """Something drawn: an operation, or a value that comes in or goes out."""

    name: str
    word: str
    kind: str
    is_operation: bool
    tip: str = ""


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by their names."""

    start: str
    end: str
    word: str


class Drawing:
    """The boxes and arrows of one drawing."""

    def __init__(self, fct: Any, word: str, compact: bool, with_ids: bool, simple: bool) -> None:
        """`word` is who draws `fct`, for errors."""
        self.compact, self.with_ids, self.simple = compact, with_ids, simple
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self._names: dict[Any, str] = {}
        roots = list(roots_of(fct, word))
        results = [root.variable for root in roots]
        graph = graph_of(fct)
        self._inputs = set(graph.inputs) if isinstance(graph, Graph) else set()
        self._storage = storage_of(fct)
        for each in ancestors(results):
            if each.owner is None:
                self._box(each, self._label(each), self._kind(each))
        nodes = toposort(results)
        for k, node in enumerate(nodes):
            self._operation(node, f"{node.op}" + (f" {k}" if with_ids else ""))
        for node in nodes:
            for position, each in enumerate(node.inputs):
                self._reads(each, node, f"{position} " if len(node.inputs) > 1 else "")
        for k, root in enumerate(roots):
            role = f"output {k}" if not root.role else root.role.strip(" ()")
            self._box((root.variable, k), f"{role}: {self._label(root.variable)}", "output")
            self._arrow(self._source(root.variable), (root.variable, k), "")

    def _source(self, variable: Variable) -> Any:
        """What an arrow from a value starts at."""
        return variable if variable.owner is None else variable.owner

    def _operation(self, node: Apply, word: str) -> None:
        place = "" if node.site is None else f"\n{node.site}  {node.site.text}"
        types = ", ".join(f"{each.type}{self._storage.text(each)}" for each in node.outputs)
        self.boxes.append(Box(self._name(node), word, node.op.kind, True, f"{types}{place}"))

    def _reads(self, variable: Variable, node: Apply, word: str) -> None:
        """The arrow from a value to an operation, through a box of the value's own if asked for."""
        start = self._source(variable)
        if self.compact or variable.owner is None:
            computed = self._label(variable) if variable.owner is not None else ""
            self._arrow(start, node, word + computed)
            return
        if variable not in self._names:
            self._box(variable, self._label(variable), "")
            self._arrow(start, variable, "")
        self._arrow(variable, node, word)

    def _kind(self, variable: Variable) -> str:
        if isinstance(variable, Constant):
            return "constant"
        is_input = variable in self._inputs or isinstance(variable, Input)
        return "input" if is_input else "shared"

    def _label(self, variable: Variable) -> str:
        """Name and type."""
        if isinstance(variable, Constant) and variable.name is None:
            return f"{constant_text(variable)} : {variable.type}"
        if variable.name is None:
            return str(variable.type)
        return variable.name if self.simple else f"{variable.name} : {variable.type}"

    def _box(self, key: Any, word: str, kind: str) -> None:
        self.boxes.append(Box(self._name(key), word, kind, False))

    def _arrow(self, start: Any, end: Any, word: str) -> None:
        self.arrows.append(Arrow(self._name(start), self._name(end), word.strip()))

    def _name(self, key: Any) -> str:
        """A word of ours for something drawn: text of the user's stands in labels only."""
        return self._names.setdefault(key, f"n{len(self._names)}")


def colour_of(box: Box, strong: bool, codes: Mapping[str, str]) -> str:
    """The colour of a box: by the first of `codes` in the word of an operation, else by kind."""
    if box.is_operation:
        for part, colour in codes.items():
            if part in box.word:
                return colour
    return COLOURS.get(box.kind, ("white", "white"))[strong]


def _dot(drawing: Drawing, strong: bool, most: int, codes: Mapping[str, str]) -> str:
    """The drawing in graphviz's language."""
    lines = ["digraph gradc {", "  rankdir=TB;", '  node [fontname="sans", fontsize=11];']
    for box in drawing.boxes:
        colour = _quoted(colour_of(box, strong, codes), most)
        style = f"shape={'ellipse' if box.is_operation else 'box'}, style=filled"
        word = _quoted(box.word, most)
        lines.append(f"  {box.name} [label={word}, {style}, fillcolor={colour}];")
    lines += [
        f"  {each.start} -> {each.end} [label={_quoted(each.word, most)}];"
        for each in drawing.arrows
    ]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str, most: int) -> str:
    """A label, escaped."""
    shown = printable(text, most)
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
