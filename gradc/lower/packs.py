"""Right operands that several products have in common, packed once.

Takes the steps of a segment in order; gives them with equal packings as one.  The gradients of two
weights in a loop are products with the same large matrix: packing it took a quarter as long as
multiplying by it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.kernel.loops import Buffer, Nest, Pack, Product, Repeat, Step
from gradc.lower.memory import uses_of
from gradc.sizes import maximum
from gradc.value import replace

__all__ = ["packed_once"]


def packed_once(
    steps: Sequence[Step], commit: int, buffers: list[Buffer]
) -> tuple[list[Step], int]:
    """The steps without packings of what lies in panels already; lengths in `buffers` follow.

    commit: how many steps stand before the commit; gives how many do now.
    """
    in_loops = {n for step in steps if isinstance(step, Repeat) for n in step.reads}
    kept: dict[int, Pack] = {}  # by the panels of each packing the one that serves
    last: dict[tuple[object, ...], Pack] = {}
    for step in steps:
        written = uses_of(step).writes
        last = {key: each for key, each in last.items() if not written & _places(each, buffers)}
        if isinstance(step, Pack) and step.panels not in in_loops:
            key = (step.dtype, step.y, step.k, step.n)
            first = last.get(key)
            if first is None:
                last[key] = kept[step.panels] = step
                continue
            room = maximum(first.room, step.room)
            both = replace(first, room=room)
            last[key] = both
            kept = {n: both if each is first else each for n, each in kept.items()}
            kept[step.panels] = both
            buffers[first.panels] = replace(buffers[first.panels], shape=(room,))
    found = [_with(step, kept) for step in steps]
    before = sum(map(len, found[:commit])) if commit >= 0 else commit
    return [step for each in found for step in each], before


def _places(pack: Pack, buffers: Sequence[Buffer]) -> set[int]:
    """The buffers that hold what is packed: a window, and what it is on."""
    buffer = buffers[pack.y.buffer]
    return {pack.y.buffer, buffer.index} if buffer.place == "window" else {pack.y.buffer}


def _with(step: Step, kept: dict[int, Pack]) -> list[Step]:
    """A step that reads the panels that are kept; nothing for a packing that is not."""
    if isinstance(step, Pack):
        pack = kept.get(step.panels, step)
        return [pack] if pack.panels == step.panels else []
    if isinstance(step, Product) and step.panels in kept:
        return [_reading(step, kept)]
    if isinstance(step, Nest) and step.product is not None and step.product.panels in kept:
        return [replace(step, product=_reading(step.product, kept))]
    return [step]


def _reading(product: Product, kept: dict[int, Pack]) -> Product:
    assert product.panels is not None
    pack = kept[product.panels]
    return replace(product, panels=pack.panels, room=pack.room)
