"""Take an argument of a call as an array of the declared type.

Takes whatever the user passed; gives a native array of the declared type, the user's own where it
is that already; the call packs what is not C-contiguous.  What would lose something raises: arrays
are cast silently only to a dtype that holds every value, lists and numbers to one that holds them.
A Python float is rounded where the parameter has the dtype of config.floatX, as in Theano; never to
an infinity.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import DTYPES, is_masked_array
from gradc.errors import ArgumentError, ArgumentTypeError, Where, message, printable
from gradc.foreign import Unreadable, read_array
from gradc.graph.describe import where
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.kernel.interface import Port
from gradc.runtime.executable import port_numbers
from gradc.sharedvar import SharedVariable, is_plain

__all__ = ["Argument", "describe_value"]

Array = npt.NDArray[Any]

_OWN, _EXACT, _ROUNDED = 0, 1, 2  # numbers of csrc/python/internal.h


class Argument:
    """One parameter of a function: its variable, and how values are taken for it."""

    __slots__ = (
        "_dtype", "_static", "allow_downcast", "name", "position", "rounds", "strict", "variable",
    )  # fmt: skip

    def __init__(
        self,
        variable: Variable,
        position: int,
        *,
        strict: bool = False,
        allow_downcast: bool | None = None,
        rounds: bool = False,
    ) -> None:
        self.variable = variable
        self.position = position
        self.name = variable.name
        self.strict = strict
        self.allow_downcast = allow_downcast
        self.rounds = rounds
        self._dtype = np.dtype(variable.dtype)
        self._static = tuple(
            (axis, n) for axis, n in enumerate(variable.type.shape) if n is not None
        )

    def take(self, given: Any, function: str) -> Array:
        """The array a kernel may read. Raises: ArgumentTypeError, ArgumentError."""
        value: Array = given
        if type(given) is not np.ndarray or given.dtype is not self._dtype:
            value = self._convert(given, function)
        if value.ndim != self.variable.ndim:
            raise ArgumentError(self._wrong(function, "rank", value))
        for axis, n in self._static:
            if value.shape[axis] != n:
                raise ArgumentError(self._wrong(function, f"length on axis {axis}", value))
        # C has two types for one: of long and long long the dtype table knows the first.
        return value if value.dtype.num == self._dtype.num else value.view(self._dtype)

    def kept(self, value: Any, borrow: bool) -> SharedVariable:
        """A value between calls; a copy unless borrow. Raises: what take raises."""
        array = self.take(value, "In")
        kept = array if borrow and is_plain(array) else np.array(array, order="C")
        return SharedVariable(self.variable.type, kept, self.name, is_lent=kept is array)

    def taken(self, kept: SharedVariable) -> Array:
        """What is kept, for a call that gives nothing else."""
        return kept.get_value(borrow=True)

    def rule(self, port: Port) -> tuple[Any, tuple[int, ...], int]:
        """The same for calls in C, which take what needs no cast (csrc/python, read_rule)."""
        lengths = tuple(-1 if n is None else n for n in self.variable.type.shape)
        may_round = self.rounds or bool(self.allow_downcast)
        allowed = _OWN if self.strict else _ROUNDED if may_round else _EXACT
        return port_numbers(port), lengths, allowed

    def _convert(self, value: Any, function: str) -> Array:
        if isinstance(value, Variable):
            raise ArgumentTypeError(
                message(
                    f"{function}: argument {self.label} got the symbolic variable {value}.",
                    [where(self.variable)],
                    "pass numbers; to substitute expressions use givens= of gradc.function.",
                )
            )
        array = self._as_array(value, function)
        if array.dtype == self._dtype:
            return array
        if self.strict or not self._may_cast(value, array):
            if not self.strict and type(value) in (int, float, complex) and self._is_rounded(array):
                raise ArgumentTypeError(self._no_room(function, value))
            raise ArgumentTypeError(
                self._wrong(
                    function, "dtype", array,
                    f"convert it, for example with .astype({self._dtype.name!r}), or build the "
                    "function with allow_input_downcast=True.",
                )
            )  # fmt: skip
        return array.astype(self._dtype)

    def _is_rounded(self, array: Array) -> bool:
        """Whether what is lost is digits: no fraction, no part."""
        return self._dtype.kind == array.dtype.kind or (self._dtype.kind, array.dtype.kind) in (
            ("f", "i"), ("c", "i"), ("c", "f"),
        )  # fmt: skip

    def _no_room(self, function: str, value: Any) -> str:
        """About a Python number that the dtype has not."""
        dtype = self._dtype.name
        what = f"{function}: argument {self.label} is {dtype}, which has no number {value!r}."
        with np.errstate(all="ignore"):
            is_finite = bool(np.isfinite(np.asarray(value).astype(self._dtype)))
        if not is_finite or self._dtype.kind in "iu":
            fix = f"pass one that {dtype} holds, or make the variable of a dtype that holds this."
        else:
            fix = (
                f"pass np.{dtype}({value!r}), or build the function with "
                "allow_input_downcast=True; with gradc.config.floatX = 'float32' Python's floats "
                "are rounded."
            )
        return message(what, [where(self.variable)], fix)

    def _as_array(self, value: Any, function: str) -> Array:
        if is_masked_array(value) and np.ma.is_masked(value):
            raise ArgumentTypeError(
                message(
                    f"{function}: argument {self.label} is a masked array with masked elements.",
                    [where(self.variable)],
                    "fill them first: a.filled(value).",
                )
            )
        try:
            array = read_array(value)
        except Unreadable as error:
            raise ArgumentTypeError(
                self._no_array(function, value, str(error), error.hint)
            ) from None
        if array.dtype.newbyteorder("=").name not in DTYPES:
            raise ArgumentTypeError(self._no_array(function, value, f"dtype {array.dtype}"))
        return array

    def _no_array(self, function: str, value: Any, why: str, fix: str = "") -> str:
        return message(
            f"{function}: argument {self.label} must be an array of numbers, got "
            f"{type(value).__name__} ({printable(why, 80)}).",
            [where(self.variable)],
            fix or f"pass an array that numpy reads as {self.variable.type}.",
        )

    def _may_cast(self, value: Any, array: Array) -> bool:
        if array.dtype.kind == "c" and self._dtype.kind != "c":
            return False  # a part would be lost, not digits
        if self.allow_downcast:
            return True
        if np.can_cast(array.dtype, self._dtype, "safe"):
            return True
        if not isinstance(value, (bool, int, float, complex, list, tuple, np.generic)):
            return False
        if _is_exact(array, self._dtype):
            return True
        may_round = self.rounds and self.allow_downcast is None and type(value) in (float, complex)
        return may_round and _is_near(array, self._dtype)

    @property
    def label(self) -> str:
        """How messages call the parameter."""
        return f'{self.position} "{self.name}"' if self.name else str(self.position)

    def _wrong(self, function: str, what: str, value: Array, fix: str = "") -> str:
        row = where(self.variable)
        row = Where(row.label, row.type, row.file, row.line, row.source, describe_value(value))
        return message(
            f"{function}: argument {self.label} has the wrong {what}.",
            [row],
            fix or f"pass an array of type {self.variable.type}.",
        )


def _is_exact(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether every number is one of `dtype`: f([1, 2, 3]) for int32 or float32."""
    with np.errstate(all="ignore"):
        return np.array_equal(array.astype(dtype), array, equal_nan=array.dtype.kind in "fc")


def _is_near(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether a float is rounded to one of `dtype` that is finite."""
    if dtype.kind not in "fc" or (array.dtype.kind == "c" and dtype.kind == "f"):
        return False
    with np.errstate(all="ignore"):
        return bool(np.isfinite(array.astype(dtype)) or not np.isfinite(array))


def describe_value(value: Array) -> str:
    """dtype[lengths] of an array."""
    return str(TensorType(value.dtype.name, value.shape)) if value.dtype.kind in "biufc" else (
        f"{value.dtype}{list(value.shape)}"
    )  # fmt: skip
