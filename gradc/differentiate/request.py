"""What was asked of `grad`, checked.

Takes the user's arguments; gives a Request, or raises with the user's line and a way out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.differentiate.convention import conjugate
from gradc.dtypes import dtype_info
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    CostTypeError,
    GradError,
    ShapeError,
    Where,
    message,
)
from gradc.graph.describe import where
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.value import value

__all__ = ["Request", "check_choice", "direction", "make_request", "spelled", "variables"]

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*=[^=]")
KnownGrads = Mapping[Variable, Any] | Sequence[tuple[Variable, Any]]


@value
class Request:
    """Checked arguments of `grad`."""

    cost: Variable | None
    wrt: tuple[Variable, ...]
    constants: tuple[Variable, ...]
    known: Mapping[Variable, Variable]
    keep: tuple[Variable, ...]
    caller: str = "grad"  # the word of the user, for messages
    adds: bool = False  # whether the known gradients are added to, as those of outputs are

    @property
    def roots(self) -> tuple[Variable, ...]:
        """Where reverse mode starts."""
        return (*(() if self.cost is None else (self.cost,)), *self.known)

    @property
    def walls(self) -> frozenset[Variable]:
        """The variables that rewriting must leave as they are."""
        return frozenset((*self.wrt, *self.constants, *self.known, *self.keep))

    @property
    def dtype(self) -> str:
        """The float dtype of a gradient that is zero whatever the values."""
        kinds = [dtype_info(root.dtype) for root in self.roots]
        return next(each.part.name for each in kinds if each.is_inexact)


def make_request(
    cost: Variable | None,
    wrt: Variable | Sequence[Variable],
    constants: Sequence[Variable] | Variable | None,
    known_grads: KnownGrads | None,
    keep: Sequence[Variable] | Variable,
) -> Request:
    """Check all of them, and give their gradient to the cost: 1."""
    known = _known(known_grads)
    if cost is not None:
        _check_cost(cost)
    elif not known:
        raise GradError(
            message(
                "grad: there is neither a cost nor known_grads.",
                fix="pass a scalar cost, or known_grads={variable: its gradient}.",
            )
        )
    return Request(
        cost,
        variables("wrt", wrt),
        variables("consider_constant", constants),
        known,
        variables("keep", keep),
    )


def check_choice(option: str, value: object, allowed: Sequence[str], caller: str = "grad") -> None:
    """Raise unless the option has one of its values."""
    if value not in allowed:
        what = f"{caller}: {option} must be one of {', '.join(map(repr, allowed))}, got {value!r}."
        raise ArgumentError(message(what))


def spelled(variable: Variable, otherwise: str) -> str:
    """How the user calls it: its name, or the word its line assigns to."""
    if variable.name is not None:
        return variable.name
    found = _ASSIGNED.match(variable.site.text) if variable.site is not None else None
    return found.group(1) if found else otherwise


def _check_cost(cost: Any) -> None:
    if not isinstance(cost, Variable):
        what = f"grad: the cost must be a variable, got {type(cost).__name__}."
        raise ArgumentTypeError(message(what))
    name = spelled(cost, "cost")
    if cost.ndim:
        raise CostTypeError(
            message(
                f"grad: the cost must be a scalar, got {cost.type}.",
                [_made(cost)],
                f"reduce it first, for example T.mean({name}); for one gradient per row use "
                "gradc.jacobian.",
            )
        )
    if dtype_info(cost.dtype).is_complex:
        what = f"grad: the cost must be real, got {cost.type}: a complex number has no least value."
        fix = f"take T.real({name}), T.abs({name}) or T.imag({name}), whichever you mean."
        raise CostTypeError(message(what, [_made(cost)], fix))
    if not dtype_info(cost.dtype).is_float:
        raise CostTypeError(
            message(
                f"grad: the cost must be of a float dtype, got {cost.type}.",
                [_made(cost)],
                f"whole numbers have no slope; compute {name} in floats, for example from "
                'T.cast(x, "float64").',
            )
        )


def _made(cost: Variable) -> Where:
    row = where(cost, "cost")
    return Where(row.label, "", row.file, row.line, row.source)


def variables(
    option: str, given: Sequence[Variable] | Variable | None, caller: str = "grad"
) -> tuple[Variable, ...]:
    """One variable or several, as a tuple.

    Raises: ArgumentTypeError for what is none.
    """
    if given is None:
        return ()
    is_several = isinstance(given, Iterable) and not isinstance(given, Variable)
    found: tuple[Any, ...] = tuple(given) if is_several else (given,)
    for each in found:
        if not isinstance(each, Variable):
            what = f"{caller}: {option} must be a variable or a list of them, got {each!r}."
            raise ArgumentTypeError(message(what))
    return found


def _known(given: KnownGrads | None) -> dict[Variable, Variable]:
    if given is None:
        return {}
    pairs = given.items() if isinstance(given, Mapping) else given
    return {variable: _known_gradient(variable, ct) for variable, ct in pairs}


def _known_gradient(variable: Variable, given: Any) -> Variable:
    variables("known_grads", [variable])
    found: Variable = conjugate(direction(variable, given, "grad: the known gradient"))
    return found


def direction(variable: Variable, given: Any, what: str) -> Variable:
    """A gradient or tangent of a variable as an expression: of its shape, of a float dtype, of a
    complex one if the variable's is.

    Raises: ShapeError if it does not fit; `what` is how the message calls it.
    """
    dtype = variable.dtype if dtype_info(variable.dtype).is_inexact else None
    ct = given if isinstance(given, Variable) else Constant(np.asarray(given, dtype))
    if not _fits(variable.type, ct.type):
        raise ShapeError(
            message(
                f"{what} of {variable} has type {ct.type}, the variable has {variable.type}.",
                [where(variable), where(ct)],
                "give floats of the variable's own shape.",
            )
        )
    return ct


def _fits(variable: TensorType, ct: TensorType) -> bool:
    kind = dtype_info(ct.dtype)
    return (
        (kind.is_float or (kind.is_complex and dtype_info(variable.dtype).is_complex))
        and variable.ndim == ct.ndim
        and all(None in (a, b) or a == b for a, b in zip(variable.shape, ct.shape, strict=True))
    )
