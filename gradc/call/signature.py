"""Parameters and results of a function: what callers may write, and what they get.

Takes the arguments of a call as they were written; gives one array a parameter, of its type.  Calls
of the usual form, positional arrays of the right types, never come here (csrc/python/invoke.c).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gradc.call.arguments import Argument
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.sharedvar import SharedVariable
from gradc.value import value

__all__ = ["Results", "Signature"]

Array = npt.NDArray[Any]

_MISSING = object()


@value
class Results:
    """How outputs are returned, and whose arrays may be used again.

    borrowed: by output, whether the next call may write into the array of this one.
    """

    form: Literal["one", "list", "dict", "tuple"]
    borrowed: tuple[bool, ...]
    keys: tuple[Any, ...] = ()

    def listed(self, function: str, out: Any) -> tuple[Array | None, ...]:
        """The arrays of out=, by output. Raises: ArgumentTypeError, ArgumentError."""
        if self.form == "one":
            given = [out]
        elif self.form == "dict":
            given = [out[key] for key in self.keys] if _has_keys(out, self.keys) else []
        else:
            given = list(out) if isinstance(out, (list, tuple)) else []
        wrong = [each for each in given if each is not None and type(each) is not np.ndarray]
        if len(given) != len(self.borrowed) or wrong:
            what = f"{function}: out= must hold an array or None for each output, like the results."
            fix = f"give it the form that {function} returns: {self._shape()}."
            raise ArgumentTypeError(message(what, fix=fix))
        self._check_apart(function, given)
        return tuple(given)

    def _shape(self) -> str:
        if self.form == "dict":
            return "a dict with the keys " + ", ".join(printable(repr(key)) for key in self.keys)
        count = len(self.borrowed)
        return "one array" if self.form == "one" else f"a {self.form} of {count}"

    def _check_apart(self, function: str, given: Sequence[Array | None]) -> None:
        arrays = [each for each in given if each is not None]
        for k, each in enumerate(arrays):
            if any(np.may_share_memory(each, other) for other in arrays[:k]):
                what = f"{function}: two arrays of out= share memory."
                raise ArgumentError(message(what, fix="give each output an array of its own."))


def _has_keys(out: Any, keys: tuple[Any, ...]) -> bool:
    return isinstance(out, Mapping) and set(out) == set(keys)


@value
class Signature:
    """The parameters of a function.

    defaults: by position, what holds the value of an input when the caller gives none.
    """

    arguments: tuple[Argument, ...]
    defaults: Mapping[int, SharedVariable]

    def has_name(self, name: str) -> bool:
        """Whether there is a parameter of that name."""
        return any(argument.name == name for argument in self.arguments)

    def bind(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Array]:
        """One array a parameter, in order. Raises: ArgumentTypeError, ArgumentError."""
        values: list[Any] = [*args, *[_MISSING] * (len(self.arguments) - len(args))]
        if len(args) > len(self.arguments):
            raise ArgumentTypeError(self._count(function, len(args)))
        for name, given in kwargs.items():
            values[self._position(function, name, len(args))] = given
        taken = []
        for k, (argument, given) in enumerate(zip(self.arguments, values, strict=True)):
            if given is _MISSING:
                if k not in self.defaults:
                    raise ArgumentTypeError(self._count(function, len(args) + len(kwargs)))
                taken.append(argument.taken(self.defaults[k]))
            else:
                taken.append(argument.take(given, function))
        return taken

    def _position(self, function: str, name: str, given: int) -> int:
        for k, argument in enumerate(self.arguments):
            if argument.name == name:
                if k < given:
                    what = f"{function}: got two values for argument {argument.label}."
                    fix = "pass it by position or by name, not both."
                    raise ArgumentTypeError(message(what, [where(argument.variable)], fix))
                return k
        known = [argument.name for argument in self.arguments if argument.name]
        raise ArgumentTypeError(
            message(
                f'{function}: there is no argument "{printable(name)}".',
                [where(argument.variable) for argument in self.arguments],
                f"use one of {', '.join(known)}." if known else "pass arguments by position.",
            )
        )

    def _count(self, function: str, given: int) -> str:
        least = len(self.arguments) - len(self.defaults)
        wanted = str(least) if not self.defaults else f"{least} to {len(self.arguments)}"
        return message(
            f"{function}: takes {wanted} argument{'s' if wanted != '1' else ''}, got {given}.",
            [where(argument.variable, argument.label) for argument in self.arguments],
            f"call {function}({', '.join(a.name or '...' for a in self.arguments)}).",
        )
