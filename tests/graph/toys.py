"""Small operations of the graph layer's own tests: to walk a graph no real one is needed."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from gradc.errors import ShapeError, message
from gradc.graph.op import DECLARATIONS, Declaration, Op
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.value import record


@record
class Toy(Declaration):
    """All operands of one type; `count` outputs of that type."""

    kind: ClassVar[str] = "Toy"

    count: int = 1

    def infer(self, inputs, params):
        if len({each.ndim for each in inputs}) != 1:
            raise ShapeError(message(f"{self.name}: ranks differ."))
        return (inputs[0].type,) * self.count


def toy(name: str, ref: Callable, count: int = 1, merges: bool = True, pullback=None) -> Op:
    """An operation that is not in the table of operations, so that no other test meets it."""
    rule = Toy(name=name, doc="", ref=ref, pullback=pullback, count=count, merges=merges)
    del DECLARATIONS[name]
    return Op(rule)


ADD = toy("toy_add", np.add, pullback=lambda cts, outs, x, y: (cts[0], cts[0]))
MUL = toy("toy_mul", np.multiply, pullback=lambda cts, outs, x, y: (MUL(cts[0], y), MUL(cts[0], x)))
EXP = toy("toy_exp", np.exp, pullback=lambda cts, outs, x: (MUL(cts[0], outs[0]),))
SPLIT = toy("toy_split", lambda x: (x, x), count=2)
DRAW = toy("toy_draw", np.copy, merges=False)


class Shared(Variable):
    """A leaf of a class of its own, as shared variables are."""


def vector(name: str | None = None) -> Input:
    return Input(TensorType("float64", (None,)), name)


def shared(name: str | None = None, dtype: str = "float64") -> Shared:
    return Shared(TensorType(dtype, (None,)), name=name)


def chain(x: Variable, length: int) -> Variable:
    """exp(exp(...x))."""
    for _ in range(length):
        x = EXP(x)
    return x
