"""The one operation that users' code is: `python`, whose only parameter is the Code."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.extend.code import Code, PythonCode
from gradc.extend.looped import Looped
from gradc.extend.op import Op
from gradc.graph.op import DECLARATIONS, Apply, apply
from gradc.graph.variable import Variable
from gradc.ops.declare import Sample, declared

__all__: list[str] = []


def _pullback(
    cts: Sequence[Variable | None], outs: Sequence[Variable], *inputs: Variable, op: Code
) -> tuple[Variable | None, ...]:
    return op.pull(cts, outs, inputs)


def _loop(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    """The operation for each element of a batch."""
    assert isinstance(node.op, Op)
    flags = tuple(new.ndim > old.ndim for new, old in zip(inputs, node.inputs, strict=True))
    return apply(Looped(node.op, flags), inputs).outputs


@declared(
    PythonCode,
    ref=None,  # Code.run
    types=None,
    shapes=None,
    pullback=_pullback,
    batching=_loop,
    samples=[Sample(lambda f, x: x * 2.0, ((2, 3),))],  # tests/extend has operations
)
def python(*inputs: Variable, op: Code) -> tuple[Variable, ...]:
    """Code of a user's; gradc.Op makes nodes of it."""
    return apply(op, inputs).outputs


Code.rule = DECLARATIONS["python"]
