"""Where the numbers in a Program's notes come from: the graph that `function` received.

Cold: takes the lowered graph and the Flat of the received one; gives Origins, plain data that the
cache keeps.  Later, in any process: takes Origins and the variables of a received graph; gives the
rows and words of a message.  The variables are those of the process that shows the message, so
their names, files and lines are today's.

Rewriting keeps the Site object of the node it replaces, so a variable that is not in the received
graph is found by that, and is that variable if the operation is the same too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from gradc.errors import Where
from gradc.graph.describe import where, written
from gradc.graph.flat import Flat
from gradc.graph.lines import Lines, lines_at, lines_within
from gradc.graph.op import AnyOp
from gradc.graph.site import Site
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.kernel.notes import Note
from gradc.value import replace, value

__all__ = ["Origin", "place", "row", "trace_origins"]


Item = TypeVar("Item")


@value
class Origin:
    """What stands behind a variable of the lowered graph.

    variable: its number in the received graph, or None where rewriting made it; then `word` is
    what it is called, and `site` the number of a variable that has its line, or None.
    type: of the lowered variable; rewriting may know more lengths.
    inside: where its line is, if it stands in the step of a loop, which no variable here has: the
    number of the loop's variable, the path to the Lines (gradc.graph.lines), the place in them.
    named: in the same way where its name is, if it is what a step takes.
    """

    variable: int | None
    site: int | None
    word: str
    type: str
    inside: tuple[int, ...] = ()
    named: tuple[int, ...] = ()


class _Finder:
    """Finds variables of the received graph."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.by_site: dict[int, int] = {}
        self.by_operation: dict[tuple[int, str], list[int]] = {}
        self.inside: dict[int, tuple[int, ...]] = {}
        self.named: dict[str, tuple[int, ...]] = {}
        for k, each in enumerate(flat.variables):
            if each.owner is not None and each is each.owner.outputs[0]:
                self._look_inside(k, each.owner.op)
            if each.site is not None:
                self.by_site.setdefault(id(each.site), k)
                if each.owner is not None:
                    key = (id(each.site), each.owner.op.name)
                    self.by_operation.setdefault(key, []).append(k)

    def _look_inside(self, number: int, op: AnyOp) -> None:
        for path, lines in lines_within(op):
            for k, site in enumerate(lines.sites):
                self.inside.setdefault(id(site), (number, *path, k))
            for k, name in enumerate(lines.names):
                if name is not None:
                    self.named.setdefault(name, (number, *path, k))

    def origin(self, variable: Variable) -> Origin:
        type_ = str(variable.type)
        number = self._same(variable)
        if number is None:
            variable = written(variable)
            number = self._same(variable)
        if number is not None:
            return Origin(number, None, "", type_)
        site = None if variable.site is None else self.by_site.get(id(variable.site))
        inside = () if site is not None else self.inside.get(id(variable.site), ())
        if variable.owner is None and variable.name in self.named:
            return Origin(None, site, "", type_, inside, self.named[variable.name])
        return Origin(None, site, _word(variable), type_, inside)

    def _same(self, variable: Variable) -> int | None:
        known = self.flat.number.get(variable)
        if known is not None or variable.owner is None or variable.site is None:
            return known
        found = self.by_operation.get((id(variable.site), variable.owner.op.name), [])
        named = (k for k in found if self.flat.variables[k].name == variable.name)
        return next(named, None)


def _word(variable: Variable) -> str:
    if isinstance(variable, Constant):
        return constant_text(variable)
    if variable.owner is None:
        return variable.name or ""
    return variable.owner.op.name


def trace_origins(
    flat: Flat, number: Mapping[Variable, int], notes: Iterable[Note]
) -> dict[int, Origin]:
    """The origin of every variable that notes speak of; `number` is that of the lowered graph."""
    asked = {k for note in notes for k in (*note.where, note.about) if k is not None}
    finder = _Finder(flat)
    return {k: finder.origin(variable) for variable, k in number.items() if k in asked}


def row(origin: Origin, variables: Sequence[Variable]) -> Where:
    """The row of a message for it."""
    if origin.variable is not None:
        return replace(where(variables[origin.variable]), type=origin.type)
    site = _site(origin, variables)
    word = origin.word
    if origin.named:
        lines = _lines(origin.named, variables)
        word = (lines and _nth(lines.names, origin.named[-1])) or ""
    if site is None:
        return Where(word, origin.type)
    return Where(word, origin.type, site.file, site.line, site.text)


def place(origin: Origin | None, variables: Sequence[Variable]) -> str:
    """` (train.py:12)`: the line it was made at; nothing where that is not known."""
    site = None if origin is None else _site(origin, variables)
    return "" if site is None else f" ({site})"


def _site(origin: Origin, variables: Sequence[Variable]) -> Site | None:
    number = origin.site if origin.variable is None else origin.variable
    if number is not None:
        return variables[number].site
    lines = _lines(origin.inside, variables) if origin.inside else None
    return None if lines is None else _nth(lines.sites, origin.inside[-1])


def _nth(items: Sequence[Item | None], k: int) -> Item | None:
    return items[k] if 0 <= k < len(items) else None


def _lines(path: Sequence[int], variables: Sequence[Variable]) -> Lines | None:
    owner = variables[path[0]].owner
    return None if owner is None else lines_at(owner.op, path[1:-1])
