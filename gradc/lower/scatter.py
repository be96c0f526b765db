"""Write the nest of a scatter: values put, or added, at places of an array.

Takes a Scatter node; gives a Draft whose loops run over the values, in index order and in one
chunk, so that duplicates accumulate in a fixed order.  The array itself is copied from the base by
a nest before.
"""

from __future__ import annotations

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.loops import Access, Store
from gradc.lower.drafts import PASS, Draft, Memory
from gradc.lower.nests import Writer
from gradc.lower.tasks import Item, Task, nest_of
from gradc.lower.values import Values, strides_of
from gradc.ops.kinds import View, indexed_axes
from gradc.sizes import Size

__all__ = ["draft_scatter"]


class _ScatterWriter(Writer):
    def __init__(self, node: Apply, task: Task, values: Values, memory: Memory) -> None:
        super().__init__(task, values, memory)
        self.node = node

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
        indices = self.node.inputs[2:]
        rank = indices[0].ndim
        space = self.rows.space_index(item)
        lengths = self.values.shapes.lengths(out)
        strides = strides_of(lengths)
        axes = indexed_axes(self.node.op.keywords, len(indices))
        terms = []
        for axis, each in zip(axes, indices, strict=True):
            checked = self.bounded(self.node, each, space[:rank], lengths[axis], axis, 0)
            if strides[axis].terms:
                terms.append((checked.number, strides[axis]))
        index = self.kept_places(out.ndim, axes, space[rank:])
        access = self.values.access(self.memory.buffer(out), out, index, len(self.draft.axes))
        return access, tuple(terms)


def draft_scatter(node: Apply, values: Values, memory: Memory) -> Draft:
    """The loops over the values of a Scatter node."""
    source = node.inputs[1]
    item = Item(Variable(source.type), None, source, (source,))
    return _ScatterWriter(node, nest_of(-1, values, item), values, memory).write()
