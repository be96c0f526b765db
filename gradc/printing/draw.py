"""Drawings of expressions and functions: `pydotprint` writes graphviz's language, or a picture.

Takes what debugprint takes; writes a .dot file by itself, and png, pdf, svg and the like by
graphviz's `dot`, which has to be installed for that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradc.errors import ArgumentError, DrawingError, message, printable
from gradc.graph.graph import Graph
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, toposort
from gradc.printing.tree import graph_of, roots_of

__all__ = ["pydotprint"]

_TEXTS = ("dot", "gv")
_PICTURES = ("png", "pdf", "svg", "ps", "eps", "jpg", "gif")
_SECONDS = 120

# Fill colours by what a node is; the strong ones with high_contrast.
_COLOURS = {
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
    max_label_size: int = 70,
    var_with_name_simple: bool = False,
    return_image: bool = False,
) -> Any:
    """Draw a graph: boxes are values that come in or go out, ellipses operations.

    fct: what debugprint takes; of a function its optimised graph.
    outfile: the file; without an ending it gets that of `format`.  By default graph.<format>.
    compact: values between two operations are no boxes of their own but words on the arrow.
    format: dot (or gv: graphviz's language, written without graphviz), png, pdf, svg, ps, eps, jpg.
    with_ids: number the operations in the order of the graph.
    high_contrast: strong colours.  max_label_size: characters of a label.
    var_with_name_simple: a variable with a name is that name, without its type.
    return_image: give the bytes instead of writing a file.

    Returns: the path, or the bytes.
    Raises: ArgumentError for an unknown format; DrawingError if graphviz is not there or fails.
    """
    kind = Path(outfile).suffix.removeprefix(".") if outfile is not None else ""
    kind = kind if kind in (*_TEXTS, *_PICTURES) else format
    if kind not in (*_TEXTS, *_PICTURES):
        what = f"pydotprint: the format {printable(kind)!r} is not known."
        raise ArgumentError(message(what, fix=f"use one of {', '.join((*_TEXTS, *_PICTURES))}."))
    drawing = _Drawing(compact, with_ids, high_contrast, max_label_size, var_with_name_simple)
    text = drawing.text(fct)
    data = text.encode("utf-8") if kind in _TEXTS else _picture(text, kind)
    if return_image:
        return data
    path = Path(outfile if outfile is not None else f"graph.{kind}")
    path = path if path.suffix == f".{kind}" else path.with_name(f"{path.name}.{kind}")
    path.write_bytes(data)
    return path


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


class _Drawing:
    """The lines of one drawing."""

    def __init__(
        self, compact: bool, with_ids: bool, strong: bool, most: int, simple: bool
    ) -> None:
        self.compact, self.with_ids, self.strong = compact, with_ids, strong
        self.most, self.simple = most, simple
        self.names: dict[Any, str] = {}

    def text(self, obj: Any) -> str:
        """The whole file."""
        roots = list(roots_of(obj, "pydotprint"))
        results = [root.variable for root in roots]
        graph = graph_of(obj)
        inputs = set(graph.inputs) if isinstance(graph, Graph) else set()
        lines = ["digraph gradc {", "  rankdir=TB;", '  node [fontname="sans", fontsize=11];']
        lines += [self.leaf(each, inputs) for each in ancestors(results) if each.owner is None]
        nodes = toposort(results)
        for k, node in enumerate(nodes):
            word = f"{node.op}" + (f" {k}" if self.with_ids else "")
            lines.append(self.box(node, word, "ellipse", node.op.kind))
        for node in nodes:
            for position, each in enumerate(node.inputs):
                label = f"{position} " if len(node.inputs) > 1 else ""
                lines += self.edge(each, node, label)
        for k, root in enumerate(roots):
            key = (root.variable, k)
            word = f"output {k}" if not root.role else root.role.strip(" ()")
            lines.append(self.box(key, f"{word}: {self.label(root.variable)}", "box", "output"))
            lines.append(f"  {self.name(self.source(root.variable))} -> {self.name(key)};")
        return "\n".join([*lines, "}", ""])

    def source(self, variable: Variable) -> Any:
        """What an arrow from a value starts at."""
        return variable if variable.owner is None else variable.owner

    def edge(self, variable: Variable, node: Any, label: str) -> list[str]:
        """The arrow from a value to an operation, through a box of the value's own if asked for."""
        start, end = self.name(self.source(variable)), self.name(node)
        if self.compact or variable.owner is None:
            word = label + (self.label(variable) if variable.owner is not None else "")
            return [f"  {start} -> {end} [label={self.quoted(word.strip())}];"]
        lines = []
        if variable not in self.names:
            lines.append(self.box(variable, self.label(variable), "box", ""))
            lines.append(f"  {start} -> {self.name(variable)};")
        return [*lines, f"  {self.name(variable)} -> {end} [label={self.quoted(label.strip())}];"]

    def leaf(self, variable: Variable, inputs: set[Variable]) -> str:
        """The box of a value that nothing computes."""
        kind = "shared"
        if isinstance(variable, Constant):
            kind = "constant"
        elif variable in inputs or isinstance(variable, Input):
            kind = "input"
        return self.box(variable, self.label(variable), "box", kind)

    def label(self, variable: Variable) -> str:
        """Name and type."""
        if isinstance(variable, Constant) and variable.name is None:
            return f"{constant_text(variable)} : {variable.type}"
        if variable.name is None:
            return str(variable.type)
        return variable.name if self.simple else f"{variable.name} : {variable.type}"

    def box(self, key: Any, word: str, shape: str, kind: str) -> str:
        """A statement that draws something."""
        colour = _COLOURS.get(kind, ("white", "white"))[self.strong]
        style = f'shape={shape}, style=filled, fillcolor="{colour}"'
        return f"  {self.name(key)} [label={self.quoted(word)}, {style}];"

    def name(self, key: Any) -> str:
        """A word of ours for something drawn: text of the user's stands in labels only."""
        return self.names.setdefault(key, f"n{len(self.names)}")

    def quoted(self, text: str) -> str:
        """A label, escaped."""
        shown = printable(text, self.most)
        return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
