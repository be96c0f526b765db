"""`scipy_objective`: a cost of shared variables as what scipy.optimize minimises.

Takes a scalar expression and the shared variables it is to be minimised over; gives a function of
one float64 vector, which holds all their elements one after the other, and the vector of their
present values.  The function is one compiled call: the vector is cut inside the graph, and the
gradient is written into one vector by the loops that compute it, so nothing is copied in Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc import tree
from gradc.call.function import Function
from gradc.call.modes import Mode
from gradc.compile import function
from gradc.differentiate import grad, hessian_vector_product
from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, CostTypeError, message
from gradc.graph.describe import where
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import substitute
from gradc.ops.elemwise import cast
from gradc.ops.joining import join
from gradc.ops.relabel import flatten, reshape
from gradc.sharedvar import SharedVariable

__all__ = ["Objective", "scipy_objective"]

Vector = npt.NDArray[np.float64]


class Objective:
    """A cost and its gradient as functions of one vector; made by `scipy_objective`.

    fun(x, *inputs) -> (cost, gradient), as scipy.optimize.minimize(fun, x0, jac=True) wants it.
    Calling it changes no shared variable; `assign` does.
    """

    def __init__(
        self,
        cost: Variable,
        params: Sequence[SharedVariable],
        inputs: Sequence[Variable],
        mode: str | Mode | None,
    ) -> None:
        self.params = tuple(params)
        self.shapes = tuple(each.storage.shape for each in self.params)
        ends = np.cumsum([prod(shape) for shape in self.shapes])
        self.size = int(ends[-1])
        self._cost = cost
        self._inputs = list(inputs)
        self._mode = mode
        self._ends = [0, *map(int, ends)]
        self._x = Input(TensorType("float64", (self.size,)), "x")
        self._call = self._compiled([cost, _joined(grad(cost, list(self.params)))])

    def __call__(self, x: npt.ArrayLike, *inputs: Any) -> tuple[float, Vector]:
        """The cost, and its gradient, at a vector of all parameters."""
        cost, gradient = self._call(np.asarray(x, np.float64), *inputs)
        return float(cost), gradient

    def hessp(self, x: npt.ArrayLike, p: npt.ArrayLike, *inputs: Any) -> Vector:
        """The product of the hessian at x with a vector p: minimize(..., hessp=fun.hessp)."""
        point, direction = np.asarray(x, np.float64), np.asarray(p, np.float64)
        product: Vector = self._product(point, direction, *inputs)
        return product

    def pack(self) -> Vector:
        """The present values of the parameters, as one vector."""
        parts = [each.get_value().ravel().astype(np.float64) for each in self.params]
        return np.concatenate(parts)

    def split(self, x: npt.ArrayLike) -> list[npt.NDArray[Any]]:
        """The parameters that a vector holds, each of its own shape and dtype."""
        given = np.asarray(x, np.float64)
        if given.shape != (self.size,):
            what = f"scipy_objective: x is a vector of {self.size}, got one of shape {given.shape}."
            raise ArgumentError(message(what, fix="pass the vector that the optimiser gives."))
        parts = np.split(given, self._ends[1:-1])
        return [
            part.reshape(shape).astype(each.dtype)
            for part, shape, each in zip(parts, self.shapes, self.params, strict=True)
        ]

    def assign(self, x: npt.ArrayLike) -> None:
        """Give the shared variables the values that a vector holds: fun.assign(result.x)."""
        for each, value in zip(self.params, self.split(x), strict=True):
            each.set_value(value, borrow=True)

    def bounds(self, limits: Mapping[SharedVariable, tuple[Any, Any]]) -> npt.NDArray[np.float64]:
        """Pairs of (low, high), one an element: minimize(..., bounds=fun.bounds({w: (0, None)})).

        limits: by parameter, numbers or arrays that stretch to its shape; None: no limit.
        """
        unknown = [each for each in limits if each not in self.params]
        if unknown:
            what = f"scipy_objective: {unknown[0]} is not one of the parameters."
            raise ArgumentError(message(what, [where(unknown[0])], "bound what is minimised over."))
        columns = []
        for side, default in enumerate((-np.inf, np.inf)):
            parts = []
            for each, shape in zip(self.params, self.shapes, strict=True):
                limit = limits.get(each, (None, None))[side]
                number = default if limit is None else limit
                parts.append(np.broadcast_to(np.asarray(number, np.float64), shape).ravel())
            columns.append(np.concatenate(parts))
        return np.column_stack(columns)

    @cached_property
    def _product(self) -> Function:
        p = Input(TensorType("float64", (self.size,)), "p")
        found = hessian_vector_product(
            self._cost, list(self.params), self._cut(p), disconnected_inputs="ignore"
        )
        return self._compiled(_joined(found), p)

    def _compiled(self, outputs: Any, *more: Variable) -> Function:
        listed = outputs if isinstance(outputs, list) else [outputs]
        pieces: dict[Variable, Variable] = {}
        pieces.update(zip(self.params, self._cut(self._x), strict=True))
        replaced = substitute(listed, pieces)
        return function(
            [self._x, *more, *self._inputs],
            replaced if isinstance(outputs, list) else replaced[0],
            mode=self._mode, name="objective", on_unused_input="ignore", no_default_updates=True,
        )  # fmt: skip

    def _cut(self, x: Variable) -> list[Variable]:
        """The parameters, as expressions of one vector."""
        found = []
        for k, (each, shape) in enumerate(zip(self.params, self.shapes, strict=True)):
            piece = reshape(x[self._ends[k] : self._ends[k + 1]], shape)
            found.append(piece if each.dtype == "float64" else cast(piece, each.dtype))
        return found


def _joined(values: Sequence[Variable]) -> Variable:
    flat = [flatten(each if each.dtype == "float64" else cast(each, "float64")) for each in values]
    return flat[0] if len(flat) == 1 else join(0, *flat)


def scipy_objective(
    cost: Variable,
    params: Any,
    inputs: Sequence[Variable] = (),
    *,
    mode: str | Mode | None = None,
) -> tuple[Objective, Vector]:
    """A function for scipy.optimize, and where it starts.

        fun, x0 = gradc.scipy_objective(cost, [w, b])
        result = scipy.optimize.minimize(fun, x0, jac=True, method="L-BFGS-B")
        fun.assign(result.x)  # w and b have the values found

    cost: a float scalar.  params: the shared variables to minimise over: one, or a list, dict or
    other tree of them.  Their shapes are those of now.
    inputs: variables that the cost needs besides; minimize hands them on by args=.
    fun.hessp(x, p) is the product with the hessian, compiled when first used; fun.bounds({w: (0,
    None)}) makes bounds.  Parameters of float32 are computed in float32.
    Raises: CostTypeError; ArgumentTypeError for params that are no shared variables of floats;
    DisconnectedInputError if the cost does not depend on one of them.
    """
    if not isinstance(cost, Variable) or cost.ndim or not dtype_info(cost.dtype).is_float:
        rows = [where(cost)] if isinstance(cost, Variable) else []
        what = f"scipy_objective: the cost must be a float scalar, got {cost!r}."
        raise CostTypeError(message(what, rows, "reduce it first, for example T.mean(loss)."))
    found = tree.leaves(params)
    for each in found:
        if not isinstance(each, SharedVariable) or not dtype_info(each.dtype).is_float:
            rows = [where(each)] if isinstance(each, Variable) else []
            what = f"scipy_objective: params must be shared variables of floats, got {each!r}."
            fix = "make it with gradc.shared(value); data goes to inputs=."
            raise ArgumentTypeError(message(what, rows, fix))
    if not found:
        raise ArgumentError(message("scipy_objective: there is no parameter to minimise over."))
    objective = Objective(cost, found, inputs, mode)
    return objective, objective.pack()
