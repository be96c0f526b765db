"""Shapes of operands and of what broadcasts, as kinds state them.

Takes variables; gives operands for shape rules, and static shapes or an error that names both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Operand, Shape
from gradc.graph.types import StaticShape
from gradc.graph.variable import Variable
from gradc.ops.convert import static_int
from gradc.sizes import Length, Size, size

__all__ = ["ShapeRule", "broadcast_static", "longest", "static_operands", "to_static"]

ShapeRule = Callable[..., Sequence[Size]]


def static_operands(inputs: Sequence[Variable]) -> list[Operand]:
    """Operands as far as they are known while building; unknown lengths become named ones."""
    operands = []
    for k, each in enumerate(inputs):
        shape = tuple(
            size(Length("unknown", k, axis)) if n is None else size(n)
            for axis, n in enumerate(each.type.shape)
        )
        operands.append(Operand(shape, _static_value(each, k)))
    return operands


def _static_value(variable: Variable, k: int) -> Size | None:
    if variable.ndim or not variable.dtype.startswith(("int", "uint")):
        return None
    known = static_int(variable)
    return size(Length("value", k)) if known is None else size(known)


def to_static(shape: Shape) -> StaticShape:
    """Lengths as a type states them: ints where constant."""
    return tuple(each.constant for each in shape)


def longest(lengths: Sequence[Size]) -> Size:
    """The length that is not 1: `lower` checks that all such agree; a known one is preferred."""
    real = [n for n in lengths if n.constant != 1]
    known = [n for n in real if n.constant is not None]
    return (known or real or [size(1)])[0]


def broadcast_static(name: str, inputs: Sequence[Variable]) -> StaticShape:
    """The static shape of operands of one rank that stretch where statically 1.

    Raises: ShapeError if two static lengths differ.
    """
    result: list[int | None] = []
    for axis, lengths in enumerate(zip(*(each.type.shape for each in inputs), strict=True)):
        known = {n for n in lengths if n is not None and n != 1}
        if len(known) > 1:
            raise ShapeError(_clash(name, axis, inputs))
        if known:
            result.append(known.pop())
        else:
            result.append(None if None in lengths else 1)
    return tuple(result)


def _clash(name: str, axis: int, inputs: Sequence[Variable]) -> str:
    sizes = [each.type.shape[axis] for each in inputs]
    first = next(n for n in sizes if n not in (None, 1))
    second = next(n for n in sizes if n not in (None, 1, first))
    return message(
        f"{name}: axis {axis} has static lengths {first} and {second}.",
        [where(each) for each in inputs],
        "make the lengths equal, or give the axis length 1 where it should broadcast.",
    )
