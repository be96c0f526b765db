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

from gradc.errors import Where
from gradc.graph.describe import where, written
from gradc.graph.flat import Flat
from gradc.graph.site import Site
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.kernel.notes import Note
from gradc.value import replace, value

__all__ = ["Origin", "place", "row", "trace_origins"]


@value
class Origin:
    """What stands behind a variable of the lowered graph.

    variable: its number in the received graph, or None where rewriting made it; then `word` is
    what it is called, and `site` the number of a variable that has its line, or None.
    type: of the lowered variable; rewriting may know more lengths.
    inside: its line, where it stands in the step of a loop, which no variable here has.
    """

    variable: int | None
    site: int | None
    word: str
    type: str
    inside: Site | None = None


class _Finder:
    """Finds variables of the received graph."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.by_site: dict[int, int] = {}
        self.by_operation: dict[tuple[int, str], list[int]] = {}
        for k, each in enumerate(flat.variables):
            if each.site is not None:
                self.by_site.setdefault(id(each.site), k)
                if each.owner is not None:
                    key = (id(each.site), each.owner.op.name)
                    self.by_operation.setdefault(key, []).append(k)

    def origin(self, variable: Variable) -> Origin:
        type_ = str(variable.type)
        number = self._same(variable)
        if number is None:
            variable = written(variable)
            number = self._same(variable)
        if number is not None:
            return Origin(number, None, "", type_)
        site = None if variable.site is None else self.by_site.get(id(variable.site))
        # a graph with loops is Python's own: what is made of it is not kept in the cache
        inside = variable.site if site is None and self.flat.body is None else None
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
    site = origin.inside if origin.site is None else variables[origin.site].site
    if site is None:
        return Where(origin.word, origin.type)
    return Where(origin.word, origin.type, site.file, site.line, site.text)


def place(origin: Origin | None, variables: Sequence[Variable]) -> str:
    """` (train.py:12)`: the line it was made at; nothing where that is not known."""
    if origin is None:
        return ""
    number = origin.site if origin.variable is None else origin.variable
    site = origin.inside if number is None else variables[number].site
    return "" if site is None else f" ({site})"
