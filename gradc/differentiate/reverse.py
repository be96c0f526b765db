"""`grad`: the gradient of a scalar as an expression, to be differentiated again.

Takes the user's variables and options; gives gradients as variables.  What lies between is in the
other modules of this package: request (checks), prepare (stabilise first), order, sweep (reverse
mode), pull (one node), cotangent (guards).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from gradc.differentiate.convention import conjugate
from gradc.differentiate.order import walk
from gradc.differentiate.prepare import Prepared, prepare, remember, require_intact
from gradc.differentiate.request import (
    KnownGrads,
    Request,
    check_choice,
    make_request,
    spelled,
)
from gradc.differentiate.sweep import GradTable, sweep
from gradc.dtypes import dtype_info
from gradc.errors import DisconnectedInputError, NullTypeGradError, message, warn_user
from gradc.graph.describe import where
from gradc.graph.site import inherit
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import ancestors
from gradc.ops.lengths import zeros_like

__all__ = ["Absent", "differentiate", "grad", "note"]


def grad(
    cost: Variable | None,
    wrt: Variable | Sequence[Variable],
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: Literal["raise", "warn", "ignore"] = "raise",
    add_names: bool = True,
    known_grads: KnownGrads | None = None,
    return_disconnected: Literal["zero", "None", "Disconnected"] = "zero",
    null_gradients: Literal["raise", "return"] = "raise",
    *,
    keep: Sequence[Variable] = (),
    stabilize: bool = True,
) -> Any:
    """The gradient of a scalar with respect to variables, as expressions.

    Gives one variable where `wrt` is one, else a list or tuple as `wrt` is; each has the shape and,
    if that is a float, the dtype of what it belongs to (an integer variable is treated as real).
    Of a complex variable z it is dcost/dreal(z) + i dcost/dimag(z), the way in which the cost rises
    fastest, as in Theano and torch (JAX gives its conjugate): z - rate * gradient descends.

    cost: a float scalar; None if `known_grads` says where to start.
    consider_constant: variables that nothing is propagated through.
    disconnected_inputs: what to do where the cost does not depend on a variable.
    add_names: call a gradient (dcost/dw) where both names are known.
    known_grads: gradients of variables, taken as they are instead of computed.
    return_disconnected: what stands for the gradient of a disconnected variable.
    null_gradients: "raise" or "return" where an operation says that the gradient is undefined.
    keep: variables that must survive stabilisation, to be named later (givens, replace, grad).
    stabilize: rewrite the cost before it is differentiated; False differentiates it as it stands.

    Raises: GradError, DisconnectedInputError, NullTypeGradError.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.
    """
    check_choice("disconnected_inputs", disconnected_inputs, ("raise", "warn", "ignore"))
    check_choice("return_disconnected", return_disconnected, ("zero", "None", "Disconnected"))
    check_choice("null_gradients", null_gradients, ("raise", "return"))
    request = make_request(cost, wrt, consider_constant, known_grads, keep)
    prepared, table = differentiate(request, stabilize)
    absent = Absent(request, disconnected_inputs, return_disconnected, null_gradients)
    results = [conjugate(absent.answer(variable, table)) for variable in request.wrt]
    note(request, prepared, results, add_names)
    if isinstance(wrt, Variable):
        return results[0]
    return tuple(results) if isinstance(wrt, tuple) else results


def differentiate(request: Request, stabilize: bool) -> tuple[Prepared, GradTable]:
    """The roots as they were differentiated, and the table of what was found."""
    prepared = prepare(request.roots, request.walls) if stabilize else Prepared(request.roots)
    known = dict(zip(prepared.roots, request.roots, strict=True))
    order = walk(prepared.roots, request.wrt, prepared.definitions, request.constants)
    seeds = {
        root: request.known[old] if old in request.known else Constant(np.ones((), root.dtype))
        for root, old in known.items()
    }
    return prepared, sweep(order, seeds, request.adds)


class Absent:
    """What to answer where there is no plain gradient."""

    def __init__(
        self, request: Request, disconnected_inputs: str, return_disconnected: str, nulls: str
    ) -> None:
        self.request = request
        self.disconnected_inputs = disconnected_inputs
        self.return_disconnected = return_disconnected
        self.null_gradients = nulls
        self._raw: GradTable | None = None

    def answer(self, variable: Variable, table: GradTable) -> Any:
        """The gradient, or what stands for it."""
        value = table.value(variable)
        if isinstance(value, Undefined):
            return self._undefined(variable, value)
        if value is not None:
            return value
        if variable in table.flat:
            return self._zero(variable)
        require_intact([variable], self.request.roots, self.request.caller, "differentiated by")
        says_zero = self.disconnected_inputs == "ignore" and self.return_disconnected == "zero"
        if says_zero or self._is_lost(variable):
            return self._zero(variable)
        return self._disconnected(variable)

    def _is_lost(self, variable: Variable) -> bool:
        """Whether the user's cost reads it, though rewriting found that it does not matter."""
        if self._raw is None:  # once, however many variables are asked about
            _, self._raw = differentiate(self.request, stabilize=False)
        return self._raw.get(variable) is not None or variable in self._raw.flat

    def _undefined(self, variable: Variable, value: Undefined) -> Variable:
        if self.null_gradients == "return":
            return value
        caller = self.request.caller
        what = f"{caller}: the gradient with respect to {variable} is undefined: {value.reason}."
        raise NullTypeGradError(message(what, [where(variable)]))

    def _zero(self, variable: Variable) -> Variable:
        dtype = variable.dtype if dtype_info(variable.dtype).is_inexact else self.request.dtype
        with inherit(variable.site):
            return zeros_like(variable, dtype=dtype)

    def _disconnected(self, variable: Variable) -> Any:
        cost = self.request.cost
        name = "the cost" if cost is None or cost.name is None else f"the cost {cost.name}"
        name, verb = ("no output", "depends") if self.request.adds else (name, "does not depend")
        text = message(
            f"{self.request.caller}: {name} {verb} on {spelled(variable, 'wrt')}.",
            [where(variable)],
            'differentiate by what the cost uses, or pass disconnected_inputs="ignore" for zeros.',
        )
        if self.disconnected_inputs == "raise":
            raise DisconnectedInputError(text)
        if self.disconnected_inputs == "warn":
            warn_user(text)
        if self.return_disconnected == "None":
            return None
        if self.return_disconnected == "Disconnected":
            return Disconnected(variable)
        return self._zero(variable)


def note(request: Request, prepared: Prepared, results: Sequence[Any], add_names: bool) -> None:
    """Names and memory belong to what was made here, not to what was there before."""
    old = set(ancestors([*request.roots, *request.wrt, *request.known.values()]))
    old.update(ancestors([*prepared.roots, *prepared.definitions.values()]))
    fresh = {
        variable: result
        for variable, result in zip(request.wrt, results, strict=True)
        if isinstance(result, Variable) and result.owner is not None and result not in old
    }
    cost = None if request.cost is None else request.cost.name
    for variable, result in fresh.items():
        if add_names and cost and variable.name and result.name is None:
            result.name = f"(d{cost}/d{variable.name})"
    remember(fresh.values(), request.roots, prepared.dissolved)
