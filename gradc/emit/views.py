"""What templates print: frozen views of C, decided in every detail.

Takes nothing; gives the values that the rest of this package fills in.  A view holds names and
expressions as text and says how they nest; a template adds braces and line ends, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Block", "Branch", "FoldView", "Function", "Lines", "Loop", "State"]


@dataclass(frozen=True, slots=True)
class Lines:
    """Statements and declarations, one a line."""

    lines: tuple[str, ...]
    kind: str = "lines"


@dataclass(frozen=True, slots=True)
class Loop:
    """for (int64_t variable = start; variable < stop; advance)."""

    variable: str
    start: str
    stop: str
    advance: str
    body: tuple[Block, ...]
    simd: bool = False
    kind: str = "loop"


@dataclass(frozen=True, slots=True)
class Branch:
    """if (condition) body."""

    condition: str
    body: tuple[Block, ...]
    kind: str = "branch"


Block = Lines | Loop | Branch


@dataclass(frozen=True, slots=True)
class Function:
    """A C function. `comment` heads it; `nodes` are its node numbers, for the marker line."""

    head: str
    comment: tuple[str, ...]
    nodes: str
    body: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class State:
    """One component of a fold's state: its C type, and the C that starts, steps and joins it."""

    name: str
    c_type: str
    init: str
    step: str
    join: str


@dataclass(frozen=True, slots=True)
class FoldView:
    """The functions of one kind of fold.

    `ordered`: steps see the element's position, so elements are taken one after the other;
    otherwise `lanes` of them at a time, `half` being half of that.
    """

    name: str
    comment: str
    element: str
    states: tuple[State, ...]
    ordered: bool
    lanes: int
    half: int
