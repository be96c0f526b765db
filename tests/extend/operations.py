"""Operations of users, as they are written for Theano."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradc
import gradc.tensor as T


@gradc.as_op(T.dvector, T.dvector)
def halved(x: Any) -> Any:
    """x / 2."""
    return x / 2


class Scale(gradc.Op):
    """factor * x, with everything that can be stated."""

    __props__ = ("factor",)

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = factor
        self.calls = 0

    def make_node(self, x: Any) -> gradc.Apply:
        x = T.as_tensor_variable(x)
        return gradc.Apply(self, [x], [x.type()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        self.calls += 1
        (x,) = inputs
        assert isinstance(x, np.ndarray)
        output_storage[0][0] = np.asarray(x * self.factor, node.outputs[0].dtype)

    def infer_shape(self, node: Any, shapes: Any) -> Any:
        return shapes

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        return [self(output_grads[0])]

    def R_op(self, inputs: Any, eval_points: Any) -> Any:
        return [None if eval_points[0] is None else eval_points[0] * self.factor]


class Cube(gradc.Op):
    """x**3 with a gradient in symbols, and nothing else."""

    __props__ = ()

    def make_node(self, x: Any) -> gradc.Apply:
        x = T.as_tensor_variable(x)
        return gradc.Apply(self, [x], [x.type("cubed")])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = inputs[0] ** 3

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
        return [3 * outputs[0] / inputs[0] * output_grads[0]]


class Positive(gradc.Op):
    """The positive elements of a vector and their number: lengths that only it knows."""

    __props__ = ()

    def __init__(self) -> None:
        self.calls = 0

    def make_node(self, x: Any) -> gradc.Apply:
        x = T.as_tensor_variable(x)
        return gradc.Apply(self, [x], [T.vector(dtype=x.dtype), T.lscalar()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        self.calls += 1
        found = inputs[0][inputs[0] > 0]
        output_storage[0][0], output_storage[1][0] = found, np.int64(len(found))

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        (x,) = inputs
        return [T.inc_subtensor(T.zeros_like(x)[T.nonzero(x > 0)], output_grads[0])]

    def connection_pattern(self, node: Any) -> Any:
        return [[True, False]]


class Outer(gradc.Op):
    """The outer product of two vectors, by itypes and otypes; lengths by a rule."""

    itypes = (T.dvector, T.dvector)
    otypes = (T.dmatrix,)
    __props__ = ()

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = np.outer(*inputs)

    def infer_shape(self, node: Any, shapes: Any) -> Any:
        return [(shapes[0][0], shapes[1][0])]

    def grad(self, inputs: Any, output_grads: Any) -> Any:
        x, y = inputs
        return [T.dot(output_grads[0], y), T.dot(output_grads[0].T, x)]


class Given(gradc.Op):
    """What `code` makes of x, announced as it says."""

    def __init__(self, code: Any, announced: Any = None) -> None:
        self.code, self.announced = code, announced

    def make_node(self, x: Any) -> gradc.Apply:
        x = T.as_tensor_variable(x)
        return gradc.Apply(self, [x], [x.type() if self.announced is None else self.announced])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = self.code(inputs[0])
