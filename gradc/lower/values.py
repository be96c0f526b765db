"""Which values get a place in memory, and how one value is read through another's.

Takes a graph with its Shapes; gives Values: for each variable the value it is read from and by
which index map.  Views are index maps; a relabelled array is its source under other lengths; a
view that somebody needs contiguous is materialised and then a value of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gradc.affine import Affine, IndexMap, identity
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.loops import Access
from gradc.lower.shapes import Shapes
from gradc.ops.kinds import Elemwise, View
from gradc.sizes import Length, Size, floor_div, size
from gradc.value import value

__all__ = ["Ring", "Values", "strides_of"]

_FREE_SCALAR = 40  # scalar arithmetic cheaper than this is repeated in every loop that needs it
_MEMORY = frozenset(
    (
        "Call", "Check", "Contract", "Convolve", "Gemm", "Join", "Pool", "Prefix", "Reduce",
        "Relabel", "Routine", "Scan", "Scatter",
    )
)  # fmt: skip  # kinds whose results stand in memory whatever fusion decides
_FREE_ARRAY = 6  # arithmetic an element of one array cheaper than this: cheaper than memory


@value
class Ring:
    """Where the last rows of a state lie: `rows` in turn from row 0 on, or from row `first` on."""

    rows: int
    first: Size | None

    def place(self, row: Size) -> Size:
        """Where a row of the whole trace lies."""
        if self.first is not None:
            return row - self.first
        return row - floor_div(row, self.rows) * self.rows


@dataclass
class Values:
    """The places of values.

    copied: views that are materialised; only `copy` adds to it.  pinned: values that go to memory
    though they are cheap.  becomes: arrays that a scatter alone reads, and which therefore turn
    into what it gives where they are.  parts: of each join the values that fill it.  inside: values
    that stand in the memory of another, and where: the parts of a join.  loose: arguments that come
    with strides of their own, and the axes one of which has stride 1; all else is C-contiguous.
    rings: states of loops of which only the last rows are read: how many are kept, and whether row
    r lies at r modulo that number, or else the last rows one after the other.  numbers: leaves of a
    loop's step that stand nowhere in memory, being known as sizes.
    """

    graph: Graph
    shapes: Shapes
    copied: set[Variable] = field(default_factory=set)
    pinned: set[Variable] = field(default_factory=set)
    becomes: dict[Variable, Variable] = field(default_factory=dict)
    parts: dict[Variable, tuple[Variable, ...]] = field(default_factory=dict)
    inside: dict[Variable, tuple[Variable, IndexMap]] = field(default_factory=dict)
    loose: dict[Variable, tuple[int, ...]] = field(default_factory=dict)
    rings: dict[Variable, Ring] = field(default_factory=dict)
    numbers: set[Variable] = field(default_factory=set)
    _free: dict[Variable, int] = field(default_factory=dict)
    _source: dict[Variable, tuple[Variable, IndexMap]] = field(default_factory=dict)

    def copy(self, views: Iterable[Variable]) -> None:
        """Materialise views."""
        self.copied.update(views)
        self._source.clear()

    def source(self, variable: Variable) -> tuple[Variable, IndexMap]:
        """The value that `variable` is read from, and where: through all views above it."""
        found = self._source.get(variable)
        if found is None:
            found = self._source[variable] = self._find_source(variable)
        return found

    def _find_source(self, variable: Variable) -> tuple[Variable, IndexMap]:
        index = identity(variable.ndim)
        while variable not in self.copied:
            node = variable.owner
            if node is None or not isinstance(node.op.rule, View):
                break
            index = node.op.rule.index_map(index, self.shapes.operands(node), node.op.keywords)
            variable = node.inputs[0]
        return variable, index

    def strides(self, variable: Variable) -> tuple[Size, ...]:
        """The strides, in elements, of a value that stands in memory; 0 along a length of 1."""
        lengths = self.shapes.lengths(variable)
        if variable not in self.loose:
            return strides_of(lengths)
        k = self.shapes.arguments.index(variable)
        return tuple(
            size(0) if n.constant == 1 else size(Length("stride", k, axis))
            for axis, n in enumerate(lengths)
        )

    def root(self, variable: Variable) -> Variable:
        """The value whose memory this one shares: through relabelling (reshape)."""
        while variable.owner is not None and variable.owner.op.kind == "Relabel":
            variable = variable.owner.inputs[0]
        return variable

    def memory(self, variable: Variable) -> Variable:
        """The value that stands for all that lie in the same memory one after the other."""
        root = self.root(variable)
        while root in self.becomes or root in self.inside:
            root = self.becomes[root] if root in self.becomes else self.inside[root][0]
        return root

    def is_scalar_constant(self, variable: Variable) -> bool:
        """Whether the value is a single number, printed into the C text."""
        return isinstance(variable, Constant) and variable.data.size == 1

    def is_free(self, variable: Variable) -> bool:
        """Whether every loop that needs the value computes it anew rather than reads it."""
        return self._cost(variable) is not None

    def looked_through(self, variable: Variable) -> tuple[Variable, ...]:
        """What a free value is computed from in the loop that needs it; lengths need nothing."""
        if variable.owner is None or variable in self.shapes.value or not self.is_free(variable):
            return ()
        return variable.owner.inputs

    def _cost(self, variable: Variable) -> int | None:
        """What computing a free value costs; None if it is not free."""
        if variable not in self._free:
            self._free[variable] = self._compute_cost(variable)
        found = self._free[variable]
        return None if found < 0 else found

    def _compute_cost(self, variable: Variable) -> int:
        node = variable.owner
        if node is None:
            is_number = self.is_scalar_constant(variable) or variable in self.numbers
            return 0 if is_number else -1
        if variable in self.pinned or variable in self.copied:
            return -1
        if node.op.kind in ("Iota", "LengthOf") or variable in self.shapes.value:
            return 1
        if not isinstance(node.op.rule, Elemwise):
            return -1
        return self._elementwise_cost(node)

    def _elementwise_cost(self, node: Apply) -> int:
        """What repeating the arithmetic costs; -1 if reading a stored result is better.

        An array is repeated only where that reads one array, which is in memory anyway; besides it
        what has fewer axes that are long, as the rows' greatest elements have: it stays in cache.
        Arithmetic of single numbers stands ahead of the loop.
        """
        out = node.outputs[0]
        rank = _long_axes(out)
        arrays: set[Variable] = set()
        total, ahead, stack = 0, 0, [out]
        while stack:
            each = stack.pop()
            if each.owner is None or self._is_memory(each):
                if each.ndim and not self.is_scalar_constant(each) and _long_axes(each) >= rank:
                    arrays.add(each)
                continue
            rule = each.owner.op.rule
            if each is not out and not self.is_free(each):
                if 0 < _long_axes(each) < rank:
                    continue
                return -1
            cost = rule.c.cost if isinstance(rule, Elemwise) else 1
            total, ahead = (total + cost, ahead) if _long_axes(each) else (total, ahead + cost)
            stack.extend(self.source(below)[0] for below in self._operands(each))
        is_cheap = total <= _FREE_ARRAY and ahead <= _FREE_SCALAR
        return total + ahead if is_cheap and len(arrays) <= 1 else -1

    def _operands(self, variable: Variable) -> tuple[Variable, ...]:
        assert variable.owner is not None
        return () if variable in self.shapes.value else variable.owner.inputs

    def _is_memory(self, variable: Variable) -> bool:
        """Whether the value stands in memory whatever fusion decides."""
        node = variable.owner
        if node is None or variable in self.copied or variable in self.pinned:
            return True
        return node.op.kind in _MEMORY

    def whole(self, variable: Variable, index: IndexMap) -> tuple[Variable, IndexMap]:
        """The value in whose memory this one stands, and where `index` of it is there."""
        while variable in self.inside:
            variable, places = self.inside[variable]
            index = tuple(place.compose(index) for place in places)
        return variable, index

    def start(self, variable: Variable, axis: int, place: Affine) -> Size:
        """Where a place begins along an axis of a value's memory: that of a ring has few rows."""
        ring = None if axis else self.rings.get(variable)
        return place.offset if ring is None else ring.place(place.offset)

    def access(self, buffer: int, variable: Variable, index: IndexMap, axes: int) -> Access:
        """The element of a value's memory at `index`, for a nest of `axes` loops.

        The memory is C-contiguous, the value's own or that of the value it stands in.
        """
        variable, index = self.whole(variable, index)
        offset = size(0)
        strides = [size(0)] * axes
        strides_there = strides_of(self.shapes.lengths(variable))
        for axis, (place, stride) in enumerate(zip(index, strides_there, strict=True)):
            offset = offset + self.start(variable, axis, place) * stride
            for moving, factor in place.factors:
                strides[moving] = strides[moving] + factor * stride
        return Access(buffer, self.shapes.resolve(offset), tuple(map(self.shapes.resolve, strides)))


def _long_axes(variable: Variable) -> int:
    """How many axes are not of length 1 by their type."""
    return sum(n != 1 for n in variable.type.shape)


def strides_of(lengths: tuple[Size, ...]) -> tuple[Size, ...]:
    """Strides in elements of a C-contiguous array; 0 along an axis of length 1."""
    strides: list[Size] = []
    step = size(1)
    for n in reversed(lengths):
        strides.append(size(0) if n.constant == 1 else step)
        step = step * n
    return tuple(reversed(strides))


def plain_axis(place: Affine) -> int | None:
    """The axis, if the place is just that axis."""
    if place.offset.constant == 0 and len(place.factors) == 1:
        axis, factor = place.factors[0]
        if factor.constant == 1:
            return axis
    return None
