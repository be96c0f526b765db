"""Loops whose body is steps: what a recurrence is made of.

Takes nothing of the expression side; the values stand beside those of `gradc.kernel.loops`, which
hands them on.  The number of the turn that runs is an entry of the call's sizes, so offsets and
strides inside are sizes like all others; buffers inside are windows on those outside, which the
number of the turn moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradc.sizes import Size
from gradc.value import value

if TYPE_CHECKING:
    from gradc.kernel.loops import Check, Step

__all__ = ["Cut", "Move", "Read", "Repeat", "Turn"]


@value
class Read:
    """The entry `into` of the sizes is the whole number at an element of a buffer."""

    into: Size
    buffer: int
    offset: Size


@value
class Move:
    """One number from an element of a buffer to an element of another one."""

    into: int
    place: Size
    source: int
    offset: Size


@value
class Turn:
    """A part of a turn: numbers that become sizes, conditions on sizes, then steps.

    A turn has several where a step computes what the sizes of later ones are made of.
    """

    reads: tuple[Read, ...]
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]


@value
class Cut:
    """An entry of the sizes that says how a step's rows are cut.

    whole: what it is in a loop of its own; part: in one that is cut into parts.
    """

    into: Size
    whole: Size
    part: Size


@value
class Repeat:
    """The turns 0 .. count - 1, one after the other; it may fail.

    counter: the entry that holds the number of the turn.  before, after: moves ahead of the first
    turn and behind the last one; moves: at the end of each.  until: a bool scalar that ends the
    loop behind the turn in which it is true.  taken: where the number of turns taken goes.
    reads, writes: the buffers outside that are touched; kept: those that live from turn to turn and
    nobody outside reads.
    parts: into how many the rows of all steps are cut, each of which goes through all turns without
    waiting for the others; 1 where that is not worth it, None where rows depend on each other.
    cuts: the entries that say so to the steps.
    """

    counter: Size
    count: Size
    turns: tuple[Turn, ...]
    before: tuple[Move, ...] = ()
    moves: tuple[Move, ...] = ()
    after: tuple[Move, ...] = ()
    until: int | None = None
    taken: int | None = None
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    title: str = ""
    nodes: tuple[int, ...] = ()
    parts: Size | None = None
    cuts: tuple[Cut, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of a turn."""
        return tuple(step for turn in self.turns for step in turn.steps)
