"""Shared variables: leaves whose storage outlives a call, and which functions may update.

Takes a value; gives a SharedVariable of its dtype and rank.  Its lengths are unknown to expressions
unless shape= or broadcastable= says them, so that set_value may resize it.  The storage is one
C-contiguous array of native byte order, which calls read and write under the variable's lock;
get_value and set_value copy unless `borrow` says otherwise.  Array and lock live in a Cell, so that
calls reach them from C.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype, is_masked_array
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, Where, message, printable
from gradc.foreign import Unreadable, read_array
from gradc.graph.describe import where
from gradc.graph.site import user_site
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.options import config
from gradc.runtime.cell import Cell

__all__ = ["Container", "SharedVariable", "is_plain", "shared"]

Array = npt.NDArray[Any]


class SharedVariable(Variable):
    """A leaf with a value that lives on between calls.

    default_update: an expression for its value after every call that uses it, or None.
    cell: its storage and lock.
    """

    __slots__ = ("_allow_downcast", "_strict", "cell", "default_update")

    def __init__(
        self,
        type: TensorType,
        storage: Array | Cell,
        name: str | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        is_lent: bool = False,
    ) -> None:
        super().__init__(type, name=name, site=user_site())
        self.cell = storage if isinstance(storage, Cell) else Cell(storage, is_lent)
        self.default_update: Variable | None = None
        self._strict = strict
        self._allow_downcast = allow_downcast

    @property
    def storage(self) -> Array:
        """The array that calls work on."""
        return self.cell.array

    @property
    def lock(self) -> Cell:
        """Held, `with variable.lock:`, while a call or a copy uses the storage."""
        return self.cell

    @property
    def container(self) -> Container:
        """What holds the value, as Theano calls it: `s.container.value`."""
        return Container(self)

    def clone(self, name: str | None = None) -> SharedVariable:
        """Another variable of the same storage, with the same name (or another) and tag.

        What is written to one is read from the other.  Gradients, givens and default updates tell
        them apart; a function takes them for one.
        """
        made = SharedVariable(
            self.type, self.cell, self.name if name is None else name, self._strict,
            self._allow_downcast,
        )  # fmt: skip
        made._tag = None if self._tag is None else SimpleNamespace(**vars(self._tag))
        return made

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Array:
        """The value: a copy, or with borrow=True the storage itself, which later calls change."""
        return self.cell.array if borrow else self.cell.copy()

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Replace the value by a copy; with borrow=True by the array itself where it fits.

        The rank must stay, the lengths may change unless they were declared.  An array is cast
        only to a dtype that holds every value of its own; lists and numbers also where these very
        values are held; a Python float takes the variable's (not with allow_downcast=False).
        Raises: ArgumentTypeError for the wrong dtype or no array, ArgumentError for the wrong rank
        or a length that was declared.
        """
        array = self.accepted(new_value)
        if borrow and is_plain(array):
            with self.cell:
                self.cell.array = array
        else:
            self.cell.keep(np.array(array, order="C"))

    def accepted(self, value: Any) -> Array:
        """The value as set_value puts it; raises what that raises, and changes nothing."""
        array = self._converted(value)
        self._check_shape(array)
        return array

    def zero(self, borrow: bool = False) -> None:
        """Set all elements to 0; with borrow=True in the storage itself."""
        with self.cell:
            if borrow and self.cell.array.flags.writeable:
                self.cell.array[...] = 0
            else:
                self.cell.keep(np.zeros_like(self.cell.array))

    def _converted(self, value: Any) -> Array:
        as_is = self._allow_downcast is False and type(value) is float
        array = np.asarray(value) if as_is else _array("set_value", value)
        dtype = np.dtype(self.dtype)
        if array.dtype == dtype and (not self._strict or isinstance(value, np.ndarray)):
            return array if array.dtype.num == dtype.num else array.view(dtype)  # long long
        if self._strict or not self._may_cast(value, array):
            raise ArgumentTypeError(
                message(
                    f"set_value: {self} is {self.type}, the value has dtype {array.dtype}.",
                    [_row(self, array)],
                    f"convert it: value.astype({dtype.name!r}).",
                )
            )
        return array.astype(dtype)

    def _may_cast(self, value: Any, array: Array) -> bool:
        dtype = np.dtype(self.dtype)
        if array.dtype.kind == "c" and dtype.kind != "c":
            return False  # a part would be lost, not digits
        if self._allow_downcast or np.can_cast(array.dtype, dtype, "safe"):
            return True
        if not isinstance(value, _NUMBERS):
            return False
        is_weak = not isinstance(value, np.generic | list | tuple) and dtype.kind in "fc"
        return (is_weak and self._allow_downcast is None) or _keeps(array, dtype)

    def _check_shape(self, array: Array) -> None:
        shape = self.type.shape
        if array.ndim != len(shape):
            what = f"set_value: {self} has {len(shape)} axes, the value {array.ndim}."
            fix = f"pass an array of type {self.type}; the rank of a variable never changes."
            raise ArgumentError(message(what, [_row(self, array)], fix))
        for axis, (n, m) in enumerate(zip(shape, array.shape, strict=True)):
            if n not in (None, m):
                what = f"set_value: axis {axis} of {self} was declared as {n}, the value has {m}."
                fix = "pass a value of that length, or leave it out of shape= when making it."
                raise ArgumentError(message(what, [_row(self, array)], fix))


class Container:
    """A shared variable's value as Theano's programs reach it.

    value: a copy, as by get_value and set_value.  data: the storage itself, as with borrow=True.
    storage: a list of one, whose item is `data`.
    """

    __slots__ = ("_variable",)

    def __init__(self, variable: SharedVariable) -> None:
        self._variable = variable

    @property
    def name(self) -> str | None:
        """The variable's."""
        return self._variable.name

    @property
    def type(self) -> TensorType:
        """The variable's."""
        return self._variable.type

    @property
    def value(self) -> Array:
        """A copy of the value; what is assigned is copied, and checked as by set_value."""
        return self._variable.get_value()

    @value.setter
    def value(self, new: Any) -> None:
        self._variable.set_value(new)

    @property
    def data(self) -> Array:
        """The storage; an array that is assigned and fits is taken itself."""
        return self._variable.get_value(borrow=True)

    @data.setter
    def data(self, new: Any) -> None:
        self._variable.set_value(new, borrow=True)

    @property
    def storage(self) -> Container:
        """`container.storage[0]` is `container.data`."""
        return self

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: int) -> Array:
        return [self.data][place]

    def __setitem__(self, place: int, new: Any) -> None:
        [self.data][place]  # an IndexError for all but the one
        self.data = new


def shared(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    shape: Sequence[int | None] | None = None,
    broadcastable: Sequence[bool] | None = None,
    target: str = "cpu",
) -> SharedVariable:
    """A variable with a value that functions read and update.

    value: an array or number; Python floats are config.floatX, ints int64.  It is copied unless
    borrow=True, which keeps an array that calls can work on as it is (C-contiguous, of native byte
    order; memory-mapped ones too, and read-only ones, whose first update gets memory of its own).
    name: for messages and listings.
    shape: lengths that never change, None for each that may; broadcastable: axes of length 1.
    strict: set_value takes arrays of the exact dtype only.  allow_downcast: True lets it cast
    anything, False nothing that loses; None also takes Python numbers.
    Raises: ArgumentTypeError or DTypeError for what is no array of numbers, ArgumentError if
    shape or broadcastable contradict the value.
    """
    if isinstance(value, Variable):
        what = f"shared: the value must be numbers, got the symbolic variable {value}."
        raise ArgumentTypeError(message(what, [where(value)], "pass its value, an array."))
    if name is not None and not isinstance(name, str):
        raise ArgumentTypeError(message(f"shared: the name must be text, got {name!r}."))
    array = _array("shared", value)
    dtype = np.dtype(check_dtype(array.dtype))
    array = array.astype(dtype, copy=False)
    if array.dtype.num != dtype.num:  # C has two types for one: long and long long
        array = array.view(dtype)
    static = _static(array, shape, broadcastable)
    is_lent = borrow and is_plain(array)
    if not is_lent:
        array = np.array(array, order="C")
    kind = TensorType(array.dtype.name, static)
    return SharedVariable(kind, array, name, strict, allow_downcast, is_lent)


def _array(caller: str, value: Any) -> Array:
    if is_masked_array(value):
        what = f"{caller}: a masked array has no place for its mask."
        raise ArgumentTypeError(message(what, fix="pass value.filled(...)."))
    if type(value) is float:
        return np.asarray(value, config.floatX)
    try:
        array = read_array(value)
    except Unreadable as error:
        what = f"{caller}: {printable(repr(value), 60)} is no array ({error})."
        raise ArgumentTypeError(message(what, fix=error.hint)) from None
    if array.dtype.kind not in "biufc":
        what = f"{caller}: {printable(repr(value), 60)} is no array of numbers ({array.dtype})."
        raise DTypeError(message(what, fix="pass an array of floats, integers or bools."))
    return array


def _static(
    array: Array, shape: Sequence[int | None] | None, broadcastable: Sequence[bool] | None
) -> tuple[int | None, ...]:
    if shape is not None and broadcastable is not None:
        raise ArgumentError(message("shared: give shape or broadcastable, not both."))
    if broadcastable is not None:
        shape = [1 if each else None for each in broadcastable]
    if shape is None:
        return (None,) * array.ndim
    fits = len(shape) == array.ndim and all(
        n is None or n == m for n, m in zip(shape, array.shape, strict=True)
    )
    if not fits:
        what = f"shared: the value has shape {array.shape}, {tuple(shape)} was declared."
        raise ArgumentError(message(what, fix="declare None for lengths that may change."))
    return tuple(shape)


def is_plain(array: Array) -> bool:
    """Whether calls can work on the array itself."""
    flags = array.flags
    return bool(
        type(array) is np.ndarray and flags.c_contiguous and flags.aligned and array.dtype.isnative
    )


_NUMBERS = (numbers.Number, np.generic, list, tuple)


def _keeps(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether these very values are numbers of the dtype."""
    with np.errstate(invalid="ignore", over="ignore"):
        back = array.astype(dtype).astype(array.dtype)
    return np.array_equal(back, array, equal_nan=array.dtype.kind in "fc")


def _row(variable: SharedVariable, array: Array) -> Where:
    row = where(variable)
    got = f"{array.dtype}[{', '.join(map(str, array.shape))}]"
    return Where(row.label, row.type, row.file, row.line, row.source, got)
