"""Statements of a nest as lines of C.

Takes statements and the names of the loop variables where they stand; gives lines.  Row pointers
are hoisted: an access becomes `r0[j]` with `r0` set once a row.  Numbers known while compiling
stand where they are used if they are floats; integers stay locals, because compilers warn of
comparisons with constants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit.folds import narrow
from gradc.emit.memory import C
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import (
    Access,
    Bound,
    Compute,
    FoldStep,
    Indexed,
    Literal_,
    Load,
    Nest,
    Number,
    Pass,
    Position,
    RowResult,
    Statement,
    Store,
)
from gradc.sizes import Size, size

__all__ = ["Scope", "Writer", "live"]


@dataclass
class Scope:
    """Where statements stand.

    index: the text of each nest axis's position here, None inside the innermost loop for the axis
    that `variable` runs along from `base`.  pointers: rows hoisted out of it.  tiles: locals that
    are put into arrays for folds, with their C types.
    """

    index: Sequence[str]
    variable: str = ""
    base: str = "0"
    pointers: dict[str, str] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    tiles: dict[int, str] = field(default_factory=dict)


@dataclass
class Writer:
    """Writes the statements of one nest."""

    nest: Nest
    types: dict[int, str]  # buffer -> dtype
    written: set[int]
    literals: dict[int, str] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)  # locals written where they are read
    pointers: int = 0

    def local(self, number: int) -> str:
        """The name, or the number itself."""
        return self.literals.get(number, f"v{number}")

    def moves(self, scope: Scope, strides: Sequence[Size]) -> list[tuple[str, Size]]:
        """The fixed part of an index: all axes but the one that the innermost loop runs along."""
        last = len(strides) - 1
        pairs = [
            (scope.index[axis], stride)
            for axis, stride in enumerate(strides)
            if not (scope.variable and axis == last)
        ]
        if scope.variable and scope.base != "0":
            pairs.append((scope.base, strides[last]))
        return pairs

    def row(self, scope: Scope, buffer: int, offset: Size, strides: Sequence[Size]) -> str:
        """The pointer that the innermost loop counts from."""
        where = place(offset, self.moves(scope, strides), C)
        if where == "0":
            return f"b{buffer}"
        return self.hoist(scope, f"b{buffer}", where, self.types[buffer], buffer in self.written)

    def hoist(self, scope: Scope, start: str, where: str, dtype: str, is_written: bool) -> str:
        """A pointer set once before the innermost loop."""
        key = f"{start} {where}"
        if key not in scope.pointers:
            name = f"r{self.pointers}"
            self.pointers += 1
            scope.pointers[key] = name
            const = "" if is_written else "const "
            c_type = dtype_info(dtype).c_type
            joined = f"{start} - {where[1:]}" if where.startswith("-") else f"{start} + {where}"
            scope.rows.append(f"{const}{c_type} *const {name} = {joined};")
        return scope.pointers[key]

    def element(self, scope: Scope, access: Access, terms: Sequence[tuple[int, Size]] = ()) -> str:
        """An element of memory, as an lvalue."""
        computed = [(self.local(number), stride) for number, stride in terms]
        if not scope.variable:
            where = place(access.offset, [*self.moves(scope, access.strides), *computed], C)
            return f"b{access.buffer}[{where}]"
        row = self.row(scope, access.buffer, access.offset, access.strides)
        along = (scope.variable, access.strides[-1]) if access.strides else ("0", size(0))
        return f"{row}[{place(0, [*computed, along], C)}]"

    def lines(self, statement: Statement, scope: Scope) -> list[str]:
        """The C of a statement; folds are not written here."""
        if isinstance(statement, Store):
            return [self._store(statement, scope)]
        if isinstance(statement, Bound):
            return self._bound(statement)
        assert not isinstance(statement, (FoldStep, RowResult))
        if isinstance(statement, Literal_) and statement.dst in self.literals:
            return []
        value = self._value(statement, scope)
        if statement.dst in self.moved:
            is_plain = not isinstance(statement, Number) or value.isalnum()
            self.literals[statement.dst] = value if is_plain else f"({value})"
            return []
        return [f"const {dtype_info(statement.dtype).c_type} v{statement.dst} = {value};"]

    def _value(
        self, statement: Load | Indexed | Literal_ | Number | Position | Compute, scope: Scope
    ) -> str:
        if isinstance(statement, Load):
            return self.element(scope, statement.access)
        if isinstance(statement, Indexed):
            return self.element(scope, statement.access, statement.terms)
        if isinstance(statement, Literal_):
            return statement.text
        if isinstance(statement, Number):
            return _converted(formula(statement.value, C), statement.dtype)
        if isinstance(statement, Position):
            return _converted(self._position(statement, scope), statement.dtype)
        operands = [self.local(arg) for arg in statement.args]
        text = statement.fn.text(statement.operand, operands, statement.dtype)
        return narrow(text, statement.dtype)

    def _position(self, statement: Position, scope: Scope) -> str:
        axes = len(self.nest.axes)
        strides = [statement.index.factor(axis) for axis in range(axes)]
        moves = self.moves(scope, strides)
        if scope.variable:
            moves.append((scope.variable, strides[-1]))
        return place(statement.index.offset, moves, C)

    def first_place(self, statement: Position, scope: Scope) -> str:
        """The position at the start of the innermost loop."""
        strides = [statement.index.factor(axis) for axis in range(len(self.nest.axes))]
        start = place(statement.index.offset, self.moves(scope, strides), C)
        return _converted(start, statement.dtype)

    def _store(self, statement: Store, scope: Scope) -> str:
        target = self.element(scope, statement.access, statement.terms)
        value = self.local(statement.src)
        if statement.mode == "set":
            return f"{target} = {value};"
        if statement.dtype == "bool":
            return f"{target} = {target} || {value};"
        if dtype_info(statement.dtype).itemsize < 4:
            return f"{target} = {narrow(f'{target} + {value}', statement.dtype)};"
        return f"{target} += {value};"

    def _bound(self, statement: Bound) -> list[str]:
        length, raw = formula(statement.length, C), self.local(statement.src)
        name = f"v{statement.dst}"
        wrapped = f"{raw} < 0 ? {raw} + {factor(statement.length, C)} : {raw}"
        test = f"if (GC_UNLIKELY({name} < 0 || {name} >= {factor(statement.length, C)}))"
        fail = (
            f"return gc_fail(table, frame, GC_ERR_INDEX, {statement.note}, chunk, {raw}, {length},"
            f" {statement.axis});"
        )
        return [f"const int64_t {name} = {wrapped};", test, f"    {fail}"]


def _converted(text: str, dtype: str) -> str:
    if dtype == "int64":
        return text
    if dtype == "bool":
        return f"({text}) != 0"
    if dtype == "float16":
        return f"gc_cast_f32_f16((float)({text}))"
    c_type = dtype_info(dtype).c_type
    return f"({c_type}){text}" if text.isalnum() else f"({c_type})({text})"


def uses(statement: Statement) -> Iterable[int]:
    """The locals a statement reads."""
    if isinstance(statement, Compute):
        return statement.args
    if isinstance(statement, Indexed):
        return tuple(number for number, _ in statement.terms)
    if isinstance(statement, Store):
        return (statement.src, *(number for number, _ in statement.terms))
    if isinstance(statement, (FoldStep, Bound)):
        return (statement.src,)
    return ()


def result(statement: Statement) -> int:
    """The local a statement sets; -1 for none."""
    return -1 if isinstance(statement, (Store, FoldStep)) else statement.dst


def has_effect(statement: Statement) -> bool:
    """Whether a statement matters though nobody reads its local."""
    return isinstance(statement, (Store, FoldStep, Bound))


def live(nest: Nest, taken: set[tuple[int, int]]) -> set[int]:
    """The locals something needs.

    taken: (position of the block, fold) whose elements are read from memory, not from a local.
    """
    return set(readings(nest, taken))


def readings(nest: Nest, taken: set[tuple[int, int]]) -> Counter[int]:
    """How often something live reads each local."""
    count: Counter[int] = Counter()
    blocks = [nest.head, *(block.body for block in nest.blocks)]
    for number in reversed(range(len(blocks))):
        for statement in reversed(blocks[number]):
            if isinstance(statement, FoldStep) and (number - 1, statement.fold) in taken:
                continue
            if has_effect(statement) or count[result(statement)]:
                count.update(uses(statement))
    return count


def is_float_literal(statement: Statement) -> bool:
    """Whether the number may stand where it is used."""
    return isinstance(statement, Literal_) and dtype_info(statement.dtype).is_inexact


def literals_of(nest: Nest) -> dict[int, str]:
    """The numbers that stand where they are used; negative ones in parentheses."""
    found = {}
    for statement in nest.statements:
        if isinstance(statement, Literal_) and is_float_literal(statement):
            text = statement.text
            found[statement.dst] = f"({text})" if text.startswith("-") else text
    return found


def runs_along(block: Pass, nest: Nest) -> bool:
    """Whether the pass's innermost loop may be vector code as it stands."""
    if not block.vector or not nest.axes:
        return False
    for statement in block.body:
        if isinstance(statement, Bound):
            return False
        if isinstance(statement, Store) and (
            statement.terms or not statement.access.strides[-1].terms
        ):
            return False
    return True
