"""Convolution of images that have no channels."""

from __future__ import annotations

from typing import Any

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.declare import drop_axes, insert_axes
from gradc.tensor.nnet import convolutions
from gradc.tensor.windows import array_of, of_shape

__all__ = ["conv2d"]

_WORD = "signal.conv.conv2d"


def conv2d(
    input: Any, filters: Any, image_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1),
) -> Variable:  # fmt: skip
    """One image, or several, convolved with one filter, or with each of several.

    input [rows, columns] or [images, rows, columns], filters alike; the result [images, filters,
    rows, columns] without the axis of what is one.  border_mode, subsample: as of T.nnet.conv2d;
    image_shape, filter_shape: lengths that are known, the call checks them.
    """
    x, w = array_of(_WORD, "input", input), array_of(_WORD, "filters", filters)
    for name, each in (("input", x), ("filters", w)):
        if each.ndim not in (2, 3):
            what = f"{_WORD}: {name} has {each.ndim} axes, it must have 2 or 3."
            raise ShapeError(message(what, [where(each)], "use T.nnet.conv2d for channels."))
    images = _with_channel(of_shape(_WORD, "image_shape", x, image_shape))
    many = _with_channel(of_shape(_WORD, "filter_shape", w, filter_shape))
    found = convolutions.conv2d(images, many, None, None, border_mode, subsample)
    return drop_axes(found, [axis for axis, each in enumerate((x, w)) if each.ndim == 2])


def _with_channel(x: Variable) -> Variable:
    return insert_axes(x, (0, 1) if x.ndim == 2 else (1,))
