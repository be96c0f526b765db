"""Graphs and expressions as text, one line a node.

Takes variables; gives lines such as `%3 = mul %1, %2 : float32[?, 4]  # h`: first the leaves
(inputs, shared variables, constants), then the nodes, inputs first, then outputs and updates.
Names are the user's and stand in comments only: the numbers say everything, so that two programs
that differ in names differ in comments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from gradc.errors import printable
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, leaves, toposort
from gradc.value import value

__all__ = ["Row", "constant_text", "expression", "labels", "listing", "numbering", "rows"]

_MOST_ELEMENTS = 64  # a longer constant is a hidden input of the machine side, not text
_MOST_NAME = 60  # characters of one user name
_MOST_TEXT = 400  # characters of one expression
_CUT = "..."


@value
class Row:
    """One line of the text, and the node or leaf it is about (None for outputs and updates)."""

    subject: Apply | Variable | None
    text: str


def listing(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable] | None = None,
    updates: Sequence[tuple[Variable, Variable]] = (),
    *,
    lines: bool = False,
) -> str:
    """The text of a graph; `lines` adds the user's file and line to each node."""
    return "\n".join(row.text for row in rows(outputs, inputs, updates, lines=lines))


def rows(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable] | None = None,
    updates: Sequence[tuple[Variable, Variable]] = (),
    *,
    lines: bool = False,
) -> list[Row]:
    """The lines of `listing`. Inputs not given are the leaves that stand for arguments."""
    results = [*outputs, *(new for _, new in updates)]
    kinds = _leaf_kinds(results, inputs, updates)
    count = numbering(results, inputs, updates)
    numbers = {variable: f"%{k}" for variable, k in count.items()}
    order = [leaf for leaf in count if leaf in kinds]
    text = [Row(leaf, _leaf_line(leaf, numbers[leaf], kinds[leaf], lines)) for leaf in order]
    text += [Row(node, _node_line(node, numbers, lines)) for node in toposort(results)]
    if outputs:
        text.append(Row(None, "outputs: " + ", ".join(numbers[each] for each in outputs)))
    text += [Row(None, f"update: {numbers[old]} <- {numbers[new]}") for old, new in updates]
    return text


def numbering(
    results: Sequence[Variable],
    inputs: Sequence[Variable] | None = None,
    updates: Sequence[tuple[Variable, Variable]] = (),
) -> dict[Variable, int]:
    """The number of every variable in the text: leaves by kind, then nodes' outputs, in order."""
    kinds = _leaf_kinds(results, inputs, updates)
    order = [leaf for word in _LEAF_ORDER for leaf, kind in kinds.items() if kind == word]
    nodes = [output for node in toposort(results) for output in node.outputs]
    return {variable: k for k, variable in enumerate([*order, *nodes])}


def labels(outputs: Sequence[Variable]) -> dict[Variable, str]:
    """What to call each variable in a sentence: its name, its value, or its number in `listing`."""
    return {
        v: f"%{k}" if v.name is None and not isinstance(v, Constant) else _short(v)
        for v, k in numbering(outputs).items()
    }


def _leaf_kinds(
    results: Sequence[Variable],
    inputs: Sequence[Variable] | None,
    updates: Sequence[tuple[Variable, Variable]],
) -> dict[Variable, str]:
    found = dict.fromkeys((*leaves(results), *(old for old, _ in updates)))
    if inputs is None:
        inputs = [leaf for leaf in found if isinstance(leaf, Input)]
    kinds = dict.fromkeys(inputs, "input")
    for leaf in found:
        kinds.setdefault(leaf, _leaf_word(leaf))
    return kinds


_LEAF_ORDER = ("input", "free", "shared", "constant")


def _leaf_word(leaf: Variable) -> str:
    if isinstance(leaf, Constant):
        return "constant"
    return "free" if type(leaf) in (Input, Variable) else "shared"


def _leaf_line(leaf: Variable, number: str, word: str, lines: bool) -> str:
    value = f" {constant_text(leaf)}" if isinstance(leaf, Constant) else ""
    return f"{number} = {word}{value} : {leaf.type}{_comment([leaf], lines)}"


def _node_line(node: Apply, numbers: Mapping[Variable, str], lines: bool) -> str:
    left = ", ".join(numbers[output] for output in node.outputs)
    arguments = ", ".join(numbers.get(each, "%?") for each in node.inputs)
    types = ", ".join(str(output.type) for output in node.outputs)
    call = f"{node.op} {arguments}" if arguments else str(node.op)
    return f"{left} = {call} : {types}{_comment(node.outputs, lines)}"


def _comment(variables: Sequence[Variable], lines: bool) -> str:
    words = [printable(v.name, _MOST_NAME) for v in variables if v.name is not None]
    site = variables[0].site
    if lines and site is not None:
        words.append(f"[{printable(str(site), _MOST_NAME)}]")
    return f"  # {' '.join(words)}" if words else ""


def constant_text(constant: Constant) -> str:
    """The value on one line, so that it reads back exactly; the count where it is long."""
    data = constant.data
    if data.size > _MOST_ELEMENTS:
        return f"<{data.size} elements>"
    text = np.array2string(
        data, separator=", ", max_line_width=10**9, threshold=_MOST_ELEMENTS, formatter={"all": str}
    )
    return re.sub(r"\s+", " ", text)


def expression(
    variable: Variable,
    names: Mapping[Variable, str] | None = None,
    stop: Collection[Variable] = (),
) -> str:
    """One variable as a nested call, `mul(D, exp(x))`, cut where it grows long.

    Variables in `names` are written by that name and not opened, as are those in `stop` and,
    but for `variable` itself, all that the user named.
    """
    given = dict(names or {})
    closed = {v: given.get(v, _short(v)) for v in (*given, *stop)}
    for each in ancestors([variable], stop=closed):
        if each.name is not None and each is not variable:
            closed.setdefault(each, _short(each))
    texts = dict(closed)
    for node in toposort([variable], stop=closed):
        call = f"{node.op}({_arguments(node.inputs, texts)})"
        for output in node.outputs:
            suffix = f"[{output.index}]" if len(node.outputs) > 1 else ""
            texts.setdefault(output, _cut(call) + suffix)
    return texts.get(variable, _short(variable))


def _arguments(inputs: Iterable[Variable], texts: Mapping[Variable, str]) -> str:
    return ", ".join(texts[each] if each in texts else _short(each) for each in inputs)


def _short(variable: Variable) -> str:
    if isinstance(variable, Constant) and variable.name is None:
        return constant_text(variable)
    return printable(str(variable), _MOST_NAME)


def _cut(text: str) -> str:
    if len(text) <= _MOST_TEXT:
        return text
    return text[: _MOST_TEXT - len(_CUT)] + _CUT
