"""theano.tensor.nnet: gradc.tensor.nnet, whose softmax makes a matrix of one row of a vector."""
# ruff: noqa: F403

from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.tensor import nnet as ours
from gradc.tensor.nnet import *
from gradc.tensor.nnet.layers import padded_rows

__all__ = [*ours.__all__, "logsoftmax_op", "softmax_graph", "softmax_op"]


def softmax(c: Any) -> Variable:  # type: ignore[no-redef]
    """exp(c) / sum(exp(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.softmax(padded_rows(as_variable(c)))


def logsoftmax(c: Any) -> Variable:  # type: ignore[no-redef]
    """log(softmax(c)) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.logsoftmax(padded_rows(as_variable(c)))


def softmax_with_bias(x: Any, b: Any) -> Variable:  # type: ignore[no-redef]
    """softmax(x + b) of every row of a matrix; a vector gives a matrix of one row."""
    return ours.softmax_with_bias(padded_rows(as_variable(x)), b)


softmax_graph = softmax_op = softmax
logsoftmax_op = logsoftmax
