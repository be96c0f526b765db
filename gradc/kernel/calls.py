"""Steps that are calls: matrix products, packing for them, and routines of C.

Takes nothing of the expression side; the values stand beside those of `gradc.kernel.loops`, which
hands them on.  Strides and offsets are in elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradc.kernel.routine import RoutineFn
from gradc.sizes import Size
from gradc.value import value

if TYPE_CHECKING:
    from gradc.kernel.loops import Nest

__all__ = ["Matrix", "Pack", "Product", "Routine", "Rows", "Scale"]


@value
class Matrix:
    """A matrix, or a stack of them, in a buffer; a vector has rows or cols 1.

    One of row and col stride is 1 at the call.  `batch`: strides of the stack's axes.
    """

    buffer: int
    offset: Size
    row: Size
    col: Size
    batch: tuple[Size, ...] = ()


@value
class Scale:
    """alpha or beta of a product: a literal, or a 0-d buffer's number."""

    text: str = ""
    buffer: int | None = None


@value
class Product:
    """out = alpha * x @ y + beta * c, by BLAS or by panels.

    routine: gemm (out m x n), gemv (y and out are columns, n == 1) or ger (k == 1: out += x y').
    `source`: where beta * c is read if it is not `out` itself (it is copied first unless the two
    are the same memory at the call); None when beta is 0 or c is out.
    blocks: the number of row blocks (along m; along the stack if there is one), a function of the
    sizes only; a product never splits k.
    panels: the buffer a Pack step has laid y out in, with `room` elements where that was worth it.
    rows: how many rows a block has; None: as many as go evenly.
    """

    routine: Literal["gemm", "gemv", "ger"]
    dtype: str
    x: Matrix
    y: Matrix
    out: Matrix
    m: Size
    n: Size
    k: Size
    batch: tuple[Size, ...]
    alpha: Scale
    beta: Scale
    source: int | None
    blocks: Size
    title: str = ""
    nodes: tuple[int, ...] = ()
    panels: int | None = None
    room: Size | None = None
    rows: Size | None = None


@value
class Pack:
    """Lay the matrix y[k, n] of a product out in panels, for all blocks of rows to share.

    `panels` has `room` elements: 0 where packing is not worth it, and then nothing happens.
    blocks: into how many parts the columns are cut.
    """

    dtype: str
    y: Matrix
    k: Size
    n: Size
    panels: int
    room: Size
    blocks: Size
    nodes: tuple[int, ...] = ()


@value
class Rows:
    """Where a routine's rows stand in a buffer: from `offset` on, `apart` elements from each other.

    apart 0: one row serves all.
    """

    buffer: int
    offset: Size
    apart: Size


@value
class Routine:
    """A function of C called for each of `rows` rows, made for `dtype`.

    numbers: lengths and parameters handed on.  scratch: memory of a worker, or of the
    step where that is one block.  work: instructions a row, roughly.  blocks: into how many parts
    the rows are cut.
    note: what an error says, where the function can fail.
    after: a nest whose axis 0 is that of the images which the routine writes; it runs behind each
    of them, or behind all where they are few.
    """

    fn: RoutineFn
    dtype: str
    rows: Size
    numbers: tuple[Size, ...]
    reads: tuple[Rows, ...]
    writes: tuple[Rows, ...]
    scratch: tuple[int, ...]
    work: Size
    blocks: Size
    note: int | None = None
    title: str = ""
    nodes: tuple[int, ...] = ()
    after: Nest | None = None
