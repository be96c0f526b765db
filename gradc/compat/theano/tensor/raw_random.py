"""theano.tensor.raw_random: see gradc.random.raw; a state is uint64[2], not numpy's RandomState.

Make one with gradc.random.key(seed).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.errors import UnsupportedError, message
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.elemwise import cast
from gradc.random import raw
from gradc.random.raw import (
    binomial,
    choice,
    multinomial,
    normal,
    permutation,
    poisson,
    random_integers,
    random_state_type,
    uniform,
)

__all__ = [
    "RandomFunction",
    "RandomStateType",
    "binomial",
    "choice",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "random_integers",
    "random_state_type",
    "uniform",
]

_LAWS = ("uniform", "normal", "binomial", "poisson", "random_integers", "multinomial")


def RandomStateType() -> TensorType:  # noqa: N802  # Theano's name
    """The type of states, uint64[2]; calling it makes a variable."""
    return random_state_type().type


class RandomFunction:
    """An operation that draws: of a state, a shape and parameters the next state and numbers.

    fn: a method of numpy's RandomState, or its name, of those that this module has.
    outtype: the type of the numbers.  inplace: means nothing.  ndim_added: axes of one draw.
    Raises: UnsupportedError for other functions.
    """

    def __init__(
        self, fn: Any, outtype: TensorType, inplace: bool = False, ndim_added: int = 0
    ) -> None:
        name = fn if isinstance(fn, str) else getattr(fn, "__name__", repr(fn))
        if name not in _LAWS:
            what = f"RandomFunction: {name} is code that draws from numpy's RandomState."
            fix = "use a function of theano.tensor.raw_random or gradc.random, or gradc.as_op."
            raise UnsupportedError(message(what, fix=fix))
        self.fn, self.outtype, self.ndim_added = fn, outtype, ndim_added
        self._law: Callable[..., tuple[Variable, Variable]] = getattr(raw, name)

    def __call__(self, state: Variable, shape: Any, *args: Any) -> list[Variable]:
        """The next state, and numbers of this shape; () is what the parameters stretch to."""
        size = None if isinstance(shape, (tuple, list)) and not shape else shape
        ndim = None if size is None else self.outtype.ndim - self.ndim_added
        following, drawn = self._law(state, size, *args, ndim=ndim)
        return [following, cast(drawn, self.outtype.dtype)]
