"""Short descriptions of what a variable is computed from: min_informative_str, var_descriptor.

Takes a variable; gives text that holds no address and no number of this run, so that two processes
that build the same expression print the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from gradc.digests import sha256
from gradc.errors import printable
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort

__all__ = ["letter", "letters", "min_informative_str", "var_descriptor"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONG = 64  # elements of a constant that stands by its value


def letter(number: int) -> str:
    """A, B, ... Z, AA, AB, ... as columns of a spreadsheet are named."""
    word = ""
    while number >= 0:
        word = _LETTERS[number % 26] + word
        number = number // 26 - 1
    return word


def letters() -> Iterator[str]:
    """All of them, in order."""
    return map(letter, count())


def min_informative_str(obj: Variable, indent_level: int = 0) -> str:
    """The operations behind a variable down to what has a name, one a line, indented.

    A name ends the walk: `A. add`, below it ` B. C` for a variable called C.  What was shown before
    is `<A>`.
    """
    lines: list[str] = []
    seen: dict[Variable, str] = {}
    tags = letters()
    stack = [(obj, indent_level)]
    while stack:
        variable, level = stack.pop()
        if variable in seen:
            lines.append(f"{' ' * level}<{seen[variable]}>")
            continue
        seen[variable] = next(tags)
        lines.append(f"{' ' * level}{seen[variable]}. {_word(variable)}")
        if variable.name is None and variable.owner is not None:
            stack += [(each, level + 1) for each in reversed(variable.owner.inputs)]
    return "\n".join(lines)


def _word(variable: Variable) -> str:
    if variable.name is not None:
        return printable(variable.name, 60)
    return _leaf(variable) if variable.owner is None else str(variable.owner.op)


def var_descriptor(obj: Variable) -> str:
    """One line that says wholly how a variable is computed: operations, types, leaves.

    Each node is written once, as `<A>=add(x: float64[?], ...)`, and is `<A>` from then on, so the
    text is as long as the graph.  Constants are their values, long ones the hash of their bytes.
    """
    tags = letters()
    texts: dict[Variable, str] = {}
    parts: list[str] = []
    for node in toposort([obj]):
        inputs = []
        for each in node.inputs:
            if each not in texts:
                texts[each] = f"<{next(tags)}>"
                inputs.append(f"{texts[each]}={_leaf(each)}")
            else:
                inputs.append(texts[each])
        for output in node.outputs:
            texts[output] = f"<{next(tags)}>"
        outs = ",".join(texts[output] for output in node.outputs)
        parts.append(f"{outs}={node.op}({','.join(inputs)})")
    return ";".join(parts) if parts else _leaf(obj)


def _leaf(variable: Variable) -> str:
    if isinstance(variable, Constant):
        if variable.data.size <= _LONG:
            return f"{constant_text(variable)}:{variable.type}"
        return f"{variable.type}#{sha256(variable.data.tobytes()).hexdigest()[:16]}"
    return f"{printable(str(variable), 60)}:{variable.type}" if variable.name else str(variable)
