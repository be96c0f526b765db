"""Values put where a mask is true: x[mask] = y as a choice, element by element.

Takes an array, a mask of some of its axes, and values that are the same for all places of the mask;
gives `switch(mask, y, x)`: no place is counted, so loops fuse, no memory waits for a number of
elements, and a batch may have other masks from element to element.
"""

from __future__ import annotations

from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import switch
from gradc.ops.declare import call
from gradc.ops.elemwise import add
from gradc.ops.promises import lengths_fit
from gradc.value import frozen

__all__: list[str] = []


@frozen
class Masked:
    """base[..., mask, ...]: a mask for the axes of base that begin at `first`."""

    base: Variable
    mask: Variable
    first: int

    def write(self, values: Variable, mode: str) -> Variable | None:
        """Base with values set or added where the mask is true.

        values: with the axes of what was read, in which the mask has one.
        None if they differ from place to place, or would stretch the array.
        """
        first, count, ndim = self.first, self.mask.ndim, self.base.ndim
        if values.ndim <= first or values.type.shape[first] != 1:
            return None
        spread = [*range(first), *["x"] * count, *range(first + 1, values.ndim)]
        given = call("dimshuffle", _without(values, first), order=_shifted(spread, first))
        pairs = zip(given.type.shape, self.base.type.shape, strict=True)
        if any(n != 1 == m for n, m in pairs):
            return None
        around = ["x"] * first, ["x"] * (ndim - first - count)
        mask = call("dimshuffle", self._compared(), order=(*around[0], *range(count), *around[1]))
        return switch(mask, given if mode == "set" else add(self.base, given), self.base)

    def _compared(self) -> Variable:
        """The mask, once its lengths are seen to be the array's."""
        axes = tuple(range(self.first, self.first + self.mask.ndim))
        lengths = [self.base.type.shape[axis] for axis in axes]
        if None not in lengths and tuple(lengths) == self.mask.type.shape:
            return self.mask
        return lengths_fit(self.mask, self.mask, self.base, axes, "indexing")


def _without(values: Variable, axis: int) -> Variable:
    """Values without an axis of length 1."""
    kept = tuple(k for k in range(values.ndim) if k != axis)
    return call("dimshuffle", values, order=kept)


def _shifted(order: list[int | str], gone: int) -> tuple[int | str, ...]:
    """An order of axes after one is gone."""
    return tuple(k - 1 if isinstance(k, int) and k > gone else k for k in order)


def masked(x: Variable, mask: Variable, first: int) -> Masked | None:
    """A mask for axes of x, unless it is constant, or one would stretch against the other.

    What a constant mask asks for is known while building: those places alone are written.
    """
    pairs = zip(x.type.shape[first : first + mask.ndim], mask.type.shape, strict=True)
    if isinstance(mask, Constant) or not mask.ndim or any((n == 1) != (m == 1) for n, m in pairs):
        return None
    return Masked(x, mask, first)
