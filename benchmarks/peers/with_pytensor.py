"""PyTensor as pip installs it: its Numba backend, which has been the default mode since 3.0.

Sources: the library's own documentation on compiling functions ("trust_input": skip checks of
arguments that are known to be right) and on its Numba backend.  Like Theano it would link its C
backend with a BLAS of the machine; the Numba one takes SciPy's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytensor
import pytensor.tensor as T

from benchmarks.harness.task import NotOffered
from benchmarks.harness.workload import Case, Data
from benchmarks.peers.symbolic import Library

__all__ = ["about", "differentiate", "evaluate", "lenet", "train"]


def about() -> str:
    """Version and linker."""
    linker = pytensor.compile.get_default_mode().linker
    return f"PyTensor {pytensor.__version__}, {type(linker).__name__}"


def binary_crossentropy(score: Any, y: Any) -> Any:
    """As the lecture writes it; rewriting makes it stable."""
    p = T.sigmoid(score)
    return -y * T.log(p) - (1 - y) * T.log(1 - p)


def crossentropy(scores: Any, labels: Any) -> Any:
    """By the stable logarithm of softmax."""
    logs = T.special.log_softmax(scores, axis=-1)
    return -T.mean(logs[T.arange(labels.shape[0]), labels])


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """By its formula."""
    off = x - T.mean(x, axis=-1, keepdims=True)
    var = T.mean(T.square(off), axis=-1, keepdims=True)
    return off / T.sqrt(var + np.asarray(1e-5, x.dtype)) * gamma + beta


def variable(name: str, dtype: str, ndim: int) -> Any:
    """An input whose lengths are open."""
    return T.tensor(name, dtype=dtype, shape=(None,) * ndim)


def function(*args: Any, **kwargs: Any) -> Any:
    """Arguments have the right types."""
    return pytensor.function(*args, trust_input=True, **kwargs)


WORDS = SimpleNamespace(
    exp=T.exp, log=T.log, log1p=T.log1p, tanh=T.tanh, sigmoid=T.sigmoid, dot=T.dot,
    sum=T.sum, mean=T.mean, max=T.max, diagonal=T.diagonal, cholesky=T.linalg.cholesky,
    cho_solve=lambda factor, y: T.linalg.cho_solve((factor, True), y),
    softmax=lambda x: T.special.softmax(x, axis=-1), layer_norm=layer_norm,
    relu=lambda x: T.maximum(x, 0), matmul=T.matmul, swapaxes=T.swapaxes,
    crossentropy=crossentropy, binary_crossentropy=binary_crossentropy,
)  # fmt: skip


def lenet(case: Case, data: Data) -> NoReturn:
    """It has no pooling, and its convolutions are one channel's."""
    raise NotOffered(case.workload.name)


_library = Library(WORDS, variable, pytensor.shared, T.grad, function)
evaluate, differentiate, train = _library.evaluate, _library.differentiate, _library.train
