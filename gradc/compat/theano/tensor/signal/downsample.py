"""theano.tensor.signal.downsample, which Theano 1.0 has no more: gradc's."""

from typing import Any

from gradc.graph.variable import Variable
from gradc.tensor.signal.downsample import max_pool_2d, max_pool_2d_same_size

__all__ = ["DownsampleFactorMax", "max_pool_2d", "max_pool_2d_same_size"]


class DownsampleFactorMax:
    """max_pool_2d with all but its array, called with that."""

    def __init__(
        self, ds: Any, ignore_border: bool = False, st: Any = None, padding: Any = (0, 0),
        mode: str = "max",
    ) -> None:  # fmt: skip
        self.ds, self.ignore_border, self.st = ds, ignore_border, st
        self.padding, self.mode = padding, mode

    def __call__(self, x: Any) -> Variable:
        """One number for each window of rows and columns."""
        return max_pool_2d(x, self.ds, self.ignore_border, self.st, self.padding, self.mode)
