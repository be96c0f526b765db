"""Functions of whole rows: softmax of layers, hierarchical softmax, rows with a first column."""

from __future__ import annotations

from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.axes import dimshuffle
from gradc.ops.convert import as_variable
from gradc.ops.create import arange
from gradc.ops.elemwise import cast, mul
from gradc.ops.lengths import broadcast_to, length
from gradc.ops.linalg import batched_dot, dot, tensordot
from gradc.ops.nnet import softmax
from gradc.ops.relabel import reshape
from gradc.ops.stacking import concatenate
from gradc.tensor.nnet.labels import inside, labelled, whole

__all__ = [
    "h_softmax",
    "padded_rows",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "softmax_with_bias",
]


def padded_rows(x: Variable) -> Variable:
    """A vector as a matrix of one row; anything else as it is."""
    return dimshuffle(x, "x", 0) if x.ndim == 1 else x


def softmax_with_bias(x: Any, b: Any) -> Variable:
    """softmax(x + b) of every row: x [n, classes], b [classes]."""
    return softmax(as_variable(x) + as_variable(b))


def prepend_scalar_to_each_row(val: Any, mat: Any) -> Variable:
    """The matrix with a first column of `val`: [n, m] -> [n, m + 1], in the matrix's dtype."""
    mat = as_variable(mat)
    value = dimshuffle(cast(as_variable(val), mat.dtype), "x", "x")
    return concatenate([broadcast_to(value, (mat.shape[0], 1)), mat], axis=1)


def prepend_0_to_each_row(mat: Any) -> Variable:
    """The matrix with a first column of zeros."""
    return prepend_scalar_to_each_row(0.0, mat)


def prepend_1_to_each_row(mat: Any) -> Variable:
    """The matrix with a first column of ones."""
    return prepend_scalar_to_each_row(1.0, mat)


def h_softmax(
    x: Any, batch_size: Any, n_outputs: Any, n_classes: Any, n_outputs_per_class: Any,
    W1: Any, b1: Any, W2: Any, b2: Any, target: Any = None,
) -> Variable:  # fmt: skip
    """Softmax in two levels: first a class, then an output within it.

    x [batch, features]; W1 [features, classes], b1 [classes] choose the class; W2 [classes,
    features, outputs per class], b2 [classes, outputs per class] the output within the class.
    target: whole numbers [batch], or [batch, 1]: gives the probability of each one's output,
    [batch].  None: of all outputs, [batch, n_outputs].
    Source: Goodman, Classes for Fast Maximum Entropy Training, ICASSP 2001.
    """
    x, W2, b2 = as_variable(x), as_variable(W2), as_variable(b2)
    classes = softmax(dot(x, W1) + as_variable(b1))
    if target is None:
        within = softmax(tensordot(x, W2, axes=((1,), (1,))) + b2)
        every = dimshuffle(classes, 0, 1, "x") * within
        flat = reshape(every, (batch_size, n_classes * n_outputs_per_class))
        return flat[:, :n_outputs]
    target = whole("h_softmax", "target", target)
    target = inside("h_softmax", "target", target, as_variable(n_outputs)).flatten()
    one, place = target // n_outputs_per_class, target % n_outputs_per_class
    chosen = labelled("h_softmax", "target", classes, one)
    scores = batched_dot(dimshuffle(x, 0, "x", 1), W2[one])[:, 0] + b2[one]
    return mul(chosen, softmax(scores)[arange(length(place, 0)), place])
