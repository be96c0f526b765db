"""theano.tensor.nnet.conv3d2d: conv3d of images that have time in front of channels."""

from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.tensor import nnet as ours

__all__ = ["conv3d"]

_SWAPPED = (0, 2, 1, 3, 4)


def conv3d(
    signals: Any, filters: Any, signals_shape: Any = None, filters_shape: Any = None,
    border_mode: Any = "valid",
) -> Variable:  # fmt: skip
    """gradc.tensor.nnet.conv3d of arrays [n, time, channels, rows, columns], as is the result."""
    image_shape, filter_shape = (
        None if shape is None else [shape[k] for k in _SWAPPED]
        for shape in (signals_shape, filters_shape)
    )
    x, w = (as_variable(each).dimshuffle(*_SWAPPED) for each in (signals, filters))
    return ours.conv3d(x, w, image_shape, filter_shape, border_mode).dimshuffle(*_SWAPPED)
