"""Rules for products of stacks: what sums over the stack is one product.

A loop's weight gradient is such a sum: the products of all its steps, added.
"""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.rewrite.rule import rule

__all__ = ["STACKS"]


@rule(on=("sum",), keeps="rounding")
def sum_of_products(out: Variable) -> Variable | None:
    """The sum over the stack of a product -> one product that sums over the stack too."""
    node = out.owner
    assert node is not None
    (stack,) = node.inputs
    product = stack.owner
    if product is None or product.op.name != "contract" or stack.dtype != out.dtype:
        return None
    if "acc_dtype" in node.op.keywords or "dtype" in node.op.keywords:
        return None
    words = product.op.keywords
    summed = {words["out"][axis] for axis in node.op.keywords["axes"]}
    if not summed <= set(words["x"]) & set(words["y"]):
        return None
    kept = "".join(letter for letter in words["out"] if letter not in summed)
    return call("contract", *product.inputs, x=words["x"], y=words["y"], out=kept)


STACKS = (sum_of_products,)
