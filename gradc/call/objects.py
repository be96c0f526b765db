"""Python objects as arguments of calls and as values of shared variables.

Takes a type of users' (graph/objects.py); gives a parameter that puts its object into the running
call's table, and a variable that keeps one between calls.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from gradc.call.arguments import Argument, Array
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.objects import OBJECTS, Type, generic
from gradc.graph.variable import Variable
from gradc.runtime.cell import Cell
from gradc.sharedvar import SharedVariable

__all__ = ["ObjectArgument", "SharedObject", "argument", "shared_object"]


class ObjectArgument(Argument):
    """A parameter that takes Python objects."""

    __slots__ = ()

    def take(self, given: Any, function: str) -> Array:
        """The number of the object, which the running call holds. Raises: what filter raises."""
        return OBJECTS.put(self.filtered(given, function))

    def kept(self, value: Any, borrow: bool) -> SharedVariable:
        """An object between calls, the given one itself if the type's filter leaves it."""
        assert isinstance(self.variable.type, Type)
        return SharedObject(self.variable.type, self.filtered(value, "In"), self.name)

    def taken(self, kept: SharedVariable) -> Array:
        """The number of the object that is kept."""
        return OBJECTS.put(kept.get_value(borrow=True))

    def filtered(self, given: Any, function: str) -> Any:
        """The object as one of the type."""
        options: dict[str, Any] = {"strict": True} if self.strict else {}
        if self.allow_downcast is not None:
            options["allow_downcast"] = self.allow_downcast
        if isinstance(given, Variable):
            what = f"{function}: argument {self.label} got the symbolic variable {given}."
            raise ArgumentTypeError(message(what, [where(self.variable)], "pass its value."))
        kind = self.variable.type
        assert isinstance(kind, Type)
        try:
            return kind.filter(given, **options)
        except (TypeError, ValueError) as error:
            error.add_note(f"gradc: raised by {kind}.filter for argument {self.label}.")
            raise


def argument(variable: Variable, position: int, **rules: Any) -> Argument:
    """The parameter of a variable, which takes objects or arrays; rules: as Argument has them."""
    kind = ObjectArgument if variable.type.is_object else Argument
    return kind(variable, position, **rules)


class _Place:
    """The number of the object that shared variables of one storage hold."""

    def __init__(self, number: int) -> None:
        self.number = number

    def move(self, number: int) -> None:
        """Hold another one, under the lock of the storage."""
        if number != self.number:
            OBJECTS.exchange(self.number, number)
            self.number = number

    def __del__(self) -> None:
        OBJECTS.release(self.number)


class SharedObject(SharedVariable):
    """A shared variable that holds a Python object."""

    __slots__ = ("_place",)

    def __init__(
        self, type: Type, value: Any, name: str | None = None, place: tuple[Cell, Any] | None = None
    ) -> None:
        if place is None:
            number = OBJECTS.hold(value)
            place = Cell(np.asarray(number, np.int64), False), _Place(number)
        super().__init__(type, place[0], name)
        self._place: _Place = place[1]

    def clone(self, name: str | None = None) -> SharedObject:
        """Another variable of the same storage, with the same name (or another) and tag."""
        assert isinstance(self.type, Type)
        word = self.name if name is None else name
        made = SharedObject(self.type, None, word, (self.cell, self._place))
        made._tag = None if self._tag is None else SimpleNamespace(**vars(self._tag))
        return made

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """The object: a deep copy, or with borrow=True the object itself."""
        with self.cell:
            found = OBJECTS.get(self.cell.array)
        return found if borrow else copy.deepcopy(found)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Replace the object by a deep copy of another one, with borrow=True by that itself.

        Raises: what the type's filter raises.
        """
        value = self.accepted(new_value)
        number = OBJECTS.hold(value if borrow else copy.deepcopy(value))
        with self.cell:
            self.cell.array = np.asarray(number, np.int64)
            self._place.move(number)
        OBJECTS.release(number)

    def accepted(self, value: Any) -> Any:
        """The object as the type's filter gives it."""
        assert isinstance(self.type, Type)
        return self.type.filter(value)

    def settle(self) -> None:
        """Hold what a call has put into the storage, before the call lets go of it."""
        with self.cell:
            self._place.move(int(self.cell.array))

    def zero(self, borrow: bool = False) -> NoReturn:
        """There is no zero."""
        what = f"zero: {self} holds an object of the type {self.type}."
        raise ArgumentTypeError(message(what, [where(self)], "use set_value."))

    def __reduce__(self) -> tuple[Any, ...]:
        made = (type(self), (self.type, self.get_value(borrow=True), self.name))
        return (*made, {"default_update": self.default_update, "_tag": self._tag})


def shared_object(
    value: Any, name: str | None = None, type: Type = generic, borrow: bool = False
) -> SharedObject:
    """A shared variable that holds a Python object, for operations in Python to read and update.

    value: a deep copy is kept, with borrow=True the object itself.  type: a gradc.Type; generic
    takes any object.  An update is an expression of an equal type.
    Raises: ArgumentTypeError, ArgumentError; what the type's filter raises.
    """
    if not isinstance(type, Type) or not type.is_object:
        what = f"shared_object: {printable(repr(type), 60)} is no type of objects."
        raise ArgumentTypeError(message(what, fix="pass gradc.generic, or a gradc.Type."))
    if isinstance(value, Variable):
        what = f"shared_object: the value is the symbolic variable {value}."
        raise ArgumentError(message(what, [where(value)], "pass its value."))
    kept = type.filter(value)
    return SharedObject(type, kept if borrow else copy.deepcopy(kept), name)
