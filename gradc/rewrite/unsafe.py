"""What the optimizer "unsafe" adds: assertions are taken for true.  No other mode does."""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.rewrite.rule import rule

__all__ = ["UNCHECKED"]


@rule(on=("given",), keeps="exact")
def assertion_dropped(out: Variable) -> Variable | None:
    """An assertion given(x, check(condition)) of the user's -> x, whether it holds or not."""
    assert out.owner is not None
    x, condition = out.owner.inputs
    while condition.owner is not None and condition.owner.op.kind == "View":
        condition = condition.owner.inputs[0]
    node = condition.owner
    is_asserted = node is not None and node.op.name == "check"
    return x if is_asserted and x.type == out.type else None


UNCHECKED = (assertion_dropped,)
