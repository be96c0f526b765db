"""theano.tensor.nnet: gradc.tensor.nnet, whose softmax makes a matrix of one row of a vector."""
# ruff: noqa: F403

from typing import Any

import gradc.compat.theano.tensor.nnet.neighbours  # noqa: F401  # for `import`
from gradc.compat.theano.tensor.nnet import abstract_conv, conv, conv3d2d
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.tensor import nnet as ours
from gradc.tensor.nnet import *
from gradc.tensor.nnet.layers import padded_rows

__all__ = [
    *ours.__all__,
    "abstract_conv",
    "abstract_conv2d",
    "conv",
    "conv3d2d",
    "logsoftmax_op",
    "softmax_graph",
    "softmax_op",
]


def softmax(c: Any) -> Variable:  # type: ignore[no-redef]
    """exp(c) / sum(exp(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.softmax(padded_rows(as_variable(c)))


def logsoftmax(c: Any) -> Variable:  # type: ignore[no-redef]
    """log(softmax(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.logsoftmax(padded_rows(as_variable(c)))


def softmax_with_bias(x: Any, b: Any) -> Variable:  # type: ignore[no-redef]
    """softmax(x + b) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.softmax_with_bias(padded_rows(as_variable(x)), b)


def conv2d(  # type: ignore[no-redef]
    input: Any, filters: Any, input_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1), filter_flip: bool = True,
    image_shape: Any = None, filter_dilation: Any = (1, 1), num_groups: int = 1,
    unshared: bool = False, **kwargs: Any,
) -> Variable:  # fmt: skip
    """gradc.tensor.nnet.conv2d; kwargs: hints of old about loops, which mean nothing here.

    Raises: as that, and ArgumentTypeError for other words.
    """
    conv.refuse_unknown(kwargs)
    return ours.conv2d(
        input, filters, input_shape, filter_shape, border_mode, subsample, filter_flip, image_shape,
        filter_dilation, num_groups, unshared,
    )  # fmt: skip


abstract_conv2d = ours.conv2d
softmax_op = softmax
softmax_graph = ours.softmax  # of a vector it gives a vector
logsoftmax_op = logsoftmax
