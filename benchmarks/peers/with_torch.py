"""PyTorch, eager: autograd, its own optimizers, no graph where none is needed.

Sources: PyTorch's "Performance Tuning Guide" (no gradients where none are asked for, set_to_none,
fused optimizers), "CPU threading and TorchScript inference" (set_num_threads), torch.optim.SGD
(`fused`: the fastest implementation where it is supported), torch.nn.LSTM for the LSTM.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F  # its own documentation's name

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data

__all__ = ["WORDS", "about", "differentiate", "epochs", "evaluate", "lstm", "settings", "train"]

torch.set_num_threads(len(os.sched_getaffinity(0)))


def recur(step: Any, rows: Any, start: tuple[Any, ...]) -> list[Any]:
    """All states of a recurrence, one step of Python after the other."""
    states, found = start, []
    for row in rows:
        states = step(row, *states)
        found.append(states)
    return [torch.stack(each) for each in zip(*found, strict=True)]


WORDS = SimpleNamespace(
    exp=torch.exp, log=torch.log, log1p=torch.log1p, tanh=torch.tanh, sigmoid=torch.sigmoid,
    dot=torch.matmul, sum=torch.sum, mean=torch.mean, max=torch.amax, diagonal=torch.diagonal,
    cholesky=torch.linalg.cholesky,
    cho_solve=lambda factor, y: torch.cholesky_solve(y[:, None], factor)[:, 0],
    layer_norm=lambda x, gamma, beta: F.layer_norm(x, gamma.shape, gamma, beta),
    softmax=lambda x: torch.softmax(x, -1), relu=torch.relu, matmul=torch.matmul,
    swapaxes=torch.swapaxes, crossentropy=F.cross_entropy, recur=recur,
    correlate=F.conv2d, max_pool=lambda x: F.max_pool2d(x, 2),
    normal=lambda key, like: torch.randn_like(like),
    binary_crossentropy=lambda score, y: F.binary_cross_entropy_with_logits(
        score, y, reduction="none"
    ),
)  # fmt: skip


def about() -> str:
    """Version and settings."""
    return f"torch {settings()}"


def settings() -> str:
    """Version, threads, BLAS and vector instructions."""
    blas = "MKL" if torch.backends.mkl.is_available() else "no MKL"
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{torch.__version__}, {torch.get_num_threads()} threads, {blas}, {capability}"


def evaluate(case: Case, data: Data) -> Task:
    """The outputs of a formula."""
    return evaluating(case, data, forward(case))


def differentiate(case: Case, data: Data) -> Task:
    """The outputs, and the gradients of the cost."""
    return differentiating(case, data, forward(case))


def train(case: Case, data: Data) -> Task:
    """One step of torch.optim.SGD."""
    return training(case, data, forward(case))


def forward(case: Case) -> Callable[[Data], tuple[Any, tuple[Any, ...]]]:
    """The cost and the outputs, of tensors."""

    def function(variables: Data) -> tuple[Any, tuple[Any, ...]]:
        found = case.formula(WORDS, variables)
        return found.get("cost"), tuple(found[name] for name in case.workload.outputs)

    return function


def evaluating(case: Case, data: Data, function: Any) -> Task:
    """Without gradients."""
    variables = tensors(data)

    def run() -> Any:
        with torch.inference_mode():
            return function(variables)[1]

    return Task(run, lambda outputs: named(case.workload.outputs, outputs))


def differentiating(case: Case, data: Data, function: Any) -> Task:
    """By autograd."""
    work = case.workload
    variables = tensors(data, work.parameters)
    parameters = [variables[name] for name in work.parameters]
    names = (*work.outputs, *("d_" + name for name in work.parameters))

    def run() -> Any:
        cost, outputs = function(variables)
        return (*outputs, *torch.autograd.grad(cost, parameters))

    return Task(run, lambda outputs: named(names, outputs))


def training(case: Case, data: Data, function: Any) -> Task:
    """torch.optim.SGD: velocity = momentum * velocity + gradient, so the steps are the same."""
    work = case.workload
    variables = tensors(data, work.parameters)
    parameters = {name: variables[name] for name in work.parameters}
    optimizer = torch.optim.SGD(
        parameters.values(), lr=work.update.rate, momentum=work.update.momentum, fused=True
    )

    def run() -> Any:
        cost, outputs = function(variables)
        optimizer.zero_grad(set_to_none=True)
        cost.backward()
        optimizer.step()
        return outputs

    def values(outputs: Any) -> Data:
        return {**named(work.outputs, outputs), **named(tuple(parameters), parameters.values())}

    return Task(run, values)


def lstm(case: Case, data: Data) -> Task:
    """torch.nn.LSTM, whose gates stand in the order i, f, g, o; its second bias is left at 0."""
    given = tensors(case.straight(data))
    units = given["u"].shape[0]
    order = torch.arange(4 * units).reshape(4, units)[[0, 1, 3, 2]].reshape(-1)
    layer = torch.nn.LSTM(given["w"].shape[0], units, dtype=given["w"].dtype)
    layer.bias_hh_l0.requires_grad_(False)
    weights = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    with torch.no_grad():
        for own, name in zip(weights, "wub", strict=True):
            own.copy_(given[name][..., order].T)
        layer.bias_hh_l0.zero_()
    start = given["start"][None]

    def run() -> Any:
        cost = torch.mean(layer(given["x"], (start, start))[0] ** 2)
        return (cost, *torch.autograd.grad(cost, weights))

    def values(outputs: Any) -> Data:
        cost, *slopes = (each.detach().numpy() for each in outputs)
        back = order.argsort().numpy()
        return {"out": cost.copy()} | {
            f"d_{name}": each.T[..., back].copy() for name, each in zip("wub", slopes, strict=True)
        }

    return Task(run, values)


def epochs(case: Case, data: Data) -> Task:
    """The example's network once more."""
    from benchmarks.networks import in_torch, running  # imports the examples, and scikit-learn

    return running.epoch_of(in_torch.Twin(running.problem_of(case)))


def tensors(data: Data, parameters: tuple[str, ...] = ()) -> Data:
    """Copies."""
    return {
        name: torch.tensor(value, requires_grad=name in parameters) for name, value in data.items()
    }


def named(names: tuple[str, ...], outputs: Any) -> Data:
    """As numpy arrays."""
    return {name: each.detach().numpy().copy() for name, each in zip(names, outputs, strict=True)}
