"""Folds where they are stepped: statements inside rows and passes.

Takes the FoldPlans of a nest; gives lines for a step, a row's result, and what a tile hands to a
fold.  A fold takes its elements from memory where they stand one after the other anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit import nestfolds as nf
from gradc.emit.cascade import join_lines
from gradc.emit.folds import is_ordered
from gradc.emit.memory import C
from gradc.emit.statements import Scope, Writer
from gradc.kernel.formula import formula, place
from gradc.kernel.program import Buffer, FoldStep, Load, Nest, Pass, Row, RowResult, Store
from gradc.sizes import Size, size

__all__ = ["FoldWriter"]


@dataclass
class FoldWriter:
    """Writes the steps of a nest's folds.

    sources: per fold stepped in a pass and taking arrays, the access under which its elements
    stand one after the other; None if the pass has to put them into a tile.
    """

    nest: Nest
    plans: list[nf.FoldPlan]
    writer: Writer
    buffers: Sequence[Buffer]
    sources: dict[int, Load | Store | None] = field(init=False)

    def __post_init__(self) -> None:
        self.sources = {
            plan.number: self._source(plan)
            for plan in self.plans
            if plan.in_pass and plan.style != "column"
        }

    @property
    def taken(self) -> set[tuple[int, int]]:
        """(block, fold) whose elements are taken from memory."""
        found = [number for number, source in self.sources.items() if source is not None]
        return {(self.plans[number].where, number) for number in found}

    def element(self, plan: nf.FoldPlan) -> int:
        """The local a fold steps over."""
        body = self.nest.blocks[plan.where].body
        return next(s.src for s in body if isinstance(s, FoldStep) and s.fold == plan.number)

    def _source(self, plan: nf.FoldPlan) -> Load | Store | None:
        """The access of a pass under which a fold's elements stand one after the other."""
        block = self.nest.blocks[plan.where]
        number = self.element(plan)
        found: Load | Store | None = None
        for each in block.body:
            if isinstance(each, Load):
                is_it = each.dst == number
            elif isinstance(each, Store):
                is_it = each.src == number and each.mode == "set" and not each.terms
            else:
                continue
            is_row = bool(each.access.strides) and each.access.strides[-1].constant == 1
            if is_it and is_row and each.dtype == plan.fold.element:
                found = each
        if isinstance(found, Load) and self._is_overwritten(block, found):
            return None
        return found

    def _is_overwritten(self, block: Row | Pass, load: Load) -> bool:
        """Whether the pass stores to a buffer the fold would read behind it."""
        return any(
            isinstance(each, Store) and self._may_alias(each.access.buffer, load.access.buffer)
            for each in block.body
        )

    def _may_alias(self, one: int, other: int) -> bool:
        buffers = self.buffers
        a, b = buffers[one], buffers[other]
        if one == other:
            return True
        if a.place in ("arg", "out") or b.place in ("arg", "out"):
            return {a.place, b.place} <= {"arg", "out"}
        return (a.segment, a.index) == (b.segment, b.index)

    def row_result(self, statement: RowResult) -> list[str]:
        """A local for the result of a row's fold."""
        plan = self.plans[statement.fold]
        c_type = dtype_info(statement.dtype).c_type
        if plan.is_number and plan.fold.result == "{a0}":
            text = nf.result_text(plan.fold, {"a0": plan.value})
            return [f"const {c_type} v{statement.dst} = {text};"]
        state = f"s{plan.number}"
        names = {f"a{k}": f"{state}.a{k}" for k in range(len(plan.fold.states))}
        if plan.is_number:
            names = {"a0": state}
        return [
            f"const {plan.c_type} {state} = {plan.value};",
            f"const {c_type} v{statement.dst} = {nf.result_text(plan.fold, names)};",
        ]

    def step(self, step: FoldStep, scope: Scope, in_pass: bool) -> list[str]:
        """Fold a local into its state, or put it where the fold will take it from."""
        plan = self.plans[step.fold]
        element = self.writer.local(step.src)
        if plan.style == "column":
            return self._column_step(plan, scope, element, in_pass)
        if in_pass:
            return self._tiled(step, scope, element)
        if plan.is_buffered:
            e, m = f"g{plan.number}", f"m{plan.number}"
            return [
                f"{e}[{m}++] = {element};",
                f"if ({m} == GC_TILE) {{",
                f"    {plan.kind}_add(&{plan.name}, {e}, GC_TILE);",
                f"    {m} = 0;",
                "}",
            ]
        position = place(0, [(scope.index[a], n) for a, n in plan.fold.linear], C)
        name = f"x{plan.number}"
        c_type = dtype_info(plan.fold.element).c_type
        return [
            f"const {c_type} {name} = {element};",
            f"{plan.kind}_add(&{plan.name}, &{name}, 1, {position}, 0);",
        ]

    def _tiled(self, step: FoldStep, scope: Scope, element: str) -> list[str]:
        """Put an element into its tile, once for all folds that take it."""
        if self.sources[step.fold] is not None or step.src in scope.tiles:
            return []
        scope.tiles[step.src] = dtype_info(self.plans[step.fold].fold.element).c_type
        return [f"e{step.src}[{scope.variable}] = {element};"]

    def _column_step(
        self, plan: nf.FoldPlan, scope: Scope, element: str, in_pass: bool
    ) -> list[str]:
        strides = {}
        step = size(1)
        for axis in reversed(plan.columns):
            strides[axis] = step
            step = step * self.nest.axes[axis]
        axes = range(len(self.nest.axes))
        along = [strides.get(axis, size(0)) for axis in axes]
        targets = []
        for number, name in zip(plan.fold.partial, plan.stepped, strict=True):
            if in_pass:
                where = place(0, self.writer.moves(scope, along), C)
                dtype = self.writer.types[number]
                row = name if where == "0" else self.writer.hoist(scope, name, where, dtype, True)
                targets.append(f"{row}[{scope.variable}]")
            else:
                where = place(0, [(scope.index[a], along[a]) for a in axes], C)
                targets.append(f"{name}[{where}]")
        position = ""
        if is_ordered(plan.fold):
            position = f"i_{plan.number}"
            text = place(0, [(scope.index[a], n) for a, n in plan.fold.linear], C)
            line = f"const int64_t {position} = {text};"
            if not in_pass:
                return [line, *nf.column_step(plan, targets, element, position)]
            scope.rows.append(line)
        return nf.column_step(plan, targets, element, position)

    def add(self, plan: nf.FoldPlan, scope: Scope, count: str) -> str:
        """Hand `count` elements to a fold: a tile's, or those in memory."""
        source = self.sources[plan.number]
        if source is None:
            row = f"e{self.element(plan)}"
        else:
            access = source.access
            row = self.writer.row(scope, access.buffer, access.offset, access.strides)
        if not is_ordered(plan.fold):
            return f"{plan.kind}_add(&{plan.name}, {row}, {count});"
        last = len(self.nest.axes) - 1
        linear = dict(plan.fold.linear)
        moves = [(scope.index[a] if a != last else scope.base, n) for a, n in linear.items()]
        moves = [(name, n) for name, n in moves if name != "0"]
        stride = formula(linear.get(last, size(0)), C)
        first = place(0, moves, C)
        return f"{plan.kind}_add(&{plan.name}, {row}, {count}, {first}, {stride});"

    def join(self, plan: nf.FoldPlan) -> list[str]:
        """Join a row's state to the chunk's."""
        moves: list[tuple[str, Size]] = []
        step = size(1)
        for axis in reversed(plan.columns):
            moves.insert(0, (f"i{axis}", step))
            step = step * self.nest.axes[axis]
        where = place(0, moves, C)
        state = f"s_{plan.number}"
        targets = [f"{name}[{where}]" for name in plan.stepped]
        others = [f"{state}.a{k}" for k in range(len(targets))]
        if plan.is_number:
            others = [state]
        lines = join_lines(plan.fold, targets, targets, others)
        head = f"const {plan.c_type} {state} = {plan.value};"
        return ["{", f"    {head}", *(f"    {line}" for line in lines), "}"]
