"""Elements by numbers: along an axis, one of several arrays, and numbers for places in all axes.

Takes arrays of whole numbers; gives gathers, or arithmetic on the numbers themselves.  Numbers that
must name a place are checked at the call, as all indices are: negative ones count from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.compare import clip, eq, switch
from gradc.ops.convert import as_variable
from gradc.ops.create import iota
from gradc.ops.declare import call, normal_axis, pad
from gradc.ops.elemwise import add, cast, int_div, mod, mul
from gradc.ops.index import gather, gather_along, scatter
from gradc.ops.lengths import broadcast_like, length, lengths_of, product_of, zeros_like
from gradc.ops.order import row_places
from gradc.ops.relabel import flatten

__all__ = [
    "choose",
    "inverse_permutation",
    "permute_row_elements",
    "ravel_multi_index",
    "take",
    "take_along_axis",
    "unravel_index",
]

_MODES = ("raise", "wrap", "clip")


# -- numbers that name places ------------------------------------------------------------------


def _numbers(name: str, value: Any) -> Variable:
    found = as_variable(value)
    if not dtype_info(found.dtype).is_integer:
        what = f"{name}: places are whole numbers, got {found.type}."
        raise ArgumentTypeError(message(what, [where(found)], "cast them to integers."))
    return found


def _within(name: str, index: Variable, n: Variable, mode: str) -> Variable:
    """The index as `mode` brings it into an axis of length n: "raise" leaves that to a check."""
    if mode not in _MODES:
        what = f"{name}: there is no mode {mode!r}."
        raise ArgumentError(message(what, fix=f"use one of {', '.join(_MODES)}."))
    if mode == "raise":
        return index
    index = cast(index, "int64")
    return mod(index, n) if mode == "wrap" else clip(index, 0, n - 1)


def _place(name: str, index: Variable, n: Variable, mode: str) -> Variable:
    """The place in an axis of length n that an index names, counted from the start."""
    index = _within(name, index, n, mode)
    return gather(iota(n), index) if mode == "raise" else index


# -- elements along an axis ----------------------------------------------------------------------


def take(x: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Variable:
    """The elements of x at places of an axis, or of all elements in C order (axis None).

    Shapes: the axes of `indices` take the place of the axis.  mode: "raise", an index out of bounds
    is an error at the call; "wrap", counts on from the other end; "clip", stands for the nearest.
    Gradient: added at these places, duplicates in index order.
    Raises: ArgumentError for an axis or a mode that is not there, ArgumentTypeError for floats.
    """
    x, index = as_variable(x), _numbers("take", indices)
    if axis is None:
        x, axis = flatten(x), 0
    place = normal_axis("take", axis, x.ndim)
    return gather_along(x, _within("take", index, length(x, place), mode), place)


def take_along_axis(x: Any, indices: Any, axis: Any = -1) -> Variable:
    """The elements of x at places of an axis, each position its own: x[i, indices[i, j]] and so on.

    Shapes: the ranks are equal; the other axes broadcast where their length is statically 1.  axis:
    None for all elements in C order.  Gradient: added at these places.
    Raises: ArgumentError if the ranks differ.
    """
    x, index = as_variable(x), _numbers("take_along_axis", indices)
    if axis is None:
        return gather(flatten(x), flatten(index))
    if x.ndim != index.ndim:
        what = f"take_along_axis: x has {x.ndim} axes, the indices {index.ndim}."
        raise ArgumentError(message(what, [where(x), where(index)], "make the ranks equal."))
    place = normal_axis("take_along_axis", axis, x.ndim)
    places = [_counted(length(x, k), k, x.ndim) for k in range(x.ndim)]
    places[place] = index
    return gather(x, *places)


def _counted(n: Variable, axis: int, ndim: int) -> Variable:
    """0, 1, ... n-1 along one axis of `ndim`."""
    return call("dimshuffle", iota(n), order=tuple(0 if k == axis else "x" for k in range(ndim)))


def choose(a: Any, choices: Any, mode: str = "raise") -> Variable:
    """At each position the element of that choice which the number a names: choices[a[i]][i].

    choices: a list of arrays that broadcast with a, or one array whose first axis is that list.
    mode: as take's.  Gradient: to the choice that was named.
    Raises: ArgumentError for no choices, ArgumentTypeError for floats.
    """
    a = _numbers("choose", a)
    if not isinstance(choices, (list, tuple)):
        return _chosen(a, as_variable(choices), mode)
    if not choices:
        raise ArgumentError(message("choose: there is nothing to choose from."))
    number = _place("choose", a, as_variable(len(choices)), mode)
    found = as_variable(choices[-1])
    for k in reversed(range(len(choices) - 1)):
        found = switch(eq(number, k), choices[k], found)
    return found if len(choices) > 1 else switch(eq(number, 0), found, found)


def _chosen(a: Variable, choices: Variable, mode: str) -> Variable:
    """Elements of a stack of choices."""
    if not choices.ndim:
        what = "choose: the choices are a list, or the first axis of an array; got a scalar."
        raise ArgumentError(message(what, [where(choices)]))
    rank = max(a.ndim, choices.ndim - 1)
    padded = call(
        "dimshuffle", choices,
        order=(0, *("x",) * (rank - choices.ndim + 1), *range(1, choices.ndim)),
    )  # fmt: skip
    number = _within("choose", a, length(choices, 0), mode)
    others = [_counted(length(padded, k + 1), k, rank) for k in range(rank)]
    return gather(padded, pad(number, rank), *others)


# -- places of all axes as one number ------------------------------------------------------------


def _axes_order(name: str, lengths: Sequence[Variable], order: str) -> list[int]:
    """The axes, the one that moves fastest last."""
    if order not in ("C", "F"):
        what = f"{name}: order is C or F, got {order!r}."
        raise ArgumentError(message(what, fix="leave it out for C."))
    axes = list(range(len(lengths)))
    return axes if order == "C" else axes[::-1]


def unravel_index(indices: Any, dims: Any, order: str = "C") -> tuple[Variable, ...]:
    """Numbers that count through all axes, as places in each axis: one array an axis; int64.

    dims: the lengths of the axes.  order: "C", the last axis moves fastest; "F", the first.
    Raises: ArgumentTypeError for floats; IndexBoundsError at the call for a number out of bounds.
    """
    index = _numbers("unravel_index", indices)
    lengths = lengths_of("unravel_index", dims)
    axes = _axes_order("unravel_index", lengths, order)
    rest = _place("unravel_index", index, product_of(lengths), "raise")
    found: dict[int, Variable] = {}
    for axis in reversed(axes[1:]):
        found[axis] = mod(rest, lengths[axis])
        rest = int_div(rest, lengths[axis])
    found.update({axes[0]: rest} if axes else {})
    return tuple(found[axis] for axis in range(len(lengths)))


def ravel_multi_index(
    multi_index: Sequence[Any], dims: Any, mode: Any = "raise", order: str = "C"
) -> Variable:
    """Places in each axis as one number that counts through all axes; int64.

    multi_index: one array of places an axis; they broadcast.  mode: as take's, or one an axis.
    order: as unravel_index's.
    Raises: ArgumentError unless there are as many arrays as lengths; IndexBoundsError at the call.
    """
    lengths = lengths_of("ravel_multi_index", dims)
    arrays = [_numbers("ravel_multi_index", each) for each in multi_index]
    if len(arrays) != len(lengths) or not arrays:
        what = f"ravel_multi_index: {len(arrays)} arrays of places for {len(lengths)} axes."
        raise ArgumentError(message(what, fix="pass one array an axis."))
    modes = (mode,) * len(lengths) if isinstance(mode, str) else tuple(mode)
    total: Variable | None = None
    for axis in _axes_order("ravel_multi_index", lengths, order):
        place = _place("ravel_multi_index", arrays[axis], lengths[axis], modes[axis])
        total = place if total is None else add(mul(total, lengths[axis]), place)
    assert total is not None
    return total


# -- permutations --------------------------------------------------------------------------------


def inverse_permutation(perm: Any) -> Variable:
    """The permutation that undoes each row of `perm`: perm[inverse[i]] is i. No gradient.

    perm: places 0 to n-1, each once, along the last axis.
    """
    perm = _numbers("inverse_permutation", perm)
    if not perm.ndim:
        what = "inverse_permutation: a permutation has an axis, got a scalar."
        raise ArgumentError(message(what, [where(perm)]))
    numbers = _counted(length(perm, perm.ndim - 1), perm.ndim - 1, perm.ndim)
    values = cast(broadcast_like(numbers, perm), perm.dtype)
    return scatter(zeros_like(perm), values, *row_places(perm), mode="set", distinct=True)


def permute_row_elements(x: Any, y: Any, inverse: bool = False) -> Variable:
    """The elements of each row of x in the order that the permutation y says: x[..., y].

    y: a vector for all rows, or a row of places for each.  inverse: in the order that undoes it.
    Gradient: in the opposite order.
    """
    x, places = as_variable(x), _numbers("permute_row_elements", y)
    if inverse:
        places = inverse_permutation(places)
    if places.ndim == 1 and x.ndim >= 1:
        return gather_along(x, places, x.ndim - 1)
    rank = max(x.ndim, places.ndim)
    return take_along_axis(pad(x, rank), pad(places, rank), -1)
