"""The rules every Program keeps.

Takes a Program; raises InternalError naming the step that breaks one.  Run by tests and in debug
builds of the fuzzer: what passes here, `emit` prints without asking again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.errors import InternalError, message
from gradc.kernel.formula import formula
from gradc.kernel.program import (
    Access,
    Bound,
    Buffer,
    Compute,
    Fold,
    FoldStep,
    Indexed,
    Load,
    Matrix,
    Nest,
    Number,
    Pack,
    Pass,
    Position,
    Product,
    Program,
    RowResult,
    Scale,
    Statement,
    Step,
    Store,
)
from gradc.sizes import Call, Length, Size

__all__ = ["check_program"]


def check_program(program: Program) -> None:
    """Raise InternalError if a rule is broken."""
    _Checker(program).run()


@dataclass
class _Checker:
    program: Program
    where: str = "program"
    sizes: set[int] = field(default_factory=set)  # entries defined so far
    ready: set[int] = field(default_factory=set)  # buffers written so far, or arguments

    def require(self, condition: bool, what: str) -> None:
        """Complain about the present step."""
        if not condition:
            raise InternalError(message(f"program, {self.where}: {what}."))

    def run(self) -> None:
        """All segments in order."""
        program = self.program
        self.require(len(program.segments) == program.interface.segments, "segments miscounted")
        self.check_buffers()
        for number, segment in enumerate(program.segments):
            self.where = f"segment {number}"
            for each in segment.sizes:
                self.require(each.number not in self.sizes, f"n{each.number} is defined twice")
                if each.value is not None:
                    self.check_size(each.value)
                self.sizes.add(each.number)
            for check in segment.checks:
                self.check_size(check.left, check.right)
                self.require(check.note < len(program.notes), f"there is no note {check.note}")
            for slot in segment.slots:
                self.check_size(slot.elements)
            is_last = number == len(program.segments) - 1
            self.require(0 <= segment.commit <= len(segment.steps), "commit is not among the steps")
            for k, step in enumerate(segment.steps):
                self.where = f"segment {number}, step {k}"
                self.check_step(step, is_behind=is_last and k >= segment.commit)
        self.where = "program"
        for number in self.sizes:
            self.require(number < program.interface.sizes, f"n{number} has no entry")
        for k in range(len(program.interface.outs)):
            found = [b for b in program.buffers if b.place == "out" and b.index == k]
            self.require(len(found) == 1, f"out {k} has {len(found)} buffers")
            self.require(found[0].number in self.ready, f"out {k} is never written")

    # -- sizes and memory ------------------------------------------------------------------------

    def check_size(self, *values: Size) -> None:
        """Every atom has been defined."""
        for value in values:
            for atom in value.atoms:
                if isinstance(atom, Call):
                    self.check_size(*atom.args)
                    continue
                known = isinstance(atom, Length) and atom.group == "size"
                self.require(known and atom.index in self.sizes, f"{formula(value)} is unknown")

    def check_buffers(self) -> None:
        """Each buffer is where it says."""
        program = self.program
        ports = {"arg": program.interface.args, "out": program.interface.outs}
        for number, buffer in enumerate(program.buffers):
            self.require(buffer.number == number, f"b{buffer.number} stands at {number}")
            if buffer.place in ports:
                port = ports[buffer.place][buffer.index]
                self.require(port.dtype == buffer.dtype, f"b{number} is not of its port's dtype")
                same = port.ndim == len(buffer.shape) or buffer.place == "arg"
                self.require(same, f"b{number} has not the rank of its port")
                continue
            slots = program.segments[buffer.segment].slots
            self.require(0 <= buffer.index < len(slots), f"b{number} has no slot")
            slot = slots[buffer.index]
            itemsize = dtype_info(buffer.dtype).itemsize
            self.require(slot.itemsize == itemsize, f"b{number} does not fit its slot")
            mine = buffer.place == "scratch"
            self.require(slot.per_worker == mine, f"b{number} and its slot disagree on workers")

    def buffer(self, number: int, dtype: str | None = None) -> Buffer:
        """A buffer, which must exist."""
        self.require(0 <= number < len(self.program.buffers), f"there is no b{number}")
        buffer = self.program.buffers[number]
        if dtype is not None:
            self.require(buffer.dtype == dtype, f"b{number} is {buffer.dtype}, not {dtype}")
        return buffer

    def read(self, number: int, dtype: str | None = None) -> None:
        """A buffer that has been written, or came in."""
        buffer = self.buffer(number, dtype)
        self.require(
            buffer.place == "arg" or number in self.ready, f"b{number} is read before it is written"
        )

    def write(self, number: int, is_behind: bool, dtype: str | None = None) -> None:
        """A buffer that may be written here."""
        buffer = self.buffer(number, dtype)
        self.require(buffer.place != "arg", f"b{number} is an argument")
        is_update = (
            buffer.place == "out" and self.program.interface.outs[buffer.index].role == "update"
        )
        self.require(is_behind or not is_update, f"b{number} is an update, before the commit")
        self.ready.add(number)

    def may_share(self, one: int, other: int) -> bool:
        """Whether two buffers may be the same memory at a call."""
        a, b = self.program.buffers[one], self.program.buffers[other]
        if a.place == "out" and b.place == "arg":
            return self.program.interface.outs[a.index].shared == b.index
        inside = ("work", "partial", "scratch")
        return (
            a.place in inside
            and (b.segment, b.index) == (a.segment, a.index)
            and (b.place in inside)
        )

    # -- steps -----------------------------------------------------------------------------------

    def check_step(self, step: Step, *, is_behind: bool) -> None:
        """A nest or a product."""
        if isinstance(step, Product):
            self.check_product(step, is_behind)
            return
        if isinstance(step, Pack):
            self.check_pack(step)
            return
        self.require(not (step.fallible and is_behind), "it may fail, behind the commit")
        if step.product is not None:
            self.check_product(step.product, is_behind)
            self.require(step.product.m == step.axes[0], "its product has other rows")
            self.require(step.product.blocks == step.chunks, "its product has other blocks")
            self.require(not step.product.batch, "its product has a stack")
        _NestChecker(self, step, is_behind).run()

    def check_product(self, step: Product, is_behind: bool) -> None:
        """Operands, lengths and strides of a product."""
        self.require(dtype_info(step.dtype).is_float, f"BLAS does not multiply {step.dtype}")
        self.check_size(step.m, step.n, step.k, *step.batch, step.blocks)
        if step.routine == "gemv":
            self.require(step.n.constant == 1, "gemv has one column")
        if step.routine == "ger":
            self.require(step.k.constant == 1, "ger has one term")
            self.require(step.source is None, "ger accumulates where it is")
        for matrix in (step.x, step.y):
            self.read(matrix.buffer, step.dtype)
            self.check_matrix(matrix, step)
        for scale in (step.alpha, step.beta):
            self.check_scale(scale, step.dtype)
        if step.source is not None:
            self.read(step.source, step.dtype)
        if step.panels is not None:
            self.read(step.panels, step.dtype)
            self.require(step.routine == "gemm" and not step.batch, "panels are for one gemm")
            self.require(step.out.col.constant == 1, "panels give rows")
        self.write(step.out.buffer, is_behind, step.dtype)
        self.check_matrix(step.out, step)
        inputs = (step.x.buffer, step.y.buffer)
        self.require(step.out.buffer not in inputs, "it writes what it multiplies")

    def check_pack(self, step: Pack) -> None:
        """The matrix and its panels."""
        self.check_size(step.k, step.n, step.room, step.blocks)
        self.read(step.y.buffer, step.dtype)
        self.check_size(step.y.offset, step.y.row, step.y.col)
        self.require(not step.y.batch, "a stack is not packed")
        self.require(self.program.buffers[step.panels].place == "work", "panels are work")
        self.write(step.panels, False, step.dtype)

    def check_matrix(self, matrix: Matrix, step: Product) -> None:
        """Strides of a matrix."""
        self.check_size(matrix.offset, matrix.row, matrix.col, *matrix.batch)
        same = len(matrix.batch) == len(step.batch)
        self.require(same, f"b{matrix.buffer} has another stack")

    def check_scale(self, scale: Scale, dtype: str) -> None:
        """A literal or a scalar in memory."""
        if scale.buffer is None:
            self.require(bool(scale.text), "a factor is missing")
        else:
            self.read(scale.buffer, dtype)


@dataclass
class _NestChecker:
    outer: _Checker
    nest: Nest
    is_behind: bool
    known: dict[int, str] = field(default_factory=dict)  # locals in scope, with their dtypes
    everything: set[int] = field(default_factory=set)
    stepped: dict[int, int] = field(default_factory=dict)  # fold -> the block that stepped it

    def require(self, condition: bool, what: str) -> None:
        self.outer.require(condition, what)

    def run(self) -> None:
        """Loops, then blocks in order, then folds."""
        nest = self.nest
        self.require(0 <= nest.split <= len(nest.axes), "split is not among the axes")
        self.outer.check_size(*nest.axes, nest.chunks, nest.chunk_length)
        self.require(bool(nest.axes) or nest.chunks.constant == 1, "no axis, but chunks")
        for fold in nest.folds:
            self.check_fold(fold)
        self.body(nest.head, -1, depth=0)
        for where, block in enumerate(nest.blocks):
            before = dict(self.known)
            in_pass = isinstance(block, Pass)
            self.body(block.body, where, depth=len(nest.axes) if in_pass else nest.split)
            if in_pass:
                self.known = before
        self.check_in_place()
        self.finish()

    def check_in_place(self) -> None:
        """Where a store goes to memory that a load reads, they meet at one element, in order."""
        blocks = [self.nest.head, *(block.body for block in self.nest.blocks)]
        order = [each for body in blocks for each in body]
        loads = [(k, s) for k, s in enumerate(order) if isinstance(s, (Load, Indexed))]
        for k, store in enumerate(order):
            if not isinstance(store, Store):
                continue
            for j, load in loads:
                one, other = store.access.buffer, load.access.buffer
                if one == other or not self.outer.may_share(one, other):
                    continue
                text = f"b{other} is read after b{one} is written in its memory"
                self.require(j < k, text)
                same = (store.access.offset, store.access.strides) == (
                    load.access.offset,
                    load.access.strides,
                )
                plain = isinstance(load, Load) and not store.terms
                self.require(same and plain, f"b{one} is written over elements of b{other}")

    def finish(self) -> None:
        """What must have happened when all blocks are through."""
        nest = self.nest
        for number, fold in enumerate(nest.folds):
            self.require(number in self.stepped, f"f{number} takes no element")
            if fold.out is not None:
                self.outer.write(fold.out, self.is_behind, fold.dtype)
        statements: list[Statement] = list(nest.head)
        for block in nest.blocks:
            statements.extend(block.body)
        fails = any(isinstance(each, Bound) for each in statements)
        self.require(fails <= nest.fallible, "a statement may fail, and the nest says it cannot")

    def body(self, statements: Sequence[Statement], where: int, depth: int) -> None:
        for statement in statements:
            self.statement(statement, where, depth)

    def statement(self, statement: Statement, where: int, depth: int) -> None:
        """Operands are known, then the result is."""
        for number in _reads(statement):
            self.require(number in self.known, f"v{number} is not known here")
        if isinstance(statement, (Load, Indexed)):
            self.outer.read(statement.access.buffer, statement.dtype)
            self.access(statement.access, depth)
        elif isinstance(statement, Store):
            self.store(statement, depth)
        elif isinstance(statement, Bound):
            self.outer.check_size(statement.length)
            self.require(self.known[statement.src] == "int64", "an index is not int64")
            count = len(self.outer.program.notes)
            self.require(statement.note < count, f"there is no note {statement.note}")
        elif isinstance(statement, Number):
            self.outer.check_size(statement.value)
        elif isinstance(statement, Position):
            self.outer.check_size(statement.index.offset)
            for axis, factor in statement.index.factors:
                self.outer.check_size(factor)
                self.require(axis < depth, f"a position depends on axis {axis}, outside its loop")
        elif isinstance(statement, Compute):
            self.require(statement.fn.supports(statement.operand), "there is no C for an operand")
        elif isinstance(statement, FoldStep):
            self.step(statement, where)
        elif isinstance(statement, RowResult):
            self.row_result(statement, where)
        if not isinstance(statement, (Store, FoldStep)):
            self.define(statement.dst, getattr(statement, "dtype", "int64"))

    def define(self, number: int, dtype: str) -> None:
        self.require(number not in self.everything, f"v{number} is set twice")
        self.everything.add(number)
        self.known[number] = dtype

    def access(self, access: Access, depth: int) -> None:
        """One stride an axis, and none along a loop that stands further inside."""
        self.outer.check_size(access.offset, *access.strides)
        count = len(self.nest.axes)
        text = f"an access to b{access.buffer}"
        self.require(len(access.strides) == count, f"{text} has not {count} strides")
        inside = access.strides[depth:]
        self.require(not any(s.terms for s in inside), f"{text} moves along an inner loop")

    def store(self, statement: Store, depth: int) -> None:
        number = statement.access.buffer
        self.outer.write(number, self.is_behind, statement.dtype)
        self.access(statement.access, depth)
        same = self.known[statement.src] == statement.dtype
        self.require(same, f"b{number} is stored from a local of another dtype")
        if statement.terms:
            self.require(self.nest.chunks.constant == 1, "a scatter runs in several chunks")
        for _, stride in statement.terms:
            self.outer.check_size(stride)

    # -- folds -----------------------------------------------------------------------------------

    def check_fold(self, fold: Fold) -> None:
        """Components, axes and memory of a fold."""
        split, count = self.nest.split, len(self.nest.axes)
        parts = {len(fold.init), len(fold.step), len(fold.combine), len(fold.states)}
        self.require(len(parts) == 1, "a fold's components are miscounted")
        inner = set(range(split, count))
        axes = set(fold.axes)
        self.require(axes <= set(range(count)), "a fold runs over an axis that is none")
        if fold.scope == "row":
            self.require(axes == inner and bool(inner), "a row's fold is not over the inner axes")
            self.require(split > 0, "a row's fold in a nest without rows")
            return
        legal = inner <= axes or not axes & inner
        self.require(legal, "a fold is over some of the inner axes")
        self.require(len(fold.partial) == len(fold.states), "a fold lacks memory for its states")
        self.require(fold.out is not None, "a fold has no place for its result")
        for number, dtype in zip(fold.partial, fold.states, strict=True):
            self.outer.write(number, self.is_behind, dtype)
        for _, stride in fold.linear:
            self.outer.check_size(stride)

    def step(self, statement: FoldStep, where: int) -> None:
        number = statement.fold
        self.require(number < len(self.nest.folds), f"there is no f{number}")
        self.require(number not in self.stepped, f"f{number} takes elements in two places")
        self.stepped[number] = where
        fold = self.nest.folds[number]
        same = self.known[statement.src] == fold.element
        self.require(same, f"f{number} takes an element of another dtype")
        in_pass = where >= 0 and isinstance(self.nest.blocks[where], Pass)
        if fold.scope == "row":
            self.require(in_pass, f"f{number} is a row's, and stepped outside a pass")
        if not in_pass:
            inner = [axis for axis in fold.axes if axis >= self.nest.split]
            self.require(not inner, f"f{number} runs over inner axes outside a pass")

    def row_result(self, statement: RowResult, where: int) -> None:
        number = statement.fold
        self.require(number < len(self.nest.folds), f"there is no f{number}")
        fold = self.nest.folds[number]
        self.require(fold.scope == "row", f"f{number} is not ready behind its row")
        self.require(self.stepped.get(number, where) < where, f"f{number} is not ready yet")
        self.require(statement.dtype == fold.dtype, f"f{number} has another dtype")


def _reads(statement: Statement) -> Iterable[int]:
    if isinstance(statement, Compute):
        return statement.args
    if isinstance(statement, Indexed):
        return [number for number, _ in statement.terms]
    if isinstance(statement, Store):
        return [statement.src, *(number for number, _ in statement.terms)]
    if isinstance(statement, (FoldStep, Bound)):
        return [statement.src]
    return []
