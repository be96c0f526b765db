"""L-BFGS over several arrays at once, by scipy.

Takes a compiled function of arrays that gives a cost and its gradients; gives the arrays where it
is least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize

__all__ = ["Minimum", "minimised"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Minimum:
    """Where a search ended. ends: because nothing gets better, not because it took too long."""

    weights: list[Array]
    cost: float
    steps: int
    ends: bool
    message: str


def minimised(
    function: Callable[..., Sequence[Any]], first: Sequence[Array], **options: Any
) -> Minimum:
    """The arrays at the least cost that L-BFGS finds from `first` on.

    function(*arrays) -> [cost, one gradient an array].  options: those of scipy's L-BFGS-B.
    """
    ends = np.cumsum([each.size for each in first])[:-1]

    def apart(x: Array) -> list[Array]:
        pieces = np.split(x, ends)
        return [
            piece.reshape(like.shape).astype(like.dtype, copy=False)
            for piece, like in zip(pieces, first, strict=True)
        ]

    def cost(x: Array) -> tuple[float, Array]:
        found, *gradients = function(*apart(x))
        return float(found), np.concatenate([each.ravel() for each in gradients], dtype="float64")

    start = np.concatenate([each.ravel() for each in first], dtype="float64")
    found = scipy.optimize.minimize(cost, start, jac=True, method="L-BFGS-B", options=options)
    return Minimum(
        apart(found.x), float(found.fun), int(found.nit), bool(found.success), str(found.message)
    )
