"""How the inputs and outputs of a loop's node and of its step are laid out.

A loop's node takes the number of steps, sequences, first rows of states, and what every step reads
alike; it gives a trace of each state (its first rows, then one a step), arrays of what else the
step gives, and, where a condition may end it, how many steps it took.  Its step takes one row of
each sequence, the rows of each state that its taps name, and the rest; it gives the next row of
each state, one row for each other array, and the condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from gradc.value import value

__all__ = ["Frame", "depth_of", "frame_of"]

Each = TypeVar("Each")
Taps = tuple[int, ...]


@value
class Frame:
    """The layout of one loop.

    taps: of each state the rows that a step reads, -1 being the one before.
    until: whether the step's last output is a condition that ends the loop.
    """

    sequences: int
    taps: tuple[Taps, ...]
    until: bool

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.taps)

    @property
    def reads(self) -> int:
        """How many rows of states a step reads."""
        return sum(map(len, self.taps))

    def apart(
        self, inputs: Sequence[Each]
    ) -> tuple[Each, Sequence[Each], Sequence[Each], Sequence[Each]]:
        """A node's inputs: number of steps, sequences, first rows of states, the rest."""
        a, b = 1 + self.sequences, 1 + self.sequences + self.states
        return inputs[0], inputs[1:a], inputs[a:b], inputs[b:]

    def apart_inside(
        self, inputs: Sequence[Each]
    ) -> tuple[Sequence[Each], list[Sequence[Each]], Sequence[Each]]:
        """A step's inputs: rows of sequences, of each state those of its taps, the rest."""
        start, rows = self.sequences, []
        for taps in self.taps:
            rows.append(inputs[start : start + len(taps)])
            start += len(taps)
        return inputs[: self.sequences], rows, inputs[start:]

    def given(self, outputs: Sequence[Each]) -> tuple[Sequence[Each], Sequence[Each], Each | None]:
        """Outputs, of a node or a step: of states, others, and the one about the condition."""
        end = len(outputs) - 1 if self.until else len(outputs)
        last = outputs[-1] if self.until else None
        return outputs[: self.states], outputs[self.states : end], last


def frame_of(params: Mapping[str, Any]) -> Frame:
    """The layout that a loop's parameters say."""
    return Frame(params["sequences"], params["taps"], params.get("until", False))


def depth_of(taps: Taps) -> int:
    """How many first rows a state has."""
    return -min(taps)
