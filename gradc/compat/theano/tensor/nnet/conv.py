"""theano.tensor.nnet.conv: conv2d by its first signature, in which images have shapes of ints."""

from collections.abc import Iterable
from typing import Any

from gradc.errors import ArgumentTypeError, message
from gradc.graph.variable import Variable
from gradc.tensor import nnet as ours

__all__ = ["conv2d", "refuse_unknown"]

# what told Theano's C code how to unroll its loops, and whether to use threads
_HINTS = {"unroll_batch", "unroll_kern", "unroll_patch", "openmp", "version", "verbose"}


def conv2d(
    input: Any, filters: Any, image_shape: Any = None, filter_shape: Any = None,
    border_mode: Any = "valid", subsample: Any = (1, 1), **kargs: Any,
) -> Variable:  # fmt: skip
    """gradc.tensor.nnet.conv2d with the arguments that it had before Theano 0.8.

    kargs: hints about loops and threads, which mean nothing here.
    Raises: ArgumentTypeError for other words.
    """
    refuse_unknown(kargs)
    return ours.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)


def refuse_unknown(words: Iterable[str]) -> None:
    """Raise for words that are no hints about loops. Raises: ArgumentTypeError."""
    unknown = sorted(set(words) - _HINTS)
    if unknown:
        what = f"conv2d: takes no {', '.join(unknown)}."
        fix = "use T.nnet.conv2d, whose filter_dilation and transposed form do what it did."
        raise ArgumentTypeError(message(what, fix=fix))
