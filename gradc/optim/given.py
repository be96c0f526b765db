"""What the rules of gradc.optim are given: gradients, parameters, rates; and the states they keep.

Takes what users pass; gives a Given, whose updates a rule fills.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from gradc.differentiate.reverse import grad
from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import given_text, where
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import cast
from gradc.sharedvar import SharedVariable, shared

__all__ = ["Given", "Rate", "Schedule", "Updates", "fraction", "given", "positive"]

Schedule = Callable[[Variable], Any]
Rate = float | Variable | Schedule
Updates = dict[SharedVariable, Variable]

_FLOATS = ("float32", "float64")


@dataclass
class Given:
    """A rule's arguments: pairs of parameter and gradient; updates so far.

    name: of the rule, for errors.  learning_rate: as it was given.
    """

    name: str
    pairs: list[tuple[SharedVariable, Variable]]
    learning_rate: Rate
    updates: Updates = field(default_factory=dict)
    counter: SharedVariable | None = None

    def step(self) -> Variable:
        """How many steps have been made: an int64 scalar, which each step counts on."""
        if self.counter is None:
            self.counter = shared(np.zeros((), "int64"), name=f"{self.name}.step")
            self.updates[self.counter] = self.counter + 1
        return self.counter

    def wide_rate(self) -> Any:
        """The rate of this step, as it comes."""
        if isinstance(self.learning_rate, Variable) or not callable(self.learning_rate):
            return self.learning_rate
        found = self.learning_rate(self.step())
        positive(self.name, "learning_rate, by its schedule,", found)
        return found

    def rate(self, param: SharedVariable) -> Any:
        """The rate of this step, in the dtype of a parameter."""
        return self.number(self.wide_rate(), param)

    def number(self, value: Any, param: SharedVariable) -> Any:
        """A number or scalar, in the dtype of a parameter."""
        return cast(value, param.dtype) if isinstance(value, Variable) else value

    def state(self, param: SharedVariable, word: str) -> SharedVariable:
        """A new state, as large as the parameter and all zeros."""
        zeros = np.zeros_like(param.get_value(borrow=True))
        return shared(zeros, name=f"{param.name or 'parameter'}.{word}", shape=param.type.shape)


def given(name: str, cost: Any, params: Any, learning_rate: Rate) -> Given:
    """The arguments of a rule, checked. Raises: ArgumentTypeError, ArgumentError."""
    params = _parameters(name, params)
    gradients = _gradients(name, cost, params)
    if isinstance(learning_rate, Variable) or not callable(learning_rate):
        positive(name, "learning_rate", learning_rate)
    pairs = [(p, cast(g, p.dtype)) for p, g in zip(params, gradients, strict=True)]
    return Given(name, pairs, learning_rate)


def _parameters(name: str, params: Any) -> list[SharedVariable]:
    if isinstance(params, Variable) or not isinstance(params, Sequence):
        what = f"{name}: params has to be a list of shared variables, got {given_text(params)}."
        raise ArgumentTypeError(message(what, fix="write [w] for one parameter."))
    found: dict[SharedVariable, None] = {}
    for each in params:
        if not isinstance(each, SharedVariable):
            what = f"{name}: a parameter has to be a shared variable, got {given_text(each)}."
            rows = [where(each)] if isinstance(each, Variable) else []
            raise ArgumentTypeError(message(what, rows, "make it with gradc.shared(value)."))
        if each.dtype not in _FLOATS:
            what = f"{name}: a parameter has to be of float32 or float64, got {each.type}."
            raise ArgumentTypeError(message(what, [where(each)], "make it of floats."))
        if each in found:
            what = f"{name}: {each.name or 'a parameter'} stands twice in params."
            raise ArgumentError(message(what, [where(each)], "name each parameter once."))
        found[each] = None
    return list(found)


def _gradients(name: str, cost: Any, params: list[SharedVariable]) -> Sequence[Variable]:
    if isinstance(cost, Variable):
        gradients: Sequence[Variable] = grad(cost, params)
        return gradients
    if not isinstance(cost, Sequence):
        shown = given_text(cost)
        what = f"{name}: the cost has to be a scalar or a list of gradients, got {shown}."
        raise ArgumentTypeError(message(what, fix="pass the cost, or what grad gives."))
    if len(cost) != len(params):
        what = f"{name}: there are {len(cost)} gradients for {len(params)} parameters."
        raise ArgumentError(message(what, fix="give one a parameter, in their order."))
    found = [as_variable(each) for each in cost]
    for p, g in zip(params, found, strict=True):
        if g.ndim != p.ndim:
            what = f"{name}: a gradient has {g.ndim} axes, its parameter {p.ndim}."
            raise ArgumentError(message(what, [where(g), where(p)], "give them in one order."))
    return found


def positive(name: str, word: str, value: Any, *, above: bool = False) -> None:
    """Raise unless a number is 0 or more, or `above` 0; of a variable, unless it is a scalar.

    Raises: ArgumentTypeError, ArgumentError.
    """
    wanted = "above 0" if above else "0 or more"
    if _number(name, word, value, wanted) and not (value > 0 or (value == 0 and not above)):
        _refuse(name, word, value, wanted)


def fraction(name: str, word: str, value: Any) -> None:
    """Raise unless a number is from 0 to below 1; of a variable, unless it is a scalar.

    Raises: ArgumentTypeError, ArgumentError.
    """
    wanted = "from 0 to below 1"
    if _number(name, word, value, wanted) and not 0 <= value < 1:
        _refuse(name, word, value, wanted)


def _number(name: str, word: str, value: Any, wanted: str) -> bool:
    """Whether it is a number of Python's, to be looked at."""
    if isinstance(value, Variable):
        if value.ndim or dtype_info(value.dtype).is_complex:
            what = f"{name}: {word} is {value.type}, it has to be one number."
            raise ArgumentTypeError(message(what, [where(value)], "pass a scalar."))
        return False
    is_scalar = isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"
    is_number = isinstance(value, (int, float, np.integer, np.floating)) or is_scalar
    if isinstance(value, bool) or not is_number:
        what = f"{name}: {word} has to be a number, got {given_text(value)}."
        raise ArgumentTypeError(message(what, fix=f"pass a number {wanted}."))
    return True


def _refuse(name: str, word: str, value: Any, wanted: str) -> NoReturn:
    what = f"{name}: {word} has to be {wanted}, got {value}."
    raise ArgumentError(message(what, fix="pass a number in that range."))
