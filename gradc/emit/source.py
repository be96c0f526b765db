"""C text, and what its node numbers mean to the user.

Takes the text that templates made and a table of nodes; gives a Source, whose `.text` is compiled
and hashed and whose print shows the user's names, files and lines as comments.  User text never
enters what is compiled: names are not to be trusted, and moving a line must recompile nothing.
A line asks for notes by a marker: `/* %12 */`, or `/* %3 %4 %7 */`.
"""

from __future__ import annotations

import os
import re

from gradc.errors import printable
from gradc.kernel.interface import Interface
from gradc.kernel.notes import NodeNote
from gradc.value import value

__all__ = ["NodeNote", "Source"]

_MARKER = re.compile(r"/\* (%\d+(?: %\d+)*) \*/")
_ARRAY = re.compile(r"\bb\d+ %(\d+)\b")
_LINE = 100  # columns
_NAME = 60  # characters of a user's name that are shown


@value
class Source:
    """A function as C: the text, its border, the level to compile it at, and its nodes."""

    text: str
    interface: Interface
    level: int
    nodes: tuple[NodeNote, ...] = ()

    def __str__(self) -> str:
        notes = {note.number: _note_text(note) for note in self.nodes}
        names = {note.number: _comment_text(note.name) for note in self.nodes if note.name}
        lines = (_named(line, names) for line in self.text.split("\n"))
        return "\n".join(_annotated(line, notes) for line in lines)


def _named(line: str, names: dict[int, str]) -> str:
    """A line that lists arrays, with the user's name behind the number of each."""
    if not line.startswith(" *   b"):
        return line
    return _ARRAY.sub(lambda m: f"{m[0]} {names[int(m[1])]}" if int(m[1]) in names else m[0], line)


def _annotated(line: str, notes: dict[int, str]) -> str:
    """The line with its marker spelled out; a long list below each other."""
    marker = _MARKER.search(line)
    if marker is None:
        return line
    numbers = [int(word[1:]) for word in marker[1].split()]
    texts = [notes.get(number, f"%{number}") for number in numbers]
    before, after = line[: marker.start()], line[marker.end() :]
    whole = f"{before}/* {', '.join(texts)} */{after}"
    if len(texts) == 1 or len(whole) <= _LINE:
        return whole
    indent = before if before.isspace() or not before else " " * len(before)
    return f"{before}/* " + f"\n{indent} * ".join(texts) + f" */{after}"


def _note_text(note: NodeNote) -> str:
    name = f" {_comment_text(note.name)}:" if note.name else ""
    place = ""
    if note.file:
        line = "" if note.line is None else f":{note.line}"
        place = f" ({_comment_text(os.path.basename(note.file))}{line})"
    return f"%{note.number}{name} {_comment_text(note.operation)}{place}"


def _comment_text(text: str) -> str:
    """User text that is safe inside a C comment: it cannot end it, continue a line, or hide."""
    text = "".join(c if c.isprintable() and c != "\\" else "." for c in text[: 2 * _NAME])
    text = text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")
    return printable(text, _NAME)
