"""Rules about constants: fold them, put them last, drop the ones that change nothing.

Takes settled expressions; gives the same values, to the bit unless a rule says "rounding".  For
floats x*0, x-x, x/x and x+0.0 are no rules: nan, infinities and -0.0 tell the difference.
"""

from __future__ import annotations

import math

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.variable import Constant, Variable
from gradc.ops.elemwise import add, mul, neg
from gradc.ops.kinds import Call
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import EVERY, rule
from gradc.rewrite.seen import scalar_value

__all__ = ["CONSTANTS"]

_MOST = 64  # elements; a longer constant is a hidden input and not text
# A uniform constant stretches better than a folded one; counting costs nothing, and draws on what
# is counted keep the bits that they have under a key that is no constant.
_GROWING = frozenset({"broadcast_to", "places"})


@rule(on=EVERY, keeps="exact", over="any")
def constant_operands(out: Variable) -> Variable | None:
    """An operation on constants -> its value, up to 64 elements, by the operation's reference."""
    node = out.owner
    assert node is not None
    if not node.inputs or not all(isinstance(each, Constant) for each in node.inputs):
        return None
    if not node.op.rule.merges or node.op.name in _GROWING:
        return None
    if isinstance(node.op.rule, Call) and not node.op.rule.folds(node):
        return None
    if any(n is None for n in out.type.shape) or math.prod(out.type.shape) > _MOST:  # type: ignore[arg-type]
        return None
    arrays = [each.data for each in node.inputs if isinstance(each, Constant)]
    try:
        with np.errstate(all="ignore"):
            (value,) = node.op.rule.run(node, arrays, node.op.keywords)
    except Exception:  # what it raises belongs to the call, with the user's line
        return None
    return Constant(np.asarray(value, out.dtype)) if value.dtype == out.dtype else None


@rule(on=("add", "mul"), keeps="exact")
def constant_first(out: Variable) -> Variable | None:
    """A sum c + x -> x + c, and so for products; of more operands only the first two commute."""
    assert out.owner is not None
    first, second, *rest = out.owner.inputs
    if scalar_value(first) is None or scalar_value(second) is not None:
        return None
    return out.owner.op(second, first, *rest)  # type: ignore[no-any-return]


@rule(on=("mul",), keeps="rounding")
def constants_of_product(out: Variable) -> Variable | None:
    """A product x * 2 * y * 3 -> x * y * 6, where 6 is an ordinary number."""
    assert out.owner is not None
    operands = out.owner.inputs
    numbers = [each for each in operands if scalar_value(each) is not None]
    others = [each for each in operands if scalar_value(each) is None]
    is_last = operands[-len(numbers) :] == tuple(numbers) if numbers else True
    if not others or len(numbers) < 1 or (len(numbers) == 1 and (is_last or len(operands) == 2)):
        return None
    value = np.asarray(1, out.dtype)
    with np.errstate(all="ignore"):
        for each in numbers:
            value = (value * np.asarray(scalar_value(each), out.dtype)).astype(out.dtype)
    if dtype_info(out.dtype).is_float and not _is_tame(float(value), out.dtype):
        return None
    return mul(*others, Constant(value.reshape((1,) * out.ndim)))


def _is_tame(value: float, dtype: str) -> bool:
    limits = np.finfo(dtype)
    return bool(math.sqrt(limits.tiny) < abs(value) < math.sqrt(limits.max))


@rule(on=("mul",), keeps="exact")
def factor_of_one(out: Variable) -> Variable | None:
    """A product x * 1 -> x.  x * 0 stays: x may be nan or inf."""
    assert out.owner is not None
    operands = out.owner.inputs
    others = [each for each in operands if scalar_value(each) != 1]
    if len(others) == len(operands) or not others or out.dtype == "bool":
        return None
    return others[0] if len(others) == 1 else mul(*others)


@rule(on=("mul",), keeps="exact")
def factor_of_minus_one(out: Variable) -> Variable | None:
    """A product x * -1 -> -x."""
    assert out.owner is not None
    operands = out.owner.inputs
    others = [each for each in operands if scalar_value(each) != -1]
    if len(operands) - len(others) != 1 or not others or out.dtype == "bool":
        return None
    return neg(others[0] if len(others) == 1 else mul(*others))


@rule(on=("true_div",), keeps="exact")
def divisor_of_one(out: Variable) -> Variable | None:
    """A quotient x / 1 -> x, and x / -1 -> -x."""
    assert out.owner is not None
    over, under = out.owner.inputs
    divisor = scalar_value(under)
    if divisor == 1:
        return over
    return neg(over) if divisor == -1 else None


@rule(on=("given",), keeps="exact", over="any")
def given_true(out: Variable) -> Variable | None:
    """An assertion given(x, True), which is known to hold -> x."""
    assert out.owner is not None
    x, condition = out.owner.inputs
    return x if scalar_value(condition) and x.type == out.type else None


@rule(on=("add",), keeps="exact")
def term_of_zero(out: Variable) -> Variable | None:
    """A sum x + 0 -> x for integers, x + -0.0 -> x for floats; x + 0.0 turns -0.0 to 0.0."""
    assert out.owner is not None
    operands = out.owner.inputs
    others = [each for each in operands if not _is_neutral(each)]
    if len(others) == len(operands) or not others or out.dtype == "bool":
        return None
    return others[0] if len(others) == 1 else add(*others)


def _is_neutral(variable: Variable) -> bool:
    value = scalar_value(variable)
    if value != 0 or value is None:
        return False
    return not isinstance(value, float) or math.copysign(1.0, value) < 0


@rule(on=EVERY, keeps="exact", over="any")
def uniform_constant(out: Variable, facts: Facts) -> Variable | None:
    """A constant array of one repeated value, beside an operand of its shape, -> one element."""
    node = out.owner
    assert node is not None
    if node.op.kind != "Elemwise" or len(node.inputs) < 2:
        return None
    for k, each in enumerate(node.inputs):
        others = node.inputs[:k] + node.inputs[k + 1 :]
        if not isinstance(each, Constant) or each.data.size < 2 or not _is_uniform(each):
            continue
        if any(all(n in (m, 1) for n, m in zip(each.type.shape, o.type.shape, strict=True))
               for o in others):  # fmt: skip
            small = Constant(each.data.reshape(-1)[:1].reshape((1,) * each.ndim))
            return node.op(*node.inputs[:k], small, *node.inputs[k + 1 :])  # type: ignore[no-any-return]
    return None


def _is_uniform(constant: Constant) -> bool:
    flat = constant.data.reshape(-1)
    each = flat.view("u1").reshape(flat.size, flat.itemsize)
    return bool(np.all(each == each[:1]))


@rule(on=("true_div",), keeps="rounding")
def constant_over_constant(out: Variable) -> Variable | None:
    """(x * 2) / 3 -> x * (2 / 3), where the quotient is an ordinary number."""
    assert out.owner is not None
    over, under = out.owner.inputs
    divisor = scalar_value(under)
    node = over.owner
    if not divisor or node is None or node.op.name != "mul" or over.dtype != out.dtype:
        return None
    number = scalar_value(node.inputs[-1])
    if number is None or not _is_tame(number / divisor, out.dtype):
        return None
    value = Constant(np.full((1,) * out.ndim, number / divisor, out.dtype))
    return mul(*node.inputs[:-1], value)


CONSTANTS = (
    constant_operands,
    uniform_constant,
    factor_of_one,
    factor_of_minus_one,
    divisor_of_one,
    given_true,
    term_of_zero,
    constants_of_product,
    constant_first,
    constant_over_constant,
)
