"""What templates print: frozen views of C, decided in every detail.

Takes nothing; gives the values that the rest of this package fills in.  A view holds names and
expressions as text and says how they nest; a template adds braces and line ends, nothing else.
"""

from __future__ import annotations

from gradc.value import value

__all__ = ["Block", "Branch", "FoldView", "Function", "Lines", "Loop", "State"]


@value
class Lines:
    """Statements and declarations, one a line."""

    lines: tuple[str, ...]
    kind: str = "lines"


@value
class Loop:
    """for (int64_t variable = start; variable < stop; advance)."""

    variable: str
    start: str
    stop: str
    advance: str
    body: tuple[Block, ...]
    simd: bool = False
    kind: str = "loop"

    @property
    def is_short(self) -> bool:
        """Whether it can do without braces."""
        return _is_one_line(self.body)


@value
class Branch:
    """if (condition) body."""

    condition: str
    body: tuple[Block, ...]
    kind: str = "branch"

    @property
    def is_short(self) -> bool:
        """Whether it can do without braces."""
        return _is_one_line(self.body)


Block = Lines | Loop | Branch


def _is_one_line(body: tuple[Block, ...]) -> bool:
    return len(body) == 1 and isinstance(body[0], Lines) and len(body[0].lines) == 1


@value
class Function:
    """A C function. `comment` heads it; `nodes` are its node numbers, for the marker line."""

    head: str
    comment: tuple[str, ...]
    nodes: str
    body: tuple[Block, ...]


@value
class State:
    """One component of a fold's state: its C type, and the C that starts, steps and joins it.

    name: of its value; place: of a pointer to it; lane: of its array of lanes.
    """

    name: str
    place: str
    lane: str
    c_type: str
    init: str
    step: str
    join: str


@value
class FoldView:
    """The functions of one kind of fold.

    `ordered`: steps see the element's position.  `lanes` elements are taken at a time.  The rest is
    text for folds of several components: how functions take them (`parameters`, `others`), and
    those of a lane, of the lane it is joined with, of the first lane, and of the whole fold `f`.
    """

    name: str
    element: str
    states: tuple[State, ...]
    ordered: bool
    lanes: int
    parameters: str
    others: str
    lane_places: str
    lane_others: str
    first_lanes: str
    f_places: str
