"""theano.gradient: derivatives, and what stands for their absence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from gradc import differentiate, testing
from gradc.differentiate import subgraph_grad
from gradc.errors import DisconnectedInputError, GradientError, NullTypeGradError
from gradc.graph.undefined import (
    DisconnectedType,
    NullType,
    grad_not_implemented,
    grad_undefined,
)
from gradc.graph.variable import Variable
from gradc.ops import stops
from gradc.ops.elemwise import cast
from gradc.ops.stops import consider_constant, disconnected_grad, undefined_grad, zero_grad
from gradc.testing import numeric_grad

__all__ = [
    "DisconnectedInputError",
    "DisconnectedType",
    "GradientError",
    "Lop",
    "NullType",
    "NullTypeGradError",
    "Rop",
    "consider_constant",
    "costs_behind",
    "disconnected_grad",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "hessian",
    "jacobian",
    "numeric_grad",
    "subgraph_grad",
    "undefined_grad",
    "verify_grad",
    "zero_grad",
]


_COSTS: WeakKeyDictionary[Variable, tuple[Variable, ...]] = WeakKeyDictionary()


def _remembered(derivative: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of whose results it is kept what they are derivatives of."""

    @wraps(derivative)
    def derived(*args: Any, **kwargs: Any) -> Any:
        given = [*args, *kwargs.values()][0]
        result = derivative(*args, **kwargs)
        costs = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        for each in result if isinstance(result, (list, tuple)) else (result,):
            if isinstance(each, Variable):
                _COSTS[each] = tuple(cost for cost in costs if isinstance(cost, Variable))
        return result

    return derived


def costs_behind(variables: Iterable[Variable]) -> Iterator[Variable]:
    """What those of the variables that are derivatives were derived from.

    In Theano a gradient depends on all that its cost does, even where its value does not (that of
    x + y), so that a function of them has no unused inputs.
    """
    for each in variables:
        yield from _COSTS.get(each, ())


grad = _remembered(differentiate.grad)
Rop, Lop = _remembered(differentiate.Rop), _remembered(differentiate.Lop)
jacobian, hessian = _remembered(differentiate.jacobian), _remembered(differentiate.hessian)


def grad_clip(x: Any, lower_bound: Any, upper_bound: Any) -> Variable:
    """x, whose gradient is limited to [lower_bound, upper_bound]."""
    return stops.grad_clip(x, lower_bound, upper_bound)


def grad_scale(x: Any, multiplier: Any) -> Variable:
    """x, whose gradient is multiplied."""
    return stops.grad_scale(x, multiplier)


def verify_grad(
    fun: Callable[..., Variable], pt: Sequence[Any], n_tests: int = 2, rng: Any = None,
    eps: float | None = None, out_type: str | None = None, abs_tol: float | None = None,
    rel_tol: float | None = None, mode: Any = None, cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:  # fmt: skip
    """Raise GradientError unless the gradient of `fun` at `pt` is what differences say.

    cast_to_output_type: cast the output to out_type.  no_debug_ref is Theano's way around its
    DebugMode, and changes nothing.  The rest as gradc.verify_grad.
    """

    def converted(*inputs: Variable) -> Variable:
        return cast(fun(*inputs), out_type)

    judged = converted if cast_to_output_type and out_type else fun
    testing.verify_grad(judged, pt, n_tests, rng, eps, out_type, abs_tol, rel_tol, mode)


verify_grad.E_grad = GradientError  # type: ignore[attr-defined]
