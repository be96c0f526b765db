"""theano.tensor.signal.pool: gradc's, also as the class that Theano has."""

from typing import Any

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.tensor.signal.pool import max_pool_2d_same_size, pool_1d, pool_2d, pool_3d

__all__ = ["Pool", "max_pool_2d_same_size", "pool_2d", "pool_3d"]

_FUNCTIONS = {1: pool_1d, 2: pool_2d, 3: pool_3d}


class Pool:
    """Pooling with all but its array, called with that: Pool(ignore_border, mode)(x, ws, ...)."""

    def __init__(
        self, ignore_border: bool = False, mode: str = "max", ndim: int = 2, openmp: Any = None
    ) -> None:
        if ndim not in _FUNCTIONS:
            what = f"Pool: ndim={ndim!r}, windows slide over 1, 2 or 3 axes."
            raise ArgumentError(message(what, fix="join axes by reshape to pool over more."))
        self.ignore_border, self.mode, self.ndim = ignore_border, mode, ndim

    def __call__(self, x: Any, ws: Any, stride: Any = None, pad: Any = None) -> Variable:
        """One number for each window of the last axes."""
        return _FUNCTIONS[self.ndim](x, ws, self.ignore_border, stride, pad, self.mode)
