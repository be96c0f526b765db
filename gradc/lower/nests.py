"""Write one nest: the statements of a group of values, in passes over the rows of its loops.

Takes a Task of `fuse`; gives a Draft, in which every statement stands where it depends on no loop
that it need not: once a chunk (head), once a row, or in a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.affine import Affine, IndexMap, fixed
from gradc.dtypes import literal
from gradc.graph.op import DECLARATIONS, Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.loops import (
    Access,
    Bound,
    Compute,
    FoldStep,
    Indexed,
    Literal_,
    Load,
    Number,
    Position,
    RowResult,
    Statement,
    Store,
)
from gradc.kernel.notes import Note
from gradc.kernel.scalar import ScalarFn
from gradc.lower.drafts import HEAD, PASS, ROW, Draft, FoldPlan, Local, Memory
from gradc.lower.rows import Rows
from gradc.lower.shapes import Shapes
from gradc.lower.tasks import Item, Task
from gradc.lower.values import Values, strides_of
from gradc.ops.kinds import Elemwise, Gather, Reduce, indexed_axes
from gradc.sizes import Size, size, total

__all__ = ["Writer", "draft_nest"]


class Writer:
    """Writes the statements of one task."""

    def __init__(self, task: Task, values: Values, memory: Memory) -> None:
        self.task, self.values, self.memory = task, values, memory
        self.rows = Rows(task, values, memory.stores)
        self.draft = Draft(task, self.rows.axes, self.rows.split)
        self.scratch: dict[Variable, int] = {}  # the buffers of values kept in a row
        self.locals: dict[tuple[Any, ...], Local] = {}
        self.count = 0

    # -- statements --------------------------------------------------------------------------------

    def write(self) -> Draft:
        """Write all items."""
        lengths = self.draft.axes[self.draft.split :]
        for each in self.rows.kept:
            self.scratch[each] = self.memory.scratch(each.dtype, lengths)
        for item in self.task.items:
            for t in sorted(self.rows.passes.get(item.out, ())):
                self._item(item, t)
        return self.draft

    def put(self, key: tuple[Any, ...], scope: int, stage: int, t: int, make: Any) -> Local:
        """The local that holds `make(number)`, written once a place."""
        if self.draft.split == 0 and scope == ROW:
            scope = HEAD
        place = (scope, t if scope == PASS else 0)
        found = self.locals.get((*place, *key))
        if found is not None:
            return found
        local = Local(self.count, scope, stage)
        self.count += 1
        self._block(scope, stage, t).append(make(local.number))
        self.locals[(*place, *key)] = local
        return local

    def _block(self, scope: int, stage: int, t: int) -> list[Statement]:
        if scope == HEAD:
            return self.draft.head
        if scope == ROW:
            return self.draft.rows.setdefault(stage, [])
        return self.draft.passes.setdefault(t, [])

    def _item(self, item: Item, t: int) -> None:
        space = self.rows.space_index(item)
        if item.is_fold:
            self._fold(item, space, t)
            return
        local = self._result(item, space, t)
        self.locals[("item", item.out, t)] = local
        if not self.rows.in_pass(item):
            self.locals[("item", item.out, -1)] = local
        if t == self.rows.stage[item.out]:
            self._store(item, local, t)

    def _result(self, item: Item, space: IndexMap, t: int) -> Local:
        if item.node is None:
            return self.read(item.reads[0], space, t)
        if self.values.shapes.is_size(item.out):
            return self._number(item.out, t)
        rule = item.node.op.rule
        if isinstance(rule, Gather):
            return self._gather(item, space, t)
        if item.node.op.kind == "Iota":
            return self._position(item.out, space, t)
        assert isinstance(rule, Elemwise)
        operands = [self.read(each, space, t) for each in item.reads]
        return self._compute(rule, item.node.inputs, item.out.dtype, operands, t)

    def _store(self, item: Item, local: Local, t: int) -> None:
        out = item.out
        full = self.rows.in_pass(item)
        scope = PASS if full else ROW
        if full and not self.draft.axes:
            scope = HEAD
        index = self.rows.space_index(item)
        if self.memory.stores(out):
            access = self.values.access(self.memory.buffer(out), out, index, len(self.draft.axes))
            self._block(scope, t, t).append(Store(access, out.dtype, local.number))
        if out in self.scratch:
            self._block(scope, t, t).append(Store(self._kept(out), out.dtype, local.number))

    def _kept(self, out: Variable) -> Access:
        inner = strides_of(tuple(self.draft.axes[self.draft.split :]))
        strides = (size(0),) * self.draft.split + inner
        return Access(self.scratch[out], size(0), strides)

    # -- reading -----------------------------------------------------------------------------------

    def read(self, operand: Variable, axes: IndexMap, t: int) -> Local:
        """The local with an operand's element; `axes` are the places of the operand's axes."""
        lengths = self.values.shapes.lengths(operand)
        here = tuple(
            fixed(0) if n.constant == 1 else place for n, place in zip(lengths, axes, strict=True)
        )
        source, index = self.values.source(operand)
        return self._read_source(source, tuple(each.compose(here) for each in index), t)

    def _read_source(self, source: Variable, index: IndexMap, t: int) -> Local:
        if isinstance(source, Constant) and self.values.is_scalar_constant(source):
            text = literal(source.data.reshape(())[()], source.dtype)
            return self.put(
                ("literal", source.dtype, text), HEAD, 0, t,
                lambda n: Literal_(n, source.dtype, text),
            )  # fmt: skip
        if source in self.rows.items:
            return self._read_item(self.rows.items[source], t)
        if self.values.shapes.is_size(source) and self.values.is_free(source):
            return self._number(source, t)
        if self.values.is_free(source):
            return self._free(source, index, t)
        return self._load(source, index, t)

    def _number(self, source: Variable, t: int) -> Local:
        value = self.values.shapes.resolve(self.values.shapes.value[source])
        return self.put(
            ("number", source.dtype, value), HEAD, 0, t, lambda n: Number(n, source.dtype, value)
        )

    def _free(self, source: Variable, index: IndexMap, t: int) -> Local:
        node = source.owner
        assert node is not None
        if node.op.kind == "Iota":
            return self._position(source, index, t)
        rule = node.op.rule
        assert isinstance(rule, Elemwise)
        operands = [self.read(each, index, t) for each in node.inputs]
        return self._compute(rule, node.inputs, source.dtype, operands, t)

    def _read_item(self, item: Item, t: int) -> Local:
        if item.is_fold:
            return self.locals["item", item.out, -1]
        if not self.rows.in_pass(item):
            return self.locals["item", item.out, -1]
        found = self.locals.get(("item", item.out, t))
        if found is not None:
            return found
        if item.out in self.scratch:
            access = self._kept(item.out)
        else:
            index = self.rows.space_index(item)
            access = self.values.access(
                self.memory.buffer(item.out), item.out, index, len(self.draft.axes)
            )
        return self._load_at(item.out.dtype, access, t)

    def _load(self, source: Variable, index: IndexMap, t: int) -> Local:
        buffer = self.memory.buffer(source)
        access = self.values.access(buffer, source, index, len(self.draft.axes))
        return self._load_at(source.dtype, access, t)

    def _load_at(self, dtype: str, access: Access, t: int) -> Local:
        scope = self._scope(access.strides)
        return self.put(("load", access), scope, 0, t, lambda n: Load(n, dtype, access))

    def _scope(self, strides: Sequence[Size]) -> int:
        moving = [k for k, stride in enumerate(strides) if stride.terms]
        if any(k >= self.draft.split for k in moving):
            return PASS
        return ROW if moving else HEAD

    # -- computing ---------------------------------------------------------------------------------

    def _compute(
        self, rule: Elemwise, inputs: Sequence[Variable], dtype: str, args: list[Local], t: int
    ) -> Local:
        operand = inputs[rule.by].dtype
        if not rule.variadic:
            return self.apply(rule.c, operand, dtype, args, t)
        total = args[0]
        for each in args[1:]:
            total = self.apply(rule.c, operand, dtype, [total, each], t)
        return total

    def apply(self, fn: ScalarFn, operand: str, dtype: str, args: Sequence[Local], t: int) -> Local:
        """The local with fn(args), where its last operand is known."""
        scope = max((each.scope for each in args), default=HEAD)
        stage = max((each.stage for each in args), default=0)
        numbers = tuple(each.number for each in args)
        return self.put(
            ("compute", id(fn), operand, dtype, numbers), scope, stage, t,
            lambda n: Compute(n, dtype, fn, operand, numbers),
        )  # fmt: skip

    def _position(self, source: Variable, index: IndexMap, t: int) -> Local:
        steps = strides_of(self.values.shapes.lengths(source))
        pairs = zip(index, steps, strict=True)
        place = sum((each * step for each, step in pairs), fixed(0))
        strides = [place.factor(k) for k in range(len(self.draft.axes))]
        return self.put(
            ("position", source.dtype, place), self._scope(strides), 0, t,
            lambda n: Position(n, source.dtype, place),
        )  # fmt: skip

    def _gather(self, item: Item, space: IndexMap, t: int) -> Local:
        assert item.node is not None
        x, *indices = item.node.inputs
        rank = indices[0].ndim
        source, view = self.values.source(x)
        shape = self.values.shapes.lengths(x)
        axes = indexed_axes(item.node.op.keywords, len(indices))
        # the view of x, the axes of computed indices being fixed at 0 here
        rest = self.kept_places(x.ndim, axes, space[rank:])
        strides = strides_of(self.values.shapes.lengths(source))
        terms = []
        for axis, each in zip(axes, indices, strict=True):
            checked = self.bounded(item.node, each, space[:rank], shape[axis], axis, t)
            step = sum((p.factor(axis) * s for p, s in zip(view, strides, strict=True)), size(0))
            if step.terms:
                terms.append((checked.number, step))
        index = tuple(place.compose(rest) for place in view)
        if self._is_iota(source):  # 0, 1, 2...: the place itself
            return self._place_itself(item, checked, index[0], t)
        access = self.values.access(self.memory.buffer(source), source, index, len(self.draft.axes))
        return self.put(
            ("gather", access, tuple(terms)), self._item_scope(item), self.rows.stage[item.out], t,
            lambda n: Indexed(n, item.out.dtype, access, tuple(terms)),
        )  # fmt: skip

    def _is_iota(self, source: Variable) -> bool:
        node = source.owner
        is_counted = node is not None and node.op.kind == "Iota" and source.ndim == 1
        return is_counted and self.values.is_free(source)

    def _place_itself(self, item: Item, checked: Local, start: Affine, t: int) -> Local:
        """The element of an Iota that one index array names; it is not kept in memory."""
        assert start == fixed(0)
        if item.out.dtype == "int64":
            return checked
        return self.apply(_cast(), "int64", item.out.dtype, [checked], t)

    def kept_places(self, ndim: int, axes: Sequence[int], kept: IndexMap) -> IndexMap:
        """The place in each axis of an indexed array: 0 in those that index arrays stand for."""
        rest = iter(kept)
        return tuple(fixed(0) if k in axes else next(rest) for k in range(ndim))

    def _item_scope(self, item: Item) -> int:
        if not self.draft.axes:
            return HEAD
        return PASS if self.rows.in_pass(item) else ROW

    def whole(self, index: Variable, axes: IndexMap, t: int) -> Local:
        """The local with an element of an index array, as int64."""
        raw = self.read(index, axes, t)
        if index.dtype == "int64":
            return raw
        return self.apply(_cast(), index.dtype, "int64", [raw], t)

    def bounded(
        self, node: Apply, index: Variable, axes: IndexMap, length: Size, axis: int, t: int
    ) -> Local:
        """The local with an index, checked to lie in its axis and counted from the start.

        It is checked in all loops over the index arrays: if one makes no turn, nowhere.
        """
        raw = self.whole(index, axes, t)
        note = self.memory.note(bounds_note(self.values.shapes, node))
        strides = [total(place.factor(k) for place in axes) for k in range(len(self.draft.axes))]
        scope = max(raw.scope, self._scope(strides))
        return self.put(
            ("bound", raw.number, length, axis), scope, raw.stage, t,
            lambda n: Bound(n, raw.number, length, axis, note),
        )  # fmt: skip

    # -- folding -----------------------------------------------------------------------------------

    def _fold(self, item: Item, space: IndexMap, t: int) -> None:
        assert item.node is not None
        rule = item.node.op.rule
        assert isinstance(rule, Reduce)
        operand = item.node.inputs[0]
        element = rule.accumulator(operand.dtype, item.node.op.keywords)
        local = self.read(operand, space, t)
        if operand.dtype != element:
            local = self.apply(_cast(), operand.dtype, element, [local], t)
        scope = "row" if self.rows.folds_row(item) else "nest"
        number = len(self.draft.folds)
        axes = tuple(sorted(self.rows.position[k] for k in self.task.folded(item)))
        self.draft.folds.append(
            FoldPlan(item, rule, scope, axes, element, self._linear(item, operand))
        )
        block = self._block(self._item_scope(item), t, t)
        block.append(FoldStep(number, local.number))
        if scope == "row":
            result = self.put(
                ("result", number), ROW, t + 1, t, lambda n: RowResult(n, item.out.dtype, number)
            )
            self.locals["item", item.out, -1] = result
            self._store_row(item, result, t + 1)

    def _store_row(self, item: Item, local: Local, stage: int) -> None:
        if not self.memory.stores(item.out):
            return
        places = enumerate(self.rows.space_index(item))
        kept = [place for axis, place in places if axis not in item.fold_axes]
        buffer = self.memory.buffer(item.out)
        access = self.values.access(buffer, item.out, tuple(kept), len(self.draft.axes))
        self._block(ROW, stage, stage).append(Store(access, item.out.dtype, local.number))

    def _linear(self, item: Item, operand: Variable) -> tuple[tuple[int, Size], ...]:
        lengths = self.values.shapes.lengths(operand)
        step, found = size(1), []
        for axis in sorted(item.fold_axes, reverse=True):
            k = self.task.places[item.out][axis]
            if k is not None:
                found.append((self.rows.position[k], step))
            step = step * lengths[axis]
        return tuple(sorted(found, key=lambda pair: pair[0]))


def _cast() -> ScalarFn:
    rule = DECLARATIONS["cast"]
    assert isinstance(rule, Elemwise)
    return rule.c


def bounds_note(shapes: Shapes, node: Apply) -> Note:
    """What an index out of bounds says."""
    what = "{function}: indexing{at}: index {v0} is out of bounds for axis {v2} with length {v1}."
    indexed = (
        node.inputs if isinstance(node.op.rule, Gather) else (node.inputs[0], *node.inputs[2:])
    )
    rows = [each for each in indexed if not isinstance(each, Constant)]
    fix = "pass indices between -length and length - 1."
    return shapes.note("IndexBoundsError", what, rows, fix, about=node)


def draft_nest(task: Task, values: Values, memory: Memory) -> Draft:
    """Write the statements of a group of values."""
    return Writer(task, values, memory).write()
