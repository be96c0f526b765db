"""`ifelse`: one of two expressions, of which the other is not computed.

Takes a condition and two expressions, or lists of them; gives what stands for the one that is
taken.  What only one of the two needs is computed only if it is taken (sinking.py), in gradients
too (differentiate/lives.py).
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradc import sizes
from gradc.control.closed import unknown_branch
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply, Array, Declaration, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.calls import applied, op_of, stretched
from gradc.ops.compare import neq, switch
from gradc.ops.convert import as_variable, is_weak, settled
from gradc.ops.declare import Sample, declared, is_inexact
from gradc.ops.elemwise import cast
from gradc.ops.kinds import Elemwise
from gradc.ops.lengths import zeros_like
from gradc.value import record

__all__ = ["Choice", "choose", "flag", "ifelse"]


@record
class Choice(Declaration):
    """The first half of the operands where the condition, an int64 scalar, is 1; else the rest.

    like: a parameter, 0 or 1: what is taken has the shape of the operand of this half in any case,
    as the gradient of a variable has that of zeros.
    """

    kind: ClassVar[str] = "Choice"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        half = len(inputs) // 2
        pairs = zip(inputs[1 : 1 + half], inputs[1 + half :], strict=True)
        return tuple(_common(a, b, params.get("like")) for a, b in pairs)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        half = len(operands) // 2
        which = operands[0].value
        like = params.get("like")
        chosen = which if which is not None and sizes.is_known(which) else unknown_branch()
        return tuple(
            tuple((n, m)[like] if like is not None else
                  n if n == m else chosen * n + (1 - chosen) * m
                  for n, m in zip(a.shape, b.shape, strict=True))
            for a, b in zip(operands[1 : 1 + half], operands[1 + half :], strict=True)
        )  # fmt: skip

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        half = len(arrays) // 2
        return tuple(arrays[1 : 1 + half] if arrays[0] else arrays[1 + half :])

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        half = len(node.outputs)
        pairs = zip(tangents[1 : 1 + half], tangents[1 + half :], strict=True)
        operands = zip(node.inputs[1 : 1 + half], node.inputs[1 + half :], strict=True)
        found: list[Variable | None] = []
        for (a, b), (x, y) in zip(pairs, operands, strict=True):
            if a is None and b is None:
                found.append(None)
            else:
                dtype = a.dtype if a is not None else b.dtype if b is not None else ""
                one = zeros_like(x, dtype) if a is None else a
                found += choose(node.inputs[0], [one], [zeros_like(y, dtype) if b is None else b])
        return tuple(found)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """One choice for all elements; where they differ, both are computed."""
        flags = [new.ndim > old.ndim for new, old in zip(inputs, node.inputs, strict=True)]
        batch, half = inputs[flags.index(True)], len(node.outputs)
        found: list[Variable] = []
        for k in range(1, 1 + half):
            a, b = inputs[k], inputs[k + half]
            if flags[0] or flags[k] != flags[k + half]:
                a = a if flags[k] else stretched(a, batch)
                b = b if flags[k + half] else stretched(b, batch)
            if flags[0]:
                which = inputs[0].dimshuffle(0, *("x",) * (a.ndim - 1))
                found.append(switch(neq(which, 0), a, b))
            else:
                found += choose(inputs[0], [a], [b], node.op.keywords.get("like"))
        return tuple(found)


def _common(a: Variable, b: Variable, like: int | None) -> TensorType:
    if a.dtype != b.dtype or a.ndim != b.ndim:
        what = f"ifelse: one branch gives {a.type}, the other {b.type}."
        fix = "give both the same dtype and rank: T.cast, reshape."
        kind = DTypeError if a.dtype != b.dtype else ShapeError
        raise kind(message(what, [where(a), where(b)], fix))
    shapes = zip(a.type.shape, b.type.shape, strict=True)
    if like is not None:
        return TensorType(a.dtype, tuple(m if n is None else n for n, m in shapes))
    return TensorType(a.dtype, tuple(n if n == m else None for n, m in shapes))


def _pullback(
    cts: Sequence[Variable | None],
    outs: Sequence[Variable],
    which: Variable,
    *operands: Variable,
    like: int | None = None,
) -> tuple[Variable | None, ...]:
    half = len(outs)
    found: list[Variable | None] = [None] * len(operands)
    for k, ct in enumerate(cts):
        a, b = operands[k], operands[k + half]
        if ct is not None and is_inexact(a.dtype):
            found[k] = choose(which, [ct], [zeros_like(a, ct.dtype)], 1)[0]
            found[k + half] = choose(which, [zeros_like(b, ct.dtype)], [ct], 0)[0]
    return (None, *found)


def _both(arrays: Sequence[Array]) -> tuple[Array, ...]:
    half = len(arrays) // 2
    return tuple(np.asarray(x) for x in (arrays[1 : 1 + half] if arrays[0] else arrays[1 + half :]))


@declared(
    Choice,
    name="choice",
    ref=lambda *arrays, like=None: _both(arrays),
    pullback=_pullback,
    samples=(
        Sample(lambda f, x, y: ifelse(x.sum() > 0, x * y, y - x), ((2, 3), (2, 3))),
        Sample(lambda f, x, y: ifelse(x.sum() > 99, x * y, y - x), ((2, 3), (2, 3))),
    ),
)
def choice_node(*inputs: Variable, like: int | None = None) -> tuple[Variable, ...]:
    """One of two lists of arrays: ifelse gives it. Gradient: to the one that is taken."""
    return apply(op_of("choice", like=like), inputs).outputs


@declared(
    Elemwise,
    name="flag",
    ref=lambda x: (x > 0).astype("int64"),
    pullback=lambda cts, outs, x: (None,),
    c=scalar_fn(int="{x} > 0"),
    dtype=lambda dtypes: (("int64",), "int64"),
    on_sizes=lambda x: sizes.minimum(sizes.maximum(x, 0), 1),
    counts=True,
)
def flag(x: Any) -> Variable:
    """1 where a whole number is above 0, else 0: how often a branch of ifelse runs.

    As a length it is known to be at most 1.  Gradient: not connected.
    """
    return applied(op_of("flag"), [cast(x, "int64")])


def choose(
    which: Variable, then: Sequence[Variable], other: Sequence[Variable], like: int | None = None
) -> list[Variable]:
    """The arrays of `then` where `which` is 1, those of `other` where it is 0."""
    return list(choice_node(which, *then, *other, like=like))


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """then_branch if the condition holds, else else_branch: what is not taken is not computed.

    condition: a scalar; anything but 0 holds.  The branches are expressions, or lists or tuples of
        as many each; what stands for the same place has the same dtype and rank.
    name: what the result is called.
    Gives one variable, or a list or tuple as then_branch is.  T.switch chooses element by element
    and computes both.
    Gradient: to the branch that is taken, and what only the other one needs is not computed.
    Raises: ArgumentTypeError, ArgumentError, DTypeError, ShapeError.
    Source: Theano's operation of this name.
    """
    which = as_variable(condition)
    if which.ndim:
        what = f"ifelse: a condition is a scalar, got {which.type}."
        raise ArgumentTypeError(message(what, [where(which)], "T.switch chooses elements."))
    is_one = not isinstance(then_branch, (list, tuple))
    then = [then_branch] if is_one else list(then_branch)
    listed = isinstance(else_branch, (list, tuple))
    other = list(else_branch) if listed and not is_one else [else_branch]
    if len(then) != len(other):
        what = f"ifelse: one branch has {len(then)} expressions, the other {len(other)}."
        raise ArgumentError(message(what, fix="give both branches as many."))
    pairs = [settled([_weak(a), _weak(b)]) for a, b in zip(then, other, strict=True)]
    found = choose(flag(neq(which, 0)), [a for a, _ in pairs], [b for _, b in pairs])
    if name is not None:
        for each in found:
            each.name = name
    if is_one:
        return found[0]
    return tuple(found) if isinstance(then_branch, tuple) else found


def _weak(x: Any) -> Any:
    return x if is_weak(x) else as_variable(x)
