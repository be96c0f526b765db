"""Values that a function makes for many places in a row faster than one by one: random bits.

Takes the statements of a tile's loop; gives those whose last operand counts up by one along it
while the others stay.  They are made by one call before the loop, into an array d<number> beside
the tiles of folds, and the loop reads them there.  A block of Philox has the bits of two or four
elements: made together they take 1.4 ns each, one by one 9 (float64 on the machine of
docs/performance.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gradc.dtypes import dtype_info
from gradc.emit.statements import Scope, Writer
from gradc.kernel.program import Bound, Compute, FoldStep, Position, Statement, Store
from gradc.value import value

__all__ = ["Run", "runs_of", "without"]


@value
class Run:
    """A statement whose values are made ahead, and the place of its first one."""

    made: Compute
    place: Position

    @property
    def name(self) -> str:
        """The array."""
        return f"d{self.made.dst}"

    def array(self, room: str) -> str:
        """Its declaration."""
        return f"{dtype_info(self.made.dtype).c_type} {self.name}[{room}];"

    def call(self, writer: Writer, scope: Scope, count: str) -> str:
        """The call that fills it."""
        fixed = ", ".join(writer.local(each) for each in self.made.args[:-1])
        first = writer.first_place(self.place, scope)
        return f"{self.made.fn.run}({fixed}, {first}, {count}, {self.name});"


def runs_of(body: Sequence[Statement], axes: int) -> list[Run]:
    """The statements that can be made ahead of a loop along the last axis."""
    made: Mapping[int, Statement] = {
        each.dst: each for each in body if not isinstance(each, (Bound, FoldStep, Store))
    }
    found = []
    for each in body:
        if isinstance(each, Compute) and each.fn.run:
            *fixed, last = each.args
            place = made.get(last)
            counts = isinstance(place, Position) and place.index.factor(axes - 1).constant == 1
            if isinstance(place, Position) and counts and not any(arg in made for arg in fixed):
                found.append(Run(each, place))
    return found


def without(
    body: Sequence[Statement], runs: Sequence[Run], reads: Counter[int]
) -> tuple[Statement, ...]:
    """The statements that are left: neither those made ahead nor the places that only they read."""
    uses = Counter(each.place.dst for each in runs)
    gone = {each.made.dst for each in runs}
    gone |= {number for number, count in uses.items() if reads[number] == count}
    return tuple(
        each for each in body if not isinstance(each, (Compute, Position)) or each.dst not in gone
    )
