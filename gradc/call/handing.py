"""Functions around whose calls something is to be done: those of Python objects, and of states.

Python objects: around the call, which is one of numbers, they are put into the table of
graph/objects.py and taken out.  States, the values of inputs with an update: a call reads them
before it enters C, so it takes their locks before that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from gradc.call.function import Array, Function
from gradc.call.objects import SharedObject
from gradc.call.request import Request
from gradc.errors import ArgumentError, message
from gradc.graph.graph import Graph
from gradc.graph.objects import OBJECTS
from gradc.graph.variable import Variable

__all__ = ["ObjectFunction", "StateFunction", "class_for", "has_objects"]


class StateFunction(Function):
    """A compiled function some of whose inputs have updates."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results for these arguments; then inputs that were updated have their new values."""
        with ExitStack() as held:
            for each in self._signature.defaults.values():
                held.enter_context(each.lock)
            return super().__call__(*args, **kwargs)


class ObjectFunction(StateFunction):
    """A compiled function of arrays and Python objects.

    Objects are handed on as they are: a result may be an argument, or what a shared variable holds.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results for these arguments; there is no out=."""
        with OBJECTS.call():
            found = super().__call__(*self._signature.bind(self.name, args, kwargs))
            for each in self._shared:
                if isinstance(each, SharedObject):
                    each.settle()
            return self._handed(found)

    def _canonical(
        self, args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> tuple[tuple[Array, ...], tuple[Array | None, ...] | None]:
        return args, None  # __call__ has bound them

    def _handed(self, found: Any) -> Any:
        """The results with objects in the places of their numbers."""
        types = [each.type for each in self.stages.graph.outputs]
        if isinstance(found, Mapping):
            return dict(zip(found, self._each(types, list(found.values())), strict=True))
        if isinstance(found, (list, tuple)):
            return type(found)(self._each(types, found))
        return self._each(types, [found])[0]

    def _each(self, types: Sequence[Any], found: Sequence[Any]) -> list[Any]:
        pairs = zip(types, found, strict=True)
        return [OBJECTS.get(each) if kind.is_object else each for kind, each in pairs]

    def save(self, path: Any) -> None:
        """Refused: objects are no plain data."""
        what = f"{self.name}.save: it takes or gives Python objects."
        raise ArgumentError(message(what, fix="pickle it."))


def class_for(request: Request) -> type[Function]:
    """What calls the library or the interpreter: one of these where there is something to do."""
    if has_objects(request.graph):
        return ObjectFunction
    kept = request.signature.defaults.values()
    return StateFunction if any(each in request.updated for each in kept) else Function


def has_objects(graph: Graph) -> bool:
    """Whether any variable of a graph holds an object."""
    variables: list[Variable] = [*graph.inputs, *graph.shared, *graph.outputs]
    variables += [each for node in graph.nodes for each in node.outputs]
    return any(each.type.is_object for each in variables)
