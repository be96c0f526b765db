"""The operations of random graphs: each step adds at most one item to a pool.

Elementwise operations and reductions follow from their declarations, all others and the composed
ones from their samples, rewrite rules from their patterns; what has parameters of its own stands in
`parametric.py`.  What jumps (comparisons, rounding, argmax) is applied only where the operand has
the same bits however it is computed: to leaves, views of them, and what picks from them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

import gradc.tensor as T
from gradc.errors import DTypeError
from gradc.graph.op import DECLARATIONS, Op
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import leaves, substitute
from gradc.ops.declare import COMPOSED, FUNCTIONS, SAMPLES, Sample, call, insert_axes, pad
from gradc.ops.kinds import Elemwise, Reduce
from gradc.rewrite.passes import CANONICALIZE, SPECIALIZE, STABILIZE, STRENGTHEN
from gradc.rewrite.rule import Rule
from tests.fuzz.exact import JUMPS, LINEAR, MOVES, PICKS, SLOW
from tests.fuzz.forms import like
from tests.fuzz.pool import FLOATS, INTEGERS, MOST_ELEMENTS, Item, Pool
from tests.rewrite.spelling import builds

__all__ = [
    "ELEMWISE",
    "REDUCE",
    "RULES",
    "SAMPLED",
    "elementwise",
    "guard",
    "idiom",
    "product",
    "reduce",
    "sampled",
]

RULES: tuple[Rule, ...] = (
    *CANONICALIZE.rules, *STABILIZE.rules, *SPECIALIZE.rules, *STRENGTHEN.rules
)  # fmt: skip
# `given` promises that its condition holds: Assert makes it, with one that does.
FEW = 128  # elements, for references that go number by number
OF_COMPLEX = frozenset(("complex", "real", "imag", "conj", "angle"))  # graphs are of real numbers
ELEMWISE = [
    rule
    for rule in DECLARATIONS.values()
    if isinstance(rule, Elemwise) and rule.name not in {"given", *OF_COMPLEX}
]
BOUNDED = [
    rule
    for rule in ELEMWISE
    if rule.arity == 1 and rule.domain[0] != (-5.0, 5.0) and rule.name not in JUMPS
]
PRODUCTS = ("prod", "nonzero_prod")
REDUCE = [rule for rule in DECLARATIONS.values() if isinstance(rule, Reduce)]
# Rewriting's own; one that talks; one that fails; pivots, which jump; complex results; users'
# code, which may be declared or not.
NOT_SAMPLED = (
    "gemm", "printed", "raised", "lu", "lu_sign", "general_eigen", "general_eigenvalues", "python",
)  # fmt: skip
SAMPLED = [name for name in SAMPLES if name not in NOT_SAMPLED]


def fitting(*chosen: Item) -> Callable[[Item], bool]:
    """Whether an item's lengths go with those chosen: equal, or statically 1."""

    def fits(y: Item) -> bool:
        for x in chosen:
            a, b = x.variable.type.shape[::-1], y.variable.type.shape[::-1]
            real = zip(x.shape[::-1], y.shape[::-1], a, b, strict=False)
            if not all(n == m or k == 1 or j == 1 for n, m, k, j in real):
                return False
        return True

    return fits


# -- elementwise -------------------------------------------------------------------------------


def elementwise(g: Pool) -> None:
    """A declared operation on operands that fit; smooth ones three times as often."""
    rule = g.draws.pick(ELEMWISE)
    if rule.name in JUMPS and g.draws.chance(50):
        rule = g.draws.pick(ELEMWISE)
    needs_exact = rule.name in JUMPS
    count = rule.arity + (g.draws.below(3) if rule.variadic else 0)
    chosen: list[Item] = []
    for k in range(count):
        fits = fitting(*chosen)
        is_condition = rule.name == "switch" and k == 0
        item = g.pick(
            lambda i, fits=fits, c=is_condition: (
                fits(i)  # type: ignore[misc]
                and (i.exact or not needs_exact)
                and (not c or i.value.dtype == bool)
            )
        )
        if item is None:
            return
        chosen.append(item)
    if judgeable(rule, *chosen):
        apply_elementwise(g, rule, chosen)


def judgeable(rule: Elemwise, *items: Item) -> bool:
    """Whether its reference is done soon: some go number by number."""
    shapes = [each.value.shape for each in items]
    return rule.name not in SLOW or math.prod(np.broadcast_shapes(*shapes)) <= FEW


def apply_elementwise(g: Pool, rule: Elemwise, items: Sequence[Item]) -> None:
    params = {}
    if rule.name == "cast":
        params["dtype"] = cast_target(g, items[0])
    try:
        wanted, _ = rule.dtype(tuple(each.variable.dtype for each in items))
    except DTypeError:
        return
    rank = max(each.variable.ndim for each in items)
    operands = []
    for k, (item, dtype) in enumerate(zip(items, wanted, strict=True)):
        x = item.variable
        if dtype.startswith("float"):
            x = inside(g, rule, k, item)
        operands.append(pad(x if x.dtype == dtype else call("cast", x, dtype=dtype), rank))
    variable = Op(rule, tuple(params.items()))(*operands)
    exact = all(each.exact for each in items) and (
        rule.name in PICKS or not variable.dtype.startswith("float") or rule.name in JUMPS
    )
    g.add(variable, exact)


def inside(g: Pool, rule: Elemwise, k: int, item: Item) -> Variable:
    """The operand squeezed into the operation's domain, if it lies outside."""
    low, high = rule.domain[min(k, len(rule.domain) - 1)]
    x, values = item.variable, item.value
    if g.special or not values.size or rule.name in PICKS | JUMPS or (low, high) == (-5.0, 5.0):
        return x
    if low <= values.min() and values.max() <= high:
        return x
    return low + (high - low) * T.sigmoid(T.cast(x, "float64") if not item.is_float else x)


def cast_target(g: Pool, item: Item) -> str:
    """Any dtype, but floats that may jump or overflow stay floats."""
    if item.is_float and (g.special or not item.exact):
        return g.draws.pick(FLOATS)
    if item.is_float:
        return g.draws.pick(("float32", "int64", "int32", "int16", "bool"))
    return g.draws.pick((*FLOATS, *INTEGERS))


def guard(g: Pool) -> None:
    """A function inside its domain, and something else where it may be nan or of no slope."""
    rule = g.draws.pick(BOUNDED)
    item = g.pick(lambda i: i.is_float)
    if item is None or not judgeable(rule, item):
        return
    if rule.dtype((item.variable.dtype,))[0] != (item.variable.dtype,):
        return
    x, (low, high) = item.variable, rule.domain[0]
    inside, y = T.and_(x > low, x < high), Op(rule)(x)
    other = g.draws.pick((T.zeros_like(x), x, x * x))
    if item.value.ndim and item.value.shape[0] and g.draws.chance(35):  # the same rows of all
        rows = g.index(item.value.shape[0], (3,)).variable
        inside, y, other = inside[rows], y[rows], other[rows]
    g.add(g.draws.pick((T.switch(inside, y, other), T.switch(T.invert(inside), other, y))))


# -- reductions --------------------------------------------------------------------------------


def axes_of(g: Pool, item: Item, *, full: bool = False) -> tuple[int, ...]:
    """Some axes; with `full` none of length 0."""
    return g.draws.some([k for k, n in enumerate(item.shape) if n or not full])


def tall(g: Pool, dtype: str) -> tuple[Item, int]:
    """A leaf that is long along one axis, often by a block more or less, and that axis."""
    draws = g.draws
    length = draws.pick((16, 32, 128, 256, 512, 1024, 2048)) + draws.integer(-1, 2)
    if draws.below(2):
        length = draws.integer(2, 4000)
    shape = [draws.pick((3, 1, 2, 7)) for _ in range(draws.below(3))]
    axis = draws.below(len(shape) + 1)
    shape.insert(axis, length)
    return g.leaf(tuple(shape), dtype), axis


def turned(g: Pool, dtype: str) -> Item:
    """A leaf of many axes in another order than in memory, so that no two are one loop."""
    draws, rank = g.draws, 4 + g.draws.below(2)
    leaf = g.leaf(tuple(draws.pick((3, 2, 4, 5)) for _ in range(rank)), dtype)
    return g.add(leaf.variable.transpose(*draws.order(rank)), leaf.exact) or leaf


def reduce(g: Pool) -> None:
    """A declared reduction over some axes: also over a long one, whose blocks are joined."""
    rule = g.draws.pick(REDUCE)
    jumps = rule.name in JUMPS or rule.name == "bins"
    is_full = rule.needs_elements or "arg" in rule.name
    choice, dtype = g.draws.below(5), "int64" if rule.name == "bins" else g.draws.pick(FLOATS)
    if choice == 4:
        item, long = tall(g, dtype)
        axes = tuple(sorted({long, *axes_of(g, item, full=is_full)}))
    elif choice == 3:
        item = turned(g, dtype)
        axes = g.draws.pick(((g.draws.below(item.value.ndim),), axes_of(g, item)))
    else:
        found = g.pick(lambda i: i.value.ndim > 0 and (i.exact or not jumps))
        if found is None:
            return
        item, axes = found, axes_of(g, found, full=is_full)
    if "arg" in rule.name:
        axes = axes[:1]
    if not axes or (rule.needs_elements and not item.value.size):
        return
    if rule.name in PRODUCTS and not in_range(item.value, axes):
        return
    try:
        rule.out(item.variable.dtype)
    except DTypeError:
        return
    options = {}
    if rule.name in ("sum", "prod") and g.draws.chance(20):
        dtype = "float64" if item.is_float else g.draws.pick(("int64", "float64"))
        options[g.draws.pick(("dtype", "acc_dtype")) if item.is_float else "dtype"] = dtype
    variable = call(rule.name, item.variable, axes=axes, **options)
    if g.draws.chance(40):
        variable = insert_axes(variable, axes)
    exact = item.exact and (jumps or rule.name in PICKS or not variable.dtype.startswith("float"))
    g.add(variable, exact)


def in_range(x: np.ndarray, axes: tuple[int, ...]) -> bool:
    """Whether no product of some of x overflows: one that does, times 0, depends on the order."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype("float64")
    with np.errstate(divide="ignore"):
        exponents = np.log2(np.abs(x.astype("float64")))
    most = np.where(np.isfinite(exponents) & (exponents > 0), exponents, 0).sum(axes)
    return bool(most.max(initial=0) < np.finfo(dtype).maxexp)


# -- what states its own uses --------------------------------------------------------------------


def sampled(g: Pool) -> None:
    """One of the uses that a declaration states, on items of its shapes or new leaves."""
    name = g.draws.pick(SAMPLED)
    if g.special and name in LINEAR:
        return
    function = COMPOSED[name].expr if name in COMPOSED else FUNCTIONS[name]
    count = len(inspect.signature(function).parameters)
    samples = SAMPLES[name] or (Sample(lambda f, *xs: f(*xs), ((2, 3),) * count),)
    with suppress(AssertionError):  # an assertion that does not hold: there is no such graph
        use(g, name, function, g.draws.pick(samples))


def use(g: Pool, name: str, function: Callable[..., Variable], sample: Sample) -> None:
    kinds = sample.dtypes or ("float",) * len(sample.shapes)
    dtype = g.draws.pick(FLOATS)
    items = []
    for shape, kind in zip(sample.shapes, kinds, strict=True):
        wanted = dtype if kind == "float" else kind
        items.append(operand(g, name, shape, wanted, sample.high))
    g.case.words[name] += 1
    variable = sample.expr(function, *(each.variable for each in items))
    moves = name in DECLARATIONS and DECLARATIONS[name].kind in MOVES and name not in LINEAR
    is_whole = not variable.dtype.startswith("float")
    g.add(variable, all(each.exact for each in items) and (moves or is_whole))


def operand(g: Pool, name: str, shape: tuple[int, ...], dtype: str, high: int) -> Item:
    if dtype.startswith("float"):
        exact = (
            name in JUMPS or (DECLARATIONS[name].kind == "Routine" and name not in LINEAR)
            if name in DECLARATIONS
            else False
        )
        found = g.pick(
            lambda i: i.shape == shape and i.value.dtype == dtype and (i.exact or not exact)
        )
        if found is not None and name not in COMPOSED:
            return found
        value = g.numbers(shape, dtype)
        if name in COMPOSED and not g.special:
            low, span = COMPOSED[name].domain[0], np.subtract(*COMPOSED[name].domain[::-1])
            value = np.asarray(low + span / (1 + np.exp(-value)), dtype)
        return g.leaf(shape, dtype, value=value)
    value = np.asarray(g.draws.rng().integers(0, high, shape), dtype)
    return g.leaf(shape, dtype, value=value, own=True)


# -- what rewriting looks for --------------------------------------------------------------------


def idiom(g: Pool) -> None:
    """What a rule looks for, as the rules' own tests spell it, on two new vectors."""
    with suppress(DTypeError, ValueError):  # lengths that the example does not have
        _idiom(g)


def _idiom(g: Pool) -> None:
    rule = g.draws.pick(RULES)
    build = g.draws.pick(builds(rule))
    dtype = g.draws.pick(FLOATS)
    n = g.draws.pick((4, 4, 12, 1026))
    x, y = (vector(g, n, dtype) for _ in range(2))
    variable = build(x.variable, y.variable)
    twins = {}
    for leaf in leaves([variable]):
        if isinstance(leaf, Input) and leaf not in g.known:  # tables that some examples add
            if n != 4:
                return
            value = g.draws.rng().normal(size=(4, 4)).astype(leaf.dtype)
            twins[leaf] = g.leaf((4, 4), leaf.dtype, value=value).variable
    g.add(substitute([variable], twins)[0] if twins else variable)


def vector(g: Pool, n: int, dtype: str) -> Item:
    """A leaf in a range where many functions are defined."""
    low, high = g.draws.pick(((-2.0, -0.1), (0.1, 0.9), (-3.0, 3.0), (-60.0, 60.0)))
    if g.special:
        return g.leaf((n,), dtype)
    return g.leaf((n,), dtype, value=g.draws.rng().uniform(low, high, n).astype(dtype))


# -- products ------------------------------------------------------------------------------------


def product(g: Pool) -> None:
    """A matrix product of x with itself, or with a fitting matrix or vector."""
    draws = g.draws
    if not (x := g.pick(lambda i: i.is_float and i.value.ndim in (1, 2, 3))):
        return
    choice = draws.below(6)
    if choice == 0 and x.value.ndim == 2 and x.shape[0] <= 130:
        g.add(T.dot(x.variable, x.variable.T) * 0.1)
        return
    if choice == 1:
        y = g.pick(lambda i: i.is_float and i.value.ndim == 1)
        if y and x.value.ndim == 1 and x.value.size * y.value.size <= MOST_ELEMENTS:
            g.case.words["outer"] += 1
            g.add(T.outer(x.variable, y.variable))
        return
    if choice == 2 and x.value.ndim > 1 and x.value.size:
        y = like(g, x)
        g.case.words["tensordot"] += 1
        g.add(T.tensordot(x.variable, y.variable, axes=[[1], [1]])
              if x.shape[0] ** 2 <= 10_000 and x.value.ndim == 2
              else T.inner(x.variable[0].flatten(), y.variable[0].flatten()))  # fmt: skip
        return
    n, integers = x.shape[-1], draws.chance(15)
    y = g.pick(
        lambda i: (i.is_float or (integers and i.value.dtype.kind in "iu"))
        and i.value.ndim in (1, 2) and i.shape[0] == n
    )  # fmt: skip
    if y is not None and np.prod(x.shape[:-1] + y.shape[1:]) <= MOST_ELEMENTS:
        g.case.words["matmul"] += 1
        g.add((x.variable @ y.variable) * 0.1)
