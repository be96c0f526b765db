"""Write the nest of a scatter: values put, or added, at places of an array.

Takes a Scatter node; gives a Draft whose loops run over the values, in index order and in one
chunk, so that duplicates accumulate in a fixed order (in several where a view shows no place
twice).  The array itself is copied from the base by
a nest before, unless it is changed where it is.  A scatter that writes a shared variable runs
behind the commit, where nothing may fail: its places are tested by a nest of their own ahead of it;
so are those that the nest of a gather or scatter may leave untested (`places`).
"""

from __future__ import annotations

from typing import Any

from gradc.affine import identity
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.loops import Access, Number, Store
from gradc.kernel.scalar import ScalarFn
from gradc.lower.drafts import HEAD, PASS, Draft, Local, Memory
from gradc.lower.nests import Writer
from gradc.lower.places import index_arrays, place_space
from gradc.lower.tasks import Item, Task, nest_of
from gradc.lower.values import Values, strides_of
from gradc.ops.kinds import View, indexed_axes
from gradc.sizes import Size

__all__ = ["draft_places", "draft_scatter", "writes_apart"]

_WRAP = ScalarFn({"any": "{x} < 0 ? {x} + {y} : {x}"})


class _ScatterWriter(Writer):
    def __init__(
        self, node: Apply, task: Task, values: Values, memory: Memory, tested: bool
    ) -> None:
        super().__init__(task, values, memory)
        self.node, self.tested = node, tested

    def write(self) -> Draft:
        item = self.task.items[0]
        space = self.rows.space_index(item)
        local = self.read(item.reads[0], space, 0)
        through = self.node.op.keywords.get("through")
        access, terms = self._through(through) if through else self._by_arrays(item)
        out = self.node.outputs[0]
        mode = self.node.op.keywords["mode"]
        block = self._block(PASS if self.draft.axes else 0, 0, 0)
        block.append(Store(access, out.dtype, local.number, mode, terms))
        return self.draft

    def _through(self, through: object) -> tuple[Access, tuple[tuple[int, Size], ...]]:
        out, item = self.node.outputs[0], self.task.items[0]
        rule = through.rule  # type: ignore[attr-defined]
        assert isinstance(rule, View)
        operands = self.values.shapes.operands(self.node)
        inner = [operands[0], *operands[2:]]
        index = rule.index_map(self.rows.space_index(item), inner, through.keywords)  # type: ignore[attr-defined]
        number = self.memory.buffer(out)
        return self.values.access(number, out, index, len(self.draft.axes)), ()

    def _by_arrays(self, item: Item) -> tuple[Access, tuple[tuple[int, Size], ...]]:
        out = self.node.outputs[0]
        strides = strides_of(self.values.shapes.lengths(out))
        positions = self._positions(item)
        terms = tuple(
            (local.number, strides[axis]) for axis, local in positions if strides[axis].terms
        )
        rank = self.node.inputs[2].ndim
        kept = self.rows.space_index(item)[rank:]
        index = self.kept_places(out.ndim, [axis for axis, _ in positions], kept)
        access = self.values.access(self.memory.buffer(out), out, index, len(self.draft.axes))
        return access, terms

    def _positions(self, item: Item) -> list[tuple[int, Local]]:
        """Per indexed axis the local with the position in it."""
        indices = self.node.inputs[2:]
        space = self.rows.space_index(item)[: indices[0].ndim]
        lengths = self.values.shapes.lengths(self.node.outputs[0])
        axes = indexed_axes(self.node.op.keywords, len(indices))
        return [
            (axis, self._counted(each, lengths[axis], axis, space))
            for axis, each in zip(axes, indices, strict=True)
        ]

    def _counted(self, index: Variable, length: Size, axis: int, space: tuple[Any, ...]) -> Local:
        if not self.tested:
            return self.bounded(self.node, index, space, length, axis, 0)
        raw = self.whole(index, space, 0)
        count = self.put(
            ("number", "int64", length), HEAD, 0, 0, lambda n: Number(n, "int64", length)
        )
        return self.apply(_WRAP, "int64", "int64", [raw, count], 0)


class _PlaceTester(Writer):
    """Writes the tests of a gather's or scatter's places, and nothing else."""

    def test(self, node: Apply, skipped: int) -> Draft:
        """The tests; the first `skipped` loops are around those over the index arrays."""
        space = self.rows.space_index(self.task.items[0])[skipped:]
        indices = index_arrays(node)
        lengths = self.values.shapes.lengths(node.inputs[0])
        axes = indexed_axes(node.op.keywords, len(indices))
        for axis, each in zip(axes, indices, strict=True):
            self.bounded(node, each, space, lengths[axis], axis, 0)
        return self.draft


def draft_scatter(node: Apply, values: Values, memory: Memory, tested: bool = False) -> Draft:
    """The loops over the values of a Scatter node; tested: its places are known to lie inside."""
    source = node.inputs[1]
    item = Item(Variable(source.type), None, source, (source,))
    task = nest_of(-1, values, item)
    return _ScatterWriter(node, task, values, memory, tested).write()


def writes_apart(node: Apply, values: Values) -> bool:
    """Whether no place is written twice, as the view says through which values go.

    So it is where each axis of the array moves with one axis of the values at most, and each axis
    of the values moves something.
    """
    through = node.op.keywords.get("through")
    if through is None:
        return False
    base, _, *rest = values.shapes.operands(node)
    places = through.rule.index_map(identity(node.inputs[1].ndim), [base, *rest], through.keywords)
    moved = {axis for place in places for axis, factor in place.factors if factor.constant}
    lengths = values.shapes.lengths(node.inputs[1])
    return all(len(place.factors) <= 1 for place in places) and all(
        n.constant == 1 or axis in moved for axis, n in enumerate(lengths)
    )


def draft_places(node: Apply, values: Values, memory: Memory, idle: Size | None) -> Draft:
    """Loops over the places of a Gather or Scatter that test them and do nothing else.

    idle: they make no turn unless this is 0.
    """
    space = place_space(values, node, idle)
    item = Item(space, None, space, ())
    task = nest_of(-1, values, item)
    return _PlaceTester(task, values, memory).test(node, 0 if idle is None else 1)
