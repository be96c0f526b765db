"""theano.updates: updates of shared variables that keep their order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from gradc.errors import ArgumentTypeError, message
from gradc.sharedvar import SharedVariable

__all__ = ["OrderedUpdates"]


class OrderedUpdates(OrderedDict[Any, Any]):
    """A dict from shared variables to expressions; `a + b` joins two that do not contradict."""

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, SharedVariable):
            what = f"OrderedUpdates: {key!r} is no shared variable."
            raise ArgumentTypeError(message(what, fix="make it with theano.shared(value)."))
        super().__setitem__(key, value)

    def update(self, other: Any = ()) -> None:  # type: ignore[override]
        """Add other updates; a variable must not get two different ones."""
        for key, value in dict(other).items():
            if key in self and self[key] is not value:
                raise KeyError(f"{key} has two updates")
            self[key] = value

    def __add__(self, other: Any) -> OrderedUpdates:
        joined = OrderedUpdates(self)
        joined.update(other)
        return joined

    def __radd__(self, other: Any) -> OrderedUpdates:
        joined = OrderedUpdates(other)
        joined.update(self)
        return joined
