"""Reductions over any axes: sums, products, extremes, their places, any and all.

Accumulators are numpy's: integers and bool add up in int64 (unsigned ones in uint64), floats in
their own dtype by a fixed tree.  The fold's C of each is written with functions of
csrc/inline/gradc/fold.h where nan has to win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.compare import and_, eq, maximum, minimum, or_, switch
from gradc.ops.declare import insert_axes, is_inexact, reduction
from gradc.ops.elemwise import add, cast, mul
from gradc.ops.lengths import broadcast_like, ones_like, shape_tuple
from gradc.ops.prefix import fold
from gradc.ops.relabel import flatten, reshape
from gradc.ops.rules import wide
from gradc.ops.selective import selective

__all__ = ["all", "any", "argmax", "argmin", "max", "min", "prod", "sum"]

Array = npt.NDArray[Any]
Cts = Sequence[Variable | None]


def _own(dtype: str) -> tuple[str, str]:
    return dtype, dtype


def _place(dtype: str) -> tuple[str, str]:
    return dtype, "int64"


def _truth(dtype: str) -> tuple[str, str]:
    return "bool", "bool"


def _spread(ct: Variable, x: Variable, axes: tuple[int, ...]) -> Variable:
    """A cotangent of a reduction, at every element it was folded from."""
    return broadcast_like(insert_axes(ct, axes), x)


def _accumulated(function: Any) -> Any:
    """The fold of numpy in the accumulator's dtype."""

    def ref(
        x: Array, *, axes: tuple[int, ...], dtype: str | None = None, acc_dtype: str | None = None
    ) -> Array:
        kind = x.dtype if x.dtype.kind in "fc" else wide(x.dtype.name)[0]
        result = function(x, axis=axes, dtype=acc_dtype or dtype or kind)
        return np.asarray(result).astype(dtype or kind, copy=False)

    return ref


def _sum_pullback(
    cts: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...], **dtypes: str
) -> tuple[Variable]:
    assert cts[0] is not None
    ct = cast(cts[0], x.dtype) if is_inexact(x.dtype) else cts[0]
    return (_spread(ct, x, axes),)


def _sum_pushforward(
    tangents: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...], **dtypes: str
) -> tuple[Variable]:
    assert tangents[0] is not None
    return (call("sum", tangents[0], axes=axes, **dtypes),)


_sum = reduction(
    "sum",
    doc="The sum over axes; 0 for none. Integers add up in int64, floats in their own dtype.",
    init=("0",),
    step=("{a0} + {x}",),
    combine=("{a0} + {b0}",),
    of_complex=(("{a0} + {x}",), ("{a0} + {b0}",)),
    out=wide,
    ref=_accumulated(np.sum),
    pullback=_sum_pullback,
    pushforward=_sum_pushforward,
    typed=True,
)
sum = selective(_sum, add, 0)


def _others(x: Variable, axes: tuple[int, ...]) -> Variable:
    """At each element the product over axes of all but itself: what stands before, and behind.

    Nothing is divided, so it is right where elements are 0, and so are its own slopes.
    """
    if not axes:
        return ones_like(x)
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = (*kept, *axes)
    moved = x if len(axes) == 1 else call("dimshuffle", x, order=order)
    rows = moved if len(axes) == 1 else flatten(moved, len(kept) + 1)
    axis = axes[0] if len(axes) == 1 else len(kept)
    before, behind = (fold("cumprod", rows, axis, back, True) for back in (False, True))
    if len(axes) == 1:
        return before * behind
    found = reshape(before * behind, shape_tuple(moved))
    return call("dimshuffle", found, order=tuple(order.index(k) for k in range(x.ndim)))


def _prod_pullback(
    cts: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...], **dtypes: str
) -> tuple[Variable]:
    assert cts[0] is not None
    real = x if is_inexact(x.dtype) else cast(x, cts[0].dtype)
    ct = cast(cts[0], real.dtype)
    return (_spread(ct, x, axes) * _others(real, axes),)


def _product(name: str, doc: str, pullback: Any) -> Any:
    return reduction(
        name,
        doc=doc,
        init=("1",),
        step=("{a0} * {x}",),
        combine=("{a0} * {b0}",),
        of_complex=(("gc_mul_{s}({a0}, {x})",), ("gc_mul_{s}({a0}, {b0})",)),
        out=wide,
        ref=_accumulated(np.prod),
        pullback=pullback,
        typed=True,
    )


_any_prod = _product(
    "prod",
    "The product over axes; 1 for none. Integers multiply in int64, floats in their own dtype.\n"
    "The gradient is right where elements are 0, and so are higher ones.",
    _prod_pullback,
)


def _nonzero_prod_pullback(
    cts: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...], **dtypes: str
) -> tuple[Variable]:
    assert cts[0] is not None
    assert outs[0] is not None
    real = x if is_inexact(x.dtype) else cast(x, cts[0].dtype)
    ct = cast(cts[0], real.dtype) * cast(outs[0], real.dtype)
    return (_spread(ct, x, axes) / real,)


nonzero_prod = _product(
    "nonzero_prod",
    "The product over axes of elements of which none is 0: the gradient is out / x, in one sweep.",
    _nonzero_prod_pullback,
)


def _prod(
    x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
    no_zeros_in_input: bool = False,
) -> Variable:  # fmt: skip
    """The product over axes; 1 for none.  Integers multiply in int64, floats in their own dtype.

    axis: None for all axes, an int or a tuple; negative ones count from the last.
    keepdims: the axes stay, with length 1.
    dtype: of the result.  acc_dtype: of the accumulator.
    no_zeros_in_input: a promise that no element is 0.  Gradient: the product of the others, right
    where elements are 0, and so are higher ones; with the promise out / x, which is faster.
    Raises: ArgumentError for an axis that is not there or stands twice.
    """
    function = nonzero_prod if no_zeros_in_input else _any_prod
    result: Variable = function(x, axis, dtype, keepdims, acc_dtype)
    return result


_prod.__name__ = "prod"
prod = selective(_prod, mul, 1)


# -- extremes ----------------------------------------------------------------------------------


def _chosen(cts: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...]) -> Any:
    """Every position that holds the extreme gets the full gradient."""
    assert cts[0] is not None
    assert outs[0] is not None
    return (switch(eq(x, _spread(outs[0], x, axes)), _spread(cts[0], x, axes), 0.0),)


def _chosen_sum(tangents: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...]) -> Any:
    """As in reverse: what holds the extreme adds its tangent; masked, for others may be inf."""
    assert tangents[0] is not None
    assert outs[0] is not None
    return (call("sum", switch(eq(x, _spread(outs[0], x, axes)), tangents[0], 0.0), axes=axes),)


def _extreme(function: Any) -> Any:
    return lambda x, *, axes: function(x, axis=axes)


_max = reduction(
    "max",
    doc="The greatest element over axes; nan if there is one. Every position that holds it gets\n"
    "the full gradient.",
    init=("{lowest}",),
    step=("gc_max_{s}({a0}, {x})",),
    combine=("gc_max_{s}({a0}, {b0})",),
    out=_own,
    ref=_extreme(np.max),
    pullback=_chosen,
    pushforward=_chosen_sum,
    needs_elements=True,
)
max = selective(_max, maximum)

_min = reduction(
    "min",
    doc="The least element over axes; nan if there is one. Every position that holds it gets\n"
    "the full gradient.",
    init=("{highest}",),
    step=("gc_min_{s}({a0}, {x})",),
    combine=("gc_min_{s}({a0}, {b0})",),
    out=_own,
    ref=_extreme(np.min),
    pullback=_chosen,
    pushforward=_chosen_sum,
    needs_elements=True,
)
min = selective(_min, minimum)


def _places(function: Any) -> Any:
    def ref(x: Array, *, axes: tuple[int, ...]) -> Array:
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        shape = [x.shape[axis] for axis in kept]
        rows = np.transpose(x, (*kept, *axes)).reshape(
            [*shape, math.prod(x.shape[axis] for axis in axes)]
        )
        if 0 in shape:
            return np.empty(shape, "int64")
        return np.asarray(function(rows, axis=-1), "int64")

    return ref


def _no_slope(cts: Cts, outs: Cts, x: Variable, *, axes: tuple[int, ...]) -> tuple[None]:
    return (None,)


def _place_of(name: str, wins: str, start: str, function: Any, doc: str) -> Any:
    step = f"{wins}({{x}}, {{i}}, {{a0}}, {{a1}})"
    join = f"{wins}({{b0}}, {{b1}}, {{a0}}, {{a1}})"
    return reduction(
        name,
        doc=doc,
        init=(start, "INT64_MAX"),
        step=(f"{step} ? {{x}} : {{a0}}", f"{step} ? {{i}} : {{a1}}"),
        combine=(f"{join} ? {{b0}} : {{a0}}", f"{join} ? {{b1}} : {{a1}}"),
        states=("acc", "int64"),
        result="{a1}",
        out=_place,
        ref=_places(function),
        pullback=_no_slope,
        needs_elements=True,
    )


argmax = _place_of(
    "argmax", "gc_wins_max_{s}", "{lowest}", np.argmax,
    "The place of the greatest element, the first of several; over several axes its position\n"
    "in C order. The first nan wins.",
)  # fmt: skip
argmin = _place_of(
    "argmin", "gc_wins_min_{s}", "{highest}", np.argmin,
    "The place of the least element, the first of several; over several axes its position in\n"
    "C order. The first nan wins.",
)  # fmt: skip


# -- truth -------------------------------------------------------------------------------------

_any = reduction(
    "any",
    doc="Whether any element is not 0.",
    init=("0",),
    step=("({T})({a0} | {x})",),
    combine=("({T})({a0} | {b0})",),
    of_complex=(("({T})({a0} | {x})",), ("({T})({a0} | {b0})",)),
    out=_truth,
    ref=lambda x, *, axes: np.any(x, axis=axes),
    pullback=_no_slope,
)
any = selective(_any, or_, False)

_all = reduction(
    "all",
    doc="Whether all elements are not 0.",
    init=("1",),
    step=("({T})({a0} & {x})",),
    combine=("({T})({a0} & {b0})",),
    of_complex=(("({T})({a0} & {x})",), ("({T})({a0} & {b0})",)),
    out=_truth,
    ref=lambda x, *, axes: np.all(x, axis=axes),
    pullback=_no_slope,
)
all = selective(_all, and_, True)
