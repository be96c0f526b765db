"""theano.gof.type: types of users' own, and constants of them."""

from __future__ import annotations

from typing import Any

from gradc.extend import object_constant
from gradc.graph import variable
from gradc.graph.objects import Generic, Type, generic
from gradc.graph.variable import Variable

__all__ = ["Constant", "Generic", "Type", "Variable", "generic"]


class _Constants(type):
    """Constants are gradc's; Theano makes them of a type and a value."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, variable.Constant)

    def __call__(cls, type: Any, data: Any, name: str | None = None) -> Variable:
        if type.is_object:
            return object_constant(type, data, name)
        return variable.Constant(type.filter(data), name)


class Constant(metaclass=_Constants):
    """Constant(type, data, name=None): a variable with a value of its own.

    Of a type of objects it is the result of an operation that gives the object.
    """
