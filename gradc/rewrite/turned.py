"""Rules that take a transposition outward: over elementwise operations, folds, picks and scatters.

Takes expressions of x.T; gives the transpose of the same of x.  What is computed from transposed
arrays alone is so computed in the order in which they lie, column by column where the user wrote
row by row: softmax(z.T, axis=1) is softmax(z, axis=0).T.  Two transpositions that meet are none.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.calls import call, op_of
from gradc.ops.kinds import Elemwise
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import EVERY, rule
from gradc.rewrite.scattered import added_to_zeros

__all__ = ["TURNED"]

Order = tuple[int, ...]


def _turn(variable: Variable, facts: Facts) -> tuple[Order, Variable] | None:
    """Of x transposed so that another axis is the last one, the order of axes, and x."""
    node = variable.owner
    if node is None or node.op.name != "dimshuffle" or facts.is_wall(variable):
        return None
    order = node.op.keywords["order"]
    (x,) = node.inputs
    if "x" in order or len(order) != x.ndim or x.ndim < 2 or order[-1] == x.ndim - 1:
        return None
    return None if 1 in (x.type.shape[-1], variable.type.shape[-1]) else (order, x)


def _back(variable: Variable, order: Order, facts: Facts) -> Variable | None:
    """What gives `variable` when it is transposed, if that costs nothing.

    So for at most one long axis, and for what is made of such ones.
    """
    long = sum(n != 1 for n in variable.type.shape)
    if variable.ndim != len(order) or (long > 1 and not _is_outer(variable, facts)):
        return None
    if long == 0:
        return variable
    node = variable.owner
    if node is not None and node.op.name == "neg":  # signs stay outside, where sums look for them
        return call("neg", call("dimshuffle", node.inputs[0], order=_inverse(order)))
    return call("dimshuffle", variable, order=_inverse(order))


def _inverse(order: Order) -> Order:
    return tuple(order.index(axis) for axis in range(len(order)))


@rule(on=EVERY, keeps="exact", over="any")
def elementwise_of_turned(out: Variable, facts: Facts) -> Variable | None:
    """f(x.T, y.T, row) -> f(x, y, column).T, f elementwise."""
    node = out.owner
    assert node is not None
    if not isinstance(node.op.rule, Elemwise) or node.op.rule.counts or out.ndim < 2:
        return None
    turns = [_turn(each, facts) for each in node.inputs]
    order = next((turn[0] for turn in turns if turn is not None), None)
    if order is None:
        return None
    operands = []
    for each, turn in zip(node.inputs, turns, strict=True):
        same = turn[1] if turn is not None and turn[0] == order else _back(each, order, facts)
        if same is None:
            return None
        operands.append(same)
    return call("dimshuffle", node.op(*operands), order=order)


@rule(on=EVERY, keeps="rounding", over="any")
def fold_of_turned(out: Variable, facts: Facts) -> Variable | None:
    """sum(x.T, axis=1) -> sum(x, axis=0), and so for every fold, over any axes."""
    node = out.owner
    assert node is not None
    turn = _turn(node.inputs[0], facts) if node.op.kind == "Reduce" else None
    if turn is None or len(node.inputs) > 1:
        return None
    order, x = turn
    axes: Sequence[int] = node.op.keywords["axes"]
    folded = tuple(sorted(order[axis] for axis in axes))
    found: Variable = op_of(node.op.name, **{**node.op.keywords, "axes": folded})(x)
    kept = [axis for axis in range(x.ndim) if axis not in folded]
    turned = tuple(kept.index(k) for axis, k in enumerate(order) if axis not in axes)
    is_in_place = turned == tuple(range(len(turned)))
    return found if is_in_place else call("dimshuffle", found, order=turned)


@rule(on=("gather", "scatter"), keeps="exact", over="any")
def places_of_turned(out: Variable, facts: Facts) -> Variable | None:
    """x.T[rows, columns] -> x[columns, rows]; values put there into x.T -> (... into x).T."""
    node = out.owner
    assert node is not None
    turn = _turn(node.inputs[0], facts)
    places = _places_of_all(node)
    if turn is None or places is None:
        return None
    order, x = turn
    moved = [places[axis] for axis in _inverse(order)]
    if node.op.name == "gather":
        picked: Variable = node.op(x, *moved)
        return picked
    return call("dimshuffle", node.op(x, node.inputs[1], *moved), order=order)


def _places_of_all(node: Apply) -> Sequence[Variable] | None:
    """The places of a gather or scatter that has some for every axis."""
    if {"axes", "through"} & node.op.keywords.keys():
        return None
    places = node.inputs[1 if node.op.kind == "Gather" else 2 :]
    return places if len(places) == node.inputs[0].ndim else None


@rule(on=("dimshuffle",), keeps="exact", over="any")
def turned_zeros_with_values(out: Variable, facts: Facts) -> Variable | None:
    """Zeros with values added at places, transposed -> values added to zeros of the other shape."""
    turn, scattered = _turn(out, facts), None if out.owner is None else out.owner.inputs[0]
    if turn is None or scattered is None or len(found := added_to_zeros(scattered, facts)) != 1:
        return None
    zeros, places = found[0].inputs[0].owner, _places_of_all(found[0])
    if places is None or zeros is None or facts.is_wall(found[0].inputs[0]):
        return None
    order, (number, *lengths) = turn[0], zeros.inputs
    base = zeros.op(number, *(lengths[axis] for axis in order))
    turned: Variable = found[0].op(base, found[0].inputs[1], *(places[axis] for axis in order))
    return turned


_MOST = 8  # operations that a transposition is taken into


@rule(on=("dimshuffle",), keeps="exact", over="any")
def turned_outer(out: Variable, facts: Facts) -> Variable | None:
    """(column == row).T -> row == column: what no whole array is read for is made turned."""
    turn = _turn(out, facts)
    if turn is None or not _is_outer(turn[1], facts):
        return None
    order, x = turn
    assert x.owner is not None
    operands = [
        each if set(each.type.shape) == {1} else call("dimshuffle", each, order=order)
        for each in x.owner.inputs
    ]
    turned: Variable = x.owner.op(*operands)
    return turned


def _is_outer(variable: Variable, facts: Facts) -> bool:
    """Whether elementwise operations make this of operands with at most one long axis."""
    stack, seen = [variable], 0
    while stack:
        each = stack.pop()
        node, seen = each.owner, seen + 1
        if node is None or seen > _MOST or facts.is_wall(each):
            return False
        if not isinstance(node.op.rule, Elemwise) or node.op.rule.counts:
            return False
        if any(below.ndim != each.ndim for below in node.inputs):
            return False
        stack.extend(b for b in node.inputs if sum(n != 1 for n in b.type.shape) > 1)
    return True


TURNED = (
    turned_zeros_with_values,
    turned_outer,
    elementwise_of_turned,
    fold_of_turned,
    places_of_turned,
)
