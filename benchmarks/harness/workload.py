"""What a workload is: data, a formula in the words of a peer, and what is done with it.

Takes nothing but numpy; read by every worker, so it keeps to Python 3.7.  A Case is a workload in
one Variation: it hands out the data, names and formula that a peer is to use, so that no workload
and no peer knows of variations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Dict

import numpy as np

__all__ = [
    "VARIATIONS",
    "Case",
    "Data",
    "Floor",
    "Goal",
    "Update",
    "Variation",
    "Workload",
    "draws",
]

Data = Dict[str, Any]  # of arrays


class draws:  # noqa: N801  # used as a function
    """Random arrays that every version of numpy draws alike: RandomState is frozen (NEP 19)."""

    def __init__(self, dtype: str = "float64", seed: int = 0) -> None:
        self._state = np.random.RandomState(seed)  # for that very reason
        self._dtype = dtype

    def normal(self, *shape: int) -> Any:
        """Standard normal numbers."""
        return np.asarray(self._state.standard_normal(shape), self._dtype)

    def whole(self, high: int, *shape: int) -> Any:
        """Whole numbers from 0 to high - 1."""
        return self._state.randint(0, high, size=shape).astype("int64")


@dataclass(frozen=True)
class Update:
    """How training moves parameters: velocity = momentum * velocity - rate * gradient."""

    rate: float
    momentum: float = 0.0


@dataclass(frozen=True)
class Floor:
    """What no way of doing the work avoids.

    products: pairs of arrays to be multiplied by BLAS.  reads, writes: arrays that go through
    memory once.  factored: positive definite matrices to be factored, and inverted from that, by
    LAPACK.
    """

    products: Sequence[tuple[Any, Any]] = ()
    reads: Sequence[Any] = ()
    writes: Sequence[Any] = ()
    factored: Sequence[Any] = ()


@dataclass(frozen=True)
class Goal:
    """What gradc is to reach.

    ahead: how many times as fast as the best peer.  floor: its time over the floor's, at most.
    seconds: of a run.  cold, warm: seconds from building to the first result, without and with
    what an earlier process has left in the cache.
    """

    ahead: float = 1.0
    floor: float | None = None
    seconds: float | None = None
    cold: float | None = None
    warm: float | None = None


@dataclass(frozen=True)
class Workload:
    """One thing to be done.

    name, title: for the command line and the table; the title may name sizes in braces.
    data(dtype, **sizes): the arrays, by the names of the formula's arguments.
    formula(np, **variables): a dict of expressions in the words `np`; "cost" is differentiated.
        None: only peers that have a function for the workload's file take part.
    outputs: those expressions that are returned.
    parameters: the arrays to differentiate by; with `update` they are shared and trained, without
        it their gradients are returned too.  None at all: the formula is only evaluated.
    activations: names of the activation function, the usual one and another; the formula then has
        an argument `activation`.
    matrices: those arrays that a variation may hand over transposed.
    floor(data): what cannot be avoided; None for work too small to have one.
    steps: runs before values are compared, to within `rtol` of the largest; `apart` names values
        that may differ more: rounding grows where many steps build on each other.
    compared: what is made of a peer's values before they are compared, where these are its own.
    sums(data): by the name of a value that is a sum of terms of either sign, the root of the sum of
        their squares.  Such a sum may come out near 0; its rounding errors are no smaller then.
    first, latency: whether the first call, and the distribution of calls, are measured too.
    """

    name: str
    title: str
    data: Callable[..., Data]
    formula: Callable[..., dict[str, Any]] | None
    sizes: Mapping[str, int] = field(default_factory=dict)
    dtype: str = "float64"
    outputs: tuple[str, ...] = ("out",)
    parameters: tuple[str, ...] = ()
    update: Update | None = None
    activations: tuple[str, ...] = ()
    matrices: tuple[str, ...] = ()
    floor: Callable[[Data], Floor] | None = None
    goal: Goal = Goal()
    steps: int = 3
    apart: Mapping[str, float] = field(default_factory=dict)
    compared: Callable[[Data], Data] | None = None
    sums: Callable[[Data], Mapping[str, float]] | None = None
    first: bool = False
    latency: bool = False

    @property
    def rtol(self) -> float:
        """How well values agree: 1e-9 in float64, 1e-5 in float32."""
        return 1e-9 if self.dtype == "float64" else 1e-5

    def resized(self, **changes: Any) -> Workload:
        """The workload with another name, dtype, sizes, ..."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Variation:
    """One way in which the same work may be written differently, or be a little larger."""

    scale: float = 1.0
    is_transposed: bool = False
    other_activation: bool = False
    is_renamed: bool = False


VARIATIONS = {
    "plain": Variation(),
    "larger": Variation(scale=1.15),
    "smaller": Variation(scale=0.85),
    "transposed": Variation(is_transposed=True),
    "activation": Variation(other_activation=True),
    "renamed": Variation(is_renamed=True),
}


@dataclass(frozen=True)
class Case:
    """A workload in a variation, as a peer sees it."""

    workload: Workload
    variation: Variation = Variation()

    @property
    def applies(self) -> bool:
        """Whether the variation changes this workload at all."""
        varied, work = self.variation, self.workload
        return not (
            (varied.is_transposed and not work.matrices)
            or (varied.other_activation and len(work.activations) < 2)
            or (varied.scale != 1.0 and not work.sizes)
            or (varied.is_renamed and work.formula is None)
        )

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes, scaled."""
        scale = self.variation.scale
        return {name: max(1, round(n * scale)) for name, n in self.workload.sizes.items()}

    @property
    def title(self) -> str:
        """What it is, with its sizes."""
        return self.workload.title.format(**self.sizes)

    def data(self) -> Data:
        """The arrays, transposed where the peer is to find them so."""
        found = self.workload.data(self.workload.dtype, **self.sizes)
        return {k: np.array(self._turned(k, v), order="C") for k, v in found.items()}

    def straight(self, data: Data) -> Data:
        """Those arrays as the formula means them: views."""
        return {name: self._turned(name, value) for name, value in data.items()}

    def formula(self, words: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The expressions, of variables that have the shapes of `data`."""
        options = {}
        if self.workload.activations:
            options["activation"] = self.activation
        straight = {name: self._turned(name, value) for name, value in variables.items()}
        assert self.workload.formula is not None, "prepare sees to it"
        return self.workload.formula(words, **straight, **options)

    @property
    def activation(self) -> str:
        """The name of the activation function, or nothing."""
        names = self.workload.activations
        return names[1 if self.variation.other_activation else 0] if names else ""

    def label(self, name: str) -> str:
        """What the peer is to call a variable."""
        return "renamed_" + name[::-1] if self.variation.is_renamed else name

    def _turned(self, name: str, value: Any) -> Any:
        is_turned = self.variation.is_transposed and name in self.workload.matrices
        return value.T if is_turned else value
