"""A function of T and how it is used: the rows of parametric.py and algebra.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fuzz.pool import Item, Pool

__all__ = ["Form", "axis_of", "like"]

Build = Callable[[Pool, Item], Any]


@dataclass(frozen=True)
class Form:
    """How a function is used. moves: the elements stay what they are; axis: one of length > 0."""

    word: str
    build: Build
    ranks: range = range(6)
    moves: bool = True
    floats: bool = False
    full: bool = False

    def takes(self, item: Item) -> bool:
        if item.value.ndim not in self.ranks or (self.floats and not item.is_float):
            return False
        return not self.full or 0 not in item.shape


def axis_of(g: Pool, item: Item) -> int:
    """One axis, counted from either end."""
    return g.draws.below(item.value.ndim) - (item.value.ndim if g.draws.below(2) else 0)


def like(g: Pool, item: Item) -> Item:
    """An item of the same shape and dtype: perhaps the same."""
    shape = item.variable.type.shape
    return (
        g.pick(
            lambda i: (
                i.shape == item.shape
                and i.value.dtype == item.value.dtype
                and i.variable.type.shape == shape
            )
        )
        or item
    )
