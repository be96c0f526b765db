"""Rules for labels compared with 0, 1, 2, ...: one element a row is 1, so its sum is known.

Takes sums over classes of w * (y == arange(n)); gives w where y is one of the classes, and 0
elsewhere.  A crossentropy's gradient has this sum of its labels, whatever they were made of.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.compare import lt
from gradc.ops.elemwise import cast, mul, neg
from gradc.rewrite.facts import Facts, node_of
from gradc.rewrite.rule import rule

__all__ = ["ONE_HOT"]


@rule(on=("sum",), keeps="rounding")
def sum_of_compared(out: Variable, facts: Facts) -> Variable | None:
    """sum(w * (y == arange(n)), axis) -> w * (0 <= y < n), y and w constant along the axis.

    The other elements of the sum are w * 0: 0, or nan where w is not finite.
    """
    assert out.owner is not None
    (product,) = out.owner.inputs
    axes = out.owner.op.keywords["axes"]
    if len(axes) != 1 or product.dtype != out.dtype or facts.is_wall(product):
        return None
    is_negative = product.owner is not None and product.owner.op.name == "neg"
    if product.owner is not None and is_negative:
        (product,) = product.owner.inputs
    node = None if facts.is_wall(product) else product.owner
    factors = list(node.inputs) if node is not None and node.op.name == "mul" else [product]
    (axis,) = axes
    long = [each for each in factors if each.type.shape[axis] != 1]
    label = _counted(long[0], axis, facts) if len(long) == 1 else None
    if label is None:
        return None
    y, count = label
    inside = cast(lt(cast(y, "uint64"), cast(count, "uint64")), out.dtype)  # -1 is a huge one
    others = [_without(each, axis) for each in factors if each is not long[0]]
    found = mul(*others, _without(inside, axis)) if others else _without(inside, axis)
    return neg(found) if is_negative else found


def _counted(variable: Variable, axis: int, facts: Facts) -> tuple[Variable, Variable] | None:
    """Of (y == arange(n)) as numbers, arange along the axis: y, and n."""
    numbers = node_of(variable, facts, "cast")
    compared = None if numbers is None else node_of(numbers.inputs[0], facts, "eq")
    if compared is None:
        return None
    for y, counted in (compared.inputs, compared.inputs[::-1]):
        count = _count(counted, axis, facts)
        is_label = y.type.shape[axis] == 1 and dtype_info(y.dtype).kind in ("int", "uint")
        if count is not None and is_label:
            return y, count
    return None


def _count(variable: Variable, axis: int, facts: Facts) -> Variable | None:
    """n, if this is arange(n) along the axis."""
    node = node_of(variable, facts, "dimshuffle")
    if node is None:
        return None
    order, inner = node.op.keywords["order"], node.inputs[0].owner
    if inner is None or inner.op.kind != "Iota" or facts.is_wall(node.inputs[0]):
        return None
    return inner.inputs[0] if order[axis] == 0 and variable.type.shape[axis] != 1 else None


def _without(variable: Variable, axis: int) -> Variable:
    order = tuple(k for k in range(variable.ndim) if k != axis)
    made: Variable = call("dimshuffle", variable, order=order)
    return made


ONE_HOT = (sum_of_compared,)
