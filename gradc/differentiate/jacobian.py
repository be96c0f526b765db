"""Whole matrices of derivatives: `jacobian`, `hessian`; and a cost beside its gradient.

A jacobian is one pullback over a batch of cotangents, the rows of an identity matrix: batching
(gradc.batch) makes a product with each of them one product of matrices, and nothing loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from gradc.batch import batched
from gradc.differentiate.directional import vjp
from gradc.differentiate.request import variables
from gradc.differentiate.reverse import grad
from gradc.errors import GradError, message
from gradc.graph.describe import where
from gradc.graph.site import inherit
from gradc.graph.variable import Constant, Input, Variable
from gradc.ops.calls import length_of
from gradc.ops.complexes import complex, conj, imag, real
from gradc.ops.create import unit_vectors
from gradc.ops.declare import is_complex, is_inexact
from gradc.ops.elemwise import mul
from gradc.ops.lengths import broadcast_to
from gradc.ops.relabel import reshape

__all__ = ["hessian", "jacobian", "value_and_grad"]

Variables = Variable | Sequence[Variable]
Inputs = Literal["raise", "warn", "ignore"]


def jacobian(
    expression: Variable,
    wrt: Variables,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: Inputs = "raise",
    *,
    holomorphic: bool = False,
    stabilize: bool = True,
) -> Any:
    """All derivatives of an array by variables: shape [*expression's, *variable's].

    expression: an array of floats, or of complex numbers, of any rank.  wrt: of any rank each.
    Gives one variable where wrt is one, else a list or tuple as it is; dtype: of what it belongs
    to, if that is a float.  A product with the cotangents, which are unit vectors, is what it
    multiplies: the jacobian of w @ x is w, that of two layers one product.  The batch is dense: an
    elementwise expression of n numbers costs n x n, where only the diagonal is not 0.
    Complex numbers: a row of a real expression by complex variables is its gradient, as grad has
    it; a complex expression by real variables has complex derivatives.  By complex variables it has
    them only if it is holomorphic, and holomorphic=True says so: they are dw/dz then, those of
    complex analysis.  Where it is not (it goes through conj, abs, real), dw/dz is half the answer,
    and nothing tells.
    Raises: GradError, DisconnectedInputError, NullTypeGradError, as grad.
    """
    (expression,) = variables("the expression", expression, "jacobian")
    listed = variables("wrt", wrt, "jacobian")
    _check_numbers(expression, listed, holomorphic)
    options: dict[str, Any] = {
        "consider_constant": consider_constant, "disconnected_inputs": disconnected_inputs,
        "stabilize": stabilize,
    }  # fmt: skip
    if is_complex(expression.dtype) and not holomorphic:
        parts = (_jacobian(part(expression), listed, options) for part in (real, imag))
        found = [complex(*pair) for pair in zip(*parts, strict=True)]
    else:
        found = _jacobian(expression, listed, options)
    if holomorphic:  # a gradient is the conjugate of the slope
        found = [conj(each) for each in found]
    if isinstance(wrt, Variable):
        return found[0]
    return tuple(found) if isinstance(wrt, tuple) else found


def _check_numbers(expression: Variable, wrt: Sequence[Variable], holomorphic: bool) -> None:
    if not is_inexact(expression.dtype):
        what = f"jacobian: the expression must be of a float dtype, got {expression.type}."
        raise GradError(message(what, [where(expression)], "whole numbers have no slope."))
    if holomorphic:
        numbers = [each for each in (expression, *wrt) if not is_complex(each.dtype)]
        if numbers:
            what = f"jacobian: holomorphic functions are of complex numbers, got {numbers[0].type}."
            raise GradError(message(what, [where(numbers[0])], "leave holomorphic=True out."))
    elif is_complex(expression.dtype) and any(is_complex(each.dtype) for each in wrt):
        what = f"jacobian: the expression must be real, got {expression.type}: of complex "
        what += "variables its derivatives are two, by z and by conj(z)."
        fix = "say holomorphic=True if it has no conj in it, or take those of T.real(x), T.imag(x)."
        raise GradError(message(what, [where(expression)], fix))


def _jacobian(
    expression: Variable, wrt: Sequence[Variable], options: dict[str, Any]
) -> list[Variable]:
    """The gradients of all elements by each variable."""
    scalar = expression.ndim == 0
    ct = Constant(np.ones((), expression.dtype)) if scalar else Input(expression.type, "ct")
    rows: list[Variable] = vjp(expression, list(wrt), ct, **options)
    with inherit(expression.site):
        return rows if scalar else _all_rows(expression, ct, rows, wrt)


def _all_rows(
    expression: Variable, ct: Variable, rows: Sequence[Variable], wrt: Sequence[Variable]
) -> list[Variable]:
    """The products of every unit vector with the jacobian, in the shape of the expression."""
    lengths = [length_of(expression, axis) for axis in range(expression.ndim)]
    count = mul(*lengths) if len(lengths) > 1 else lengths[0]
    units = unit_vectors(count, expression.dtype)
    if len(lengths) > 1:
        units = reshape(units, (count, *lengths))
    found = []
    for row, x in zip(batched(rows, {ct: units}), wrt, strict=True):
        shape = [*lengths, *(length_of(x, axis) for axis in range(x.ndim))]
        if row.ndim == x.ndim:  # the same for every cotangent, as zeros are
            found.append(broadcast_to(row, shape))
        else:
            found.append(row if len(lengths) == 1 else reshape(row, shape))
    return found


def hessian(
    cost: Variable,
    wrt: Variables,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: Inputs = "raise",
    *,
    stabilize: bool = True,
) -> Any:
    """The second derivatives of a scalar by each variable: shape [*variable's, *variable's].

    The jacobian of its gradient.  Of several variables each has its own; mixed derivatives are not
    among them (jacobian(grad(cost, x), y) is).  A product with it needs no hessian:
    hessian_vector_product.
    Raises: GradError, DisconnectedInputError, NullTypeGradError, as grad.
    """
    listed = variables("wrt", wrt, "hessian")
    gradients = grad(
        cost, list(listed), consider_constant, disconnected_inputs, stabilize=stabilize
    )
    found = [
        jacobian(gradient, x, consider_constant, "ignore", stabilize=stabilize)
        for gradient, x in zip(gradients, listed, strict=True)
    ]
    if isinstance(wrt, Variable):
        return found[0]
    return tuple(found) if isinstance(wrt, tuple) else found


def value_and_grad(cost: Variable, wrt: Variables, **options: Any) -> tuple[Variable, Any]:
    """The cost, and its gradient: (cost, grad(cost, wrt, **options)).

    One function of both computes what they share once.
    """
    return cost, grad(cost, wrt, **options)
