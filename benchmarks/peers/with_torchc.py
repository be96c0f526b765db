"""PyTorch with torch.compile: the formula compiled as one graph, backward too; warmed up first.

Sources: PyTorch's tutorial "Introduction to torch.compile" (compile the forward function, autograd
gets the compiled backward one; the first runs compile), its reference (fullgraph: no silent
fallback to Python; dynamic: sizes are known).
"""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data
from benchmarks.peers.with_torch import differentiating, evaluating, forward, settings, training

__all__ = ["about", "differentiate", "evaluate", "train"]


def about() -> str:
    """Version and settings."""
    return f"torch.compile {settings()}"


def evaluate(case: Case, data: Data) -> Task:
    """The outputs of a formula."""
    return evaluating(case, data, compiled(case))


def differentiate(case: Case, data: Data) -> Task:
    """The outputs, and the gradients of the cost."""
    return differentiating(case, data, compiled(case))


def train(case: Case, data: Data) -> Task:
    """One step of torch.optim.SGD."""
    return training(case, data, compiled(case))


def compiled(case: Case) -> Any:
    """One graph or an error."""
    return torch.compile(forward(case), fullgraph=True, dynamic=False)
