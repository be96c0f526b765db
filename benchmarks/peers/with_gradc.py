"""gradc as it comes: mode FAST_RUN, its own threads, the BLAS that was brought along."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import gradc
import gradc.tensor as T
from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data
from benchmarks.mlp_classifier import fitting
from benchmarks.peers.symbolic import Library

__all__ = ["about", "differentiate", "epochs", "evaluate", "mlp_classifier", "train"]


def about() -> str:
    """Version."""
    return f"gradc {gradc.__version__}"


def mlp_classifier(case: Case, data: Data) -> Task:
    """Its estimator: loaded here, since it needs scikit-learn."""
    return fitting(importlib.import_module("gradc.sklearn").MLPClassifier, case, data)


def binary_crossentropy(score: Any, y: Any) -> Any:
    """As the lecture writes it; rewriting makes it stable."""
    p = T.sigmoid(score)
    return -y * T.log(p) - (1 - y) * T.log(1 - p)


def crossentropy(scores: Any, labels: Any) -> Any:
    """As the Deep Learning Tutorials write it; rewriting makes it stable."""
    return -T.mean(T.log(T.softmax(scores))[T.arange(labels.shape[0]), labels])


def variable(name: str, dtype: str, ndim: int) -> Any:
    """An input whose lengths are open."""
    return T.tensor(dtype, (None,) * ndim, name)


def recur(step: Any, rows: Any, start: tuple[Any, ...]) -> list[Any]:
    """All states of a recurrence."""
    found, _ = gradc.scan(step, rows, list(start), return_list=True)
    return list(found)


WORDS = SimpleNamespace(
    exp=T.exp, log=T.log, log1p=T.log1p, tanh=T.tanh, sigmoid=T.sigmoid, dot=T.dot,
    sum=T.sum, mean=T.mean, max=T.max, diagonal=T.diagonal, cholesky=T.linalg.cholesky,
    cho_solve=lambda factor, y: T.linalg.cho_solve((factor, True), y),
    softmax=T.softmax, layer_norm=T.nnet.layer_norm, relu=T.relu, matmul=T.matmul,
    swapaxes=T.swapaxes, crossentropy=crossentropy, binary_crossentropy=binary_crossentropy,
    correlate=lambda x, w: T.nnet.conv2d(x, w, filter_flip=False),
    max_pool=lambda x: T.signal.pool.pool_2d(x, (2, 2), ignore_border=True),
    recur=recur, normal=lambda key, like: gradc.random.normal(key, like.shape, like.dtype),
)  # fmt: skip

_library = Library(WORDS, variable, gradc.shared, T.grad, gradc.function)
evaluate, differentiate, train = _library.evaluate, _library.differentiate, _library.train


def epochs(case: Case, data: Data) -> Task:
    """The example's own program."""
    from benchmarks.networks.running import epoch_of, problem_of  # imports scikit-learn

    problem = problem_of(case)
    return epoch_of(problem.build(problem.rows))
