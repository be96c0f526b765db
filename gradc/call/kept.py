"""What a function holds between calls: values of inputs, and its shared variables.

Takes a function's parameters and shared variables; gives containers by variable, name or number, as
programs written for Theano ask for them: f.container[x].value, f["x"], f[x] = 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradc.call.arguments import Argument
from gradc.call.signature import Signature
from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.sharedvar import Container, SharedVariable

__all__ = ["Kept"]


class Empty(Container):
    """An input that calls must give: its value is None, and cannot be set."""

    __slots__ = ("_argument",)

    def __init__(self, argument: Argument) -> None:
        self._argument = argument

    @property
    def name(self) -> str | None:
        """The keyword of calls."""
        return self._argument.name

    @property
    def type(self) -> Any:
        """The variable's."""
        return self._argument.variable.type

    @property
    def value(self) -> Any:
        """None."""
        return None

    @value.setter
    def value(self, new: Any) -> None:
        what = f"input {self._argument.label} has no value between calls that could be set."
        fix = "give it one when the function is made: In(x, value=...)."
        raise ArgumentTypeError(message(what, [where(self._argument.variable)], fix))

    data = value


class Kept:
    """The containers of a function, by variable, name or number."""

    def __init__(
        self, function: str, signature: Signature, shared: Sequence[SharedVariable]
    ) -> None:
        self._function = function
        self._places: list[tuple[str | None, Variable, Container]] = []
        for k, each in enumerate(signature.arguments):
            kept = signature.defaults.get(k)
            container = Empty(each) if kept is None else kept.container
            self._places.append((each.name, each.variable, container))
        self._places += [(each.name, each, each.container) for each in shared]

    def _found(self, key: Any) -> list[Container]:
        if isinstance(key, int):
            return [box for _, _, box in self._places[key : key + 1 or None]]
        if isinstance(key, Variable):
            return [box for _, variable, box in self._places if variable is key]
        return [box for name, _, box in self._places if name is not None and name == key]

    def __getitem__(self, key: Any) -> Container:
        found = self._found(key)
        if len(found) == 1:
            return found[0]
        text = printable(repr(key), 60)
        names = ", ".join(repr(name) for name, _, _ in self._places if name)
        what = f"{self._function}: {text} is the name of {'several' if found else 'no'} inputs."
        fix = f"there are {names or 'only inputs without a name'}; or ask by the variable itself."
        raise ArgumentTypeError(message(what, fix=fix))

    def __contains__(self, key: object) -> bool:
        return bool(self._found(key))

    def __iter__(self) -> Iterator[Container]:
        return iter([box for _, _, box in self._places])

    def __len__(self) -> int:
        return len(self._places)
