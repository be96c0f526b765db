"""The values a Program is made of: sizes, checks, buffers, statements, nests, products, segments.

Takes nothing of the expression side; `lower` fills these values in, `emit` prints them as C,
`gradc.kernel.text` as readable loops, and `gradc.kernel.check` judges them.  Everything is frozen.

Lengths are `Size` polynomials over `Length("size", k)`: entry k of the call's sizes, which the plan
of a segment computes.  Strides and offsets are in elements.

A Nest is one parallel loop: axis 0 is cut into fixed chunks (their number follows from sizes only,
never from the number of threads, so every result has the same bits on any machine).  Axes before
`split` are outer; what stands inside them is a row: straight-line Row blocks and Pass blocks in
turn, a Pass looping over the inner axes.  With split == 0 a row is the whole chunk.
"""

from __future__ import annotations

from typing import Literal

from gradc.affine import Affine
from gradc.kernel.calls import Matrix, Pack, Product, Routine, Rows, Scale
from gradc.kernel.repeats import Cut, Move, Read, Repeat, Turn
from gradc.kernel.scalar import ScalarFn
from gradc.sizes import Size, size
from gradc.value import value

__all__ = [
    "Access",
    "Block",
    "Bound",
    "Buffer",
    "Callback",
    "Check",
    "Compute",
    "Cut",
    "Fold",
    "FoldStep",
    "Indexed",
    "Lent",
    "Literal_",
    "Load",
    "Matrix",
    "Move",
    "Nest",
    "Number",
    "Pack",
    "Pass",
    "Position",
    "Product",
    "Read",
    "Repeat",
    "Routine",
    "Require",
    "Row",
    "RowResult",
    "Rows",
    "Scale",
    "Segment",
    "SizeDef",
    "Slot",
    "Statement",
    "Step",
    "Store",
    "Turn",
]


# -- numbers of a call -------------------------------------------------------------------------


@value
class SizeDef:
    """How entry `number` of the sizes is computed by a plan.

    source "length": args[index].shape[axis].  "stride": args[index].strides[axis] in elements.
    "value": the integer scalar args[index] holds.  "buffer": the integer scalar in buffer `index`,
    computed by an earlier segment.  "expression": `value`, whose atoms may be calls (floor_div,
    minimum, maximum, wrap) over earlier entries.
    """

    number: int
    source: Literal["length", "stride", "value", "buffer", "expression"]
    index: int = 0
    axis: int = 0
    value: Size | None = None
    only_checked: bool = False  # plans read it, no step does


@value
class Check:
    """A condition on sizes that a plan verifies.

    "equal": left == right.  "index": 0 <= left < right.  "natural": left >= 0.  "at_most": left <=
    right.  "positive": left > 0 or right == 0 (a reduction without identity over no elements,
    unless it has no result).
    """

    rule: Literal["equal", "index", "natural", "at_most", "positive"]
    left: Size
    right: Size
    note: int


# -- memory ------------------------------------------------------------------------------------


@value
class Buffer:
    """A C-contiguous run of numbers.

    place "arg": args[index].  "out": outs[index] (outputs, then updates).  "work": slot `index` of
    the segment's workspace.  "partial": as work, for the states of a nest's folds.  "scratch": as
    work, one copy of `shape` a worker.  "window": a part of buffer `index` from `offset` on, which
    the counter of a loop may move.
    comment: the number of the value in the printed graph, such as "%3".
    """

    number: int
    dtype: str
    shape: tuple[Size, ...]
    place: Literal["arg", "out", "work", "partial", "scratch", "window"]
    index: int
    segment: int = 0
    comment: str = ""
    offset: Size = size(0)


@value
class Slot:
    """A stretch of a segment's workspace, shared by buffers that never live at once."""

    number: int
    elements: Size
    itemsize: int
    per_worker: bool = False


@value
class Access:
    """An element of a buffer for each position of the loops: offset + sum(i_k * strides[k])."""

    buffer: int
    offset: Size
    strides: tuple[Size, ...]  # one a nest axis; zero where the axis does not move it


# -- statements; dst and src number the C locals of one nest -------------------------------------


@value
class Load:
    """dst = buffer[access]."""

    dst: int
    dtype: str
    access: Access


@value
class Indexed:
    """dst = buffer[access + sum(index_k * stride_k)] with computed indices, checked before."""

    dst: int
    dtype: str
    access: Access
    terms: tuple[tuple[int, Size], ...]


@value
class Literal_:  # noqa: N801
    """dst = a number known while compiling; `text` is exact C of dtype."""

    dst: int
    dtype: str
    text: str


@value
class Number:
    """dst = a length, as a number of dtype."""

    dst: int
    dtype: str
    value: Size


@value
class Position:
    """dst = offset + sum(factor * loop axis), as a number of dtype."""

    dst: int
    dtype: str
    index: Affine


@value
class Compute:
    """dst = fn(args); `operand` is the dtype of the args that selects the C text."""

    dst: int
    dtype: str
    fn: ScalarFn
    operand: str
    args: tuple[int, ...]


@value
class Bound:
    """dst = src as a position (negative counts from the end), checked against `length`.

    Out of bounds: the nest fails with GC_ERR_INDEX at `note`, values (src, length, axis).
    """

    dst: int
    src: int
    length: Size
    axis: int
    note: int


@value
class Store:
    """buffer[access + sum(index_k * stride_k)] = src, or += src with mode "add".

    Computed `terms` occur in nests with one chunk only, and so does mode "add" where two positions
    may be one element.
    """

    access: Access
    dtype: str
    src: int
    mode: Literal["set", "add"] = "set"
    terms: tuple[tuple[int, Size], ...] = ()


@value
class FoldStep:
    """Fold `src` (a local of the fold's `element` dtype) into state `fold` of the nest."""

    fold: int
    src: int


@value
class RowResult:
    """dst = the result of a row fold, in the Row block behind the Pass that folded it."""

    dst: int
    dtype: str
    fold: int


Statement = (
    Load | Indexed | Literal_ | Number | Position | Compute | Bound | Store | FoldStep | RowResult
)


@value
class Fold:
    """A reduction inside a nest. The C strings are those of ops.kinds.Reduce, dtypes resolved.

    element: dtype of the folded local.  states: dtype of each component.
    scope "row": over all inner axes, ready behind its Pass.
    scope "nest": over `axes` of the nest, ready behind the nest.  `axes` holds either all inner
    axes (and any outer ones) or outer ones only.  The state of a chunk lives in `partial` (one
    buffer a component) at [chunk,] kept axes (in nest order; the chunk axis leads only if axis 0
    is folded); the tail of the nest combines chunks in order and stores `result` into `out` (a
    buffer of the kept axes, in nest order) as `dtype`.
    combine takes two states in any order: of equal elements the one at the lower position wins.
    linear: per folded axis (in the order of the reduction's own axes) its stride in the linear
    position {i}: position = sum(i_axis * stride); () if the step does not read {i}.
    """

    init: tuple[str, ...]
    step: tuple[str, ...]
    combine: tuple[str, ...]
    result: str
    element: str
    states: tuple[str, ...]
    dtype: str
    scope: Literal["row", "nest"]
    axes: tuple[int, ...]
    partial: tuple[int, ...] = ()
    out: int | None = None
    linear: tuple[tuple[int, Size], ...] = ()  # (nest axis, stride)


@value
class Row:
    """Straight-line code once a row: does not depend on inner axes."""

    body: tuple[Statement, ...]


@value
class Pass:
    """A loop over the inner axes. `vector`: every statement can become vector code."""

    body: tuple[Statement, ...]
    vector: bool = True


Block = Row | Pass


# -- steps -------------------------------------------------------------------------------------


@value
class Nest:
    """One sweep of loops.

    axes: lengths, outermost first.  split: how many are outer.  chunks: how many chunks axis 0 is
    cut into; `chunk_length` of axis 0 each (the last may be shorter, some may be empty); None where
    the product is by panels: then tiles of its rows are shared out evenly.
    head: statements once a chunk, that depend on no axis.  product: a product whose rows are axis
    0, computed for the chunk's rows before its loops.  base: what the only buffer that is stored
    to holds before, in one chunk: copied first unless both are the same memory at the call.
    fallible: a statement may fail (Bound).
    cut: the axis that chunks cut.  1 behind the images of a routine: then chunk k is of element
    k // chunks of axis 0.
    """

    axes: tuple[Size, ...]
    split: int
    chunks: Size
    chunk_length: Size | None
    head: tuple[Statement, ...]
    blocks: tuple[Block, ...]
    folds: tuple[Fold, ...] = ()
    product: Product | None = None
    base: int | None = None
    fallible: bool = False
    title: str = ""
    nodes: tuple[int, ...] = ()
    cut: int = 0

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All in order."""
        bodies = (self.head, *(block.body for block in self.blocks))
        return tuple(each for body in bodies for each in body)


@value
class Lent:
    """A C-contiguous array that a callback reads or writes: all of a buffer, under some lengths."""

    buffer: int
    shape: tuple[Size, ...]


@value
class Callback:
    """A call of the caller's, who gave the function callback `number`: it writes all of `outs`.

    It may fail, and runs on the thread that began the call.
    """

    number: int
    ins: tuple[Lent, ...]
    outs: tuple[Lent, ...]
    title: str = ""
    nodes: tuple[int, ...] = ()


@value
class Require:
    """Fail with GC_ERR_ASSERT at `note` unless the bool in buffer `source` is true.

    `out` is true then.
    """

    source: int
    out: int
    note: int
    title: str = ""
    nodes: tuple[int, ...] = ()


Step = Nest | Product | Pack | Routine | Callback | Require | Repeat


@value
class Segment:
    """What runs between two cuts: sizes and checks are the plan, steps the run.

    commit: the index of the first step that may write an update; none from there on can fail.
    """

    sizes: tuple[SizeDef, ...]
    checks: tuple[Check, ...]
    slots: tuple[Slot, ...]
    steps: tuple[Step, ...]
    commit: int
