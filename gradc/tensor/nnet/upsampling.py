"""Images made larger by bilinear interpolation, as transposed convolutions with a fixed filter."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import given_text
from gradc.graph.variable import Constant, Variable
from gradc.ops.convolution import convolve_inputs
from gradc.ops.declare import is_float
from gradc.ops.elemwise import cast
from gradc.ops.lengths import length
from gradc.ops.relabel import reshape
from gradc.ops.stacking import concatenate
from gradc.options import config
from gradc.tensor.windows import of_rank, of_shape, whole_number, whole_numbers

__all__ = [
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "frac_bilinear_upsampling",
]

_AXES = "images, channels, rows, columns"


def bilinear_kernel_1D(ratio: Any, normalize: bool = True) -> Variable:  # noqa: N802  # Theano's
    """The filter that interpolates between elements `ratio` apart: 1, 2, ..., ratio, ..., 2, 1.

    normalize: divided by ratio.  dtype: floatX.
    """
    count = whole_number("bilinear_kernel_1D", "ratio", ratio, 1)
    return Constant(_tent(count, bool(normalize), config.floatX))


def bilinear_kernel_2D(ratio: Any, normalize: bool = True) -> Variable:  # noqa: N802
    """The same along two axes; ratio: one number, or one for rows and one for columns."""
    rows, columns = (
        _tent(n, bool(normalize), config.floatX)
        for n in whole_numbers("bilinear_kernel_2D", "ratio", ratio, 2, 1)
    )
    return Constant(rows[:, None] * columns)


def bilinear_upsampling(
    input: Any, ratio: Any = None, frac_ratio: Any = None, batch_size: Any = None,
    num_input_channels: Any = None, use_1D_kernel: bool = True,
) -> Variable:  # fmt: skip
    """Images `ratio` times as long and wide, interpolated between their elements.

    input [images, channels, rows, columns].  At the borders first and last elements go on; for
    even ratios one time more behind than in front.
    ratio: a whole number.  frac_ratio: in its place, see frac_bilinear_upsampling.
    batch_size, num_input_channels: lengths that are known, the call checks them.
    use_1D_kernel: whether rows and columns are taken one after the other, as always here; as in
    Theano it has to be False for frac_ratio.
    dtype: the input's; integers become float64.
    Raises: ArgumentError or ArgumentTypeError, naming the argument, for both ratios or none, or one
    that is no whole number above 0; ShapeError for another rank.
    """
    word = "bilinear_upsampling"
    if (ratio is None) == (frac_ratio is None):
        what = f"{word}: takes ratio or frac_ratio, {'both' if ratio is not None else 'neither'}."
        raise ArgumentError(message(what, fix="give one of them."))
    x = of_rank(word, "input", input, 4, _AXES)
    known = [batch_size, num_input_channels, None, None]
    x = of_shape(word, "batch_size, num_input_channels", x, known)
    if frac_ratio is not None:
        if use_1D_kernel:
            what = f"{word}: frac_ratio goes with use_1D_kernel=False."
            raise ArgumentError(message(what, fix="pass use_1D_kernel=False."))
        return frac_bilinear_upsampling(x, frac_ratio)
    count = whole_number(word, "ratio", ratio, 1)
    return _upsampled(x, (count, count))


def frac_bilinear_upsampling(input: Any, frac_ratio: Any) -> Variable:
    """Images p / q times as long and wide: interpolated p times, of which every qth is kept.

    input [images, channels, rows, columns].  frac_ratio: (p, q), or one such pair for rows and one
    for columns.  The rest is bilinear_upsampling's.
    """
    word = "frac_bilinear_upsampling"
    x = of_rank(word, "input", input, 4, _AXES)
    if not isinstance(frac_ratio, (tuple, list)) or len(frac_ratio) != 2:
        what = f"{word}: frac_ratio has to be (p, q), or two pairs, got {given_text(frac_ratio)}."
        raise ArgumentTypeError(message(what, fix="write (3, 2) for images half as long again."))
    is_pair = any(isinstance(each, (tuple, list)) for each in frac_ratio)
    pairs = [
        whole_numbers(word, "frac_ratio", each, 2, 1)
        for each in (frac_ratio if is_pair else (frac_ratio,) * 2)
    ]
    (rows, by_rows), (columns, by_columns) = ((p // gcd(p, q), q // gcd(p, q)) for p, q in pairs)
    return _upsampled(x, (rows, columns))[:, :, ::by_rows, ::by_columns]


def _upsampled(x: Variable, ratio: Sequence[int]) -> Variable:
    x = x if is_float(x.dtype) else cast(x, "float64")
    n, c, rows, columns = (length(x, axis) for axis in range(4))
    found = reshape(x, (n * c, 1, rows, columns))
    for axis, r in enumerate(ratio, start=2):
        found = _along(found, axis, r)
    return reshape(found, (n, c, rows * ratio[0], columns * ratio[1]))


def _along(x: Variable, axis: int, ratio: int) -> Variable:
    """Interpolated along one axis, whose first and last elements go on."""
    first, last = (x[(slice(None),) * axis + (at,)] for at in (slice(0, 1), slice(-1, None)))
    wide = concatenate([first, x, last], axis=axis)
    lengths = [length(x, 2), length(x, 3)]
    lengths[axis - 2] = lengths[axis - 2] * ratio
    tent = _tent(ratio, True, x.dtype)
    margin = ratio + ratio // 2  # the element in front of the first, and half a step
    steps, pads = [1, 1], [(0, 0), (0, 0)]
    steps[axis - 2], pads[axis - 2] = ratio, (margin, margin)
    shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
    return convolve_inputs(wide, tent.reshape(shape), lengths, stride=steps, pad=pads)


def _tent(ratio: int, normalize: bool, dtype: str) -> npt.NDArray[Any]:
    rise = np.arange(1, ratio + 1, dtype=dtype)
    tent = np.concatenate([rise, rise[-2::-1]])
    return (tent / np.asarray(ratio, dtype) if normalize else tent).astype(dtype)
