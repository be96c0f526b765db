"""What batching rules share: which inputs carry the batch, and what cannot be batched.

Takes a node and what stands for its inputs in a batch; a variable is batched if it has one rank
more than the one it stands for, and the batch is its first axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.errors import VectorizeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.ops.calls import lead, stretched

__all__ = ["all_batched", "all_led", "batched", "refuse_lengths"]


def batched(node: Apply, inputs: Sequence[Variable]) -> tuple[bool, ...]:
    """Which inputs carry the batch."""
    return tuple(new.ndim > old.ndim for new, old in zip(inputs, node.inputs, strict=True))


def all_led(node: Apply, inputs: Sequence[Variable]) -> list[Variable]:
    """The inputs, those that are not batched with an axis of length 1 in front: it stretches."""
    flags = batched(node, inputs)
    return [each if flag else lead(each) for each, flag in zip(inputs, flags, strict=True)]


def all_batched(node: Apply, inputs: Sequence[Variable], which: Iterable[int]) -> list[Variable]:
    """The inputs, with those at the places `which` repeated for each element where they are not."""
    flags = batched(node, inputs)
    batch = inputs[flags.index(True)]
    wanted = set(which)
    return [
        stretched(each, batch) if k in wanted and not flags[k] else each
        for k, each in enumerate(inputs)
    ]


def refuse_lengths(node: Apply, inputs: Sequence[Variable], first: int = 1) -> None:
    """Raise VectorizeError if an input that lengths follow from, from place `first` on, is batched.

    Rows of one array cannot differ in length.
    """
    for k, flag in enumerate(batched(node, inputs)):
        if flag and k >= first:
            name = node.inputs[k]
            what = f"vectorize: the lengths of {node.op.name} follow from {name}, which is batched"
            raise VectorizeError(
                message(
                    f"{what}: rows of one array cannot differ in length.",
                    [where(node.outputs[0]), where(name)],
                    f"leave {name} unbatched, or mask what is too long: T.switch(mask, x, 0).",
                )
            )
