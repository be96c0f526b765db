"""A graph as one value: what an operation that holds a graph has for a parameter.

Takes inputs, outputs and nothing else: whatever the outputs read besides becomes an operand, and
variables are numbered, so that two graphs that compute alike are equal, whoever wrote them, and
nested ones cannot capture each other's variables.  Plain data, so it is hashed and pickled without
recursion into a chain of nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from gradc.graph.lines import Lines
from gradc.graph.op import AnyOp, Apply, Operand, Shape
from gradc.graph.site import user_site
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable, constant_key
from gradc.graph.walk import leaves, toposort
from gradc.ops.kinds import Elemwise
from gradc.sizes import Length, Size, deep_atoms, is_known, size
from gradc.value import value

__all__ = [
    "Call", "Closed", "Lines", "close", "in_every_step", "lengths_of",
    "unknown_branch", "unknown_number",
]  # fmt: skip

_SMALL = 64  # elements
_FRESH = itertools.count()  # numbers of scalars whose value a shape rule does not know

Key = tuple[str, tuple[int, ...], bytes]


@value
class Call:
    """An operation applied to numbered variables, and the types it gives."""

    op: AnyOp
    inputs: tuple[int, ...]
    types: tuple[TensorType, ...]


@value
class Closed:
    """Inputs by type, constants by their bytes, calls in order; `outputs` are numbers.

    Numbered are the inputs, then the constants, then what the calls give.
    """

    inputs: tuple[TensorType, ...]
    constants: tuple[Key, ...]
    calls: tuple[Call, ...]
    outputs: tuple[int, ...]

    def __call__(self, inputs: Sequence[Variable], lines: Lines | None = None) -> list[Variable]:
        """The outputs for these inputs, as plain nodes; lines: where their calls were written."""
        known: list[Variable] = [*inputs, *(_constant(key) for key in self.constants)]
        sites = (user_site(),) * len(self.calls) if lines is None else lines.sites
        for call, site in zip(self.calls, sites, strict=True):
            operands = [known[k] for k in call.inputs]
            types = call.op.rule.infer(operands, call.op.keywords)
            known.extend(Apply(call.op, operands, types, site).outputs)
        return [known[k] for k in self.outputs]

    def placeholders(self) -> list[Input]:
        """Inputs of the right types, that nothing else reads."""
        return [Input(each) for each in self.inputs]

    @property
    def types(self) -> tuple[TensorType, ...]:
        """The types of the outputs."""
        known = [*self.inputs, *(TensorType(key[0], key[1]) for key in self.constants)]
        for call in self.calls:
            known.extend(call.types)
        return tuple(known[k] for k in self.outputs)

    def __repr__(self) -> str:
        return f"<{len(self.inputs)} -> {len(self.outputs)}, {len(self.calls)} operations>"


def is_small(x: Variable) -> TypeGuard[Constant]:
    """Whether it is a constant that is part of what reads it; a larger one is an operand."""
    return isinstance(x, Constant) and x.data.size <= _SMALL


def _constant(key: Key) -> Constant:
    dtype, shape, data = key
    return Constant(np.frombuffer(data, dtype).reshape(shape))


def close(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> tuple[Closed, tuple[Variable, ...]]:
    """The graph between inputs and outputs, and what it reads besides: more inputs, behind them."""
    below = leaves(outputs, stop=inputs)
    small = [each for each in below if is_small(each)]
    given = {*inputs, *small}
    captured = tuple(each for each in below if each not in given)
    constants = dict.fromkeys(constant_key(each) for each in small)
    places = {key: len(inputs) + len(captured) + k for k, key in enumerate(constants)}
    number: dict[Variable, int] = {each: places[constant_key(each)] for each in small}
    number |= {each: k for k, each in enumerate((*inputs, *captured))}
    count, calls = len(inputs) + len(captured) + len(places), []
    for node in toposort(outputs, stop=inputs):
        numbers = tuple(number[each] for each in node.inputs)
        calls.append(Call(node.op, numbers, tuple(each.type for each in node.outputs)))
        for output in node.outputs:
            number.setdefault(output, count)
            count += 1
    types = tuple(each.type for each in (*inputs, *captured))
    closed = Closed(types, tuple(constants), tuple(calls), tuple(number[each] for each in outputs))
    return closed, captured


# -- lengths ---------------------------------------------------------------------------------------


def lengths_of(graph: Closed, operands: Sequence[Operand]) -> tuple[Shape, ...]:
    """The lengths of the outputs, from what a shape rule may know of the inputs."""
    known = [*operands, *(_constant_operand(key) for key in graph.constants)]
    for call in graph.calls:
        known.extend(_results(call, [known[k] for k in call.inputs]))
    return tuple(known[k].shape for k in graph.outputs)


def unknown_number() -> Size:
    """The value of an integer scalar of which nothing is known."""
    return size(Length("value", next(_FRESH), -1))


def unknown_branch() -> Size:
    """The 1 or 0 of a condition of which nothing is known."""
    return size(Length("value", next(_FRESH), -2))


def in_every_step(length: Size) -> Size:
    """A length that is the same in every step of a loop: what it is if conditions hold."""
    atoms = [each for each in deep_atoms(length) if isinstance(each, Length) and each.axis == -2]
    return length.substitute(dict.fromkeys(atoms, size(1)))


def _constant_operand(key: Key) -> Operand:
    dtype, shape, data = key
    is_index = not shape and np.dtype(dtype).kind in "iu"
    value = size(int(np.frombuffer(data, dtype)[0])) if is_index else None
    return Operand(tuple(size(n) for n in shape), value)


def _results(call: Call, operands: Sequence[Operand]) -> list[Operand]:
    """Lengths of what a call gives, and values of integer scalars where they follow from sizes."""
    rule = call.op.rule
    shapes = rule.lengths(operands, call.op.keywords) if rule.knows_lengths else _unknown(call)
    found = []
    for shape, type_ in zip(shapes, call.types, strict=True):
        is_index = type_.ndim == 0 and type_.dtype.startswith(("int", "uint"))
        found.append(Operand(shape, _value(call.op, operands) if is_index else None))
    return found


def _unknown(call: Call) -> list[Shape]:
    return [
        tuple(unknown_number() if n is None else size(n) for n in each.shape) for each in call.types
    ]


def _value(op: AnyOp, operands: Sequence[Operand]) -> Size:
    if op.kind == "LengthOf":
        axis: int = op.keywords["axis"]
        return operands[0].shape[axis]
    values = [each.value for each in operands if each.value is not None]
    if isinstance(op.rule, Elemwise) and op.rule.on_sizes and len(values) == len(operands):
        if op.rule.counts and not is_known(values[0]):
            return unknown_branch()
        return op.rule.on_sizes(*values)
    return unknown_number()
