"""Folds along an axis of which every stage is kept: running sums and products, recurrences.

Their derivatives are again such folds, from the other end, without a division: right where
elements are 0, in every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, is_inexact, normal_axis
from gradc.ops.elemwise import cast
from gradc.ops.kinds import Prefix
from gradc.ops.relabel import ravel
from gradc.ops.rules import wide

__all__ = ["cumprod", "cumsum"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


def _running(name: str, step: str, start: str) -> RoutineFn:
    """The C of a fold whose `step` takes the state a and the element x."""
    macros = (("GC_STEP_OF(a, x)", f"({step})"), ("GC_START", start))
    return RoutineFn(name, "prefix.h", macros=macros, of_complex=True)


def _ref(function: Any, start: float) -> Any:
    """Numpy's function, from either end, of the stages before each element."""

    def ref(x: Array, *, axis: int, reverse: bool, exclusive: bool) -> Array:
        x = np.moveaxis(x, axis, 0)[:: -1 if reverse else 1]
        if exclusive:
            x = np.concatenate([np.full_like(x[:1], start), x[:-1]])
        stages = function(x, axis=0, dtype=x.dtype)
        return np.ascontiguousarray(np.moveaxis(stages[:: -1 if reverse else 1], 0, axis))

    return ref


def fold(name: str, x: Variable, axis: int, reverse: bool = False, exclusive: bool = False
         ) -> Variable:  # fmt: skip
    """One of the folds below, by its word."""
    return call(name, x, axis=axis, reverse=reverse, exclusive=exclusive)


def _user(name: str, x: Any, axis: Any, dtype: Any) -> Variable:
    """The operand as users give it: flattened for axis None, in an accumulator's dtype."""
    x = as_variable(x)
    x = cast(x, wide(x.dtype)[0] if dtype is None else check_dtype(dtype))
    if axis is None:
        x, axis = ravel(x), 0
    return fold(name, x, normal_axis(name, axis, x.ndim))


_USES = (
    Sample(lambda f, x: f(x, 1), ((2, 5),)),
    Sample(lambda f, x: f(x), ((2, 3),)),
    Sample(lambda f, x: fold(f.__name__, x, 0, True, False), ((4, 3),)),
    Sample(lambda f, x: fold(f.__name__, x, 1, False, True), ((2, 3, 2),)),
    Sample(lambda f, x: fold(f.__name__, x, 2, True, True), ((2, 1, 4),)),
)


def _linear(name: str) -> Any:
    """The forward mode of a linear fold: itself."""
    return lambda tangents, outs, x, **params: (call(name, tangents[0], **params),)


# -- sums ----------------------------------------------------------------------------------------


def _cumsum_pullback(
    cts: Cts, outs: Cts, x: Variable, *, axis: int, reverse: bool, exclusive: bool
) -> tuple[Variable]:
    ct = cast(cts[0], x.dtype) if is_inexact(x.dtype) else cts[0]
    return (fold("cumsum", ct, axis, not reverse, exclusive),)


@declared(
    Prefix,
    c=_running("cumsum", "a + x", "0"),
    ref=_ref(np.cumsum, 0),
    pullback=_cumsum_pullback,
    pushforward=_linear("cumsum"),
    samples=_USES,
)
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Variable:
    """The running sum along an axis; over all elements in C order for axis None.

    dtype: of the sums; x's for floats, 64 bits for integers.  Gradient: the running sum from the
    end.  Raises: ArgumentError for an axis that is not there.
    """
    return _user("cumsum", x, axis, dtype)


def _shift_ref(x: Array, *, axis: int, reverse: bool, exclusive: bool) -> Array:
    if not exclusive:
        return x
    x = np.moveaxis(x, axis, 0)
    edge = np.zeros_like(x[:1])
    moved = np.concatenate([x[1:], edge] if reverse else [edge, x[:-1]])[: len(x)]
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))


@declared(
    Prefix,
    c=_running("shift", "x", "0"),
    ref=_shift_ref,
    pullback=lambda cts, outs, x, *, axis, reverse, exclusive: (
        fold("shift", cts[0], axis, not reverse, exclusive),
    ),
    pushforward=_linear("shift"),
    samples=(
        Sample(lambda f, x: f(x, 0), ((3, 2),)),
        Sample(lambda f, x: f(x, 1, True), ((2, 3),)),
    ),
)
def shift(x: Variable, axis: int, reverse: bool = False) -> Variable:
    """Each element's predecessor along an axis (reverse: its successor); 0 where there is none."""
    return fold("shift", x, axis, reverse, True)


# -- recurrences and products ----------------------------------------------------------------------


def _recur_ref(a: Array, b: Array, *, axis: int, reverse: bool, own: bool) -> Array:
    a, b = (np.moveaxis(each, axis, 0)[:: -1 if reverse else 1] for each in (a, b))
    out = np.array(b)
    for i in range(1, len(out)):
        out[i] = b[i] + a[i if own else i - 1] * out[i - 1]
    return np.ascontiguousarray(np.moveaxis(out[:: -1 if reverse else 1], 0, axis))


def _recur_pullback(
    cts: Cts, outs: Cts, a: Variable, b: Variable, *, axis: int, reverse: bool, own: bool
) -> tuple[Variable, Variable]:
    """From the other end: g[i] = ct[i] + a g[i + 1], which is the slope in b."""
    g = recur(a, cts[0], axis, not reverse, not own)
    if own:
        return g * shift(outs[0], axis, reverse), g
    return shift(g, axis, not reverse) * outs[0], g


def _recur_pushforward(
    tangents: Sequence[Variable | None], outs: Cts, a: Variable, b: Variable, *, axis: int,
    reverse: bool, own: bool,
) -> tuple[Variable]:  # fmt: skip
    """The same recurrence of what the tangents add to each step."""
    ta, tb = tangents
    added = None
    if ta is not None:
        added = ta * shift(outs[0], axis, reverse) if own else shift(ta * outs[0], axis, reverse)
    if tb is not None:
        added = tb if added is None else added + tb
    assert added is not None
    return (recur(a, added, axis, reverse, own),)


@declared(
    Prefix,
    c=RoutineFn("recur", "recur.h", of_complex=True),
    numbers=("reverse", "own"),
    signature="(n,c),(n,c)->(n,c)",
    ref=_recur_ref,
    pullback=_recur_pullback,
    pushforward=_recur_pushforward,
    samples=(
        Sample(lambda f, a, b: f(a, b, 0), ((4,), (4,))),
        Sample(lambda f, a, b: f(a, b, 1, True, False), ((2, 3), (2, 3))),
        Sample(lambda f, a, b: f(a, b, 0, False, False), ((3, 2), (3, 2))),
    ),
)
def recur(a: Variable, b: Variable, axis: int, reverse: bool = False, own: bool = True) -> Variable:
    """The linear recurrence h[i] = b[i] + a[i] h[i - 1] along an axis, from h[0] = b[0].

    own False: a[i - 1] h[i - 1] instead.  reverse: i + 1 in the place of i - 1.
    Gradient: a recurrence from the other end.
    """
    return call("recur", a, b, axis=axis, reverse=reverse, own=own)


def _cumprod_pullback(
    cts: Cts, outs: Cts, x: Variable, *, axis: int, reverse: bool, exclusive: bool
) -> tuple[Variable]:
    """What stands before x[i], times the sum over what stands behind of ct and the factors between.

    Of exclusive stages the sum begins one place further on.
    """
    real = x if is_inexact(x.dtype) else cast(x, cts[0].dtype)
    ct = cast(cts[0], real.dtype)
    before = fold("cumprod", real, axis, reverse, True)
    if exclusive:
        ct = shift(ct, axis, not reverse)
    return (before * recur(real, ct, axis, not reverse, False),)


def _cumprod_pushforward(
    tangents: Cts, outs: Cts, x: Variable, *, axis: int, reverse: bool, exclusive: bool
) -> tuple[Variable]:
    """Every stage is the one before times a factor, whose tangents add up by a recurrence."""
    real = x if is_inexact(x.dtype) else cast(x, tangents[0].dtype)
    t = cast(tangents[0], real.dtype)
    before = fold("cumprod", real, axis, reverse, True)
    added = before * t
    if not exclusive:
        return (recur(real, added, axis, reverse, True),)
    return (recur(real, shift(added, axis, reverse), axis, reverse, False),)


@declared(
    Prefix,
    c=_running("cumprod", "GC_TIMES(a, x)", "1"),
    ref=_ref(np.cumprod, 1),
    pullback=_cumprod_pullback,
    pushforward=_cumprod_pushforward,
    samples=_USES,
)
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Variable:
    """The running product along an axis; over all elements in C order for axis None.

    dtype: of the products; x's for floats, 64 bits for integers.  The gradient is right where
    elements are 0.  Raises: ArgumentError for an axis that is not there.
    """
    return _user("cumprod", x, axis, dtype)
