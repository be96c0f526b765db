"""The third answer of a pullback: neither a gradient nor "not connected", but "undefined".

A pullback gives `Undefined(x.type, reason)` where the derivative exists in no sense.
Differentiation carries it down to whatever needs it, and raises NullTypeGradError where a user
asked for it.
"""

from __future__ import annotations

from typing import Any

from gradc.graph.types import StaticShape, TensorType, TensorTypes
from gradc.graph.variable import Variable
from gradc.value import value

__all__ = [
    "Disconnected",
    "DisconnectedType",
    "NullType",
    "Undefined",
    "grad_not_implemented",
    "grad_undefined",
]


class _NullTypes(TensorTypes):
    """Lets a NullType be made of what it says."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        return type.__call__(cls, *args, **kwargs)


class NullType(TensorType, metaclass=_NullTypes):
    """The type of a gradient that does not exist; `why_null` says why.

    Calling it makes such a gradient, for a pullback to give: NullType("rounded")().
    """

    __slots__ = ("why_null",)
    why_null: str

    def __init__(
        self,
        why_null: str = "it does not exist",
        dtype: str = "float64",
        shape: StaticShape = (),
    ) -> None:
        for name, each in (("dtype", dtype), ("shape", tuple(shape)), ("why_null", why_null)):
            object.__setattr__(self, name, each)

    def __call__(self, name: str | None = None) -> Undefined:  # type: ignore[override]
        """A gradient that does not exist."""
        return Undefined(self, self.why_null, name or "undefined")

    def __reduce__(self) -> tuple[Any, ...]:
        return NullType, (self.why_null, self.dtype, self.shape)


class Undefined(Variable):
    """A leaf that stands for a gradient that does not exist; its type, a NullType, says why."""

    __slots__ = ()

    type: NullType

    def __init__(self, type: TensorType, reason: str, name: str = "undefined") -> None:
        super().__init__(NullType(reason, type.dtype, type.shape), name=name)

    @property
    def reason(self) -> str:
        """Why there is none."""
        return self.type.why_null


@value
class DisconnectedType:
    """The type of what stands where there is no path to a variable; all of them are equal.

    Calling it makes such a thing, for a pullback to give: DisconnectedType()().
    """

    def __call__(self, variable: Variable | None = None) -> Disconnected:
        """What stands for the gradient of a variable that is not connected."""
        return Disconnected(variable)


@value
class Disconnected:
    """What `grad(..., return_disconnected="Disconnected")` gives where there is no path."""

    variable: Variable | None

    @property
    def type(self) -> DisconnectedType:
        """A DisconnectedType."""
        return DisconnectedType()


def grad_undefined(op: Any, x_pos: int, x: Variable, comment: str = "") -> Undefined:
    """For a pullback: the gradient of input x, at place x_pos, does not exist; comment says why."""
    reason = comment or "it does not exist"
    return Undefined(x.type, f"input {x_pos} of {op}: {reason}")


def grad_not_implemented(op: Any, x_pos: int, x: Variable, comment: str = "") -> Undefined:
    """For a pullback: nobody has written the gradient of input x, at place x_pos."""
    reason = f"nobody has written it{': ' if comment else ''}{comment}"
    return Undefined(x.type, f"input {x_pos} of {op}: {reason}")
