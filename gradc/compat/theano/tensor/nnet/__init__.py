"""theano.tensor.nnet: gradc.tensor.nnet, whose softmax makes a matrix of one row of a vector."""

from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.tensor import nnet
from gradc.tensor.nnet import (
    batch_normalization,
    batch_normalization_test,
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_categorical_1hot,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    elu,
    h_softmax,
    hard_sigmoid,
    prepend_0_to_each_row,
    prepend_1_to_each_row,
    prepend_scalar_to_each_row,
    relu,
    selu,
    sigmoid,
    sigmoid_binary_crossentropy,
    softplus,
    softsign,
    ultra_fast_sigmoid,
)
from gradc.tensor.nnet.layers import padded_rows

__all__ = [
    "batch_normalization",
    "batch_normalization_test",
    "binary_crossentropy",
    "categorical_crossentropy",
    "confusion_matrix",
    "crossentropy_categorical_1hot",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "elu",
    "h_softmax",
    "hard_sigmoid",
    "logsoftmax",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "relu",
    "selu",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softmax_graph",
    "softmax_with_bias",
    "softplus",
    "softsign",
    "ultra_fast_sigmoid",
]


def softmax(c: Any) -> Variable:
    """exp(c) / sum(exp(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return nnet.softmax(padded_rows(as_variable(c)))


softmax_graph = softmax


def logsoftmax(c: Any) -> Variable:
    """log(softmax(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return nnet.logsoftmax(padded_rows(as_variable(c)))


def softmax_with_bias(x: Any, b: Any) -> Variable:
    """softmax(x + b) of every row of a matrix; a vector gives a matrix of one row."""
    return nnet.softmax_with_bias(padded_rows(as_variable(x)), b)
