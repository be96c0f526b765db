"""Types of users' own: variables that hold any Python object, and what holds it during a call.

Takes a class with `filter`; gives a type whose variables operations in Python take and give.  To
everything below, such a variable is a whole number: the place of its object in a table that the
call fills and empties.  So loops, plans and caches know nothing of objects, and what an object is
made of is never looked at; and no operation but one in Python may read the number.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.methods import OPERATORS
from gradc.graph.types import TensorType, TensorTypes

__all__ = ["OBJECTS", "Generic", "Type", "generic"]

_OURS = frozenset(("dtype", "shape", "ndim", "broadcastable"))


class _Types(TensorTypes):
    """Types are made by their own __init__; to `isinstance`, arrays' types are Types too."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        return type.__call__(cls, *args, **kwargs)

    def __instancecheck__(self, instance: object) -> bool:
        kind = TensorType if self.__dict__.get("is_any") else self
        return issubclass(type(instance), kind)


class Type(TensorType, metaclass=_Types):
    """A type of Python objects: subclass it, with at least filter.

    filter(value, strict=False, allow_downcast=None): the value as one of the type, itself or made
        of it; raises TypeError or ValueError for what is none.  Arguments of calls, what perform
        gives, and values of shared variables go through it.
    make_variable(name=None): a variable of the type; calling the type does that.
    values_eq(a, b), values_eq_approx(a, b): whether two values are equal, `a == b`.
    __props__: names of attributes; types of a class are equal where these are, without it where all
        attributes are.  __eq__ and __hash__ say it otherwise.

    Only operations in Python take and give such variables, and gradients do not go through them.
    Objects are handed on as they are, not copied: perform must not change what it gets.
    Raises: ArgumentError for an attribute called dtype, shape, ndim or broadcastable.
    Source: Theano's class of this name.
    """

    is_object: ClassVar[bool] = True
    is_any: ClassVar[bool] = True
    dtype: ClassVar[str] = "int64"  # type: ignore[misc]  # of the number that stands for an object
    shape: ClassVar[tuple[int | None, ...]] = ()  # type: ignore[misc]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.is_any = False
        for word in _OURS.intersection(cls.__dict__):
            _refuse(cls.__name__, word)

    def __init__(self) -> None:
        """Nothing is needed: a class of your own may take what it likes."""

    def __setattr__(self, word: str, value: Any) -> None:
        if word in _OURS:
            _refuse(type(self).__name__, word)
        object.__setattr__(self, word, value)

    def __delattr__(self, word: str) -> None:
        object.__delattr__(self, word)

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """The value as one of this type."""
        what = f"{self}: there is no filter, so nothing says which objects are of the type."
        raise ArgumentTypeError(message(what, fix="write filter(value, strict, allow_downcast)."))

    def is_valid_value(self, data: Any) -> bool:
        """Whether filter takes the value with strict=True."""
        try:
            self.filter(data, strict=True)
        except (TypeError, ValueError):
            return False
        return True

    def __call__(self, name: str | None = None) -> Any:
        """A new variable of this type."""
        return self.make_variable(name)

    def make_variable(self, name: str | None = None) -> Any:
        """A new variable of this type."""
        return OPERATORS["make_input"](self, name)

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two values are the same."""
        return bool(a == b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two values are the same but for rounding."""
        return self.values_eq(a, b)

    def clone(self) -> Any:
        """A type equal to this one."""
        return copy.copy(self)

    def accepts(self, other: TensorType) -> bool:
        """Whether every value of `other` is one of this type: whether they are equal."""
        return bool(self == other)

    resembles = accepts

    def _told_by(self) -> tuple[Any, ...]:
        words = getattr(type(self), "__props__", None)
        attributes = self.__dict__
        return tuple((word, attributes[word]) for word in (words or sorted(attributes)))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._told_by() == other._told_by()

    def __hash__(self) -> int:
        return hash(type(self))

    def __str__(self) -> str:
        shown = (f"{word}={printable(repr(each), 40)}" for word, each in self._told_by())
        text = ", ".join(shown)
        return f"{type(self).__name__}{{{text}}}" if text else type(self).__name__

    def __repr__(self) -> str:
        return str(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _restored, (type(self), dict(self.__dict__))


def _restored(kind: type[Type], attributes: dict[str, Any]) -> Type:
    made: Type = kind.__new__(kind)
    made.__dict__.update(attributes)
    return made


def _refuse(owner: str, word: str) -> None:
    what = f"{owner}: {word!r} is an attribute that gradc keeps for itself."
    raise ArgumentError(message(what, fix=f"call it otherwise, for example {word}_."))


class Generic(Type):
    """The type of any Python object."""

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """The object itself."""
        return data


generic = Generic()


class _Objects:
    """Objects by number: those of running calls, and those of shared variables.

    A number is held by the call that made it and by the variable that keeps it; without a holder
    its object is forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # an object that is forgotten may hold a variable
        self._serial = itertools.count(1)
        self._found: dict[int, Any] = {}
        self._holders: dict[int, int] = {}
        self._calls = threading.local()
        self._open: list[list[int]] = []  # the numbers of all running calls

    def hold(self, value: Any) -> int:
        """A new number for an object, which the caller must release."""
        number = next(self._serial)
        with self._lock:
            self._found[number], self._holders[number] = value, 1
        return number

    def exchange(self, old: int, new: int) -> None:
        """Hold one number more and release another, which running calls may have read."""
        with self._lock:
            self._holders[new] += 1
            for numbers in self._open:
                numbers.append(old)
            self._holders[old] += len(self._open)
        self.release(old)

    def release(self, number: int) -> None:
        """One holder less."""
        forgotten = None  # let go of outside of the lock
        with self._lock:
            self._holders[number] -= 1
            if not self._holders[number]:
                del self._holders[number]
                forgotten = self._found.pop(number)
        del forgotten

    def get(self, number: Any) -> Any:
        """The object of a number, as kernels hand it on: an array without axes."""
        with self._lock:
            return self._found[int(number)]

    @contextmanager
    def call(self) -> Iterator[None]:
        """A block in which objects may be put: at its end they are forgotten."""
        calls = self._calls.__dict__.setdefault("open", [])
        numbers: list[int] = []
        calls.append(numbers)
        with self._lock:
            self._open.append(numbers)
        try:
            yield
        finally:
            calls.pop()
            with self._lock:
                self._open = [each for each in self._open if each is not numbers]
            for number in numbers:
                self.release(number)

    def put(self, value: Any) -> npt.NDArray[Any]:
        """An object, for the running call, as kernels hand it on.

        Raises: ArgumentTypeError outside of calls.
        """
        calls = self._calls.__dict__.get("open")
        if not calls:
            what = f"{printable(repr(value), 60)}: Python objects have a value during calls only."
            raise ArgumentTypeError(message(what, fix="compile it with gradc.function first."))
        number = self.hold(value)
        calls[-1].append(number)
        return np.asarray(number, np.int64)


OBJECTS = _Objects()
