"""Convolutions under Theano's names: along one, two or three axes of images, and their gradients.

Images are [images, channels, ...], filters [filters, channels of a group, ...].  `border_mode` is
the padding: "valid" (none), "full" (all places where a filter touches the image), "half" (half its
length, which keeps the shape for odd lengths), an int, or one int or pair (before, behind) an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.errors import ArgumentError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.convolution import convolve, convolve_filters, convolve_inputs
from gradc.tensor.nnet.unshared import convolve_unshared, unshared_filters, unshared_inputs
from gradc.tensor.windows import array_of, of_rank, of_shape, shape_of, whole_number, whole_numbers

__all__ = [
    "causal_conv1d",
    "conv1d",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "get_conv_output_shape",
    "separable_conv2d",
    "separable_conv3d",
]

_AXES = {1: "length", 2: "rows, columns", 3: "depth, rows, columns"}
_WORDS = ("full", "half", "causal")


def conv2d(
    input: Any, filters: Any, input_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1), filter_flip: bool = True,
    image_shape: Any = None, filter_dilation: Any = (1, 1), num_groups: int = 1,
    unshared: bool = False,
) -> Variable:  # fmt: skip
    """Images convolved with filters along rows and columns.

    input [images, channels, rows, columns]; filters [filters, channels / num_groups, rows,
    columns]; the result [images, filters, rows, columns].
    input_shape, filter_shape: lengths that are known, None for others; the call checks them.
    image_shape is the old name of input_shape.
    border_mode: the padding, see the module.  subsample: the stride.  filter_dilation: how far the
    elements of a filter stand apart.  filter_flip: filters are read backwards; False is
    a correlation.  num_groups: channels and filters are cut into so many groups apart.
    unshared: filters differ from place to place, [filters, rows, columns of the result, channels /
    num_groups, rows, columns].
    dtype: promoted; integers become float64.  Gradient: convolutions too, of any order.
    Raises: ShapeError, ArgumentError or ArgumentTypeError, naming the argument, for other ranks,
    channels and groups that do not fit, and filters larger than the padded images; at the call
    where lengths are known only there.
    Source: Dumoulin, Visin, A guide to convolution arithmetic for deep learning (2016).
    """
    if image_shape is not None and input_shape is not None:
        what = "conv2d: input_shape and image_shape are one argument, both were given."
        raise ArgumentError(message(what, fix="give input_shape alone."))
    shape = image_shape if input_shape is None else input_shape
    options = _options(
        "conv2d", 2, border_mode, subsample, filter_dilation, num_groups, filter_flip
    )
    return _conv("conv2d", 2, input, filters, shape, filter_shape, options, unshared=unshared)


def conv1d(
    input: Any, filters: Any, input_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = 1, filter_flip: bool = True,
    filter_dilation: Any = 1, num_groups: int = 1,
) -> Variable:  # fmt: skip
    """Sequences convolved with filters: conv2d with one axis.

    input [sequences, channels, length]; filters [filters, channels / num_groups, length].
    """
    options = _options(
        "conv1d", 1, border_mode, subsample, filter_dilation, num_groups, filter_flip
    )
    return _conv("conv1d", 1, input, filters, input_shape, filter_shape, options)


def conv3d(
    input: Any, filters: Any, input_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1), num_groups: int = 1,
) -> Variable:  # fmt: skip
    """Volumes convolved with filters: conv2d with three axes.

    input [volumes, channels, depth, rows, columns]; filters [filters, channels / num_groups, depth,
    rows, columns].
    """
    options = _options(
        "conv3d", 3, border_mode, subsample, filter_dilation, num_groups, filter_flip
    )
    return _conv("conv3d", 3, input, filters, input_shape, filter_shape, options)


def causal_conv1d(
    input: Any, filters: Any, filter_shape: Any = None, input_shape: Any = None,
    subsample: Any = 1, filter_flip: bool = True, filter_dilation: Any = 1, num_groups: int = 1,
) -> Variable:  # fmt: skip
    """conv1d of which place p depends on no element behind p: all padding is in front.

    Source: van den Oord et al., WaveNet (2016), arXiv 1609.03499.
    """
    word = "causal_conv1d"
    options = _options(word, 1, ("causal",), subsample, filter_dilation, num_groups, filter_flip)
    return _conv(word, 1, input, filters, input_shape, filter_shape, options)


def _conv(
    word: str, d: int, input: Any, filters: Any, input_shape: Any, filter_shape: Any,
    options: dict[str, Any], names: tuple[str, str, str] = ("input", "filters", "filter_shape"),
    unshared: bool = False,
) -> Variable:  # fmt: skip
    """The convolution; names: what the user's function calls its arguments."""
    x = of_rank(word, names[0], input, 2 + d, f"images, channels, {_AXES[d]}")
    w = of_rank(word, names[1], filters, *_filter_axes(d, unshared))
    x = of_shape(word, "input_shape", x, input_shape)
    w = of_shape(word, names[2], w, filter_shape)
    return convolve_unshared(x, w, **options) if unshared else convolve(x, w, **options)


def _filter_axes(d: int, unshared: bool) -> tuple[int, str]:
    """How many axes filters have, and which."""
    places = "rows, columns of the result, " if unshared else ""
    return (6 if unshared else 2 + d), f"filters, {places}channels, {_AXES[d]}"


def _options(
    word: str, d: int, border_mode: Any, subsample: Any, dilation: Any, groups: Any, flip: bool,
    steps: str = "subsample",
) -> dict[str, Any]:  # fmt: skip
    """The parameters of a convolution along d axes from how users write them.

    steps: what the user's function calls its stride.
    """
    return {
        "stride": whole_numbers(word, steps, subsample, d, 1),
        "dilation": whole_numbers(word, "filter_dilation", dilation, d, 1),
        "pad": _padding(word, border_mode, d),
        "groups": whole_number(word, "num_groups", groups, 1),
        "flip": bool(flip),
    }


def _padding(word: str, mode: Any, d: int) -> tuple[Any, ...]:
    """One word or pair an axis."""
    if isinstance(mode, str):
        if mode not in ("valid", *_WORDS[:2]):
            what = f"{word}: there is no border_mode {printable(repr(mode), 40)}."
            fix = 'use "valid", "full", "half", an int, or an int or a pair an axis.'
            raise ArgumentError(message(what, fix=fix))
        return ((0, 0),) * d if mode == "valid" else (mode,) * d
    listed = list(mode) if isinstance(mode, (tuple, list)) else [mode] * d
    if len(listed) != d:
        what = f"{word}: border_mode has {len(listed)} entries for {d} axes."
        raise ArgumentError(message(what, fix="give an int or a pair an axis, or one int."))
    return tuple(
        each if isinstance(each, str) and each in _WORDS
        else whole_numbers(word, "border_mode", each, 2, 0)
        for each in listed
    )  # fmt: skip


# -- gradients, and what is one of them ----------------------------------------------------------


def conv2d_grad_wrt_inputs(
    output_grad: Any, filters: Any, input_shape: Any, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1), num_groups: int = 1, unshared: bool = False,
) -> Variable:  # fmt: skip
    """The gradient of conv2d with respect to its input, given that of its result.

    input_shape: four entries, of which the last two, ints or integer scalars, are needed; the rest
    may be None.  The other arguments are conv2d's.
    Raises: as conv2d; for a shape that does not give that of output_grad.
    """
    word = "conv2d_grad_wrt_inputs"
    options = _options(word, 2, border_mode, subsample, filter_dilation, num_groups, filter_flip)
    return _of_inputs(
        word, 2, output_grad, filters, input_shape, filter_shape, options, unshared=unshared
    )


def conv3d_grad_wrt_inputs(
    output_grad: Any, filters: Any, input_shape: Any, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1), num_groups: int = 1,
) -> Variable:  # fmt: skip
    """As conv2d_grad_wrt_inputs, of conv3d: input_shape has five entries, the last three needed."""
    word = "conv3d_grad_wrt_inputs"
    options = _options(word, 3, border_mode, subsample, filter_dilation, num_groups, filter_flip)
    return _of_inputs(word, 3, output_grad, filters, input_shape, filter_shape, options)


def conv2d_grad_wrt_weights(
    input: Any, output_grad: Any, filter_shape: Any, input_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1), num_groups: int = 1, unshared: bool = False,
) -> Variable:  # fmt: skip
    """The gradient of conv2d with respect to its filters, given that of its result.

    filter_shape: four entries (six if unshared), of which the last two, ints or integer scalars,
    are needed; the rest may be None.  The other arguments are conv2d's.
    Raises: as conv2d; for a shape that does not give that of output_grad.
    """
    word = "conv2d_grad_wrt_weights"
    options = _options(word, 2, border_mode, subsample, filter_dilation, num_groups, filter_flip)
    return _of_weights(word, 2, input, output_grad, filter_shape, input_shape, options, unshared)


def conv3d_grad_wrt_weights(
    input: Any, output_grad: Any, filter_shape: Any, input_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1), num_groups: int = 1,
) -> Variable:  # fmt: skip
    """As conv2d_grad_wrt_weights, of conv3d, with five entries of filter_shape, three needed."""
    word = "conv3d_grad_wrt_weights"
    options = _options(word, 3, border_mode, subsample, filter_dilation, num_groups, filter_flip)
    return _of_weights(word, 3, input, output_grad, filter_shape, input_shape, options)


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, filter_shape: Any = None,
    border_mode: Any = "valid", input_dilation: Any = (1, 1), filter_flip: bool = True,
    filter_dilation: Any = (1, 1), num_groups: int = 1, unshared: bool = False,
) -> Variable:  # fmt: skip
    """The transposed convolution: conv2d with its input and result exchanged.

    input [images, channels, rows, columns]; filters [channels, channels of the result / num_groups,
    rows, columns], or unshared ones, as conv2d's; output_shape: that of the result, as input_shape
    of conv2d_grad_wrt_inputs.
    border_mode cuts the result where conv2d pads; input_dilation is conv2d's subsample.
    """
    word = "conv2d_transpose"
    options = _options(
        word, 2, border_mode, input_dilation, filter_dilation, num_groups, filter_flip,
        "input_dilation",
    )  # fmt: skip
    names = ("input", "output_shape")
    return _of_inputs(word, 2, input, filters, output_shape, filter_shape, options, names, unshared)


def _of_inputs(
    word: str, d: int, output_grad: Any, filters: Any, input_shape: Any, filter_shape: Any,
    options: dict[str, Any], names: tuple[str, str] = ("output_grad", "input_shape"),
    unshared: bool = False,
) -> Variable:  # fmt: skip
    """The gradient by the input; names: what the user's function calls its arguments."""
    y = of_rank(word, names[0], output_grad, 2 + d, f"images, filters, {_AXES[d]}")
    w = of_rank(word, "filters", filters, *_filter_axes(d, unshared))
    w = of_shape(word, "filter_shape", w, filter_shape)
    first, last = _needed(word, names[1], input_shape, 2 + d, d)
    gradient = unshared_inputs if unshared else convolve_inputs
    return of_shape(word, names[1], gradient(y, w, last, **options), first)


def _of_weights(
    word: str, d: int, input: Any, output_grad: Any, filter_shape: Any, input_shape: Any,
    options: dict[str, Any], unshared: bool = False,
) -> Variable:  # fmt: skip
    x = of_rank(word, "input", input, 2 + d, f"images, channels, {_AXES[d]}")
    y = of_rank(word, "output_grad", output_grad, 2 + d, f"images, filters, {_AXES[d]}")
    x = of_shape(word, "input_shape", x, input_shape)
    first, last = _needed(word, "filter_shape", filter_shape, _filter_axes(d, unshared)[0], d)
    gradient = unshared_filters if unshared else convolve_filters
    return of_shape(word, "filter_shape", gradient(x, y, last, **options), first)


def _needed(word: str, name: str, shape: Any, count: int, d: int) -> tuple[list[Any], list[Any]]:
    """What is known of the first of `count` lengths (None for the rest), and the last d of them."""
    listed = [None] if shape is None else shape_of(word, name, shape, count)
    if any(n is None for n in listed[-d:]):
        what = f"{word}: {name} must say what the last {d} lengths are."
        raise ArgumentError(message(what, fix="pass the shape of the array itself, x.shape."))
    return [*listed[:-d], *(None,) * d], listed[-d:]


# -- others ----------------------------------------------------------------------------------------


def separable_conv2d(
    input: Any, depthwise_filters: Any, pointwise_filters: Any, num_channels: int,
    input_shape: Any = None, depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None, border_mode: Any = "valid", subsample: Any = (1, 1),
    filter_flip: bool = True, filter_dilation: Any = (1, 1),
) -> Variable:  # fmt: skip
    """Each channel with filters of its own, then all of them with filters of one element.

    depthwise_filters [filters * num_channels, 1, rows, columns]; pointwise_filters [filters of the
    result, filters * num_channels, 1, 1].  The rest is conv2d's; padding and strides are the first
    convolution's.
    Source: Chollet, Xception: Deep Learning with Depthwise Separable Convolutions (2016).
    """
    shapes = (input_shape, depthwise_filter_shape, pointwise_filter_shape)
    return _separable(
        2, (input, depthwise_filters, pointwise_filters), shapes, num_channels, border_mode,
        subsample, filter_flip, filter_dilation,
    )  # fmt: skip


def separable_conv3d(
    input: Any, depthwise_filters: Any, pointwise_filters: Any, num_channels: int,
    input_shape: Any = None, depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None, border_mode: Any = "valid", subsample: Any = (1, 1, 1),
    filter_flip: bool = True, filter_dilation: Any = (1, 1, 1),
) -> Variable:  # fmt: skip
    """As separable_conv2d, along three axes."""
    shapes = (input_shape, depthwise_filter_shape, pointwise_filter_shape)
    return _separable(
        3, (input, depthwise_filters, pointwise_filters), shapes, num_channels, border_mode,
        subsample, filter_flip, filter_dilation,
    )  # fmt: skip


_DEPTHWISE = ("input", "depthwise_filters", "depthwise_filter_shape")
_POINTWISE = ("input", "pointwise_filters", "pointwise_filter_shape")


def _separable(
    d: int, arrays: tuple[Any, Any, Any], shapes: tuple[Any, Any, Any], channels: Any,
    border_mode: Any, subsample: Any, flip: bool, dilation: Any,
) -> Variable:  # fmt: skip
    """A convolution with a group a channel, then one whose filters have one element."""
    word = f"separable_conv{d}d"
    count = whole_number(word, "num_channels", channels, 1)
    for name, given, wanted in (("input", arrays[0], count), ("depthwise_filters", arrays[1], 1)):
        array = array_of(word, name, given)
        found = array.type.shape[1] if array.ndim > 1 else None
        if found not in (None, wanted):
            what = f"{word}: axis 1 of {name} has length {found}, num_channels is {count}."
            fix = f"it has to be {wanted}: each channel has filters of its own."
            raise ShapeError(message(what, [where(array)], fix))
    options = _options(word, d, border_mode, subsample, dilation, count, flip)
    parts = _conv(word, d, *arrays[:2], *shapes[:2], options, _DEPTHWISE)
    filters = array_of(word, "pointwise_filters", arrays[2])
    if any(n not in (None, 1) for n in filters.type.shape[2:]):
        what = f"{word}: pointwise_filters have {filters.type}, not one element each."
        raise ShapeError(message(what, [where(filters)], "their last axes have length 1."))
    plain = _options(word, d, "valid", 1, 1, 1, True)
    return _conv(word, d, parts, filters, None, shapes[2], plain, _POINTWISE)


def get_conv_output_shape(
    image_shape: Sequence[Any], kernel_shape: Sequence[Any], border_mode: Any,
    subsample: Any, filter_dilation: Any = None,
) -> tuple[Any, ...]:  # fmt: skip
    """The shape of a convolution's result, from those of images and filters.

    Entries are ints, integer scalars, or None, which stays; kernel_shape has six where filters
    differ from place to place.  border_mode, subsample, filter_dilation as of conv2d.
    """
    word = "get_conv_output_shape"
    count = len(image_shape) if isinstance(image_shape, (tuple, list)) else 4
    image = shape_of(word, "image_shape", image_shape, min(max(count, 3), 5))
    d = len(image) - 2
    is_unshared = d == 2 and isinstance(kernel_shape, (tuple, list)) and len(kernel_shape) == 6
    kernel = shape_of(word, "kernel_shape", kernel_shape, 6 if is_unshared else 2 + d)
    strides = whole_numbers(word, "subsample", subsample, d, 1)
    given = 1 if filter_dilation is None else filter_dilation
    dilations = whole_numbers(word, "filter_dilation", given, d, 1)
    steps = zip(
        image[2:], kernel[-d:], _padding(word, border_mode, d), strides, dilations, strict=True
    )
    return (image[0], kernel[0], *(_output_length(*each) for each in steps))


def _output_length(n: Any, k: Any, pad: Any, stride: int, dilation: int) -> Any:
    if n is None or k is None:
        return None
    reach = (k - 1) * dilation
    words = {"full": 2 * reach, "half": (reach + 1) // 2 * 2}
    margin = words[pad] if isinstance(pad, str) else sum(pad)
    return (n + margin - reach - 1) // stride + 1
