"""Theano 1.0.5 with MKL, in a Python 3.7 of its own.

    python3.7 -m venv theano
    theano/bin/pip install "Theano==1.0.5" "numpy<1.20" scipy mkl mkl-service
    python -m benchmarks --theano-python theano/bin/python

Sources: Theano's documentation on configuration (openmp, blas.ldflags, floatX), "Multi cores
support" (openmp for elementwise operations), and its FAQ on faster calls (`trust_input`).  The
library of the package `mkl` has its version in its name, so it is loaded first and named by it.
"""

from __future__ import annotations

import ctypes
import glob
import os
import sys
from types import SimpleNamespace
from typing import Any

from benchmarks.peers.symbolic import Library

__all__ = ["about", "differentiate", "evaluate", "train"]


def _configure() -> str:
    """Set THEANO_FLAGS, which are read at import; gives what BLAS it is linked with."""
    flags = ["device=cpu", "floatX=float64", "openmp=True", "warn.round=False"]
    found = sorted(glob.glob(os.path.join(sys.prefix, "lib", "libmkl_rt.so*")))
    if found:
        os.environ.setdefault("MKL_THREADING_LAYER", "GNU")  # one OpenMP for both
        ctypes.CDLL(found[-1], ctypes.RTLD_GLOBAL)
        folder, name = os.path.split(found[-1])
        flags.append(f"blas.ldflags=-L{folder} -l:{name}")
    given = os.environ.get("THEANO_FLAGS")
    os.environ["THEANO_FLAGS"] = ",".join([*flags, given] if given else flags)
    return os.path.basename(found[-1]) if found else "no MKL"


BLAS = _configure()

import numpy  # noqa: E402
import theano  # noqa: E402
import theano.tensor as T  # noqa: E402
from theano.tensor import slinalg  # noqa: E402
from theano.tensor.signal import pool  # noqa: E402


def about() -> str:
    """Version, BLAS, threads."""
    threads = theano.config.openmp and os.environ.get("OMP_NUM_THREADS", os.cpu_count())
    return f"Theano {theano.__version__}, {BLAS}, {threads} OpenMP threads"


def binary_crossentropy(score: Any, y: Any) -> Any:
    """As the lecture writes it; rewriting makes it stable."""
    return T.nnet.binary_crossentropy(T.nnet.sigmoid(score), y)


def crossentropy(scores: Any, labels: Any) -> Any:
    """As the Deep Learning Tutorials write it; rewriting makes it stable."""
    return T.mean(T.nnet.categorical_crossentropy(T.nnet.softmax(scores), labels))


def softmax(x: Any) -> Any:
    """Of the last axis: its own is for matrices."""
    return T.nnet.softmax(x.reshape((-1, x.shape[-1]))).reshape(x.shape)


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """By its formula."""
    off = x - T.mean(x, axis=-1, keepdims=True)
    var = T.mean(T.sqr(off), axis=-1, keepdims=True)
    return off / T.sqrt(var + numpy.asarray(1e-5, x.dtype)) * gamma + beta


def matmul(x: Any, y: Any) -> Any:
    """Of stacks: its own products have one axis of them."""
    stacks = [each.reshape((-1, each.shape[-2], each.shape[-1])) for each in (x, y)]
    shape = T.concatenate([x.shape[:-1], y.shape[-1:]])
    return T.batched_dot(*stacks).reshape(shape, ndim=x.ndim)


def swapaxes(x: Any, first: int, second: int) -> Any:
    """The array with two axes exchanged."""
    order = list(range(x.ndim))
    order[first], order[second] = order[second], order[first]
    return x.dimshuffle(*order)


def variable(name: str, dtype: str, ndim: int) -> Any:
    """An input whose lengths are open."""
    return T.TensorType(dtype, (False,) * ndim)(name)


def function(*args: Any, **kwargs: Any) -> Any:
    """Arguments have the right types."""
    compiled = theano.function(*args, **kwargs)
    compiled.trust_input = True
    return compiled


WORDS = SimpleNamespace(
    exp=T.exp, log=T.log, log1p=T.log1p, tanh=T.tanh, sigmoid=T.nnet.sigmoid, dot=T.dot,
    sum=T.sum, mean=T.mean, max=T.max, diagonal=T.diagonal, cholesky=slinalg.cholesky,
    cho_solve=lambda factor, y: slinalg.solve_upper_triangular(
        factor.T, slinalg.solve_lower_triangular(factor, y)
    ),
    softmax=softmax, layer_norm=layer_norm, relu=T.nnet.relu, matmul=matmul, swapaxes=swapaxes,
    crossentropy=crossentropy, binary_crossentropy=binary_crossentropy,
    correlate=lambda x, w: T.nnet.conv2d(x, w, filter_flip=False),
    max_pool=lambda x: pool.pool_2d(x, (2, 2), ignore_border=True),
)  # fmt: skip

_library = Library(WORDS, variable, theano.shared, T.grad, function)
evaluate, differentiate, train = _library.evaluate, _library.differentiate, _library.train
