"""Nests as C functions: one that runs a chunk, and one that joins the chunks' states.

Takes a Nest; gives Functions.  The chunk function declares what it uses, multiplies the rows of
its product, and runs loops over the outer axes around rows of straight-line code and passes.
A pass with folds runs tile by tile: it computes elements into small arrays, which the functions of
the folds then take; elements that stand in memory anyway are taken from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit import cascade
from gradc.emit import nestfolds as nf
from gradc.emit.folds import FoldKinds
from gradc.emit.inline import moved_loads, moved_results
from gradc.emit.late import Parts, split
from gradc.emit.memory import C, Memory, joined, wrapped
from gradc.emit.product import divisor, product_call, shares, starts
from gradc.emit.runs import runs_of, without
from gradc.emit.shared import Draft
from gradc.emit.statements import (
    Scope,
    Writer,
    has_effect,
    is_float_literal,
    literals_of,
    readings,
    result,
    runs_along,
)
from gradc.emit.stepping import FoldWriter
from gradc.emit.views import Block, Branch, Lines, Loop
from gradc.kernel.formula import factor, formula
from gradc.kernel.program import (
    FoldStep,
    Nest,
    Pass,
    Row,
    RowResult,
    Statement,
    Store,
)
from gradc.sizes import product

__all__ = ["chunk_function", "tail_function"]

_TILE = 1024  # GC_TILE of csrc/inline/gradc/fold.h


@dataclass
class _NestC:
    """One nest on its way into C."""

    nest: Nest
    memory: Memory
    kinds: FoldKinds
    segment: int
    writer: Writer = field(init=False)
    plans: list[nf.FoldPlan] = field(init=False)
    folds: FoldWriter = field(init=False)
    reads: Counter[int] = field(init=False)
    needed: set[int] = field(init=False)

    def __post_init__(self) -> None:
        nest = self.nest
        self.writer = Writer(nest, self.memory.dtypes, written_by(nest), literals_of(nest))
        self.plans = nf.plan_folds(nest, self.kinds)
        self.folds = FoldWriter(nest, self.plans, self.writer, self.memory.program.buffers)
        self.reads = readings(nest, self.folds.taken)
        self.needed = {number for number, count in self.reads.items() if count}

    # -- statements ------------------------------------------------------------------------------

    def straight(self, body: tuple[Statement, ...], scope: Scope, in_pass: bool) -> list[str]:
        """Statements one after the other, dead ones left out."""
        lines: list[str] = []
        alive = [each for each in body if self._is_live(each)]
        self.writer.moved |= moved_loads(alive, self.reads) | moved_results(alive, self.reads)
        for each in body:
            if isinstance(each, FoldStep):
                lines += self.folds.step(each, scope, in_pass)
            elif isinstance(each, RowResult):
                lines += self.folds.row_result(each)
            elif self._is_live(each):
                lines += self.writer.lines(each, scope)
        return [part for line in lines for part in wrapped(line)]

    def _is_live(self, statement: Statement) -> bool:
        return has_effect(statement) or result(statement) in self.needed

    # -- loops -------------------------------------------------------------------------------------

    def range(self, axis: int) -> tuple[str, str]:
        """Where a loop over an axis starts and stops."""
        if axis == self.nest.cut and self.nest.chunks.constant != 1:
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
            blocks += product_call(nest.product, rows, self.memory, self.segment)
        if nest.base is not None:
            blocks += self._copied(nest.base)
        head = self.straight(nest.head, Scope(self.index()), False)
        return blocks + self.level(0, self._lines(head))

    def _copied(self, base: int) -> list[Block]:
        """The array that is changed, copied to where its change belongs unless it is there."""
        (target,) = {s.access.buffer for s in self.nest.statements if isinstance(s, Store)}
        count = formula(product(self.memory.program.buffers[base].shape), C)
        loop = Loop("k", "0", count, "k++", (Lines((f"b{target}[k] = b{base}[k];",)),))
        return [Branch(f"b{base} != b{target}", (loop,))]

    def level(self, axis: int, first: Sequence[Block] = ()) -> list[Block]:
        """The loop over an outer axis and all inside it; `first` goes before the loop."""
        nest = self.nest
        around = [p for p in self.plans if p.level == axis and p.style != "row"]
        blocks: list[Block] = []
        for plan in around:
            blocks += nf.begin_level(nest, plan)
        begun = [(p, k) for p in self.plans for k, c in enumerate(p.cascades) if c.first == axis]
        for plan, k in begun:
            each = plan.cascades[k]
            blocks += cascade.begin(each, plan.fold, nest, self.memory, self.segment)
        blocks += first
        if axis == nest.split:
            blocks += self.row()
        elif axis < nest.cut:
            blocks += self.level(axis + 1)
        else:
            start, stop = self.range(axis)
            blocks.append(Loop(f"i{axis}", start, stop, f"i{axis}++", self._inside(axis)))
        for plan, k in begun:
            blocks += nf.end_cascade(nest, plan, k, self._rows(plan, k))
        for plan in around:
            blocks += nf.end_level(nest, plan)
        return blocks

    def _rows(self, plan: nf.FoldPlan, k: int) -> str:
        """How many rows a cascade has taken, behind its loops."""
        each = plan.cascades[k]
        start, stop = self.range(each.last)
        if each.is_counted:
            return each.number_name
        return f"({stop} - {start})" if start != "0" else factor(self.nest.axes[each.last], C)

    def _inside(self, axis: int) -> tuple[Block, ...]:
        """The body of an outer loop, with the cascades that count its iterations."""
        start, _ = self.range(axis)
        behind: list[Block] = []
        for plan in self.plans:
            for each in plan.cascades:
                if each.last == axis:
                    behind += cascade.carry(each, plan.fold, each.taken(start))
        return (*self.level(axis + 1), *behind)

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
                blocks.append(Lines(tuple(self.folds.join(plan))))
        return blocks

    def _innermost(self, block: Pass, folds: list[nf.FoldPlan]) -> list[Block]:
        last = len(self.nest.axes) - 1
        start, stop = self.range(last)
        index = self.index()
        has_code = self._has_code(block)
        parts = split(block)
        is_run = bool(runs_of(parts.first, len(self.nest.axes)))
        if not folds and not parts.late and not is_run:
            scope = Scope(index, "j")
            return self._plain(block, scope, start, stop)
        length = self.nest.axes[last].constant if start == "0" else None
        if not has_code or (length is not None and length <= _TILE):
            scope = Scope(index, "j")
            if start != "0":
                scope = Scope(index, "j", start)
                stop = f"{stop} - {start}"
            return self._tile(parts, scope, stop, folds, str(max(length or 0, 1)))
        scope = Scope(index, "j", "t")
        count = Lines((f"const int64_t m = gc_minimum({stop} - t, GC_TILE);",))
        inside = self._tile(parts, scope, "m", folds, "GC_TILE")
        return [Loop("t", start, stop, "t += GC_TILE", (count, *inside))]

    def _has_code(self, block: Pass) -> bool:
        for each in block.body:
            if isinstance(each, FoldStep):
                if self.plans[each.fold].style == "column" or self.folds.sources[each.fold] is None:
                    return True
            elif not is_float_literal(each) and self._is_live(each):
                return True
        return False

    def _plain(
        self, block: Pass, scope: Scope, start: str, stop: str, handed: Sequence[int] = ()
    ) -> list[Block]:
        lines = self.straight(block.body, scope, True)
        lines += [
            f"e{number}[j] = {self.writer.local(number)};"
            for number in handed
            if number not in scope.tiles  # a fold takes it too
        ]
        if not lines:
            return []
        simd = runs_along(block, self.nest)
        loop = Loop("j", start, stop, "j++", (Lines(tuple(lines)),), simd)
        return [*self._lines(joined(scope.rows)), loop]

    def _tile(
        self, parts: Parts, scope: Scope, count: str, folds: list[nf.FoldPlan], room: str
    ) -> list[Block]:
        """The elements of a tile, and the folds taking them."""
        runs = runs_of(parts.first, len(self.nest.axes))
        fills = [part for run in runs for part in wrapped(run.call(self.writer, scope, count))]
        before = dict(self.writer.literals)
        self.writer.literals |= {run.made.dst: f"{run.name}[j]" for run in runs}
        first = Pass(without(parts.first, runs, self.reads), parts.is_vector)
        loop = self._plain(first, scope, "0", count, tuple(parts.handed))
        self.writer.literals = before
        if parts.late:
            loop += self._late(parts, scope, count)
        arrays = [f"{c_type} e{src}[{room}];" for src, c_type in scope.tiles.items()]
        arrays += [run.array(room) for run in runs]
        adds = [line for plan in folds for line in wrapped(self.folds.add(plan, scope, count))]
        loops = [each for each in loop if isinstance(each, Loop)]
        rows = joined(scope.rows)
        return self._lines([*arrays, *rows, *fills]) + loops + self._lines(adds)

    def _late(self, parts: Parts, scope: Scope, count: str) -> list[Block]:
        """The loop over what waits, which reads its tiles."""
        before = dict(self.writer.literals)
        for number, dtype in parts.handed.items():
            scope.tiles[number] = dtype_info(dtype).c_type
            self.writer.literals[number] = f"e{number}[j]"
        loop = self._plain(Pass(parts.late), scope, "0", count)
        self.writer.literals = before
        return loop


def written_by(nest: Nest) -> set[int]:
    """The buffers a nest writes."""
    found = {s.access.buffer for s in nest.statements if isinstance(s, Store)}
    for fold in nest.folds:
        found |= set(fold.partial)
    if nest.product is not None:
        found.add(nest.product.out.buffer)
    return found


def chunk_function(nest: Nest, name: str, memory: Memory, kinds: FoldKinds, segment: int) -> Draft:
    """The function that runs one chunk of a nest."""
    writer = _NestC(nest, memory, kinds, segment)
    body = writer.body()
    cut = [part for line in _share_of(nest) for part in wrapped(line)]
    body = [*([Lines(tuple(cut))] if cut else []), *body]
    comment = (comment_text(nest.title),) if nest.title else ()
    written = frozenset(writer.writer.written)
    return Draft(name, "step", tuple(body), written, comment, tuple(nest.nodes))


def _share_of(nest: Nest) -> list[str]:
    """The lines that say what belongs to a chunk."""
    if not nest.axes or (nest.chunks.constant == 1 and not nest.cut):
        return []
    whole = formula(nest.axes[nest.cut], C)
    if nest.chunk_length is None:
        return [shares(formula(nest.chunks, C), whole)]
    length = factor(nest.chunk_length, C)
    if not nest.cut:
        return [starts(length, whole)]
    if nest.chunks.constant == 1:
        return ["const int64_t i0 = chunk;"]
    parts = divisor(nest.chunks)
    first = f"const int64_t i0 = chunk / {parts}, part = chunk % {parts};"
    return [first, starts(length, whole, "part")]


def tail_function(nest: Nest, name: str, kinds: FoldKinds) -> Draft | None:
    """The function that joins the states of a nest's chunks; None if there are none."""
    body: list[Block] = []
    written: set[int] = set()
    for plan in nf.plan_folds(nest, kinds):
        if plan.fold.scope == "nest":
            body += nf.tail_blocks(nest, plan)
            written |= {*plan.fold.partial, *([plan.fold.out] if plan.fold.out is not None else [])}
    if not body:
        return None
    return Draft(f"{name}_tail", "tail", tuple(body), frozenset(written))


def comment_text(text: str) -> str:
    """A title inside a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")
