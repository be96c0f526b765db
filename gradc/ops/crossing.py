"""Products that cross: of vectors in space, and grids of index vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.errors import ArgumentTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.axes import moveaxis
from gradc.ops.choosing import flatnonzero
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, composed, normal_axis
from gradc.ops.promises import specify_shape
from gradc.ops.stacking import stack

__all__ = ["cross", "ix_"]


@composed(
    ref=np.cross,
    samples=(
        Sample(lambda f, a, b: f(a, b), ((4, 3), (3,))),
        Sample(lambda f, a, b: f(a, b, axisa=0, axisc=0), ((3, 2), (2, 3))),
    ),
)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Variable:
    """The cross product of vectors of three numbers, which stand along an axis.

    axisa, axisb, axisc: where they stand in a, b and the result; axis: in all three.  Other axes
    stretch as in a product.
    Raises: ShapeError for a length that is known not to be 3, or is not at the call.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a0, a1, a2 = _components("a", as_variable(a), axisa)
    b0, b1, b2 = _components("b", as_variable(b), axisb)
    found = stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)
    return moveaxis(found, -1, normal_axis("cross", axisc, found.ndim))


def _components(name: str, x: Variable, axis: int) -> list[Variable]:
    front = moveaxis(x, normal_axis("cross", axis, x.ndim), 0)
    n = front.type.shape[0]
    if n not in (3, None):
        what = f"cross: {name} has vectors of {n} numbers, they have 3."
        fix = "of vectors in the plane take a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]."
        raise ShapeError(message(what, [where(x)], fix if n == 2 else ""))
    known = specify_shape(front, (3, *(None,) * (front.ndim - 1)))
    return [known[k] for k in range(3)]


def ix_(*args: Any) -> tuple[Variable, ...]:
    """Vectors of places, each with an axis of its own, to index a block: x[T.ix_(rows, columns)].

    A vector of bools stands for the places where it holds.
    Raises: ArgumentTypeError for what is no vector.
    """
    found = []
    for k, each in enumerate(args):
        vector = as_variable(each)
        if vector.ndim != 1:
            what = f"ix_: takes vectors, got {vector.type}."
            raise ArgumentTypeError(message(what, [where(vector)]))
        places = flatnonzero(vector) if vector.dtype == "bool" else vector
        found.append(places.dimshuffle(*("x",) * k, 0, *("x",) * (len(args) - 1 - k)))
    return tuple(found)
