"""Rules that use what is known of a matrix: its Cholesky factor, or that it is a triangle.

Takes what is computed from the factor l of a = l l' - the sum of the logarithms of its diagonal,
solutions with l and l' one after the other, the square of a solution with l - and gives operations
on a and l whose gradients go straight to a.  So the gradient of a Gaussian likelihood costs one
factor and one inverse, not the derivative of the factor.  And what asks for other factors of a
matrix whose Cholesky factor is there uses that one.

They run before differentiating too, where they matter most.
"""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.ops.calls import call, length_of
from gradc.ops.create import eye
from gradc.ops.elemwise import mul
from gradc.ops.lengths import ones
from gradc.ops.math import log
from gradc.rewrite.facts import Facts, node_of
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import Seen
from gradc.value import value

__all__ = ["FACTORED"]

_FACTORS = ("cholesky", "nan_cholesky")


def _turned(variable: Variable, facts: Facts) -> tuple[Variable, bool]:
    """The matrix behind a transpose of the last two axes, and whether there was one."""
    node = node_of(variable, facts, "dimshuffle")
    if node is not None:
        n = variable.ndim
        if node.op.keywords["order"] == (*range(n - 2), n - 1, n - 2):
            return node.inputs[0], True
    return variable, False


def _unwrapped(variable: Variable, facts: Facts) -> Variable:
    """What stands behind last axes of length 1 that are put on and taken off."""
    node = node_of(variable, facts, "dimshuffle")
    if node is None:
        return variable
    source, order = node.inputs[0], node.op.keywords["order"]
    inner = node_of(source, facts, "dimshuffle")
    if inner is not None and inner.op.keywords["order"] == tuple(range(source.ndim)):
        source = inner.inputs[0]
    is_same = source.ndim == len(order) and order == (*range(source.ndim - 1), "x")
    return source if is_same and source.type.shape[-1] == 1 else variable


@value
class _Half:
    """A solution with l, or l' if `trans`, where a = l l'."""

    a: Variable
    factor: Variable
    b: Variable
    trans: bool


def _half(variable: Variable, facts: Facts) -> _Half | None:
    node = node_of(variable, facts, "triangular_solve")
    if node is None or node.op.keywords["unit"]:
        return None
    factor, is_turned = _turned(node.inputs[0], facts)
    made = node_of(factor, facts, *_FACTORS)
    if made is None or node.op.keywords["lower"] == is_turned:
        return None
    trans = bool(node.op.keywords["trans"]) != is_turned
    return _Half(made.inputs[0], factor, node.inputs[1], trans)


# -- from the factor to the matrix -----------------------------------------------------------------


@rule(on=("triangular_solve",), keeps="rounding")
def solved_twice(out: Variable, facts: Facts) -> Variable | None:
    """The solution l'^-1 (l^-1 b) -> the solution of a x = b, for the Cholesky factor l of a."""
    outer = _half(out, facts)
    if outer is None or not outer.trans:
        return None
    inner = _half(_unwrapped(outer.b, facts), facts)
    if inner is None or inner.trans or inner.factor is not outer.factor:
        return None
    return call("factored_solve", inner.a, inner.factor, inner.b)


def _column_solved(variable: Variable, facts: Facts) -> _Half | None:
    """A vector that is l^-1 b."""
    node = node_of(variable, facts, "dimshuffle")
    if node is None or variable.ndim != 1 or node.inputs[0].ndim != 2:
        return None
    half = _half(node.inputs[0], facts) if node.op.keywords["order"] == (0,) else None
    return None if half is None or half.trans else half


def _as_form(half: _Half) -> Variable:
    """The form b a^-1 b for a vector b, still to be summed."""
    solution = call("factored_solve", half.a, half.factor, half.b)
    return call("dimshuffle", mul(half.b, solution), order=(0,))


@rule(on=("contract",), keeps="rounding")
def product_of_half_solved(out: Variable, facts: Facts) -> Variable | None:
    """The product dot(v, v) of the vector v = l^-1 b -> dot(b, a^-1 b): what a likelihood has."""
    assert out.owner is not None
    first, second = out.owner.inputs
    if first is not second or out.ndim:
        return None
    half = _column_solved(first, facts)
    return None if half is None else call("sum", _as_form(half), axes=(0,))


@rule(on=("sum",), keeps="rounding")
def square_of_half_solved(out: Variable, facts: Facts) -> Variable | None:
    """The sum sum(v ** 2) of the vector v = l^-1 b -> dot(b, a^-1 b): what a likelihood has."""
    assert out.owner is not None
    square = node_of(out.owner.inputs[0], facts, "square", "mul", "pow")
    if square is None or out.ndim or out.dtype != square.inputs[0].dtype:
        return None
    last = square.inputs[-1]
    if square.op.name == "pow" and facts.sight.number(Seen(last)) != 2:
        return None
    if square.op.name == "mul" and (len(square.inputs) != 2 or last is not square.inputs[0]):
        return None
    half = _column_solved(square.inputs[0], facts)
    return None if half is None else out.owner.op(_as_form(half))


def _factor_of_diagonal(variable: Variable, facts: Facts) -> tuple[Variable, Variable] | None:
    """The matrix and its Cholesky factor whose diagonal this is."""
    node = node_of(variable, facts, "diagonal")
    if node is None:
        return None
    words, n = node.op.keywords, node.inputs[0].ndim
    if words["offset"] or {words["axis1"], words["axis2"]} != {n - 2, n - 1}:
        return None
    factor, _ = _turned(node.inputs[0], facts)
    made = node_of(factor, facts, *_FACTORS)
    return None if made is None else (made.inputs[0], factor)


@rule(on=("sum",), keeps="rounding")
def sum_of_log_diagonal(out: Variable, facts: Facts) -> Variable | None:
    """The sum sum(log(diag(l))) -> half of the logarithm of the determinant of a = l l'."""
    assert out.owner is not None
    (logs,) = out.owner.inputs
    node = node_of(logs, facts, "log")
    if node is None or out.owner.op.keywords["axes"] != (logs.ndim - 1,):
        return None
    found = _factor_of_diagonal(node.inputs[0], facts)
    if found is None or out.dtype != logs.dtype:
        return None
    return call("factored_logdet", *found) * 0.5


@rule(on=("log",), keeps="rounding")
def log_of_diagonal_product(out: Variable, facts: Facts) -> Variable | None:
    """Rewrite log(prod(diag(l))) -> half of the logarithm of the determinant of a = l l'."""
    assert out.owner is not None
    node = node_of(out.owner.inputs[0], facts, "prod")
    if node is None or node.op.keywords["axes"] != (node.inputs[0].ndim - 1,):
        return None
    found = _factor_of_diagonal(node.inputs[0], facts)
    if found is None or out.dtype != found[0].dtype:
        return None
    return call("factored_logdet", *found) * 0.5


# -- determinants, inverses ------------------------------------------------------------------------


@rule(on=("log",), keeps="rounding")
def log_of_det(out: Variable, facts: Facts) -> Variable | None:
    """The logarithm log(det(a)) -> slogdet's, plus that of the sign: det overflows.

    So it is nan where the sign is negative, with the slope that log has there.
    """
    assert out.owner is not None
    inner = out.owner.inputs[0]
    magnitude = node_of(inner, facts, "abs")
    node = node_of(inner if magnitude is None else magnitude.inputs[0], facts, "lu_det")
    if node is None or out.dtype != node.outputs[0].dtype:
        return None
    logarithm = call("lu_logabs", *node.inputs)
    if magnitude is not None:
        return logarithm
    return logarithm + log(call("lu_sign", *node.inputs))


@rule(on=("contract",), keeps="rounding")
def product_with_inverse(out: Variable, facts: Facts) -> Variable | None:
    """The product inverse(a) @ b, where nothing else reads the inverse -> solve(a, b)."""
    node = out.owner
    assert node is not None
    words = node.op.keywords
    for k, each in enumerate(node.inputs):
        made, b = node_of(each, facts, "lu_inverse"), node.inputs[1 - k]
        letters, others = words["xy"[k]], words["yx"[k]]
        summed = [c for c in letters if c in others and c not in words["out"]]
        if made is None or each.ndim != 2 or facts.clients(each) > 1 or len(summed) != 1:
            continue
        free = [c for c in others if c not in letters]
        if len(others) != 1 + len(free) or len(free) > 1:
            continue
        order = (others.index(summed[0]), others.index(free[0]) if free else "x")
        is_turned = letters.index(summed[0]) == 0
        x = call("lu_solve", *made.inputs, call("dimshuffle", b, order=order), trans=is_turned)
        axes = letters.replace(summed[0], "") + (free[0] if free else "")
        return call("dimshuffle", x, order=tuple(axes.index(c) for c in words["out"]))
    return None


@rule(on=("lu_solve", "lu_inverse", "lu_logabs", "lu_sign"), keeps="rounding")
def other_factors(out: Variable, facts: Facts) -> Variable | None:
    """What is computed from general factors of a -> from its Cholesky factor, if that is there.

    Who takes the Cholesky factor of a matrix says that it is symmetric.
    """
    node = out.owner
    assert node is not None
    a = node.inputs[0]
    if not any(reader.op.name == "cholesky" for _, reader in facts.readers(a)):
        return None
    if node.op.name == "lu_sign":
        # The lengths of what stands there now would lead back to it.
        return ones([length_of(a, axis) for axis in range(a.ndim - 2)], out.dtype)
    factor = call("cholesky", a)
    word = {"lu_solve": "solve", "lu_inverse": "inverse", "lu_logabs": "logdet"}[node.op.name]
    return call(f"factored_{word}", a, factor, *node.inputs[3:])


@rule(on=("lu_solve", "lu_inverse"), keeps="rounding")
def triangle_factored(out: Variable, facts: Facts) -> Variable | None:
    """A system or an inverse of a Cholesky factor -> of a triangle, which needs no factors."""
    node = out.owner
    assert node is not None
    a = node.inputs[0]
    factor, is_turned = _turned(a, facts)
    if node_of(factor, facts, *_FACTORS) is None:
        return None
    if node.op.name == "lu_solve":
        trans = bool(node.op.keywords["trans"])
        right = node.inputs[3]
    elif a.ndim == 2:
        trans, right = False, eye(length_of(a, 0), dtype=a.dtype)
    else:
        return None
    return call("triangular_solve", a, right, lower=not is_turned, trans=trans, unit=False)


FACTORED = (
    solved_twice,
    product_of_half_solved,
    square_of_half_solved,
    sum_of_log_diagonal,
    log_of_diagonal_product,
    log_of_det,
    product_with_inverse,
    other_factors,
    triangle_factored,
)
