"""Index maps that are sums of axes times lengths: what a view is on the machine side.

Takes loop axes; gives, per input axis, offset + sum(axis * factor).  Transposing, slicing,
broadcasting and taking a diagonal are all of this form, and so are their compositions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from gradc.sizes import Size, SizeLike, size
from gradc.value import value

__all__ = ["Affine", "IndexMap", "fixed", "identity"]


@value
class Affine:
    """offset + sum of factor * axis; `factors` is sorted by axis and holds no zero."""

    offset: Size
    factors: tuple[tuple[int, Size], ...] = ()

    def __add__(self, other: Affine | SizeLike) -> Affine:
        if not isinstance(other, Affine):
            return Affine(self.offset + other, self.factors)
        total = dict(self.factors)
        for axis, factor in other.factors:
            total[axis] = total[axis] + factor if axis in total else factor
        return _affine(self.offset + other.offset, total)

    def __mul__(self, factor: SizeLike) -> Affine:
        return _affine(self.offset * factor, {axis: each * factor for axis, each in self.factors})

    def factor(self, axis: int) -> Size:
        """How far one step along `axis` moves."""
        return dict(self.factors).get(axis, size(0))

    def compose(self, axes: Sequence[Affine]) -> Affine:
        """This map with axis k replaced by axes[k]."""
        total = Affine(self.offset)
        for axis, factor in self.factors:
            total = total + axes[axis] * factor
        return total

    def __str__(self) -> str:
        parts = [f"i{axis}" if f.constant == 1 else f"({f})*i{axis}" for axis, f in self.factors]
        if self.offset.constant != 0 or not parts:
            parts.append(str(self.offset))
        return " + ".join(parts)


IndexMap = tuple[Affine, ...]


def _affine(offset: Size, factors: dict[int, Size]) -> Affine:
    kept = [(axis, factors[axis]) for axis in sorted(factors) if factors[axis].terms]
    return Affine(offset, tuple(kept))


def fixed(position: SizeLike) -> Affine:
    """The same position whatever the loop."""
    return Affine(size(position))


@cache
def identity(ndim: int) -> IndexMap:
    """Axis k is axis k."""
    return tuple(Affine(size(0), ((axis, size(1)),)) for axis in range(ndim))
