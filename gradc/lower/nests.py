"""Write one nest: the statements of a group of values, in passes over the rows of its loops.

Takes a Task of `fuse`; gives a Draft, in which every statement stands where it depends on no loop
that it need not: once a chunk (head), once a row, or in a pass.  A value that a later pass needs
again is loaded if it went to memory, computed again if that is cheap, and kept in scratch rows
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.affine import Affine, IndexMap, fixed
from gradc.dtypes import literal
from gradc.graph.describe import where
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
    Note,
    Number,
    Position,
    RowResult,
    Statement,
    Store,
)
from gradc.kernel.scalar import ScalarFn
from gradc.lower.fuse import Item, Task
from gradc.lower.values import Values, strides_of
from gradc.ops.kinds import Elemwise, Gather, Reduce
from gradc.sizes import Size, size

__all__ = ["Draft", "FoldPlan", "Memory", "Writer", "draft_nest"]

_RECOMPUTE = 8  # arithmetic an element cheaper than a store and a load of a scratch row

HEAD, ROW, PASS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Local:
    """A C local: its number, and where it is computed (scope, and stage of the row)."""

    number: int
    scope: int
    stage: int


@dataclass(eq=False)
class FoldPlan:
    """A fold of the nest before its memory is laid out. Axes are the nest's."""

    item: Item
    rule: Reduce
    scope: str
    axes: tuple[int, ...]
    element: str
    linear: tuple[tuple[int, Size], ...]


@dataclass(eq=False)
class Draft:
    """A nest in the making.

    axes: lengths in loop order, the first `split` outer.  rows[t] runs before passes[t].
    loads and stores: (buffer, access, stage) of every use of memory, for planning in place.
    """

    task: Task
    axes: list[Size]
    split: int
    head: list[Statement] = field(default_factory=list)
    rows: dict[int, list[Statement]] = field(default_factory=dict)
    passes: dict[int, list[Statement]] = field(default_factory=dict)
    folds: list[FoldPlan] = field(default_factory=list)
    scratch: list[int] = field(default_factory=list)

    @property
    def statements(self) -> list[Statement]:
        """All of them, in no particular order of blocks."""
        blocks = [self.head, *self.rows.values(), *self.passes.values()]
        return [each for block in blocks for each in block]

    def rewrite(self, change: Callable[[Statement], Statement]) -> None:
        """Replace every statement."""
        self.head = [change(each) for each in self.head]
        self.rows = {t: [change(each) for each in body] for t, body in self.rows.items()}
        self.passes = {t: [change(each) for each in body] for t, body in self.passes.items()}


@dataclass(eq=False)
class Memory:
    """What a nest asks of the function's memory."""

    buffer: Callable[[Variable], int]  # where a value is read
    stores: Callable[[Variable], bool]  # whether a value computed here goes to memory
    scratch: Callable[[str, Sequence[Size]], int]  # a new row a worker
    note: Callable[[Note], int]


class Writer:
    """Writes the statements of one task."""

    def __init__(self, task: Task, values: Values, memory: Memory) -> None:
        self.task, self.values, self.memory = task, values, memory
        self.items = {item.out: item for item in task.items}
        order = self._loop_order()
        self.position = {axis: k for k, axis in enumerate(order)}
        inner = self._inner()
        self.draft = Draft(task, [task.axes[k] for k in order], len(order) - len(inner))
        self.stage: dict[Variable, int] = {}
        self.needs: dict[Variable, set[int]] = {}
        self.kept: dict[Variable, int] = {}  # values kept in a scratch row
        self.locals: dict[tuple[Any, ...], Local] = {}
        self.count = 0

    # -- loops ---------------------------------------------------------------------------------

    def _inner(self) -> frozenset[int]:
        task = self.task
        if task.inner is not None:
            return task.inner
        if not task.axes:
            return frozenset()
        last = len(task.axes) - 1
        folded = {self._folded(item) for item in task.items if item.is_fold}
        if len(folded) == 1:
            (axes,) = folded
            if last in axes and len(axes) < len(task.axes):
                return axes
        return frozenset((last,))

    def _loop_order(self) -> list[int]:
        inner = self._inner()
        axes = range(len(self.task.axes))
        return [k for k in axes if k not in inner] + [k for k in axes if k in inner]

    def _folded(self, item: Item) -> frozenset[int]:
        places = self.task.places[item.out]
        return frozenset(k for a in item.fold_axes if (k := places[a]) is not None)

    def _is_full(self, item: Item) -> bool:
        places = self.task.places[item.out]
        return len([k for k in places if k is not None]) == len(self.task.axes)

    def space_index(self, item: Item) -> IndexMap:
        """The loops as the axes of the item's space."""
        return tuple(
            fixed(0) if k is None else Affine(size(0), ((self.position[k], size(1)),))
            for k in self.task.places[item.out]
        )

    # -- in which passes a value is computed -----------------------------------------------------

    def producers(self, item: Item) -> list[Item]:
        """Items of this nest that `item` reads, free values looked through."""
        found: dict[Item, None] = {}
        stack = list(item.reads)
        while stack:
            source, _ = self.values.source(stack.pop())
            if source in self.items:
                found.setdefault(self.items[source])
            else:
                stack.extend(self.values.looked_through(source))
        return list(found)

    def plan_stages(self) -> None:
        """Find, for each item, the passes that compute it."""
        effort: dict[Variable, int] = {}
        for item in self.task.items:
            below = self.producers(item)
            self.stage[item.out] = max(
                (self.stage[p.out] + (self._row_fold(p)) for p in below), default=0
            )
            effort[item.out] = _item_cost(item) + sum(
                effort[p.out] for p in below if self._in_pass(p) and not p.is_fold
            )
        self._plan_needs(effort)

    def _row_fold(self, item: Item) -> bool:
        return item.is_fold and self.scope_of(item) == "row"

    def _in_pass(self, item: Item) -> bool:
        return self._is_full(item)

    def scope_of(self, item: Item) -> str:
        """Whether a fold is ready behind its row or behind the nest."""
        inner = self._inner()
        if self._is_full(item) and self._folded(item) == inner and len(inner) < len(self.task.axes):
            return "row"
        return "nest"

    def _plan_needs(self, effort: dict[Variable, int]) -> None:
        for item in reversed(self.task.items):
            stage = self.stage[item.out]
            needs = self.needs.setdefault(item.out, set())
            if item.is_fold or self.memory.stores(item.out) or item.out in self.kept:
                needs.add(stage)
            if not self._in_pass(item):
                needs.add(stage)
            for producer in self.producers(item):
                if producer.is_fold or not self._in_pass(producer):
                    continue
                for t in needs:
                    self._need(producer, t, effort)

    def _need(self, producer: Item, t: int, effort: dict[Variable, int]) -> None:
        needs = self.needs.setdefault(producer.out, set())
        if t == self.stage[producer.out] or effort[producer.out] <= _RECOMPUTE:
            needs.add(t)
        elif not self.memory.stores(producer.out):
            if producer.out not in self.kept:
                lengths = self.draft.axes[self.draft.split :]
                self.kept[producer.out] = self.memory.scratch(producer.out.dtype, lengths)
            needs.add(self.stage[producer.out])

    # -- statements --------------------------------------------------------------------------------

    def write(self) -> Draft:
        """Write all items."""
        self.plan_stages()
        for item in self.task.items:
            for t in sorted(self.needs.get(item.out, ())):
                self._item(item, t)
        self.draft.scratch = list(self.kept.values())
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
        space = self.space_index(item)
        if item.is_fold:
            self._fold(item, space, t)
            return
        local = self._result(item, space, t)
        self.locals[("item", item.out, t)] = local
        if not self._in_pass(item):
            self.locals[("item", item.out, -1)] = local
        if t == self.stage[item.out]:
            self._store(item, local, t)

    def _result(self, item: Item, space: IndexMap, t: int) -> Local:
        if item.node is None:
            return self.read(item.reads[0], space, t)
        rule = item.node.op.rule
        if isinstance(rule, Gather):
            return self._gather(item, space, t)
        if item.node.op.kind == "Iota":
            return self._position(item.out, space[0], t)
        if item.node.op.kind == "LengthOf":
            return self._number(item.out, t)
        assert isinstance(rule, Elemwise)
        operands = [self.read(each, space, t) for each in item.reads]
        return self._compute(rule, item.node.inputs, item.out.dtype, operands, t)

    def _store(self, item: Item, local: Local, t: int) -> None:
        out = item.out
        full = self._in_pass(item)
        scope = PASS if full else ROW
        if full and not self.draft.axes:
            scope = HEAD
        index = self.space_index(item)
        if self.memory.stores(out):
            access = self.values.access(self.memory.buffer(out), out, index, len(self.draft.axes))
            self._block(scope, t, t).append(Store(access, out.dtype, local.number))
        if out in self.kept:
            self._block(scope, t, t).append(Store(self._kept(out), out.dtype, local.number))

    def _kept(self, out: Variable) -> Access:
        inner = strides_of(tuple(self.draft.axes[self.draft.split :]))
        strides = (size(0),) * self.draft.split + inner
        return Access(self.kept[out], size(0), strides)

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
        if source in self.values.shapes.value and self.values.is_free(source):
            return self._number(source, t)
        if isinstance(source, Constant) and self.values.is_scalar_constant(source):
            text = literal(source.data.reshape(())[()], source.dtype)
            return self.put(
                ("literal", source.dtype, text), HEAD, 0, t,
                lambda n: Literal_(n, source.dtype, text),
            )  # fmt: skip
        if source in self.items:
            return self._read_item(self.items[source], t)
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
            return self._position(source, index[0], t)
        rule = node.op.rule
        assert isinstance(rule, Elemwise)
        operands = [self.read(each, index, t) for each in node.inputs]
        return self._compute(rule, node.inputs, source.dtype, operands, t)

    def _read_item(self, item: Item, t: int) -> Local:
        if item.is_fold:
            return self.locals["item", item.out, -1]
        if not self._in_pass(item):
            return self.locals["item", item.out, -1]
        found = self.locals.get(("item", item.out, t))
        if found is not None:
            return found
        if item.out in self.kept:
            access = self._kept(item.out)
        else:
            index = self.space_index(item)
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

    def _position(self, source: Variable, place: Affine, t: int) -> Local:
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
        # the view of x, its first axes being the computed indices (fixed at 0 here)
        rest = [*(fixed(0) for _ in indices), *space[rank:]]
        strides = strides_of(self.values.shapes.lengths(source))
        terms = []
        for axis, each in enumerate(indices):
            checked = self._bounded(item.node, each, space[:rank], shape[axis], axis, t)
            step = sum((p.factor(axis) * s for p, s in zip(view, strides, strict=True)), size(0))
            if step.terms:
                terms.append((checked.number, step))
        index = tuple(place.compose(rest) for place in view)
        access = self.values.access(self.memory.buffer(source), source, index, len(self.draft.axes))
        return self.put(
            ("gather", access, tuple(terms)), self._item_scope(item), self.stage[item.out], t,
            lambda n: Indexed(n, item.out.dtype, access, tuple(terms)),
        )  # fmt: skip

    def _item_scope(self, item: Item) -> int:
        if not self.draft.axes:
            return HEAD
        return PASS if self._in_pass(item) else ROW

    def _bounded(
        self, node: Apply, index: Variable, axes: IndexMap, length: Size, axis: int, t: int
    ) -> Local:
        raw = self.read(index, axes, t)
        note = self.memory.note(bounds_note(node))
        if index.dtype != "int64":
            raw = self.apply(_cast(), index.dtype, "int64", [raw], t)
        return self.put(
            ("bound", raw.number, length, axis), raw.scope, raw.stage, t,
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
        scope = self.scope_of(item)
        number = len(self.draft.folds)
        axes = tuple(sorted(self.position[k] for k in self._folded(item)))
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
        kept = [
            place for axis, place in enumerate(self.space_index(item)) if axis not in item.fold_axes
        ]
        buffer = self.memory.buffer(item.out)
        access = self.values.access(buffer, item.out, tuple(kept), len(self.draft.axes))
        self._block(ROW, stage, stage).append(Store(access, item.out.dtype, local.number))

    def _linear(self, item: Item, operand: Variable) -> tuple[tuple[int, Size], ...]:
        lengths = self.values.shapes.lengths(operand)
        step, found = size(1), []
        for axis in sorted(item.fold_axes, reverse=True):
            k = self.task.places[item.out][axis]
            if k is not None:
                found.append((self.position[k], step))
            step = step * lengths[axis]
        return tuple(sorted(found, key=lambda pair: pair[0]))


def _item_cost(item: Item) -> int:
    if item.node is None:
        return 1
    rule = item.node.op.rule
    if isinstance(rule, Elemwise):
        return rule.c.cost * max(1, len(item.node.inputs) - 1 if rule.variadic else 1)
    return 4 if isinstance(rule, Gather) else 1


def _cast() -> ScalarFn:
    rule = DECLARATIONS["cast"]
    assert isinstance(rule, Elemwise)
    return rule.c


def bounds_note(node: Apply) -> Note:
    """What an index out of bounds says."""
    place = f" ({node.site})".replace("{", "{{").replace("}", "}}") if node.site else ""
    what = (
        f"{{function}}: indexing{place}: index {{v0}} is out of bounds for axis {{v2}} "
        "with length {v1}."
    )
    rows = tuple(where(each) for each in node.inputs if not isinstance(each, Constant))
    return Note("IndexBoundsError", what, rows, "pass indices between -length and length - 1.")


def draft_nest(task: Task, values: Values, memory: Memory) -> Draft:
    """Write the statements of a group of values."""
    return Writer(task, values, memory).write()
