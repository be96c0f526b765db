"""Expressions and compiled functions as a tree: `debugprint`.

Takes variables, nodes, lists of them, graphs or functions; writes one line a node, its operands
below it.  A node that was shown already is named by its id again, with `···` in place of what
stands below.  Of a function it shows what was compiled: the graph behind rewriting.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import IO, Any

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import consumers
from gradc.printing.storage import Storage, storage_of
from gradc.printing.words import letter

__all__ = ["debugprint", "roots_of"]

_IDS = ("CHAR", "id", "int", "auto", "")
_MORE = "···"
_DEEP = 60  # levels that are indented; a chain of 10,000 nodes would indent itself out of memory


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: IO[str] | str | None = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
    done: MutableMapping[Any, str] | None = None,
    print_storage: bool = False,
    print_clients: bool = False,
) -> Any:
    """Print a computation as a tree.

    obj: a variable, a node, a Graph, a compiled function (its optimised graph), or a list of such.
    depth: levels to show; -1 for all.  print_type: the type behind each line.
    file: where to write, standard output by default; "str" returns the text.
    ids: "CHAR" ([id A], [id B]), "int", "id" (Python's), or "" for none.
    stop_on_name: what the user named is not opened, the roots excepted.
    done: ids of what earlier calls have shown; pass one dict to several calls.
    print_storage: values of shared variables and constants; of a function also the memory each
        value lies in, and the steps that compute it.
    print_clients: by which operations each value is read.

    Returns: the file, or the text with file="str".
    Raises: ArgumentTypeError for an object of another kind, ArgumentError for unknown ids.
    """
    if ids not in _IDS:
        what = f"debugprint: ids={ids!r} is not known."
        raise ArgumentError(message(what, fix='use "CHAR", "int", "id" or "".'))
    roots = list(roots_of(obj, "debugprint"))
    variables = [root.variable for root in roots]
    readers = consumers(variables) if print_clients else {}
    printer = _Printer(
        depth, print_type, ids, stop_on_name, print_clients,
        {} if done is None else done, _clients(readers),
        storage_of(obj) if print_storage else None,
    )  # fmt: skip
    lines = [line for root in roots for line in printer.tree(root)]
    text = "\n".join(lines)
    if file == "str":
        return text
    target: Any = sys.stdout if file is None else file
    print(text, file=target, flush=True)
    return target


@dataclass(frozen=True)
class Root:
    """One tree: its variable, and what it is to the function."""

    variable: Variable
    role: str = ""


def roots_of(obj: Any, word: str) -> Iterator[Root]:
    """The trees of whatever a user may want to see."""
    stack = [obj]
    while stack:
        each = stack.pop()
        if isinstance(each, (list, tuple)):
            stack.extend(reversed(each))
        elif isinstance(each, Variable):
            yield Root(each)
        elif isinstance(each, FunctionGraph):
            yield from map(Root, each.outputs)
        elif isinstance(each, Apply):
            yield Root(each.outputs[0])
        else:
            graph = graph_of(each)
            if graph is None:
                what = f"{word}: {printable(repr(each), 60)} is no expression and no function."
                fix = "pass variables, nodes, graphs or compiled functions, or a list of them."
                raise ArgumentTypeError(message(what, fix=fix))
            yield from (Root(each) for each in graph.outputs)
            yield from (Root(new, f" (update of {old})") for old, new in graph.updates)


def graph_of(obj: Any) -> Graph | None:
    """The graph of a Graph or of a compiled function: of that what was lowered."""
    if isinstance(obj, Graph):
        return obj
    stages = getattr(obj, "stages", None)
    if stages is None:
        return None
    descent = stages.descent
    found = stages.graph if descent is None else descent.prepared
    return found if isinstance(found, Graph) else None


def _clients(readers: dict[Variable, list[tuple[Apply, int]]]) -> Callable[[Variable], str]:
    def text(variable: Variable) -> str:
        found = [f"{node.op.name}[{position}]" for node, position in readers.get(variable, [])]
        return f" read by {', '.join(found)}" if found else ""

    return text


@dataclass
class _Printer:
    depth: int
    print_type: bool
    ids: str
    stop_on_name: bool
    print_clients: bool
    done: MutableMapping[Any, str]
    clients: Callable[[Variable], str]
    storage: Storage | None

    def tree(self, root: Root) -> Iterator[str]:
        """The lines of one tree, from a stack of (variable, prefix, prefix below, level)."""
        stack = [(root.variable, "", "", 1)]
        while stack:
            variable, first, rest, level = stack.pop()
            key = variable.owner or variable
            was_shown = key in self.done
            role = root.role if level == 1 else ""
            yield f"{first}{self.line(variable)}{role}"
            below = self.below(variable, level)
            if below and was_shown:
                yield f"{rest} └─ {_MORE}"
                continue
            stack += reversed([
                (each, *_prefixes(rest, level, is_last=k == len(below) - 1), level + 1)
                for k, each in enumerate(below)
            ])  # fmt: skip

    def below(self, variable: Variable, level: int) -> tuple[Variable, ...]:
        """The operands to show."""
        is_closed = self.stop_on_name and variable.name is not None and level > 1
        if variable.owner is None or is_closed or level == self.depth:
            return ()
        return variable.owner.inputs

    def line(self, variable: Variable) -> str:
        """Operation or leaf, id, type, name, and what was asked for besides."""
        node = variable.owner
        word = str(node.op) if node is not None else _leaf(variable)
        if node is not None and len(node.outputs) > 1:
            word += f".{variable.index}"
        text = word + self.id(variable)
        if self.print_type:
            text += f" <{variable.type}>"
        if node is not None and variable.name is not None:
            text += f" '{printable(variable.name, 60)}'"
        if self.storage is not None:
            text += self.storage.text(variable)
        return text + self.clients(variable)

    def id(self, variable: Variable) -> str:
        """The id in brackets, new where the node is."""
        key = variable.owner or variable
        if key not in self.done:
            number = len(self.done)
            words = {"int": str(number), "id": str(id(key))}
            self.done[key] = words.get(self.ids, letter(number))
        return f" [id {self.done[key]}]" if self.ids else ""


def _prefixes(rest: str, level: int, *, is_last: bool) -> tuple[str, str]:
    """What stands before a line and before those below it; deep ones are numbered, not indented."""
    if level >= _DEEP:
        return f" {level}: ", " " * len(f" {level}:")
    return (f"{rest} └─ ", f"{rest}    ") if is_last else (f"{rest} ├─ ", f"{rest} │  ")


def _leaf(variable: Variable) -> str:
    if isinstance(variable, Constant) and variable.name is None:
        return constant_text(variable)
    return printable(str(variable), 60)
