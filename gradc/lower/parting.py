"""Loops cut along the rows of what they work on: each part goes through all turns by itself.

Takes a Repeat as it is lowered; gives it with `parts`, where every step of a turn works on rows
that need nothing of other rows: a batch of sequences, or the elements of a state.  Then threads
share the whole recurrence and meet once, behind the last turn, not in each of them.

All steps of such a loop have the same rows, `whole` of them (or some elements a row, one behind the
other).  What the loop writes lies by rows, of a pitch that is the same wherever the array is
read or written; what it only reads may lie anyhow.  How many parts there are follows from the
sizes only, as with chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gradc.kernel.cost import time_of
from gradc.kernel.loops import (
    Access,
    Buffer,
    Cut,
    Indexed,
    Load,
    Matrix,
    Nest,
    Product,
    Repeat,
    Statement,
    Step,
    Store,
)
from gradc.lower.shapes import Shapes
from gradc.sizes import (
    Atom,
    Length,
    Size,
    ceil_div,
    floor_div,
    halvings,
    is_natural,
    minimum,
    product,
    size,
)
from gradc.value import replace

__all__ = ["parted"]

_LEAST_TIME = 50_000_000  # picoseconds a part
_LEAST_ROWS = 8  # a part has: two tiles of a product
_MOST_PARTS = 16


def parted(
    repeat: Repeat, word: str, shapes: Sequence[Shapes], buffers: Sequence[Buffer]
) -> Repeat:
    """The loop, cut into parts if its rows are apart.

    word: begins the names of what the loop sets.  shapes: what is known of lengths, inside and out.
    """
    moves = (*repeat.before, *repeat.moves, *repeat.after)
    is_branch = is_natural(1 - repeat.count)
    if len(repeat.turns) != 1 or moves or repeat.until is not None or is_branch:
        return repeat
    (turn,) = repeat.turns
    steps = [each for each in turn.steps if isinstance(each, (Nest, Product))]
    if turn.reads or turn.checks or not steps or len(steps) < len(turn.steps):
        return repeat
    rows = _Rows(buffers, shapes)
    for whole in dict.fromkeys(_candidates(steps)):
        if rows.are_apart(steps, whole):
            return _cut(repeat, word, steps, whole)
    return repeat


def _candidates(steps: Sequence[Nest | Product]) -> Iterator[Size]:
    """What the number of rows may be."""
    for each in steps:
        if isinstance(each, Product):
            yield each.m
        elif each.product is not None:
            yield each.product.m
    yield from (each.axes[0] for each in steps if isinstance(each, Nest) and each.axes)


def _cut(repeat: Repeat, word: str, steps: Sequence[Nest | Product], whole: Size) -> Repeat:
    """The loop with steps whose rows are cut by entries that it sets."""
    time = repeat.count * time_of(tuple(steps))
    most = minimum(floor_div(whole, _LEAST_ROWS), _MOST_PARTS)
    parts = halvings(time, _LEAST_TIME, most)
    cuts: list[Cut] = []
    found: list[Step] = []
    for k, each in enumerate(steps):
        chunks, rows = (size(Length(f"{word}cuts", 2 * k + j)) for j in (0, 1))
        if isinstance(each, Product):
            count, length, among = each.blocks, ceil_div(each.m, each.blocks), each.m
            found.append(replace(each, blocks=chunks, rows=rows))
        else:
            among, count = each.axes[0], each.chunks
            length = each.chunk_length or ceil_div(among, count)
            inner = each.product and replace(each.product, blocks=chunks)
            found.append(replace(each, chunks=chunks, chunk_length=rows, product=inner))
        each_row = _quotient(among, whole)
        assert each_row is not None
        cuts += [Cut(chunks, count, parts), Cut(rows, length, ceil_div(whole, parts) * each_row)]
    turn = replace(repeat.turns[0], steps=tuple(found))
    return replace(repeat, turns=(turn,), parts=parts, cuts=tuple(cuts))


@dataclass
class _Rows:
    """What is found out about rows.

    pitch: elements a row of the arrays that the loop writes.
    """

    buffers: Sequence[Buffer]
    shapes: Sequence[Shapes]
    whole: Size = field(default_factory=lambda: size(1))
    pitch: dict[int, Size] = field(default_factory=dict)

    def are_apart(self, steps: Sequence[Nest | Product], whole: Size) -> bool:
        """Whether no step needs, for one of `whole` rows, what belongs to another one."""
        self.whole = whole
        self.pitch = {}
        written: set[int] = set()
        for each in steps:
            if isinstance(each, Product):
                written.add(self.root(each.out.buffer))
            else:
                written |= {self.root(s.access.buffer) for s in _statements(each)
                            if isinstance(s, Store)}  # fmt: skip
                if each.product is not None:
                    written.add(self.root(each.product.out.buffer))
        return all(
            self.product_is_apart(each, written)
            if isinstance(each, Product)
            else self.nest_is_apart(each, written)
            for each in steps
        )

    def root(self, number: int) -> int:
        """The buffer that a window is on."""
        buffer = self.buffers[number]
        return buffer.index if buffer.place == "window" else number

    def nest_is_apart(self, nest: Nest, written: set[int]) -> bool:
        """A nest of whole rows: its outermost loop runs over them."""
        each_row = _quotient(nest.axes[0], self.whole) if nest.axes else None
        if each_row is None or nest.base is not None or nest.fallible:
            return False
        if any(fold.scope == "nest" for fold in nest.folds):
            return False
        if nest.product is not None:
            is_same = nest.product.m == nest.axes[0] == self.whole
            if not is_same or not self.product_is_apart(nest.product, written):
                return False
        if any(isinstance(each, Store) for each in nest.head):
            return False
        for each in _statements(nest):
            if not isinstance(each, (Load, Indexed, Store)):
                continue
            number = each.access.buffer
            if self.root(number) not in written or self.buffers[number].place == "scratch":
                continue
            is_plain = isinstance(each, Load) or (isinstance(each, Store) and not each.terms)
            if not is_plain or not self.access_is_apart(each.access, nest.axes, each_row):
                return False
        return True

    def access_is_apart(self, access: Access, axes: Sequence[Size], each_row: Size) -> bool:
        """Whether an access stays within the row that the outermost loop is at."""
        first = last = access.offset
        for stride, length in zip(access.strides[1:], axes[1:], strict=True):
            if is_natural(stride):
                last = last + stride * (length - 1)
            elif is_natural(-stride):
                first = first + stride * (length - 1)
            else:
                return False
        step = access.strides[0]
        inside = is_natural(first) and is_natural(step - last - 1)
        return inside and self.has_pitch(access.buffer, step * each_row)

    def product_is_apart(self, step: Product, written: set[int]) -> bool:
        """A product whose rows are the loop's: the right operand is the same for all."""
        if step.m != self.whole or step.batch:
            return False
        fixed = {step.y.buffer, step.alpha.buffer, step.beta.buffer, step.panels} - {None}
        if any(self.root(each) in written for each in fixed if each is not None):
            return False
        is_apart = self.matrix_is_apart(step.out, step.n)
        if step.source is not None and self.root(step.source) in written:
            source = replace(step.out, buffer=step.source)
            is_apart = is_apart and self.matrix_is_apart(source, step.n)
        if self.root(step.x.buffer) in written:
            is_apart = is_apart and self.matrix_is_apart(step.x, step.k)
        return is_apart

    def matrix_is_apart(self, matrix: Matrix, columns: Size) -> bool:
        """Whether its rows follow each other as those of its buffer."""
        room = matrix.row - matrix.offset - columns
        inside = is_natural(matrix.offset) and (
            is_natural(room) or self.is_known(matrix.row, columns)
        )
        return matrix.col.constant == 1 and inside and self.has_pitch(matrix.buffer, matrix.row)

    def has_pitch(self, number: int, pitch: Size) -> bool:
        """Whether an array lies by rows of this pitch, as far as one knows."""
        buffer, root = self.buffers[number], self.root(number)
        if not self.is_known(product(buffer.shape), self.whole * pitch):
            return False
        if buffer.place == "window" and _quotient(buffer.offset, product(buffer.shape)) is None:
            return False
        return self.is_known(self.whole * self.pitch.setdefault(root, pitch), self.whole * pitch)

    def is_known(self, left: Size, right: Size) -> bool:
        """Whether two sizes are equal, or the call makes sure that they are."""
        difference = self.unified(left - right)
        if not difference.terms:
            return True
        first = Size(difference.terms[:1])
        for check in [check for each in self.shapes for _, check in each.checks]:
            known = self.unified(check.left - check.right)
            if check.rule == "equal" and len(known.terms) == len(difference.terms):
                for term in known.terms:
                    by = _quotient(first, Size((term,)))
                    if by is not None and known * by == difference:
                        return True
        return False

    def unified(self, value: Size) -> Size:
        """The size over lengths of which no two are known to be equal."""
        for each in self.shapes:
            value = each.resolve(value)
        return value


def _statements(nest: Nest) -> Iterator[Statement]:
    yield from nest.head
    for block in nest.blocks:
        yield from block.body


def _quotient(value: Size, by: Size) -> Size | None:
    """The quotient of a size by a product of lengths and numbers; None where it is none."""
    if len(by.terms) != 1:
        return size(1) if value == by else size(0) if not value.terms else None
    ((divisor, number),) = by.terms
    found = size(0)
    for monomial, factor in value.terms:
        rest = list(monomial)
        if factor % number or not _take(rest, divisor):
            return None
        found = found + Size(((tuple(rest), factor // number),))
    return found


def _take(monomial: list[Atom], divisor: Sequence[Atom]) -> bool:
    """Remove the atoms of a divisor, if they are all there."""
    for atom in divisor:
        if atom not in monomial:
            return False
        monomial.remove(atom)
    return True
