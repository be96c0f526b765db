"""theano.gof.params_type: parameters of operations, which perform gets as its last argument."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradc.errors import ArgumentTypeError, message

__all__ = ["Params", "ParamsType"]


class Params(SimpleNamespace):
    """The values of parameters, as attributes."""


class ParamsType:
    """ParamsType(name=type, ...): which attributes of an operation are its parameters.

    An operation with `params_type = ParamsType(...)` has them handed to perform.  A type's filter,
    where it has one (theano.gof.generic, T.dvector), is what values go through; of scalars in C
    there are none here, so a value of theano.scalar.float64 stays what it is.
    """

    def __init__(self, **types: Any) -> None:
        if not types:
            what = "ParamsType: there is no parameter."
            raise ArgumentTypeError(message(what, fix="write ParamsType(name=type, ...)."))
        self.types_by_name = types
        self.fields = tuple(sorted(types))

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.fields)

    def has_type(self, kind: Any) -> bool:
        """Whether a parameter has this type."""
        return kind in self.types_by_name.values()

    def get_params(self, *objects: Any, **values: Any) -> Params:
        """The parameters by name, from keywords or else attributes of these objects."""
        found = {}
        for name in self.fields:
            owners = [each for each in objects if hasattr(each, name)]
            if name not in values and not owners:
                what = f"ParamsType: nothing has the parameter {name!r}."
                raise ArgumentTypeError(message(what, fix="make it an attribute of the operation."))
            value = values[name] if name in values else getattr(owners[0], name)
            found[name] = self._filtered(name, value)
        return Params(**found)

    def _filtered(self, name: str, value: Any) -> Any:
        """A value as its type takes it."""
        kind = self.types_by_name[name]
        is_there = not isinstance(kind, type) and hasattr(kind, "filter")
        return kind.filter(value) if is_there else value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamsType) and self.types_by_name == other.types_by_name

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"ParamsType<{', '.join(self.fields)}>"
