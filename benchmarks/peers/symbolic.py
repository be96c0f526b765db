"""The work in Theano's interface, which gradc and PyTensor share: build a graph, grad, function.

Takes a Library, the few names in which the three differ.  Keeps to Python 3.7.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data

__all__ = ["Library"]


@dataclass(frozen=True)
class Library:
    """What differs.

    words: the functions that formulas use.  variable(name, dtype, ndim): a symbolic input.
    shared, grad, function: as in Theano.
    """

    words: Any
    variable: Callable[[str, str, int], Any]
    shared: Callable[..., Any]
    grad: Callable[[Any, list[Any]], list[Any]]
    function: Callable[..., Callable[..., Any]]

    def evaluate(self, case: Case, data: Data) -> Task:
        """The outputs of a formula."""
        return self._returning(case, data, self._inputs(case, data))

    def differentiate(self, case: Case, data: Data) -> Task:
        """The outputs, and the gradients of the cost."""
        return self._returning(case, data, self._inputs(case, data), case.workload.parameters)

    def _returning(self, case: Case, data: Data, inputs: Data, wrt: tuple[str, ...] = ()) -> Task:
        found = case.formula(self.words, inputs)
        outputs = {name: found[name] for name in case.workload.outputs}
        if wrt:
            gradients = self.grad(found["cost"], [inputs[name] for name in wrt])
            outputs.update(zip(["d_" + name for name in wrt], gradients))
        function = self.function(list(inputs.values()), list(outputs.values()))
        return Task(
            call(function, data.values()), lambda results: dict(zip(list(outputs), results))
        )

    def train(self, case: Case, data: Data) -> Task:
        """The outputs, and one step of the parameters, which are shared variables."""
        work = case.workload
        given = {name: value for name, value in data.items() if name not in work.parameters}
        inputs = self._inputs(case, given)
        shared = {
            name: self.shared(data[name].copy(), name=case.label(name)) for name in work.parameters
        }
        found = case.formula(self.words, {**inputs, **shared})
        gradients = self.grad(found["cost"], list(shared.values()))
        updates = []
        for parameter, gradient in zip(shared.values(), gradients):
            updates += self._moves(work.update, parameter, gradient)
        outputs = [found[name] for name in work.outputs]
        function = self.function(list(inputs.values()), outputs, updates=updates)

        def values(results: Any) -> Data:
            after = {name: parameter.get_value() for name, parameter in shared.items()}
            return {**dict(zip(work.outputs, results)), **after}

        return Task(call(function, given.values()), values)

    def _moves(self, update: Any, parameter: Any, gradient: Any) -> list[tuple[Any, Any]]:
        """Typed constants: a Python float would make Theano's float32 step float64."""
        dtype = np.dtype(parameter.dtype).type
        if not update.momentum:
            return [(parameter, parameter - dtype(update.rate) * gradient)]
        velocity = self.shared(np.zeros_like(parameter.get_value()))
        step = dtype(update.momentum) * velocity - dtype(update.rate) * gradient
        return [(velocity, step), (parameter, parameter + step)]

    def _inputs(self, case: Case, data: Mapping[str, Any]) -> Data:
        return {
            name: self.variable(case.label(name), str(value.dtype), value.ndim)
            for name, value in data.items()
        }


def call(function: Callable[..., Any], arguments: Any) -> Callable[[], Any]:
    """The function with its arguments, called in the cheapest way there is."""
    return functools.partial(function, *arguments)
