"""How x[key] is read, and how other elements are put in its place.

Takes a key that subscript.py has read; gives the elements (slices by a view, then index arrays by a
gather, then axes put in order) and, the same way back, x with values put or added there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gradc.dtypes import promote
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import DECLARATIONS, Op
from gradc.graph.variable import Constant, Variable
from gradc.ops.convert import as_variable, is_weak
from gradc.ops.declare import call, is_float, pad
from gradc.ops.index import Cut, Entry, gather, scatter
from gradc.ops.kinds import indexed_axes
from gradc.ops.lengths import broadcast_to, length, product_of, shape_tuple
from gradc.ops.masking import Masked
from gradc.value import frozen

__all__ = ["inc_subtensor", "set_subtensor"]


@frozen
class Group:
    """Axes of the array that become one, for an index array if there is one; no axes: a new one."""

    axes: tuple[int, ...]
    index: Variable | None = None


@frozen
class Reading:
    """x[key], taken apart.

    cut: an entry an axis of `base`, with `values` as its operands: a view.  groups: the axes of the
    view that index arrays stand for, and the others; none if there are no such arrays.  front: the
    axes of the index arrays in the gathered elements.  order: the result's axes of these.  mask:
    what is read, if a mask says it and nothing else.
    """

    base: Variable
    cut: tuple[Entry, ...]
    values: tuple[Variable, ...]
    groups: tuple[Group, ...]
    front: tuple[int, ...]
    order: tuple[int | str, ...]
    mask: Masked | None = None

    # -- reading -----------------------------------------------------------------------------------

    def read(self) -> Variable:
        """The elements; a variable of its own even where they are all of x."""
        view = self._view()
        found = view
        if self.groups:
            found = gather(self._grouped(view), *self._indices(), axes=self._axes())
        if self.order != tuple(range(found.ndim)):
            return call("dimshuffle", found, order=self.order)
        return call("subtensor", found, index=self.cut) if found is self.base else found

    def _view(self) -> Variable:
        if all(entry == Cut(None, None) for entry in self.cut):
            return self.base
        return call("subtensor", self.base, *self.values, index=self.cut)

    def _grouped(self, view: Variable) -> Variable:
        """The view with each group of axes made one."""
        if all(len(group.axes) == 1 for group in self.groups):
            return view
        return call("reshape", view, *(_count(view, group.axes) for group in self.groups))

    def _indices(self) -> list[Variable]:
        return [group.index for group in self.groups if group.index is not None]

    def _axes(self) -> tuple[int, ...]:
        return tuple(k for k, group in enumerate(self.groups) if group.index is not None)

    # -- writing -----------------------------------------------------------------------------------

    def write(self, elements: Variable, values: Variable, mode: str) -> Variable:
        """`base` with values put ("set") or added ("add") where `elements` were read."""
        chosen = None if self.mask is None else self.mask.write(pad(values, elements.ndim), mode)
        if chosen is not None:
            return chosen
        given = self._unordered(stretched(_WORDS[mode], values, elements))
        if not self.groups:
            return self._put(given, mode)
        view = self._view()
        array = self._grouped(view)
        indices, axes = self._indices(), self._axes()
        written = scatter(
            array, given, *indices, mode=mode, axes=axes, distinct=_are_distinct(indices)
        )
        if array is not view:
            written = call("reshape", written, *shape_tuple(view))
        return written if view is self.base else self._put(written, "set")

    def _put(self, values: Variable, mode: str) -> Variable:
        through = Op(DECLARATIONS["subtensor"], (("index", self.cut),))
        return call("scatter", self.base, values, *self.values, mode=mode, through=through)

    def _unordered(self, values: Variable) -> Variable:
        """Values with the axes of the gathered elements: without those of None."""
        places = {axis: k for k, axis in enumerate(self.order) if axis != "x"}
        back = tuple(places[axis] for axis in range(len(places)))
        if back == tuple(range(values.ndim)):
            return values
        return call("dimshuffle", values, order=back)


def _count(view: Variable, axes: Sequence[int]) -> Variable:
    return product_of([length(view, axis) for axis in axes])


def _are_distinct(indices: Sequence[Variable]) -> bool:
    """Whether it is known that no place stands twice: positions that were counted, constants."""
    if any(_counts_up(each) and each.ndim == 1 for each in indices):
        return all(each.ndim == 1 for each in indices)
    if not all(isinstance(each, Constant) for each in indices):
        return False
    arrays = np.broadcast_arrays(*(each.data for each in indices if isinstance(each, Constant)))
    if any(np.any(array < 0) for array in arrays):
        return False
    places = np.stack([array.reshape(-1) for array in arrays])
    return bool(np.unique(places, axis=1).shape == places.shape)


def _counts_up(index: Variable) -> bool:
    if index.owner is not None and index.owner.op.name == "lengths_fit":
        index = index.owner.inputs[0]
    return index.owner is not None and index.owner.op.name in ("iota", "nonzero_flat")


_WORDS = {"set": "set_subtensor", "add": "inc_subtensor"}  # what users call a mode


def stretched(name: str, values: Variable, like: Variable) -> Variable:
    """Values with the axes of `like`; axes of static length 1 have its lengths.

    Raises: ArgumentError if there are more axes; ShapeError if static lengths differ.
    """
    if values.ndim > like.ndim:
        what = f"{name}: {values.ndim} axes cannot stand in place of {like.ndim}."
        fix = "sum over the others, or drop them: values[0], T.squeeze(values)."
        raise ArgumentError(message(what, [where(values), where(like)], fix))
    padded = pad(values, like.ndim)
    pairs = list(enumerate(zip(padded.type.shape, like.type.shape, strict=True)))
    for axis, (n, wanted) in pairs:
        if None not in (n, wanted) and n not in (1, wanted):
            what = f"{name}: axis {axis} of the values has length {n}, the places {wanted}."
            fix = "pass values of the shape of what they replace."
            raise ShapeError(message(what, [where(values), where(like)], fix))
    if not any(n == 1 != wanted for _, (n, wanted) in pairs):
        return padded
    lengths = [length(like if n == 1 else padded, axis) for axis, (n, _) in pairs]
    return broadcast_to(padded, lengths)


# -- set_subtensor -----------------------------------------------------------------------------

_READINGS: WeakKeyDictionary[Variable, Reading] = WeakKeyDictionary()  # what x[key] gave


def remember(elements: Variable, reading: Reading) -> Variable:
    """The elements, so that `set_subtensor(elements, ...)` knows of what they were read."""
    _READINGS[elements] = reading
    return elements


def set_subtensor(
    x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False
) -> Variable:
    """The array that x was indexed from, with y in the place of x.

    x: an indexed variable, a[...] in any form, perhaps transposed or reshaped: T.set_subtensor(
    a[1:], y).  The array is what stands before the last brackets.  y: of x's shape, where axes of
    static length 1 stretch, and of a dtype that fits a's.  Where places repeat the last one stays.
    The result is a new value, a is not changed; memory is used again wherever nobody else needs
    the old value, whatever `inplace` says (Theano's word, as is tolerate_inplace_aliasing).
    Gradient: to y what arrives at its places; to a the rest.
    Raises: ArgumentTypeError if x is not indexed; DTypeError; ArgumentError for too many axes;
    ShapeError if static lengths differ (others are checked at the call).
    """
    return _written("set_subtensor", x, y, "set")


def inc_subtensor(
    x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False,
    set_instead_of_inc: bool = False,
) -> Variable:  # fmt: skip
    """The array that x was indexed from, with y added to x.

    Where places repeat all are added, in index order.  set_instead_of_inc: as set_subtensor, which
    see for the rest.
    """
    return _written("inc_subtensor", x, y, "set" if set_instead_of_inc else "add")


def _written(name: str, x: Any, y: Any, mode: str) -> Variable:
    x = as_variable(x)
    reading = _reading_of(x)
    values = _values(name, x, y)
    while reading is None:
        x, values = _before(name, x, values)
        reading = _reading_of(x)
    return reading.write(x, values, mode)


def _reading_of(x: Variable) -> Reading | None:
    """How x was read; of a copy of a graph, what its nodes say without doubt."""
    node = x.owner
    if x in _READINGS or node is None:
        return _READINGS.get(x)
    base, *rest = node.inputs
    if node.op.name == "subtensor":
        return Reading(base, node.op.keywords["index"], tuple(rest), (), (), tuple(range(x.ndim)))
    inner = base.owner
    if node.op.name != "gather" or (inner is not None and inner.op.kind in ("View", "Relabel")):
        return None
    indices = dict(zip(indexed_axes(node.op.keywords, len(rest)), rest, strict=True))
    groups = tuple(Group((k,), indices.get(k)) for k in range(base.ndim))
    cut = (Cut(None, None),) * base.ndim
    return Reading(base, cut, (), groups, tuple(range(rest[0].ndim)), tuple(range(x.ndim)))


def _values(name: str, x: Variable, y: Any) -> Variable:
    """The values in x's dtype."""
    values = as_variable(y, dtype=x.dtype) if _fits_weakly(y, x.dtype) else as_variable(y)
    if values.dtype == x.dtype:
        return values
    if promote(values.dtype, x.dtype) != x.dtype:
        what = f"{name}: {values.dtype} does not fit into {x.dtype}."
        fix = f'cast one of them, for example y.astype("{x.dtype}").'
        raise DTypeError(message(what, [where(x), where(values)], fix))
    return call("cast", values, dtype=x.dtype)


def _fits_weakly(y: Any, dtype: str) -> bool:
    """Whether a Python number takes the dtype: floats become no integers."""
    return is_weak(y) and (is_float(dtype) or not isinstance(y, float))


def _before(name: str, x: Variable, values: Variable) -> tuple[Variable, Variable]:
    """What a transposed or reshaped variable is made of, and the values as that has them."""
    node = x.owner
    if node is not None and node.op.name == "dimshuffle":
        inner, order = node.inputs[0], node.op.keywords["order"]
        values = stretched(name, values, x)
        back = [order.index(axis) if axis in order else "x" for axis in range(inner.ndim)]
        return inner, call("dimshuffle", values, order=tuple(back))
    if node is not None and node.op.name == "reshape":
        inner = node.inputs[0]
        return inner, call("reshape", stretched(name, values, x), *shape_tuple(inner))
    what = f"{name}: the first argument is not indexed."
    fix = f"pass the places to write to, for example T.{name}(x[1:], y)."
    raise ArgumentTypeError(message(what, [where(x)], fix))
