"""Crossentropies: the cost of a predicted distribution, given what was the case.

Distributions are rows: the last axis sums to 1.  The logarithm of a softmax or sigmoid that stands
in the expression is computed from what went into it, with all its digits.
"""

from __future__ import annotations

from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import dimshuffle
from gradc.ops.compare import eq
from gradc.ops.convert import as_variable
from gradc.ops.counting import Unique
from gradc.ops.elemwise import cast, floating
from gradc.ops.linalg import dot
from gradc.ops.math import log, softplus
from gradc.ops.nnet import logsoftmax, softmax
from gradc.ops.reduce import argmax, sum
from gradc.ops.reduce import max as max_of
from gradc.ops.stacking import concatenate
from gradc.tensor.nnet.labels import labelled
from gradc.tensor.nnet.layers import padded_rows

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "confusion_matrix",
    "crossentropy_categorical_1hot",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "sigmoid_binary_crossentropy",
]


def binary_crossentropy(output: Any, target: Any) -> Variable:
    """-(t log(p) + (1 - t) log(1 - p)), element by element.

    output: the probability p, strictly between 0 and 1 (a sigmoid's is computed from its argument,
    so that it may come close).  target: t from 0 to 1.
    """
    p, t = as_variable(output), as_variable(target)
    return -(t * log(p) + (1.0 - t) * log(1.0 - p))


def sigmoid_binary_crossentropy(output: Any, target: Any) -> Variable:
    """The binary crossentropy of sigmoid(output) and the target, without overflow.

    output: any real number; target: from 0 to 1.  Gradient: sigmoid(output) - target.
    """
    x, t = floating(output), as_variable(target)  # -x of an unsigned number is none
    return t * softplus(-x) + (1.0 - t) * softplus(x)


def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Variable:
    """-sum(t log(p)) over the last axis: one number a row.

    coding_dist: predicted probabilities p, one distribution a row.
    true_dist: t of the same rank, or whole numbers of one rank less, which name the class.
    Raises: ArgumentTypeError for other ranks, or classes that are no whole numbers; when it is
    called, IndexBoundsError for a class that is not there, before anything is computed.
    """
    p, t = as_variable(coding_dist), as_variable(true_dist)
    if t.ndim == p.ndim:
        return -sum(t * log(p), axis=-1)
    if t.ndim == p.ndim - 1:
        return -labelled("categorical_crossentropy", "true_dist", log(p), t)
    what = f"categorical_crossentropy: {p.type} and {t.type} are no distributions and targets."
    fix = "give targets of the same rank, or classes of one rank less."
    raise ArgumentTypeError(message(what, [where(p), where(t)], fix))


def crossentropy_categorical_1hot(coding_dist: Any, true_one_of_n: Any) -> Variable:
    """-log(p[class]) of every row: coding_dist [n, classes], true_one_of_n whole numbers [n]."""
    logs = log(as_variable(coding_dist))
    return -labelled("crossentropy_categorical_1hot", "true_one_of_n", logs, true_one_of_n)


def crossentropy_softmax_argmax_1hot_with_bias(
    x: Any, b: Any, y_idx: Any
) -> tuple[Variable, Variable, Variable]:
    """(-log(softmax(x + b)[y_idx]) [n], softmax(x + b) [n, classes], the likeliest class [n])."""
    scores = padded_rows(as_variable(x) + as_variable(b))
    return _loss(scores, y_idx), softmax(scores), argmax(scores, axis=-1)


def crossentropy_softmax_1hot_with_bias(x: Any, b: Any, y_idx: Any) -> tuple[Variable, Variable]:
    """(-log(softmax(x + b)[y_idx]) [n], softmax(x + b) [n, classes])."""
    return crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx)[:2]


def crossentropy_softmax_1hot(x: Any, y_idx: Any) -> tuple[Variable, Variable]:
    """(-log(softmax(x)[y_idx]) [n], softmax(x) [n, classes])."""
    scores = padded_rows(as_variable(x))
    return _loss(scores, y_idx), softmax(scores)


def _loss(scores: Variable, y_idx: Any) -> Variable:
    return -labelled("crossentropy_softmax_1hot", "y_idx", logsoftmax(scores), y_idx)


def crossentropy_softmax_max_and_argmax_1hot_with_bias(
    x: Any, b: Any, y_idx: Any
) -> tuple[Variable, Variable, Variable, Variable]:
    """(loss [n], softmax(x + b), its greatest probability [n], the likeliest class [n])."""
    loss, rows, likeliest = crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx)
    return loss, rows, max_of(rows, axis=-1), likeliest


def crossentropy_softmax_max_and_argmax_1hot(
    x: Any, y_idx: Any
) -> tuple[Variable, Variable, Variable, Variable]:
    """(loss [n], softmax(x), its greatest probability [n], the likeliest class [n])."""
    loss, rows = crossentropy_softmax_1hot(x, y_idx)
    return loss, rows, max_of(rows, axis=-1), argmax(rows, axis=-1)


def confusion_matrix(actual: Any, pred: Any) -> list[Variable]:
    """[counts, order]: how often the class of a row (actual) was taken for that of a column.

    actual, pred: vectors of one length.  order: the classes that occur in either, ascending.
    Raises: ArgumentError for what is no vector.
    """
    actual, pred = as_variable(actual), as_variable(pred)
    for each in (actual, pred):
        if each.ndim != 1:
            raise ArgumentError(message(f"confusion_matrix: {each} is no vector.", [where(each)]))
    order = Unique(False, False, False)(concatenate([actual, pred]))
    is_actual, is_pred = (
        cast(eq(dimshuffle(each, 0, "x"), dimshuffle(order, "x", 0)), "int64")
        for each in (actual, pred)
    )
    return [dot(is_actual.T, is_pred), order]
