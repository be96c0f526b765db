"""The operations of random graphs: each step adds at most one item to a pool.

What jumps (comparisons, rounding, argmax) is applied only where the operand has the same bits
however it is computed: to leaves, and to views of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import gradc.tensor as T
from gradc.graph.variable import Variable
from tests.fuzz.pool import FLOATS, MOST_ELEMENTS, Item, Pool

__all__ = ["derivative", "grow"]

SMOOTH: tuple[Callable[[Variable], Variable], ...] = (
    T.neg, T.sin, T.cos, T.tanh, T.sigmoid, T.softplus, T.arctan, T.square, T.expm1,
    lambda x: T.exp(-T.softplus(x)),
    lambda x: T.log(T.abs(x) + 0.5),
    lambda x: T.log1p(x * x),
    lambda x: T.sqrt(1 + x * x),
    lambda x: T.log(1 + T.exp(x)),
    lambda x: -T.log(1 - T.sigmoid(x)),
    lambda x: T.cosh(T.sin(x)),
    lambda x: (T.abs(x) + 0.1) ** 1.5,
    lambda x: 1 / (2 + T.cos(x)),
    lambda x: T.clip(x, -0.75, 0.5),
    lambda x: T.relu(x) - 0.1 * T.minimum(x, 0),
)  # fmt: skip
JUMPING = (T.floor, T.ceil, T.sign, T.trunc)
BINARY: tuple[Callable[[Variable, Variable], Variable], ...] = (
    T.add, T.sub, T.mul, T.maximum, T.minimum, T.add, T.mul,
    lambda x, y: x / (1 + T.abs(y)),
    lambda x, y: 0.5 * x - y * T.sigmoid(x),
    lambda x, y: T.log(T.exp(x - T.maximum(x, y)) + T.exp(y - T.maximum(x, y))),
)  # fmt: skip
COMPARE = (T.lt, T.le, T.gt, T.ge, T.eq, T.neq)
WHOLE = (T.add, T.sub, T.mul, T.maximum, T.minimum)
REDUCE: tuple[Callable[..., Variable], ...] = (
    T.sum, T.mean, T.sum, T.max, T.min, T.var, T.logsumexp,
    lambda x, axis, keepdims: T.log(T.exp(x).sum(axis=axis, keepdims=keepdims)),
)  # fmt: skip
SOFTMAX: tuple[Callable[..., Variable], ...] = (
    T.softmax, T.logsoftmax,
    lambda x, axis: T.log(T.exp(x) / T.exp(x).sum(axis=axis, keepdims=True)),
)  # fmt: skip


def smooth(g: Pool) -> None:
    if item := g.pick(lambda i: i.is_float):
        g.add(SMOOTH[g.rng.integers(len(SMOOTH))](item.variable), [item])


def jumping(g: Pool) -> None:
    if item := g.pick(lambda i: i.is_float and i.exact):
        g.add(JUMPING[g.rng.integers(len(JUMPING))](item.variable), [item], exact=True)


def fitting(g: Pool, x: Item) -> Callable[[Item], bool]:
    """Whether an item's lengths go with those of x: equal, or statically 1."""

    def fits(y: Item) -> bool:
        a, b = x.variable.type.shape[::-1], y.variable.type.shape[::-1]
        real = zip(x.value.shape[::-1], y.value.shape[::-1], a, b, strict=False)
        return all(n == m or k == 1 or j == 1 for n, m, k, j in real)

    return fits


def binary(g: Pool) -> None:
    if not (x := g.pick(lambda i: i.is_float)):
        return
    fits = fitting(g, x)
    if y := g.pick(lambda i: i.value.dtype.kind != "b" and fits(i)):
        g.add(BINARY[g.rng.integers(len(BINARY))](x.variable, y.variable), [x, y])


def whole(g: Pool) -> None:
    if not (x := g.pick(lambda i: i.value.dtype.kind in "iu")):
        return
    fits = fitting(g, x)
    if y := g.pick(lambda i: i.value.dtype.kind in "iub" and fits(i)):
        g.add(WHOLE[g.rng.integers(len(WHOLE))](x.variable, y.variable), [x, y], exact=True)


def compare(g: Pool) -> None:
    if not (x := g.pick(lambda i: i.exact)):
        return
    fits = fitting(g, x)
    if y := g.pick(lambda i: i.exact and fits(i)):
        g.add(COMPARE[g.rng.integers(len(COMPARE))](x.variable, y.variable), [x, y], exact=True)


def choose(g: Pool) -> None:
    if not (c := g.pick(lambda i: i.value.dtype.kind == "b")):
        return
    fits = fitting(g, c)
    if x := g.pick(lambda i: i.is_float and fits(i)):
        g.add(T.switch(c.variable, x.variable, 0.25), [c, x])


def axes_of(g: Pool, item: Item, *, full: bool = False) -> tuple[int, ...]:
    """Some axes; with `full` none of length 0."""
    found = [k for k, n in enumerate(item.value.shape) if (n or not full) and g.rng.random() < 0.5]
    return tuple(found)


def reduce(g: Pool) -> None:
    if not (item := g.pick(lambda i: i.is_float and i.value.ndim > 0)):
        return
    function = REDUCE[g.rng.integers(len(REDUCE))]
    axes = axes_of(g, item, full=function is not T.sum)
    if axes:
        keep = bool(g.rng.integers(2))
        g.add(function(item.variable, axis=axes, keepdims=keep), [item])


def position(g: Pool) -> None:
    if item := g.pick(lambda i: i.exact and i.value.ndim > 0 and i.value.size > 0):
        function = (T.argmax, T.argmin)[g.rng.integers(2)]
        axis = int(g.rng.integers(item.value.ndim))
        g.add(function(item.variable, axis=axis), [item], exact=True)


def truth(g: Pool) -> None:
    if item := g.pick(lambda i: i.value.dtype.kind == "b" and i.value.ndim > 0):
        axes = axes_of(g, item)
        if axes:
            g.add((T.any, T.all)[g.rng.integers(2)](item.variable, axis=axes), [item], exact=True)


def view(g: Pool) -> None:
    if not (item := g.pick(lambda i: i.value.ndim > 0)):
        return
    x, shape = item.variable, item.value.shape
    choice = g.rng.integers(6)
    if choice == 0:
        x = x.transpose(*(int(k) for k in g.rng.permutation(x.ndim)))
    elif choice == 1:
        x = x.flatten()
    elif choice == 2 and item.value.size:
        x = x.reshape((shape[0], -1))
    elif choice == 3:
        low, high, step = (
            int(g.rng.integers(3)),
            int(g.rng.integers(-2, 9)),
            g.rng.choice((1, 2, 3)),
        )
        x = x[..., low : high or None : int(step)]
    elif choice == 4:
        x = x.dimshuffle("x", *range(x.ndim))
    elif choice == 5 and shape[0]:
        x = x[int(g.rng.integers(-shape[0], shape[0]))]
    if x.ndim <= 5:
        g.add(x, [item], exact=item.exact)


def gather(g: Pool) -> None:
    """x[arange(n), y]: one element, or row, of each row."""
    if item := g.pick(lambda i: i.value.ndim >= 2 and i.value.shape[1] > 0):
        rows = T.arange(item.variable.shape[0])
        columns = g.rng.integers(-item.value.shape[1], item.value.shape[1], item.value.shape[0])
        g.add(item.variable[rows, columns], [item], exact=item.exact)


def softmax(g: Pool) -> None:
    if item := g.pick(lambda i: i.is_float and i.value.ndim > 0 and i.value.size > 0):
        function = SOFTMAX[g.rng.integers(len(SOFTMAX))]
        g.add(function(item.variable, axis=int(g.rng.integers(item.value.ndim))), [item])


def product(g: Pool) -> None:
    """A matrix product of x with itself, or with a fitting matrix or vector."""
    if not (x := g.pick(lambda i: i.is_float and i.value.ndim in (1, 2, 3))):
        return
    n = x.value.shape[-1]
    y = g.pick(lambda i: i.is_float and i.value.ndim in (1, 2) and i.value.shape[0] == n)
    if y is None or g.rng.random() < 0.3:
        if x.value.ndim == 2 and x.value.shape[0] <= 100:
            g.add(T.dot(x.variable, x.variable.T) * 0.1, [x])
        return
    result = x.value.shape[:-1] + y.value.shape[1:]
    if np.prod(result) <= MOST_ELEMENTS:
        g.add((x.variable @ y.variable) * 0.1, [x, y])


def outer(g: Pool) -> None:
    x = g.pick(lambda i: i.is_float and i.value.ndim == 1)
    y = g.pick(lambda i: i.is_float and i.value.ndim == 1)
    if x and y and x.value.size * y.value.size <= MOST_ELEMENTS:
        g.add(T.outer(x.variable, y.variable), [x, y])


def convert(g: Pool) -> None:
    if item := g.pick():
        dtype = "float32" if item.value.dtype.kind == "f" else str(g.rng.choice(FLOATS))
        g.add(T.cast(item.variable, dtype), [item], exact=item.exact)


def derivative(g: Pool) -> None:
    """The gradient of a sum with respect to a leaf."""
    leaf = g.pick(lambda i: i.is_float and i.variable.owner is None)
    item = g.pick(lambda i: i.is_float and i.variable.owner is not None)
    if leaf and item:
        cost = T.sum(item.variable * 0.5)
        gradient = T.grad(
            cost, leaf.variable, disconnected_inputs="ignore", stabilize=bool(g.rng.integers(2))
        )
        g.add(gradient, g.leaves)


STEPS: tuple[Callable[[Pool], None], ...] = (
    smooth, smooth, smooth, jumping, binary, binary, binary, whole, compare, choose, reduce, reduce,
    reduce, position, truth, view, view, gather, softmax, product, outer, convert, derivative,
)  # fmt: skip


def grow(g: Pool, count: int) -> None:
    """Apply `count` random operations."""
    for _ in range(count):
        STEPS[g.rng.integers(len(STEPS))](g)
