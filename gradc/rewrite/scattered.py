"""Rules about zeros with values added at places: the gradient of what was picked.

Takes sums and multiples of such arrays; gives values added to the rest of the sum instead, and
multiplied before they are added.  So a step of gradient descent on an embedding adds to the rows
that were read, in place, and the zeros are never made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.elemwise import add, mul, neg, true_div
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import scalar_value

__all__ = ["SCATTERED", "added_to_zeros"]

_MOST = 12  # scatters into one array that are looked through
_LINEAR = ("add", "sub", "neg", "mul", "true_div", "sum", "scatter")
Change = Callable[[Variable], Variable]


def added_to_zeros(variable: Variable, facts: Facts) -> list[Apply]:
    """The nodes that add values to zeros one after the other, first to last; none otherwise."""
    found: list[Apply] = []
    while len(found) < _MOST:
        node = variable.owner
        if node is None or node.op.kind != "Scatter" or facts.is_wall(variable):
            return []
        if node.op.keywords["mode"] != "add" or (found and facts.clients(variable) > 1):
            return []
        found.append(node)
        variable = node.inputs[0]
        zeros = variable.owner
        if zeros is not None and zeros.op.name == "broadcast_to":
            return found[::-1] if scalar_value(zeros.inputs[0]) == 0 else []
    return []


def _again(nodes: Sequence[Apply], base: Variable, change: Change) -> Variable:
    """The values, changed, added to another array at the same places."""
    for node in nodes:
        base = node.op(base, change(node.inputs[1]), *node.inputs[2:])
    return base


def _is_linear(variable: Variable, facts: Facts) -> bool:
    """Whether sums and multiples alone read it: others would still need the zeros."""
    readers = facts.readers(variable)
    return len(readers) <= facts.clients(variable) and all(
        node.op.name in _LINEAR for _, node in readers
    )


@rule(on=("mul", "true_div", "neg"), keeps="rounding")
def multiple_of_scattered(out: Variable, facts: Facts) -> Variable | None:
    """A number times zeros with values added -> the values times the number, added to zeros.

    The zeros say that nothing came; what an infinite or nan number would make of them is not kept.
    """
    node = out.owner
    assert node is not None
    first, *rest = sorted(node.inputs, key=lambda each: _is_number(each, out))
    if node.op.name == "true_div" and first is not node.inputs[0]:
        return None
    found = added_to_zeros(first, facts)
    if not found or not all(_is_number(each, out) for each in rest):
        return None
    if not _is_linear(first, facts):
        return None
    operation = {"mul": mul, "true_div": true_div, "neg": neg}[node.op.name]

    def change(values: Variable) -> Variable:
        numbers = [each.dimshuffle(*("x",) * values.ndim) for each in rest]
        return operation(values, *numbers)

    return _again(found, found[0].inputs[0], change)


def _is_number(operand: Variable, out: Variable) -> bool:
    """Whether the operand is one number for all elements."""
    return set(operand.type.shape) <= {1} and set(out.type.shape) != {1}


@rule(on=("add",), keeps="rounding")
def sum_with_scattered(out: Variable, facts: Facts) -> Variable | None:
    """A sum of x and of zeros with values added -> x with the values added."""
    assert out.owner is not None
    terms = list(out.owner.inputs)
    for k, term in enumerate(terms):
        found = added_to_zeros(term, facts)
        if not found or not _is_linear(term, facts):
            continue
        rest = terms[:k] + terms[k + 1 :]
        base = rest[0] if len(rest) == 1 else add(*rest)
        if base.dtype == out.dtype and facts.shape(base) == facts.shape(out):
            return _again(found, base, lambda values: values)
    return None


SCATTERED = (multiple_of_scattered, sum_with_scattered)
