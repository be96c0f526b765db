"""Functions whose parameters no declaration can draw: axes, indices, shapes, contractions.

One row a function: its word, what it takes, how it is used.  A word that T does not have yet has no
row; `tests/fuzz/census.py` says which words of T nobody draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradc.tensor as T
from gradc.errors import ArgumentTypeError, DTypeError
from gradc.graph.variable import Variable
from gradc.ops.randomness import random_bits
from tests.fuzz.algebra import ALGEBRA
from tests.fuzz.draws import Draws
from tests.fuzz.forms import Form, axis_of, like
from tests.fuzz.pool import MOST_ELEMENTS, Item, Pool

__all__ = ["FORMS", "form", "special_form"]


def key_of(g: Pool, item: Item) -> tuple[Any, ...]:
    """Slices, integers, new axes and an ellipsis."""
    draws, parts = g.draws, []
    for n in item.shape[: draws.below(item.value.ndim + 1)]:
        choice = draws.below(6)
        if choice == 0 and n:
            parts.append(draws.integer(-n, n))
        elif choice == 1:
            parts.append(slice(None))
        else:
            parts.append(slice_of(draws, n))
    if draws.chance(20):
        parts.insert(draws.below(len(parts) + 1), None)
    if draws.chance(20):
        parts.append(Ellipsis)
    return tuple(parts)


def slice_of(draws: Draws, n: int) -> slice:
    ends = (None, 0, 1, 2, n - 1, -1, -3, n + 4)
    step = draws.pick((None, 2, 3, -1, -2))
    return slice(draws.pick(ends), draws.pick(ends), step)


def gathered(g: Pool, item: Item) -> Variable:
    """x[i], x[i, j] or x[:, i] with index arrays that the caller passes."""
    x, n = item.variable, item.shape
    rows = g.index(n[0], (g.draws.pick((7, 3, 1)),)).variable
    choice = g.draws.below(3)
    if choice == 0 and len(n) > 1:
        return x[rows, g.index(n[1], g.known[rows].shape).variable]
    if choice == 1 and len(n) > 1:
        return x[:, g.index(n[1], (3,)).variable]
    return x[rows]


def picked(g: Pool, item: Item) -> Variable:
    """x[arange(n), y]: one element, or row, of each row."""
    rows = T.arange(item.variable.shape[0])
    columns = g.draws.rng().integers(-item.shape[1], item.shape[1], item.shape[0])
    return item.variable[rows, columns]


def reshaped(g: Pool, item: Item) -> Variable:
    shape = item.shape
    if not item.value.size or g.draws.below(2):
        return item.variable.reshape(tuple(item.variable.shape[k] for k in range(len(shape))[::-1]))
    return item.variable.reshape((shape[0], -1) if len(shape) else (1, -1))


def order_of(g: Pool, item: Item) -> tuple[int, ...]:
    return g.draws.order(item.value.ndim)


def with_new_axes(g: Pool, item: Item) -> Variable:
    order: list[Any] = list(order_of(g, item))
    order.insert(g.draws.below(len(order) + 1), "x")
    return item.variable.dimshuffle(*order)


def softmax_of(g: Pool, item: Item) -> Variable:
    """A softmax, also by hand and with its sum along a wrong axis."""
    x, axis = item.variable, axis_of(g, item)
    e = T.exp(x)
    choice = g.draws.below(4)
    if choice == 0:
        return T.log(T.softmax(x, axis=axis))
    if choice == 1:
        return e / e.sum(axis=axis, keepdims=True)
    if choice == 2:
        return T.log(e / e.sum(axis=axis, keepdims=True))
    if item.value.ndim > 1 and min(item.shape) > 1:
        n = min(item.shape)  # its sums along one axis stand along another
        square = T.exp(x[(slice(n),) * item.value.ndim])
        return square / square.sum(axis=g.draws.integer(1, item.value.ndim))
    return T.logsoftmax(x, axis=axis)


def guarded(g: Pool, item: Item) -> Variable:
    """Where a branch that is not taken would be nan, and where two guards meet."""
    x = item.variable
    forms: tuple[Callable[[], Variable], ...] = (
        lambda: T.switch(x > 0, T.log(T.abs(x)), 0.0),
        lambda: T.switch(T.gt(x, 0), T.sqrt(x), T.square(x)),
        lambda: T.switch(T.le(x, 0.25), 0.5, T.log(x)) * x,
        lambda: T.maximum(x, 0.0) ** 1.5 + T.switch(x < 0, x, T.sin(x)),
        lambda: T.clip(x, -0.5, 0.5) * T.relu(x) + T.minimum(x, 0.1),
        lambda: T.switch(T.eq(x, 0), 1.0, T.sin(x) / x),
        lambda: T.sum(T.switch(x > 0, T.sqrt(T.maximum(x, 0)), 0.0), axis=-1),
    )
    return g.draws.pick(forms if item.value.ndim else forms[:-1])()


def of_complex(g: Pool, item: Item) -> Variable:
    """Parts of complex numbers, and an angle away from its jump."""
    x, y = item.variable, like(g, item).variable
    z = T.complex(x, y)
    return T.real(T.conj(z)) - T.imag(z) + T.angle(T.complex(T.square(x) + 1, y))


def in_passes(g: Pool, item: Item) -> Variable:
    """What is read again after its neighbour was written: two products around rows."""
    a = T.dot(item.variable, item.variable.T) * 0.1
    y = T.exp(-T.abs(a) * 0.1)
    return T.dot(y, a - a.sum(axis=1, keepdims=True) * 0.1) * 0.01


def of_turned(g: Pool, item: Item) -> Variable:
    """A reduction of axes that are no neighbours in memory."""
    x = item.variable.transpose(*order_of(g, item))[::-1, ..., ::2]
    function = g.draws.pick((T.sum, T.max, T.mean, T.prod))
    axes = g.draws.some(range(x.ndim)) or (x.ndim - 1,)
    return function(T.tanh(x), axis=axes)


def differing(g: Pool, item: Item) -> Variable:
    """Elements, or slices."""
    found: Variable = T.unique(item.variable, axis=g.draws.pick((None, axis_of(g, item))))
    return found


def in_order(g: Pool, item: Item) -> Variable:
    """Casts on the way down and up again: digits that are lost must stay lost."""
    return T.cast(T.cast(item.variable, g.draws.pick(("int8", "float32"))), "float64")


STEEP = frozenset(  # only of exact operands
    (
        "iround", "round", "max_and_argmax", "argsort", "sort", "and_", "or_", "casts", "nonzero",
        "argwhere", "flatnonzero", "nonzero_values", "extract", "isclose", "allclose", "divmod",
        "inverse_permutation", "permute_row_elements", "mask", "compress", "unique", "topk",
        "topk_and_argtopk", "count_nonzero", "searchsorted", "bits",
    )
)  # fmt: skip
STRESSED = ("guards", "softmax", "passes", "turned")  # drawn more often
BY_HAND = (
    "gather", "pick", "subtensor", "guards", "casts", "passes", "turned", "mask", "repeats",
    "inc_by", "set_by", "bits",
)  # fmt: skip

FORMS: tuple[Form, ...] = tuple(
    each
    for each in (
        Form("transpose", lambda g, i: i.variable.transpose(*order_of(g, i)), range(1, 6)),
        Form("dimshuffle", with_new_axes, range(5)),
        Form("flatten", lambda g, i: i.variable.flatten(), range(1, 6)),
        Form("ravel", lambda g, i: T.ravel(i.variable)),
        Form("reshape", reshaped, range(1, 5)),
        Form("subtensor", lambda g, i: i.variable[key_of(g, i)], range(1, 6)),
        Form("gather", gathered, range(1, 4), full=True),
        Form("pick", picked, range(2, 4), full=True),
        Form("squeeze", lambda g, i: T.squeeze(i.variable)),
        Form("expand_dims", lambda g, i: T.expand_dims(i.variable, 0), range(5)),
        Form("swapaxes", lambda g, i: T.swapaxes(i.variable, 0, -1), range(1, 6)),
        Form("moveaxis", lambda g, i: T.moveaxis(i.variable, axis_of(g, i), 0), range(1, 6)),
        Form("shape_padaxis", lambda g, i: T.shape_padaxis(i.variable, 0), range(4)),
        Form("shape_padleft", lambda g, i: T.shape_padleft(i.variable), range(4)),
        Form("shape_padright", lambda g, i: T.shape_padright(i.variable), range(4)),
        Form("broadcast_like", lambda g, i: T.broadcast_like(T.expand_dims(i.variable[0], 0),
                                                             i.variable), range(1, 4), full=True),
        Form("zeros_like", lambda g, i: T.zeros_like(i.variable), full=True),
        Form("ones_like", lambda g, i: T.ones_like(i.variable), full=True),
        Form("full_like", lambda g, i: T.full_like(i.variable, 1), full=True),
        Form("alloc", lambda g, i: T.alloc(i.variable, 3, *i.variable.shape), range(3)),
        Form("shape", lambda g, i: T.shape(i.variable), range(1, 5)),
        Form("size", lambda g, i: T.size(i.variable)),
        Form("arange", lambda g, i: T.arange(1, i.variable.shape[0] + 2, 2), range(1, 4)),
        Form("eye", lambda g, i: T.eye(i.variable.shape[0], 5, 1), range(1, 4)),
        Form("identity_like", lambda g, i: T.identity_like(i.variable), range(2, 3)),
        Form("and_", lambda g, i: T.and_(T.neq(i.variable, 0), True)),
        Form("iround", lambda g, i: T.iround(i.variable)),
        Form("round", lambda g, i: T.round(i.variable)),
        Form("max_and_argmax", lambda g, i: T.max_and_argmax(i.variable, axis_of(g, i))[1],
             range(1, 5), full=True),
        Form("softmax", softmax_of, range(1, 4), moves=False, floats=True, full=True),
        Form("guards", guarded, range(4), moves=False, floats=True, full=True),
        Form("passes", in_passes, range(2, 3), moves=False, floats=True, full=True),
        Form("turned", of_turned, range(3, 6), moves=False, floats=True, full=True),
        Form("complex", of_complex, moves=False, floats=True, full=True),
        Form("casts", in_order, range(4), floats=False),
        Form("bits", lambda g, i: random_bits(i.variable, 5, i.variable)),
        Form("Assert", lambda g, i: T.Assert("it has a length")(i.variable,
             T.ge(T.size(i.variable), 0))),
        Form("divmod", lambda g, i: T.divmod(i.variable, 3)[0]),
        Form("largest", lambda g, i: T.largest(i.variable, like(g, i).variable)),
        Form("smallest", lambda g, i: T.smallest(i.variable, like(g, i).variable)),
        Form("isclose", lambda g, i: T.isclose(i.variable, like(g, i).variable), floats=True),
        Form("allclose", lambda g, i: T.allclose(i.variable, like(g, i).variable), floats=True),
        Form("nan_to_num", lambda g, i: T.nan_to_num(i.variable), floats=True),
        # joining and repeating
        Form("concatenate", lambda g, i: T.concatenate([i.variable, like(g, i).variable],
                                                       axis=axis_of(g, i)), range(1, 5)),
        Form("join", lambda g, i: T.join(0, i.variable, like(g, i).variable), range(1, 5)),
        Form("stack", lambda g, i: T.stack([i.variable, like(g, i).variable],
                                           axis=g.draws.below(i.value.ndim + 1)), range(4)),
        Form("tile", lambda g, i: T.tile(i.variable, (2,) * max(i.value.ndim, 1)), range(1, 4)),
        Form("repeat", lambda g, i: T.repeat(i.variable, 2, axis=axis_of(g, i)), range(1, 4)),
        Form("roll", lambda g, i: T.roll(i.variable, g.draws.integer(-3, 4), axis=axis_of(g, i)),
             range(1, 4)),
        Form("flip", lambda g, i: T.flip(i.variable, axis_of(g, i)), range(1, 4)),
        Form("pad", lambda g, i: T.pad(i.variable, ((1, 2),) * i.value.ndim), range(1, 3)),
        Form("tril", lambda g, i: T.tril(i.variable, g.draws.integer(-1, 2)), range(2, 3)),
        Form("triu", lambda g, i: T.triu(i.variable, g.draws.integer(-1, 2)), range(2, 3)),
        Form("diag", lambda g, i: T.diag(i.variable), range(1, 3), full=True),
        Form("diagonal", lambda g, i: T.diagonal(i.variable), range(2, 4), full=True),
        Form("rollaxis", lambda g, i: T.rollaxis(i.variable, i.value.ndim - 1), range(1, 5)),
        Form("or_", lambda g, i: T.or_(T.gt(i.variable, 1), T.lt(i.variable, 1))),
        Form("broadcast_arrays", lambda g, i: T.broadcast_arrays(i.variable, T.ones((1,) *
             i.value.ndim, dtype=i.variable.dtype))[1], range(1, 4)),
        Form("where", lambda g, i: T.where(T.neq(i.variable, 0), i.variable, like(g, i).variable)),
        Form("fill", lambda g, i: T.fill(i.variable, 2 if i.value.dtype != bool else True)),
        Form("second", lambda g, i: T.second(i.variable, i.variable.flatten()[0]), range(1, 4),
             full=True),
        Form("tensor_copy", lambda g, i: T.tensor_copy(i.variable)),
        Form("linspace", lambda g, i: T.linspace(-1.0, 2.0, 7) * i.variable.flatten()[0],
             range(1, 3), moves=False, floats=True, full=True),
        Form("indices", lambda g, i: T.indices(tuple(i.variable.shape))[0], range(1, 3)),
        Form("meshgrid", lambda g, i: T.meshgrid(i.variable, T.arange(3))[0], range(1, 2)),
        Form("full", lambda g, i: T.full(tuple(i.variable.shape), 3.0), range(1, 3), full=True),
        Form("ones", lambda g, i: T.ones(tuple(i.variable.shape)), range(1, 3), full=True),
        Form("zeros", lambda g, i: T.zeros(tuple(i.variable.shape)), range(1, 3), full=True),
        Form("identity", lambda g, i: T.identity(3)),
        Form("tri", lambda g, i: T.tri(4, 5, g.draws.integer(-1, 2))),
        Form("trace", lambda g, i: T.trace(i.variable), range(2, 3), moves=False),
        Form("fill_diagonal", lambda g, i: T.fill_diagonal(i.variable, 2), range(2, 3),
             full=True),
        Form("fill_diagonal_offset", lambda g, i: T.fill_diagonal_offset(i.variable, 2, 1),
             range(2, 3), full=True),
        Form("addbroadcast", lambda g, i: T.addbroadcast(i.variable, 0) if i.shape[0] == 1
             else i.variable, range(1, 3)),
        Form("split", lambda g, i: T.split(i.variable, [1, i.shape[0] - 1], 2, axis=0)[1],
             range(1, 4), full=True),
        Form("array_split", lambda g, i: T.array_split(i.variable, 3, axis=0)[1], range(1, 4)),
        Form("atleast_1d", lambda g, i: T.atleast_1d(i.variable)),
        Form("atleast_2d", lambda g, i: T.atleast_2d(i.variable)),
        Form("atleast_3d", lambda g, i: T.atleast_3d(i.variable)),
        Form("column_stack", lambda g, i: T.column_stack([i.variable, like(g, i).variable]),
             range(1, 3)),
        Form("dstack", lambda g, i: T.dstack([i.variable, like(g, i).variable]), range(1, 4)),
        Form("hstack", lambda g, i: T.hstack([i.variable, like(g, i).variable]), range(1, 4)),
        Form("vstack", lambda g, i: T.vstack([i.variable, like(g, i).variable]), range(1, 4)),
        Form("stacklists", lambda g, i: T.stacklists([[i.variable, like(g, i).variable]]),
             range(3)),
        Form("fliplr", lambda g, i: T.fliplr(i.variable), range(2, 4)),
        Form("flipud", lambda g, i: T.flipud(i.variable), range(1, 4)),
        Form("rot90", lambda g, i: T.rot90(i.variable, g.draws.integer(-1, 4)), range(2, 4)),
        Form("repeats", lambda g, i: T.repeat(i.variable, g.index(3, (i.shape[0],), low=0)
             .variable, axis=0), range(1, 3)),
        Form("horizontal_stack", lambda g, i: T.horizontal_stack(i.variable, like(g, i).variable),
             range(2, 3)),
        Form("vertical_stack", lambda g, i: T.vertical_stack(i.variable, like(g, i).variable),
             range(2, 3)),
        Form("unravel_index", lambda g, i: T.unravel_index(g.index(12, (5,), low=0).variable,
             (3, 4))[0]),
        Form("ravel_multi_index", lambda g, i: T.ravel_multi_index((g.index(3, (5,), low=0)
             .variable, g.index(4, (5,), low=0).variable), (3, 4))),
        Form("inverse_permutation", lambda g, i: T.inverse_permutation(T.argsort(i.variable)),
             range(1, 2)),
        Form("permute_row_elements", lambda g, i: T.permute_row_elements(i.variable,
             T.argsort(i.variable)), range(1, 2)),
        # data decides the size
        Form("argwhere", lambda g, i: T.argwhere(i.variable), range(1, 4)),
        Form("flatnonzero", lambda g, i: T.flatnonzero(i.variable), range(1, 4)),
        Form("nonzero_values", lambda g, i: T.nonzero_values(i.variable), range(1, 4)),
        Form("extract", lambda g, i: T.extract(T.neq(i.variable, 0), i.variable), range(1, 4)),
        Form("nonzero", lambda g, i: T.nonzero(i.variable)[0], range(1, 4)),
        Form("mask", lambda g, i: i.variable[T.gt(i.variable, 0)], range(1, 4)),
        Form("compress", lambda g, i: T.compress(T.gt(i.variable[..., 0].flatten(), 0), i.variable,
             axis=0), range(2, 3), full=True),
        Form("unique", differing, range(1, 4)),
        # order and running sums
        Form("cumsum", lambda g, i: T.cumsum(i.variable, axis=axis_of(g, i)), range(1, 4),
             moves=False),
        Form("cumprod", lambda g, i: T.cumprod(T.tanh(i.variable), axis=axis_of(g, i)),
             range(1, 4), moves=False, floats=True),
        Form("diff", lambda g, i: T.diff(i.variable, axis=axis_of(g, i)), range(1, 4),
             moves=False, full=True),
        Form("sort", lambda g, i: T.sort(i.variable, axis=axis_of(g, i)), range(1, 4)),
        Form("argsort", lambda g, i: T.argsort(i.variable, axis=axis_of(g, i)), range(1, 4)),
        Form("median", lambda g, i: T.median(i.variable, axis=axis_of(g, i)), range(1, 4),
             moves=False, floats=True, full=True),
        Form("topk", lambda g, i: T.topk(i.variable, 1, axis=axis_of(g, i)), range(1, 4),
             full=True),
        Form("topk_and_argtopk", lambda g, i: T.topk_and_argtopk(i.variable, 1)[1], range(1, 4),
             full=True),
        Form("count_nonzero", lambda g, i: T.count_nonzero(i.variable, axis=axis_of(g, i)),
             range(1, 4)),
        Form("bincount", lambda g, i: T.bincount(g.index(5, (7,), low=0).variable, minlength=6)),
        Form("to_one_hot", lambda g, i: T.to_one_hot(g.index(4, (7,), low=0).variable, 4)),
        Form("searchsorted", lambda g, i: T.searchsorted(T.arange(-3, 4).astype(i.variable.dtype),
             i.variable), range(1, 4), floats=True),
        # putting
        Form("set_subtensor", lambda g, i: T.set_subtensor(i.variable[::2], 1), range(1, 4)),
        Form("inc_subtensor", lambda g, i: T.inc_subtensor(
            i.variable[g.index(i.shape[0], (5,)).variable], 1), range(1, 4), moves=False,
            full=True),
        Form("inc_by", lambda g, i: T.inc_subtensor(i.variable[1:], like(g, i).variable[1:]),
             range(1, 4), moves=False, floats=True, full=True),
        Form("set_by", lambda g, i: T.set_subtensor(i.variable[
             g.index(i.shape[0], (3,)).variable], 0.5), range(1, 4), floats=True, full=True),
        Form("take_along_axis", lambda g, i: T.take_along_axis(i.variable, g.index(
             i.shape[0], (2, *i.shape[1:])).variable, axis=0), range(1, 3), full=True),
        Form("choose", lambda g, i: T.choose(g.index(2, i.shape, low=0).variable,
             [i.variable, like(g, i).variable]), range(1, 3), full=True),
        Form("take", lambda g, i: T.take(i.variable, g.index(i.shape[0], (3, 2)).variable, axis=0),
             range(1, 4), full=True),
        *ALGEBRA,
    )
    if hasattr(T, each.word) or each.word in BY_HAND
)  # fmt: skip


def form(g: Pool) -> None:
    """One of the functions above."""
    apply_form(g, g.draws.pick(FORMS))


def apply_form(g: Pool, row: Form) -> None:
    needs_exact = row.word in STEEP
    item = g.pick(lambda i: row.takes(i) and (i.exact or not needs_exact))
    if item is None or item.value.size > MOST_ELEMENTS // 3 or (g.special and needs_exact):
        return
    if item.value.dtype == bool and row.word in ("set_subtensor", "inc_subtensor", "fill_diagonal",
                                                 "fill_diagonal_offset", "diff"):  # fmt: skip
        return
    g.case.words[row.word] += 1
    try:
        variable = row.build(g, item)
    except (ArgumentTypeError, DTypeError):  # a dtype that the function does not take
        return
    if variable is not item.variable:
        g.add(variable, row.moves and g.is_exact(variable))


def special_form(g: Pool) -> None:
    """Guards and softmax: where rules and gradients have most to get wrong."""
    apply_form(
        g,
        g.draws.pick([row for row in FORMS if row.word in STRESSED]),
    )
