"""Where the decisions of random graphs come from: hypothesis, which shrinks them, or numpy.

All are numbers below a bound, and smaller ones are simpler: what shrinks goes towards 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

T = TypeVar("T")


class Draws:
    """Decisions, each by a call of `below(n)`, which gives 0 to n - 1; `made` are those so far."""

    def __init__(self, source: Callable[[int], int]) -> None:
        self.source = source
        self.made: list[int] = []

    def below(self, n: int) -> int:
        self.made.append(self.source(n))
        return self.made[-1]

    @classmethod
    def of_numpy(cls, rng: np.random.Generator) -> Draws:
        return cls(lambda n: int(rng.integers(n)))

    @classmethod
    def of_hypothesis(cls, draw: Callable[[st.SearchStrategy[int]], int]) -> Draws:
        return cls(lambda n: draw(st.integers(0, n - 1)))

    def integer(self, low: int, high: int) -> int:
        """From low to high - 1."""
        return low + self.below(high - low)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def some(self, items: Sequence[T]) -> tuple[T, ...]:
        return tuple(each for each in items if self.below(2))

    def order(self, count: int) -> tuple[int, ...]:
        """A permutation."""
        left = list(range(count))
        return tuple(left.pop(self.below(len(left))) for _ in range(count))

    def rng(self) -> np.random.Generator:
        """For the numbers of an array, which nobody wants to shrink."""
        return np.random.default_rng(self.below(1 << 16))
