"""Folds down columns where joining rounds: rows in blocks, blocks joined in pairs.

Takes a fold of floats over outer axes; gives lines for each place around its loops.  Over each run
of folded axes that follow one another goes a Cascade: a row of states in scratch takes GC_ROWS rows
in order; full blocks are joined as a binary counter carries, one row of states a digit; behind the
run what is there is joined to the states it belongs to: the chunk's, or the row of the run around.
So an error grows with the logarithm of the length, as along a row (csrc/inline/gradc/tiles.h).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.dtypes import dtype_info
from gradc.emit.folds import join_texts
from gradc.emit.memory import C, Memory, wrapped
from gradc.emit.views import Block, Branch, Lines, Loop
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import Fold, Nest
from gradc.sizes import Size, ceil_div, digits, product, size
from gradc.value import value

__all__ = [
    "Cascade",
    "begin",
    "carry",
    "cascades_of",
    "fill",
    "finish",
    "inner_target",
    "join_lines",
]

_ROWS = 16  # GC_ROWS of csrc/inline/gradc/tiles.h


@value
class Cascade:
    """One run of folded axes, `first` to `last`.

    after: the kept axes inside it, `count` states.  rows: names of the scratch rows, one a
    component.
    """

    number: int
    first: int
    last: int
    after: tuple[int, ...]
    count: Size
    rows: tuple[str, ...]

    @property
    def is_counted(self) -> bool:
        """Whether the rows taken need a counter of their own: loops inside loops."""
        return self.first != self.last

    def taken(self, start: str) -> str:
        """How many rows have been taken, inside the loop over the last axis from `start` on."""
        if self.is_counted:
            return self.number_name
        return f"i{self.last}" if start == "0" else f"(i{self.last} - {start})"

    @property
    def number_name(self) -> str:
        """Of the counter."""
        return f"m{self.rows[0][1:]}"


def cascades_of(number: int, fold: Fold, nest: Nest, depth: int) -> tuple[Cascade, ...]:
    """One a run of folded axes, outermost first."""
    outer = sorted(axis for axis in fold.axes if axis < nest.split)
    starts = [axis for k, axis in enumerate(outer) if k == 0 or outer[k - 1] != axis - 1]
    found = []
    for k, first in enumerate(starts):
        last = max(a for a in outer if a >= first and (k + 1 == len(starts) or a < starts[k + 1]))
        after = tuple(a for a in range(first, depth) if a not in fold.axes)
        count = product([nest.axes[axis] for axis in after])
        names = tuple(f"q{each}_{k}" if k else f"q{each}" for each in fold.partial)
        found.append(Cascade(number, first, last, after, count, names))
    return tuple(found)


def begin(each: Cascade, fold: Fold, nest: Nest, memory: Memory, segment: int) -> list[Block]:
    """What stands before the loop over its first axis: scratch rows, empty, and a counter."""
    lengths = [nest.axes[axis] for axis in range(each.first, each.last + 1)]
    if each.first == 0 and nest.chunks.constant != 1 and nest.chunk_length is not None:
        lengths[0] = nest.chunk_length
    levels = 1 + digits(ceil_div(product(lengths), _ROWS))
    lines = []
    for name, dtype in zip(each.rows, fold.states, strict=True):
        slot = memory.add_scratch(segment, each.count * levels, dtype)
        c_type = dtype_info(dtype).c_type
        lines += wrapped(f"{c_type} *const {name} = {memory.place(segment, slot)};")
    if each.is_counted:
        lines.append(f"int64_t {each.number_name} = 0;")
    return [Lines(tuple(lines)), fill(each.rows, fold, "0", formula(each.count, C))]


def fill(targets: Sequence[str], fold: Fold, first: str, stop: str) -> Block:
    """States that have taken nothing."""
    lines = tuple(f"{t}[k] = {init};" for t, init in zip(targets, fold.init, strict=True))
    return Loop("k", first, stop, "k++", (Lines(lines),), simd=True)


def carry(each: Cascade, fold: Fold, taken: str) -> list[Block]:
    """Inside the loop, behind a row: a full block is joined to others that are, and one begins."""
    here = [f"{row}[k]" for row in each.rows]
    joined = _states(
        each, join_lines(fold, here, [_level(each, row, "l") for row in each.rows], here)
    )
    kept = [f"{_level(each, row, 'carries')} = {row}[k];" for row in each.rows]
    anew = [f"{row}[k] = {init};" for row, init in zip(each.rows, fold.init, strict=True)]
    block: tuple[Block, ...] = (
        Lines((f"const int64_t carries = gc_carries({taken} / GC_ROWS);",)),
        Loop("l", "0", "carries", "l++", (joined,)),
        _states(each, [*kept, *anew]),
    )
    count = [Lines((f"{each.number_name}++;",))] if each.is_counted else []
    return [Branch(f"{taken} % GC_ROWS == GC_ROWS - 1", block), *count]


def finish(
    each: Cascade, fold: Fold, rows: str, targets: Sequence[str], before: Sequence[str]
) -> list[Block]:
    """Behind the loop: what is there, the last block first, joined to what was `before`, if any.

    targets, before: lvalues of k.
    """
    here = [f"{row}[k]" for row in each.rows]
    joined = _states(
        each, join_lines(fold, here, [_level(each, row, "l") for row in each.rows], here)
    )
    ended = [f"{target} = {row};" for target, row in zip(targets, here, strict=True)]
    if before:
        ended = join_lines(fold, list(targets), list(before), here)
    digit = Branch(f"{rows} / GC_ROWS >> l & 1", (joined,))
    return [
        Loop("l", "0", f"gc_digits({rows} / GC_ROWS)", "l++", (digit,)),
        _states(each, ended),
    ]


def inner_target(outer: Cascade, inner: Cascade, nest: Nest) -> list[str]:
    """Where in the rows of the run around the states of an inner run belong."""
    step, moves = inner.count, [("k", size(1))]
    for axis in reversed([a for a in outer.after if a < inner.first]):
        moves.insert(0, (f"i{axis}", step))
        step = step * nest.axes[axis]
    return [f"{row}[{place(0, moves, C)}]" for row in outer.rows]


def _level(each: Cascade, row: str, level: str) -> str:
    """The state of a digit of the counter, beside that of column k."""
    if each.count.constant == 1:
        return f"{row}[{level} + 1]"
    return f"{row}[({level} + 1) * {factor(each.count, C)} + k]"


def _states(each: Cascade, lines: Sequence[str]) -> Block:
    return Loop("k", "0", formula(each.count, C), "k++", (Lines(tuple(lines)),), simd=True)


def join_lines(fold: Fold, into: list[str], left: list[str], right: list[str]) -> list[str]:
    """Join two states, given and stored as lvalues."""
    if len(into) == 1 and all(fold.combine[0].count(spot) == 1 for spot in ("{a0}", "{b0}")):
        (text,) = join_texts(fold, left, right)
        return [f"{into[0]} = {text};"]
    s, t = [f"s{k}" for k in range(len(into))], [f"t{k}" for k in range(len(into))]
    lines = []
    for k, dtype in enumerate(fold.states):
        c_type = dtype_info(dtype).c_type
        lines.append(f"const {c_type} {s[k]} = {left[k]}, {t[k]} = {right[k]};")
    texts = join_texts(fold, s, t)
    return lines + [f"{target} = {text};" for target, text in zip(into, texts, strict=True)]
