"""Derivatives of users' operations, checked.

Takes an Op and what differentiation hands to a node; gives terms.  What grad or L_op gives may be
of many forms in programs written for Theano; here they are brought to one, and what cannot be right
raises and names the operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from gradc.control.overrides import Batched, Found, transposed
from gradc.differentiate import conjugate
from gradc.dtypes import dtype_info
from gradc.errors import GradError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.lengths import zeros_like
from gradc.options import config
from gradc.value import value

__all__ = ["Batched", "Differentiable", "Stated", "gradients", "tangents_of"]


class Differentiable(Protocol):
    """What is asked of an operation of the user's."""

    def L_op(self, inputs: list[Any], outputs: list[Any], output_grads: list[Any]) -> Any:
        """Gradients."""

    def R_op(self, inputs: list[Any], eval_points: list[Any]) -> Any:
        """Tangents."""

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """What is connected with what."""


def gradients(
    op: Differentiable,
    cts: Sequence[Variable | None],
    outs: Sequence[Variable],
    inputs: Sequence[Variable],
) -> tuple[Variable | None, ...]:
    """Terms of the inputs; None for one that no output with a cotangent is connected to.

    Users state gradients of complex numbers as `grad` gives them: conjugated on their way.
    """
    node = outs[0].owner
    assert node is not None
    pattern = op.connection_pattern(node)
    whole = [conjugate(_whole(y, ct)) for y, ct in zip(outs, cts, strict=True)]
    found = _listed(op, "grad", op.L_op(list(inputs), list(outs), whole), inputs)
    connected = [
        any(flag and ct is not None for flag, ct in zip(row, cts, strict=True)) for row in pattern
    ]
    return tuple(
        conjugate(term) if flag else None for term, flag in zip(found, connected, strict=True)
    )


def _whole(y: Variable, ct: Variable | None) -> Any:
    """A cotangent or a tangent as users' code gets it: objects have none."""
    if y.type.is_object:
        return Disconnected(y)
    return _zero(y) if ct is None else ct


def _zero(y: Variable) -> Variable:
    dtype = y.dtype if dtype_info(y.dtype).is_inexact else config.floatX
    return zeros_like(y, dtype=dtype)


def _listed(
    op: Differentiable, word: str, found: Any, like: Sequence[Variable]
) -> list[Variable | None]:
    """One term for each, of its rank."""
    listed = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(listed) != len(like):
        what = f"{op}: {word} gives {len(listed)} results for {len(like)} variables."
        raise GradError(message(what, [where(each) for each in like], "give one for each."))
    return [_term(op, word, each, x) for each, x in zip(listed, like, strict=True)]


def _term(op: Differentiable, word: str, found: Any, x: Variable) -> Variable | None:
    if found is None or isinstance(found, Disconnected) or x.type.is_object:
        return None
    term = as_variable(found)
    if isinstance(term, Undefined):
        return term
    if term.ndim != x.ndim:
        what = f"{op}: {word} gives {term.type} for {x.type}."
        raise GradError(message(what, [where(x)], "give it the variable's own rank."))
    has_slope = dtype_info(term.dtype).is_inexact
    found_term: Variable = term if has_slope else term.astype(config.floatX)
    return found_term


@value
class Stated:
    """An Op's derivative as overrides have it (control/overrides.py)."""

    op: Any
    count: int
    is_forward: bool = False

    def __call__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], given: Sequence[Variable]
    ) -> Sequence[Found]:
        """Gradients of inputs, or tangents of outputs."""
        if self.is_forward:
            found = self.op.R_op(list(inputs), list(given))
            return _listed(self.op, "R_op", found, outputs)
        found = self.op.L_op(list(inputs), list(outputs), list(given))
        return _listed(self.op, "grad", found, inputs)


def tangents_of(
    op: Differentiable, inputs: Sequence[Variable], tangents: Sequence[Variable | None]
) -> list[Variable | None]:
    """Forward mode by the gradient, of which it is the transpose."""
    node = op.make_node(*inputs)  # type: ignore[attr-defined]
    whole = [_whole(x, t) for x, t in zip(inputs, tangents, strict=True)]
    return transposed(Stated(op, len(inputs)), node, whole)
