"""Nests as C functions: one that runs a chunk, and one that joins the chunks' states.

Takes a Nest; gives Functions.  The chunk function declares what it uses, multiplies the rows of
its product, and runs loops over the outer axes around rows of straight-line code and passes.
A pass with folds runs tile by tile: it computes elements into small arrays, which the functions of
the folds then take; elements that stand in memory anyway are taken from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit import nestfolds as nf
from gradc.emit.folds import FoldKinds, is_ordered
from gradc.emit.memory import C, Memory, texts, wrapped
from gradc.emit.product import product_call
from gradc.emit.statements import (
    Scope,
    Writer,
    is_float_literal,
    literals_of,
    live,
    runs_along,
    statements_of,
)
from gradc.emit.views import Block, Branch, Function, Lines, Loop
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import (
    FoldStep,
    Load,
    Nest,
    Pass,
    Row,
    RowResult,
    Statement,
    Store,
)
from gradc.sizes import size

__all__ = ["chunk_function", "tail_function"]

_TILE = 1024  # GC_TILE of csrc/inline/gradc/fold.h
_ARGUMENTS = "const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker"


@dataclass
class _NestC:
    """One nest on its way into C."""

    nest: Nest
    memory: Memory
    kinds: FoldKinds
    segment: int
    writer: Writer = field(init=False)
    plans: list[nf.FoldPlan] = field(init=False)
    needed: set[int] = field(init=False)

    def __post_init__(self) -> None:
        nest = self.nest
        types = {buffer.number: buffer.dtype for buffer in self.memory.program.buffers}
        self.writer = Writer(nest, types, written_by(nest), literals_of(nest))
        self.plans = nf.plan_folds(nest, self.kinds)
        self.sources = {
            plan.number: self._source(plan)
            for plan in self.plans
            if plan.in_pass and plan.style != "column"
        }
        taken = {
            (self.plans[number].where, number)
            for number, source in self.sources.items()
            if source is not None
        }
        self.needed = live(nest, taken)

    def _source(self, plan: nf.FoldPlan) -> Load | Store | None:
        """The access of a pass under which a fold's elements stand one after the other."""
        block = self.nest.blocks[plan.where]
        step = next(s for s in block.body if isinstance(s, FoldStep) and s.fold == plan.number)
        found: Load | Store | None = None
        for each in block.body:
            is_it = (isinstance(each, Load) and each.dst == step.src) or (
                isinstance(each, Store)
                and each.src == step.src
                and each.mode == "set"
                and not each.terms
            )
            if is_it and isinstance(each, (Load, Store)) and each.dtype == plan.fold.element:
                if each.access.strides and each.access.strides[-1].constant == 1:
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
        buffers = self.memory.program.buffers
        a, b = buffers[one], buffers[other]
        if one == other:
            return True
        if a.place in ("arg", "out") or b.place in ("arg", "out"):
            return {a.place, b.place} <= {"arg", "out"}
        return (a.segment, a.index) == (b.segment, b.index)

    # -- statements ------------------------------------------------------------------------------

    def straight(self, body: tuple[Statement, ...], scope: Scope, in_pass: bool) -> list[str]:
        """Statements one after the other, dead ones left out."""
        lines: list[str] = []
        for each in body:
            if isinstance(each, FoldStep):
                lines += self._fold_step(each, scope, in_pass)
            elif isinstance(each, RowResult):
                lines += self._row_result(each)
            elif self._is_live(each):
                lines += self.writer.lines(each, scope)
        return [part for line in lines for part in wrapped(line)]

    def _is_live(self, statement: Statement) -> bool:
        if isinstance(statement, Store):
            return True
        return not hasattr(statement, "dst") or (
            statement.dst in self.needed or not hasattr(statement, "dtype")
        )

    def _row_result(self, statement: RowResult) -> list[str]:
        plan = self.plans[statement.fold]
        c_type = dtype_info(statement.dtype).c_type
        if len(plan.fold.states) == 1 and plan.fold.result == "{a0}":
            text = nf.result_text(plan.fold, {"a0": plan.value})
            return [f"const {c_type} v{statement.dst} = {text};"]
        state = f"s{plan.number}"
        names = {f"a{k}": f"{state}.a{k}" for k in range(len(plan.fold.states))}
        return [
            f"const {plan.kind} {state} = {plan.value};",
            f"const {c_type} v{statement.dst} = {nf.result_text(plan.fold, names)};",
        ]

    def _fold_step(self, step: FoldStep, scope: Scope, in_pass: bool) -> list[str]:
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
        for axis in reversed(plan.after):
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

    # -- loops -------------------------------------------------------------------------------------

    def range(self, axis: int) -> tuple[str, str]:
        """Where a loop over an axis starts and stops."""
        if axis == 0 and self.nest.chunks.constant != 1:
            return "begin", "end"
        return "0", formula(self.nest.axes[axis], C)

    def index(self) -> list[str]:
        """The loop variables."""
        return [f"i{axis}" for axis in range(len(self.nest.axes))]

    def body(self) -> list[Block]:
        """Everything inside the function but declarations."""
        nest = self.nest
        blocks: list[Block] = []
        if nest.product is not None:
            rows = self.range(0)
            blocks += product_call(nest.product, rows)
        head = self.straight(nest.head, Scope(self.index()), False)
        return blocks + self.level(0, self._lines(head))

    def level(self, axis: int, first: Sequence[Block] = ()) -> list[Block]:
        """The loop over an outer axis and all inside it; `first` goes before the loop."""
        nest = self.nest
        around = [p for p in self.plans if p.level == axis and p.style != "row"]
        blocks: list[Block] = []
        for plan in around:
            blocks += nf.begin_level(nest, plan, self.memory, self.segment)
        blocks += first
        if axis == nest.split:
            blocks += self.row()
        else:
            start, stop = self.range(axis)
            blocks.append(Loop(f"i{axis}", start, stop, f"i{axis}++", self._inside(axis, around)))
        for plan in around:
            blocks += nf.end_level(nest, plan)
        return blocks

    def _inside(self, axis: int, around: list[nf.FoldPlan]) -> tuple[Block, ...]:
        """The body of an outer loop, with scratch rows started and put away now and then."""
        inner = self.level(axis + 1)
        rounding = [plan for plan in around if nf.rounds_here(plan)]
        if not rounding:
            return tuple(inner)
        start, stop = self.range(axis)
        count = f"i{axis}" if start == "0" else f"(i{axis} - {start})"
        first = Branch(f"{count} % GC_ROWS == 0", tuple(nf.refill(plan) for plan in rounding))
        last = Branch(
            f"{count} % GC_ROWS == GC_ROWS - 1 || i{axis} + 1 == {stop}",
            tuple(nf.flush(plan) for plan in rounding),
        )
        return (first, *inner, last)

    def row(self) -> list[Block]:
        """The rows' blocks in turn."""
        blocks: list[Block] = []
        for where, block in enumerate(self.nest.blocks):
            if isinstance(block, Row) or not self.nest.axes:
                scope = Scope(self.index())
                blocks += self._lines(self.straight(block.body, scope, False))
            else:
                blocks += self._pass(where, block)
        return blocks

    def _lines(self, lines: list[str]) -> list[Block]:
        return [Lines(tuple(lines))] if lines else []

    def _pass(self, where: int, block: Pass) -> list[Block]:
        nest = self.nest
        folds = [
            plan
            for plan in self.plans
            if plan.where == where and plan.in_pass and plan.style != "column"
        ]
        blocks: list[Block] = []
        for plan in folds:
            if plan.style != "scalar":
                begin = (f"{plan.kind} {plan.name};", f"{plan.kind}_begin(&{plan.name});")
                blocks.append(Lines(begin))
        body = self._innermost(block, folds)
        for axis in reversed(range(nest.split, len(nest.axes) - 1)):
            start, stop = self.range(axis)
            body = [Loop(f"i{axis}", start, stop, f"i{axis}++", tuple(body))]
        blocks += body
        for plan in folds:
            if plan.style == "joined":
                blocks.append(Lines(tuple(self._join(plan))))
        return blocks

    def _innermost(self, block: Pass, folds: list[nf.FoldPlan]) -> list[Block]:
        last = len(self.nest.axes) - 1
        start, stop = self.range(last)
        index = self.index()
        has_code = self._has_code(block)
        if not folds:
            scope = Scope(index, "j")
            return self._plain(block, scope, start, stop)
        length = self.nest.axes[last].constant if start == "0" else None
        if not has_code or (length is not None and length <= _TILE):
            scope = Scope(index, "j")
            if start != "0":
                scope = Scope(index, "j", start)
                stop = f"{stop} - {start}"
            return self._tile(block, scope, stop, folds, str(max(length or 0, 1)))
        scope = Scope(index, "j", "t")
        count = Lines((f"const int64_t m = gc_minimum({stop} - t, GC_TILE);",))
        inside = self._tile(block, scope, "m", folds, "GC_TILE")
        return [Loop("t", start, stop, "t += GC_TILE", (count, *inside))]

    def _has_code(self, block: Pass) -> bool:
        for each in block.body:
            if isinstance(each, FoldStep):
                if self.plans[each.fold].style == "column" or self.sources[each.fold] is None:
                    return True
            elif not is_float_literal(each) and self._is_live(each):
                return True
        return False

    def _plain(self, block: Pass, scope: Scope, start: str, stop: str) -> list[Block]:
        lines = self.straight(block.body, scope, True)
        if not lines:
            return []
        simd = runs_along(block, self.nest)
        loop = Loop("j", start, stop, "j++", (Lines(tuple(lines)),), simd)
        return [*self._lines(scope.rows), loop]

    def _tile(
        self, block: Pass, scope: Scope, count: str, folds: list[nf.FoldPlan], room: str
    ) -> list[Block]:
        """The elements of a tile, and the folds taking them."""
        loop = self._plain(block, scope, "0", count)
        arrays = [f"{c_type} e{src}[{room}];" for src, c_type in scope.tiles.items()]
        adds = []
        for plan in folds:
            source = self.sources[plan.number]
            if source is None:
                row = f"e{self._element(plan)}"
            else:
                access = source.access
                row = self.writer.row(scope, access.buffer, access.offset, access.strides)
            adds += wrapped(self._add(plan, scope, row, count))
        loops = [each for each in loop if isinstance(each, Loop)]
        return self._lines(arrays) + self._lines(scope.rows) + loops + self._lines(adds)

    def _element(self, plan: nf.FoldPlan) -> int:
        """The local a fold steps over."""
        body = self.nest.blocks[plan.where].body
        return next(s.src for s in body if isinstance(s, FoldStep) and s.fold == plan.number)

    def _add(self, plan: nf.FoldPlan, scope: Scope, row: str, count: str) -> str:
        if not is_ordered(plan.fold):
            return f"{plan.kind}_add(&{plan.name}, {row}, {count});"
        last = len(self.nest.axes) - 1
        linear = dict(plan.fold.linear)
        moves = [(scope.index[a] if a != last else scope.base, n) for a, n in linear.items()]
        moves = [(name, n) for name, n in moves if name != "0"]
        stride = formula(linear.get(last, size(0)), C)
        first = place(0, moves, C)
        return f"{plan.kind}_add(&{plan.name}, {row}, {count}, {first}, {stride});"

    def _join(self, plan: nf.FoldPlan) -> list[str]:
        """Join a row's state to the chunk's."""
        moves, step = [], size(1)
        for axis in reversed(plan.after):
            moves.insert(0, (f"i{axis}", step))
            step = step * self.nest.axes[axis]
        where = place(0, moves, C)
        state = f"s_{plan.number}"
        targets = [f"{name}[{where}]" for name in plan.stepped]
        others = [f"{state}.a{k}" for k in range(len(targets))] if len(targets) > 1 else [state]
        lines = nf.join_lines(plan.fold, targets, others)
        c_type = plan.kind if len(targets) > 1 else dtype_info(plan.fold.states[0]).c_type
        head = f"const {c_type} {state} = {plan.value};"
        return ["{", f"    {head}", *(f"    {line}" for line in lines), "}"]


def written_by(nest: Nest) -> set[int]:
    """The buffers a nest writes."""
    found = {s.access.buffer for s in statements_of(nest) if isinstance(s, Store)}
    for fold in nest.folds:
        found |= set(fold.partial)
    if nest.product is not None:
        found.add(nest.product.out.buffer)
    return found


def unused(body: Sequence[Block], names: tuple[str, ...]) -> list[str]:
    """The line that says which parameters a function does not need."""
    text = "\n".join(texts(body))
    idle = [name for name in names if not re.search(rf"\b{name}\b", text)]
    return [" ".join(f"(void){name};" for name in idle)] if idle else []


def chunk_function(
    nest: Nest, name: str, memory: Memory, kinds: FoldKinds, segment: int
) -> Function:
    """The function that runs one chunk of a nest."""
    writer = _NestC(nest, memory, kinds, segment)
    body = writer.body()
    cut: list[str] = []
    if nest.axes and nest.chunks.constant != 1:
        length, whole = factor(nest.chunk_length, C), formula(nest.axes[0], C)
        cut = [
            f"const int64_t begin = gc_minimum(chunk * {length}, {whole});",
            f"const int64_t end = gc_minimum(begin + {length}, {whole});",
        ]
    body = [*([Lines(tuple(cut))] if cut else []), *body]
    lines = memory.declare(body, writer.writer.written)
    everything = [Lines(tuple(lines)), *body]
    idle = unused(everything, ("table", "frame", "chunk", "worker"))
    body = [Lines((*idle, *lines)), *body, Lines(("return GC_OK;",))]
    marker = " ".join(f"%{number}" for number in nest.nodes)
    comment = (comment_text(nest.title),) if nest.title else ()
    return Function(f"static int {name}({_ARGUMENTS})", comment, marker, tuple(body))


def tail_function(nest: Nest, name: str, memory: Memory, kinds: FoldKinds) -> Function | None:
    """The function that joins the states of a nest's chunks; None if there are none."""
    body: list[Block] = []
    written: set[int] = set()
    for plan in nf.plan_folds(nest, kinds):
        if plan.fold.scope == "nest":
            body += nf.tail_blocks(nest, plan)
            written |= {*plan.fold.partial, *([plan.fold.out] if plan.fold.out is not None else [])}
    if not body:
        return None
    head = f"static void {name}_tail(gc_frame *frame)"
    lines = memory.declare(body, written)
    return Function(head, (), "", (Lines(tuple(lines)), *body))


def comment_text(text: str) -> str:
    """A title inside a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")
