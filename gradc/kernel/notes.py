"""What the numbers in the C stand for in the user's program."""

from __future__ import annotations

from gradc.value import value

__all__ = ["NodeNote"]


@value
class NodeNote:
    """A node number, its operation, and the user's name, file and line for it."""

    number: int
    operation: str
    name: str | None = None
    file: str | None = None
    line: int | None = None
