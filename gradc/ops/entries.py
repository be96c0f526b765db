"""The entries of a basic index, one an axis: a place, a slice, or a scalar only the call knows.

Takes nothing; gives values that stand in the parameters of a view (index.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from gradc.ops.kinds.views import Apart
from gradc.value import value

__all__ = ["Cut", "Entry", "Value", "apart"]


@value
class Value:
    """An index that is operand `k` of the view, counted behind the array."""

    k: int

    def __repr__(self) -> str:
        return f"i{self.k}"


@value
class Cut:
    """A slice of one axis; None is the end that the sign of `step` says."""

    start: int | Value | None
    stop: int | Value | None
    step: int = 1

    def __repr__(self) -> str:
        ends = ["" if end is None else str(end) for end in (self.start, self.stop)]
        return ":".join(ends if self.step == 1 else [*ends, str(self.step)])


Entry = int | Value | Cut


def apart(moving: tuple[int, ...], *, index: tuple[Entry, ...]) -> Apart | None:
    """Places that are scalars in `moving` taken out, unless a slice reads one of them too."""
    ends = [end for e in index if isinstance(e, Cut) for end in (e.start, e.stop)]
    if any(isinstance(end, Value) and end.k in moving for end in ends):
        return None
    taken = {axis: e.k for axis, e in enumerate(index) if isinstance(e, Value) and e.k in moving}
    used = {each.k for each in (*index, *ends) if isinstance(each, Value)} - set(moving)
    number = {k: place for place, k in enumerate(sorted(used))}
    rest = tuple(
        Cut(None, None) if axis in taken else _renumbered(e, number) for axis, e in enumerate(index)
    )
    left = [axis for axis, e in enumerate(rest) if isinstance(e, Cut)]
    axes = tuple(left.index(axis) for axis in taken)
    return Apart({"index": rest}, tuple(sorted(used)), axes, tuple(taken.values()))


def _renumbered(entry: Entry, number: Mapping[int, int]) -> Entry:
    if isinstance(entry, Value):
        return Value(number[entry.k])
    if isinstance(entry, int):
        return entry
    start, stop = (
        Value(number[e.k]) if isinstance(e, Value) else e for e in (entry.start, entry.stop)
    )
    return Cut(start, stop, entry.step)
