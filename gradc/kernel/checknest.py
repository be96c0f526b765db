"""The rules every nest of a Program keeps: locals, accesses, folds.

Takes a nest and the Judge of its Program; complains through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.kernel.judge import Judge
from gradc.kernel.program import (
    Access,
    Bound,
    Compute,
    Fold,
    FoldStep,
    Indexed,
    Load,
    Nest,
    Number,
    Pass,
    Position,
    RowResult,
    Statement,
    Store,
)

__all__ = ["NestChecker"]


@dataclass
class NestChecker:
    """One nest."""

    outer: Judge
    nest: Nest
    is_behind: bool
    known: dict[int, str] = field(default_factory=dict)  # locals in scope, with their dtypes
    everything: set[int] = field(default_factory=set)
    stepped: dict[int, int] = field(default_factory=dict)  # fold -> the block that stepped it

    def require(self, condition: bool, what: str) -> None:
        """Complain about the nest."""
        self.outer.require(condition, what)

    def run(self) -> None:
        """Loops, then blocks in order, then folds."""
        nest = self.nest
        self.require(0 <= nest.split <= len(nest.axes), "split is not among the axes")
        self.outer.check_size(*nest.axes, nest.chunks)
        by_panels = nest.product is not None and nest.product.panels is not None
        self.require(nest.chunk_length is not None or by_panels, "chunks of tiles, or of a length")
        if nest.chunk_length is not None:
            self.outer.check_size(nest.chunk_length)
        self.check_base()
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

    def check_base(self) -> None:
        """The array that is changed: as large as what it becomes, and read by nothing else."""
        base, nest = self.nest.base, self.nest
        if base is None:
            return
        statements = nest.statements
        targets = {s.access.buffer for s in statements if isinstance(s, Store)}
        reads = {s.access.buffer for s in statements if isinstance(s, (Load, Indexed))}
        self.require(len(targets) == 1, "a changed array has several results")
        self.require(base not in reads, f"b{base} is read while it is changed")
        self.require(nest.chunks.constant == 1, "an array is changed in several chunks")
        out = self.outer.buffer(targets.pop())
        self.outer.read(base, out.dtype)
        same = self.outer.buffer(base).shape == out.shape
        self.require(same, f"b{base} has other lengths than what it becomes")

    def check_in_place(self) -> None:
        """Where a store goes to memory that a load reads, they meet at one element, in order."""
        order = self.nest.statements
        loads = [(k, s) for k, s in enumerate(order) if isinstance(s, (Load, Indexed))]
        puts = [(k, s.access.buffer) for k, s in enumerate(order) if isinstance(s, Store)]
        for k, store in enumerate(order):
            if not isinstance(store, Store):
                continue
            for j, load in loads:
                one, other = store.access.buffer, load.access.buffer
                if one == other or not self.outer.may_share(one, other):
                    continue
                if any(k < at < j and buffer == other for at, buffer in puts):
                    continue  # what is read was written later
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
        fails = any(isinstance(each, Bound) for each in nest.statements)
        self.require(fails <= nest.fallible, "a statement may fail, and the nest says it cannot")

    def body(self, statements: Sequence[Statement], where: int, depth: int) -> None:
        """Statements in order."""
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
        """A local that is new."""
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
        """A store to a buffer that may be written."""
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
        """One step of a fold, in the one place for it."""
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
        """A row's fold, read behind its pass."""
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
