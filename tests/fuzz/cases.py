"""Random cases: graphs with gradients, outputs and updates, to be compiled as one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator

import gradc.tensor as T
from gradc.graph.variable import Variable
from tests.fuzz.pool import FLOATS, INTEGERS, LENGTHS, Case, Item, Pool
from tests.fuzz.steps import derivative, grow

__all__ = ["new_case"]


def close(g: Pool) -> None:
    """Outputs, a gradient, and updates of the shared variables; inputs that are not used leave."""
    case = g.case
    derivative(g)
    results = [item for item in g.items if item.variable.owner is not None]
    case.outputs += [item.variable for item in results[-6:]]
    if not results:
        case.outputs.append(g.leaves[0].variable)
    for leaf in g.leaves:
        if leaf.variable in case.shared:
            same = g.pick(alike(leaf))
            old = leaf.variable
            case.updates[old] = old * 0.5 + 1 if same is None else changed(g, leaf, same)


def alike(leaf: Item) -> Callable[[Item], bool]:
    """Whether an item's value may become that of `leaf`."""

    def is_alike(item: Item) -> bool:
        same = item.value.dtype == leaf.value.dtype and item.value.shape == leaf.value.shape
        return same and item.variable is not leaf.variable

    return is_alike


def changed(g: Pool, leaf: Item, same: Item) -> Variable:
    """A new value for a shared variable from another one of its shape: perhaps just that."""
    choice = g.rng.integers(3)
    if choice == 0:
        return same.variable
    if choice == 1:
        return leaf.variable - 0.1 * same.variable
    return T.tanh(same.variable) * 0.5 + leaf.variable * 0.25


def new_case(
    rng: Generator,
    graphs: int = 1,
    *,
    nodes: int = 10,
    shared: int = 2,
    lengths: Sequence[int] = LENGTHS,
) -> Case:
    """Some independent graphs of about `nodes` operations, with gradients and updates."""
    case = Case()
    for _ in range(graphs):
        pool = Pool(rng, case, lengths)
        pool.leaf(pool.shape(int(rng.integers(0, 6))), str(rng.choice(FLOATS)))
        pool.leaf(pool.shape(int(rng.integers(0, 4))), str(rng.choice(INTEGERS)))
        for _ in range(int(rng.integers(0, 3))):
            pool.leaf(pool.shape(int(rng.integers(0, 4))), str(rng.choice(FLOATS)))
        for _ in range(int(rng.integers(0, shared + 1))):
            pool.leaf(pool.shape(int(rng.integers(0, 4))), str(rng.choice(FLOATS)), True)
        grow(pool, int(rng.integers(nodes // 2, nodes + 1)))
        close(pool)
    return case
