"""Random cases: graphs with gradients, outputs and updates, to be compiled as one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.errors import LinAlgError, NullTypeGradError, VectorizeError
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import leaves, substitute, toposort
from tests.fuzz.draws import Draws
from tests.fuzz.exact import STOPS
from tests.fuzz.loops import branch, loop
from tests.fuzz.parametric import form, special_form
from tests.fuzz.pool import FLOATS, INTEGERS, LENGTHS, MOST_ELEMENTS, Case, Item, Pool
from tests.fuzz.steps import elementwise, guard, idiom, product, reduce, sampled

__all__ = ["joined", "new_case", "new_graph"]

STEPS: tuple[Callable[[Pool], None], ...] = (
    elementwise, elementwise, elementwise, elementwise, elementwise, form, form, form, form,
    reduce, reduce, sampled, sampled, idiom, idiom, product, special_form, guard,
)  # fmt: skip
MOST_OUTPUTS = 6
TIES = frozenset(("max", "min", "median", "sort", "argtopk"))


def below(g: Pool, item: Item | None) -> Item | None:
    """A float leaf that the item depends on, if there is one; one in ten is any."""
    found = set(leaves([item.variable])) if item and not g.draws.chance(10) else set()
    return g.pick(lambda i: i.is_float and i.variable in found) or g.pick(
        lambda i: i.is_float and i.variable.owner is None
    )


def derivative(g: Pool, item: Item | None = None) -> None:
    """A gradient of a sum: as it was written into the pool, stabilised as an output beside it."""
    item = item or g.pick(lambda i: i.is_float and i.variable.owner is not None)
    leaf = below(g, item)
    if not (leaf and item):
        return
    cost = T.sum(item.variable * 0.5)
    options: dict[str, Any] = {"disconnected_inputs": "ignore"}
    try:
        raw = T.grad(cost, leaf.variable, stabilize=False, **options)
    except NullTypeGradError:  # undefined_grad says so
        return
    if not (g.special or _has_ties(cost) or _is_stopped(item)):
        g.case.slopes.append((cost, leaf.variable, raw))
    kept = g.add(raw)
    if kept is None or kept.variable is not raw:
        return
    compare(g, T.grad(cost, leaf.variable, **options), raw)


def forward(g: Pool) -> None:
    """How an item moves with a leaf, by forward mode; reverse mode twice says the same."""
    item = g.pick(lambda i: i.is_float and i.variable.owner is not None)
    leaf = below(g, item)
    if not (leaf and item) or _is_stopped(item):
        return
    way = g.leaf(leaf.shape, leaf.value.dtype.name).variable
    weights = Input(item.variable.type)
    options: dict[str, Any] = {"disconnected_inputs": "ignore", "stabilize": False}
    try:
        moved = gradc.jvp(item.variable, leaf.variable, way)
        back = T.grad(T.sum(item.variable * weights), leaf.variable, **options)
        raw = T.grad(T.sum(back * way), weights, **options)
    except NullTypeGradError:  # columns of a complete QR are not determined
        return
    (raw,) = substitute([raw], {weights: T.ones_like(item.variable)})
    compare(g, moved, raw)


def batched(g: Pool) -> None:
    """A graph for three values of a leaf at once; one by one they say the same."""
    item = g.pick(lambda i: i.variable.owner is not None and i.value.size < 3000)
    leaf = below(g, item)
    if not (leaf and item) or leaf.value.size > 3000 or leaf.value.ndim > 3:
        return
    many = g.leaf((3, *leaf.shape), leaf.value.dtype.name).variable
    try:
        found = gradc.vectorize_graph(item.variable, {leaf.variable: many})
    except VectorizeError:
        return
    one_by_one = [substitute([item.variable], {leaf.variable: many[k]})[0] for k in range(3)]
    if found.ndim > item.variable.ndim:
        compare(g, found, T.stack(one_by_one), exact=item.exact)


def compare(g: Pool, made: Variable, raw: Variable, *, exact: bool = False) -> None:
    """An output that another expression judges."""
    case = g.case
    if made.owner is None or made in g.known or made in case.judges or raw.ndim > 5:
        return
    try:
        value = g.value_of(raw)
    except LinAlgError:
        return
    if value.size > MOST_ELEMENTS or not (g.special or np.isfinite(value).all()):
        return
    case.judges[made] = raw
    case.outputs.append(made)
    if exact:
        case.exact.add(made)


def looped(g: Pool) -> None:
    """A loop, which the same steps unrolled judge, or a branch, which a switch judges."""
    for made, raw in g.draws.pick((loop, loop, branch))(g):
        compare(g, made, raw)


def _has_ties(cost: Variable) -> bool:
    """Whether it picks the greatest of what may be one number several times."""
    return any(node.op.name in TIES for node in toposort([cost]))


def _is_stopped(item: Item) -> bool:
    """Whether the user's word stands for a gradient in it."""
    return any(node.op.name in STOPS for node in toposort([item.variable]))


def grow(g: Pool, most: int) -> None:
    """Apply random operations, and differentiate now and then.

    Before each stands the decision to go on: so hypothesis can leave any of them out.
    """
    for _ in range(most):
        if not g.draws.chance(100 - 100 // most):
            return
        step, count = g.draws.pick(STEPS), len(g.items)
        step(g)
        if step is guard and len(g.items) > count and g.draws.chance(60):
            derivative(g, g.items[-1])
        if g.draws.chance(14):
            g.draws.pick((derivative, forward, batched))(g)


def close(g: Pool) -> None:
    """Outputs, a gradient, and updates of the shared variables."""
    case = g.case
    if g.draws.chance(85):
        derivative(g)
    if not g.special and g.draws.chance(12):
        looped(g)
    results = [item for item in g.items if item.variable.owner is not None][-MOST_OUTPUTS:]
    case.outputs += [item.variable for item in results]
    case.exact.update(item.variable for item in results if item.exact)
    if not results:
        case.outputs.append(g.leaves[0].variable)
    for leaf in g.leaves:
        if leaf.variable in case.shared:
            same = g.pick(alike(leaf))
            case.updates[leaf.variable] = changed(g, leaf, same)


def alike(leaf: Item) -> Callable[[Item], bool]:
    """Whether an item's value may become that of `leaf`."""

    def is_alike(item: Item) -> bool:
        same = item.value.dtype == leaf.value.dtype and item.shape == leaf.shape
        return same and item.variable is not leaf.variable

    return is_alike


def elsewhere(g: Pool, leaf: Item) -> Variable:
    """A shared variable at other places than its own: what is not to be overwritten too early."""
    x, axis = leaf.variable, g.draws.below(leaf.value.ndim)
    front = (slice(None),) * axis
    if len(leaf.shape) > 1 and len(set(leaf.shape)) == 1 and g.draws.chance(85):
        return x.transpose()
    return x[(*front, slice(None, None, -1))] if g.draws.chance(70) else x[(*front, 0, None)]


def changed(g: Pool, leaf: Item, same: Item | None) -> Variable:
    """A new value for a shared variable from another one of its shape: perhaps just that."""
    old, axes = leaf.variable, leaf.value.ndim
    mine = [g.case.inputs[k] for k, each in g.case.aliases.items() if each is old]
    if mine and axes and leaf.is_float and g.draws.chance(80):
        longest = (slice(None),) * int(np.argmax(leaf.shape))
        return old * 0.5 + 0.1 * g.draws.pick(mine)[(*longest, slice(None, None, -1))]
    if axes and leaf.is_float and leaf.value.size and g.draws.chance(45):
        return old * 0.5 + 0.25 * elsewhere(g, leaf)
    if axes and leaf.is_float and leaf.value.size and g.draws.chance(30):
        new = old * 0.5 + 1  # what fails reads the new value: as it is, or behind other work
        read = g.draws.pick((new, T.cumsum(new, axis=0)))
        g.case.outputs.append(read[g.index(leaf.shape[0], (3,)).variable])
        return new
    choice = g.draws.below(5)
    if leaf.value.ndim and choice == 4:
        axis = g.draws.below(leaf.value.ndim)
        return old[(slice(None),) * axis + (slice(None, None, -1),)] if not same else same.variable
    if not leaf.is_float:
        return old if same is None else same.variable
    if same is None:
        return old * 0.5 + 1
    if choice == 0:
        return same.variable
    if choice == 1:
        return old - 0.1 * same.variable
    return T.tanh(same.variable) * 0.5 + old * 0.25


def new_graph(
    draws: Draws,
    case: Case,
    *,
    nodes: int = 8,
    shared: int = 2,
    lengths: Sequence[int] = LENGTHS,
    special: bool = False,
) -> None:
    """One graph more in the case, of at most `nodes` steps; a tenth are five times as large."""
    pool = Pool(draws, case, lengths, special)
    for _ in range(draws.below(shared + 1)):
        dtype = draws.pick((*FLOATS, *FLOATS, *INTEGERS[:4]))
        pool.leaf(pool.shape(draws.below(4)), dtype, True)
    pool.argument(FLOATS, draws.pick((2, 1, 2, 3, 0, 4, 5)))
    pool.argument(INTEGERS, draws.below(4))
    for _ in range(draws.below(3)):
        pool.argument(FLOATS, draws.below(4))
    most = 5 * nodes if draws.chance(10) else nodes
    grow(pool, most)
    close(pool)


def new_case(rng: np.random.Generator, graphs: int = 1, **options: Any) -> Case:
    """Some independent graphs as one case, decided by a numpy Generator."""
    case = Case()
    for _ in range(graphs):
        new_graph(Draws.of_numpy(rng), case, **options)
    return case


def joined(cases: Iterable[Case]) -> Case:
    """Cases as one, to be compiled as one function."""
    whole = Case()
    for case in cases:
        offset = len(whole.inputs)
        whole.inputs += case.inputs
        whole.arguments += case.arguments
        whole.outputs += case.outputs
        whole.shared |= case.shared
        whole.updates |= case.updates
        whole.aliases |= {k + offset: owner for k, owner in case.aliases.items()}
        whole.bounds |= {k + offset: length for k, length in case.bounds.items()}
        whole.judges |= case.judges
        whole.exact |= case.exact
        whole.layouts += case.layouts
        whole.words += case.words
    return whole
