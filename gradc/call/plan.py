"""What leads a second process from a graph to its library, as plain data.

Takes, in a first process, what the way down gave; gives a Plan, which the cache keeps under the
hash of the graph.  A second process with an equal graph reads it and binds the library: no pass
runs.  A Plan speaks of the received graph's variables by number (gradc.graph.flat), so it holds
nothing of the user's text, and the same Plan serves the first process too: both say the same.

Who adds something that calling a library needs to know adds a field here; fields are written and
read by their types.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.origins import Origin
from gradc.graph.flat import Flat
from gradc.graph.variable import Constant, Variable
from gradc.kernel.interface import Interface, Port
from gradc.kernel.notes import Note
from gradc.value import fields_of, value

__all__ = ["Plan", "ShippedArray", "read_plan", "ship", "write_plan"]


@value
class ShippedArray:
    """An array that no variable of the received graph holds: rewriting computed it."""

    dtype: str
    shape: tuple[int, ...]
    data: str  # base64

    def array(self) -> npt.NDArray[Any]:
        """The array. Raises: ValueError if the parts do not fit."""
        found = np.frombuffer(base64.b64decode(self.data, validate=True), self.dtype)
        return found.reshape(self.shape)


@value
class Plan:
    """How to call a library.

    library: its key in the cache.  shared, constants: what follows the inputs in the Interface's
    args, shared variables by their number in the received graph, then constants by number or whole.
    uses_blas: whether it multiplies matrices.  uses_lapack: whether it factors them, too.
    """

    library: str
    interface: Interface
    shared: tuple[int, ...]
    constants: tuple[int | ShippedArray, ...]
    notes: tuple[Note, ...]
    origins: dict[int, Origin]
    uses_blas: bool
    uses_lapack: bool


def ship(constant: Constant, flat: Flat) -> int | ShippedArray:
    """A constant of the lowered graph, for a Plan."""
    number = flat.number.get(constant)
    if number is not None:
        return number
    data = base64.b64encode(constant.data.tobytes()).decode("ascii")
    return ShippedArray(constant.dtype, constant.data.shape, data)


def write_plan(plan: Plan) -> bytes:
    """The Plan as JSON."""
    return json.dumps(plan, default=fields_of, separators=(",", ":")).encode("ascii")


def read_plan(data: bytes, variables: Sequence[Variable]) -> Plan | None:
    """The Plan, or None if it is no Plan for these variables."""
    try:
        body = json.loads(data)
        plan = Plan(
            library=str(body["library"]),
            interface=_interface(body["interface"]),
            shared=tuple(map(int, body["shared"])),
            constants=tuple(_constant(each) for each in body["constants"]),
            notes=tuple(Note(**each | {"where": tuple(each["where"])}) for each in body["notes"]),
            origins={int(k): _origin(each) for k, each in body["origins"].items()},
            uses_blas=bool(body["uses_blas"]),
            uses_lapack=bool(body["uses_lapack"]),
        )
        return plan if _fits(plan, variables) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _interface(body: dict[str, Any]) -> Interface:
    ports = {
        name: tuple(Port(**each | {"units": tuple(map(int, each["units"]))}) for each in body[name])
        for name in ("args", "outs")
    }
    return Interface(**body | ports)


def _origin(body: dict[str, Any]) -> Origin:
    paths = {name: tuple(map(int, body[name])) for name in ("inside", "named")}
    return Origin(**body | paths)


def _constant(body: Any) -> int | ShippedArray:
    if isinstance(body, int):
        return body
    found = ShippedArray(str(body["dtype"]), tuple(map(int, body["shape"])), str(body["data"]))
    found.array()
    return found


def _fits(plan: Plan, variables: Sequence[Variable]) -> bool:
    """Whether every number names a variable of the right sort, and the border agrees."""
    origins = plan.origins.values()
    numbers = [n for each in origins for n in (each.variable, each.site, *each.inside[:1],
                                               *each.named[:1]) if n is not None]  # fmt: skip
    constants = [each for each in plan.constants if isinstance(each, int)]
    numbers += [*plan.shared, *constants]
    if any(not 0 <= n < len(variables) for n in numbers):
        return False
    spoken = {k for note in plan.notes for k in (*note.where, note.about) if k is not None}
    roles = [port.role for port in plan.interface.args]
    return (
        spoken <= plan.origins.keys()
        and roles.count("shared") == len(plan.shared)
        and roles.count("constant") == len(plan.constants)
        and all(isinstance(variables[n], Constant) for n in constants)
    )
