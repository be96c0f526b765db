"""Gradients that are kept from being too large, before a rule of descent uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import given_text
from gradc.graph.variable import Variable
from gradc.ops.compare import clip, maximum
from gradc.ops.elemwise import cast, sqrt, square
from gradc.ops.reduce import sum
from gradc.optim.given import positive

__all__ = ["clip_by_global_norm", "clip_by_value", "global_norm"]


def clip_by_value(gradients: Sequence[Variable], limit: Any) -> list[Variable]:
    """Each element brought between -limit and limit."""
    positive("clip_by_value", "limit", limit)
    _arrays("clip_by_value", gradients)
    return [clip(g, _like(-limit, g), _like(limit, g)) for g in gradients]


def clip_by_global_norm(gradients: Sequence[Variable], limit: Any) -> list[Variable]:
    """All multiplied by one number, so that the norm of all together is at most `limit`.

    Source: Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural
    networks, algorithm 1.
    """
    positive("clip_by_global_norm", "limit", limit, above=True)
    _arrays("clip_by_global_norm", gradients)
    norm = global_norm(gradients)
    factor = limit / maximum(norm, _like(limit, norm))
    return [g * _like(factor, g) for g in gradients]


def global_norm(gradients: Sequence[Variable]) -> Variable:
    """The square root of the sum of all squares, of all arrays together.

    Raises: ArgumentError for no gradients.
    """
    _arrays("global_norm", gradients)
    if not gradients:
        raise ArgumentError(message("global_norm: there are no gradients.", fix="give some."))
    total, *rest = [sum(square(g)) for g in gradients]
    for each in rest:
        total = total + each
    return sqrt(total)


def _arrays(name: str, gradients: Any) -> None:
    """Raise unless it is a list of variables. Raises: ArgumentTypeError."""
    is_list = isinstance(gradients, (tuple, list))
    if not is_list or not all(isinstance(g, Variable) for g in gradients):
        what = f"{name}: gradients have to be a list of variables, got {given_text(gradients)}."
        raise ArgumentTypeError(message(what, fix="pass what T.grad gives for a list."))


def _like(value: Any, g: Variable) -> Any:
    return cast(value, g.dtype) if isinstance(value, Variable) else value
