"""What numbers in a Program stand for in the user's program.

Values here speak of variables by their number in the printed graph, never by name, file or line:
those are looked up when something is shown.  So what is compiled, and what the cache keeps, holds
no text of the user's, and moving a line changes neither.
"""

from __future__ import annotations

from gradc.value import value

__all__ = ["NodeNote", "Note"]


@value
class NodeNote:
    """A node number, its operation, and the user's name, file and line for it."""

    number: int
    operation: str
    name: str | None = None
    file: str | None = None
    line: int | None = None


@value
class Note:
    """What an error at a site says: enough for one message in the user's words.

    error: the class of errors.py to raise, by name.
    what, fix: templates over {function}, {v0}..{v3} (the values of gc_error), {x0}, {x1}... (the
    names of the variables of `where`) and {at} (the user's line for variable `about`, or nothing).
    where: the variables of the message's rows.
    """

    error: str
    what: str
    where: tuple[int, ...] = ()
    fix: str = ""
    about: int | None = None
