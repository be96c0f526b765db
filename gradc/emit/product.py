"""Matrix products as calls of csrc/inline/gradc/blas.h.

Takes a Product; gives the lines that multiply a range of its rows, or of its stack, and the
function for a product that stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.dtypes import dtype_info
from gradc.emit.memory import C, Memory, wrapped
from gradc.emit.shared import Draft
from gradc.emit.views import Block, Branch, Lines, Loop
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import Matrix, Pack, Product, Scale
from gradc.sizes import Size, product

__all__ = [
    "divisor",
    "pack_function",
    "product_call",
    "product_function",
    "rows_of",
    "shares",
    "starts",
]


def _pointer(matrix: Matrix, moves: list[tuple[str, Size]], buffer: int | None = None) -> str:
    where = place(matrix.offset, moves, C)
    name = f"b{matrix.buffer if buffer is None else buffer}"
    if where == "0":
        return name
    return f"{name} - {where[1:]}" if where.startswith("-") else f"{name} + {where}"


def _scale(scale: Scale) -> str:
    return scale.text if scale.buffer is None else f"b{scale.buffer}[0]"


def _joined(*parts: str | Size) -> str:
    return ", ".join(part if isinstance(part, str) else formula(part, C) for part in parts)


def product_call(step: Product, rows: tuple[str, str], memory: Memory, segment: int) -> list[Block]:
    """The lines that compute rows (start, stop) of a product; without a stack."""
    begin, end = rows
    count = f"{end} - {begin}" if begin != "0" else end
    start = [(begin, step.x.row)] if begin != "0" else []
    x = _pointer(step.x, start)
    target = [(begin, step.out.row)] if begin != "0" else []
    if step.panels is not None:
        return _by_panels(step, count, x, target, memory, segment)
    return _multiply(step, count, x, _pointer(step.y, []), target)


def _by_panels(
    step: Product, count: str, x: str, target: list[tuple[str, Size]], memory: Memory, segment: int
) -> list[Block]:
    """Rows of a product whose right operand a Pack step has laid out."""
    info = dtype_info(step.dtype)
    assert step.room is not None
    out, y = _pointer(step.out, target), _pointer(step.y, [])
    source = _pointer(step.out, target, step.source) if step.source is not None else out
    args = _joined(
        "table", step.room, f"b{step.panels}", "own", source, count, step.n, step.k,
        _scale(step.alpha), x, step.x.row, step.x.col, y, step.y.row, step.y.col,
        _scale(step.beta), out, step.out.row,
    )  # fmt: skip
    own = f"{info.c_type} *const own = {memory.panel_scratch(segment)};"
    return [Lines((own, *wrapped(f"gc_rows_{info.suffix}({args});")))]


def pack_function(step: Pack, name: str) -> Draft:
    """The function that lays one block of columns out."""
    columns = formula(step.n, C)
    cut, begin, end = [], "0", columns
    if step.blocks.constant != 1:
        panels = f"gc_panel_count({columns})"
        length = f"gc_ceil_div({panels}, {formula(step.blocks, C)}) * GC_PANEL_COLUMNS"
        cut, begin, end = rows_of(length, columns), "begin", "end"
    args = _joined(
        "table", step.room, begin, end, step.n, step.k, _pointer(step.y, []), step.y.row,
        step.y.col, f"b{step.panels}",
    )  # fmt: skip
    call = f"gc_pack_{dtype_info(step.dtype).suffix}({args});"
    body: list[Block] = [Lines(tuple(part for line in (*cut, call) for part in wrapped(line)))]
    title = ("the right operand of the product in panels",)
    return Draft(name, "step", tuple(body), frozenset({step.panels}), title, tuple(step.nodes))


def shares(blocks: str, count: str) -> str:
    """The declaration of the rows of a product by panels that belong to a chunk."""
    return (
        f"const int64_t begin = gc_share(chunk, {blocks}, {count}), "
        f"end = gc_share(chunk + 1, {blocks}, {count});"
    )


def starts(length: str, count: str, chunk: str = "chunk") -> str:
    """The declaration of the rows that belong to a chunk of `length`."""
    return (
        f"const int64_t begin = gc_start({chunk}, {length}, {count}), "
        f"end = gc_start({chunk} + 1, {length}, {count});"
    )


def rows_of(length: str, count: str) -> list[str]:
    """The lines that say which of `count` rows that belong to a chunk of `length`."""
    return [f"const int64_t length = {length};", starts("length", count)]


def _multiply(
    step: Product, count: str, x: str, y: str, target: list[tuple[str, Size]]
) -> list[Block]:
    """`target`: what moves `out`, and the source with it."""
    suffix = dtype_info(step.dtype).suffix
    out = _pointer(step.out, target)
    blocks: list[Block] = []
    if step.source is not None:
        source = _pointer(step.out, target, step.source)
        args = _joined(count, step.n, source, out, step.out.row, step.out.col)
        copy = wrapped(f"gc_copy_{suffix}({args});")
        blocks.append(Branch(f"b{step.source} != b{step.out.buffer}", (Lines(tuple(copy)),)))
    alpha, beta = _scale(step.alpha), _scale(step.beta)
    if step.routine == "gemm":
        args = _joined(
            "table", count, step.n, step.k, alpha, x, step.x.row, step.x.col, y, step.y.row,
            step.y.col, beta, out, step.out.row, step.out.col,
        )  # fmt: skip
    elif step.routine == "gemv":
        args = _joined(
            "table", count, step.k, alpha, x, step.x.row, step.x.col, y, step.y.row, beta, out,
            step.out.row,
        )  # fmt: skip
    else:
        args = _joined(
            "table", count, step.n, alpha, x, step.x.row, y, step.y.col, out, step.out.row,
            step.out.col,
        )  # fmt: skip
    lines = wrapped(f"gc_{step.routine}_{suffix}({args});")
    return [*blocks, Lines(tuple(lines))]


def _stacked(step: Product, rows: tuple[str, str]) -> list[Block]:
    """Products `rows` of the stack: one call, or one for each run along the last of its axes."""
    begin, end = rows
    if len(step.batch) == 1:
        start = [begin] if begin != "0" else [None]
        return _run_of_stack(step, start, f"{end} - {begin}" if begin != "0" else end)
    outer = [f"i{k}" for k in range(len(step.batch))]
    last = factor(step.batch[-1], C)
    lines = [*_unravel(step), f"const int64_t run = gc_minimum({last} - {outer[-1]}, {end} - i);"]
    body: list[Block] = [Lines(tuple(lines)), *_run_of_stack(step, outer, "run")]
    body.append(Lines(("i += run;",)))
    return [Loop("i", begin, end, "", tuple(body))]


def _run_of_stack(step: Product, at: Sequence[str | None], count: str) -> list[Block]:
    """`count` products from position `at` of the stack on, along its last axis."""
    suffix = dtype_info(step.dtype).suffix
    x, y, out = (
        _pointer(m, [(name, n) for name, n in zip(at, m.batch, strict=True) if name is not None])
        for m in (step.x, step.y, step.out)
    )
    args = _joined(
        "table", count, step.m, step.n, step.k, _scale(step.alpha), x, step.x.batch[-1], step.x.row,
        step.x.col, y, step.y.batch[-1], step.y.row, step.y.col, _scale(step.beta), out,
        step.out.batch[-1], step.out.row, step.out.col,
    )  # fmt: skip
    call = Lines(tuple(wrapped(f"gc_stack_{suffix}({args});")))
    return [*_copied_source(step, at, count), call]


def _copied_source(step: Product, at: Sequence[str | None], count: str) -> list[Block]:
    """What the products of a run are added to, copied unless it is there already."""
    if step.source is None:
        return []
    moves = [(name, n) for name, n in zip(at, step.out.batch, strict=True) if name is not None]
    moves.append(("r", step.out.batch[-1]))
    source, out = _pointer(step.out, moves, step.source), _pointer(step.out, moves)
    args = _joined(step.m, step.n, source, out, step.out.row, step.out.col)
    copy = Lines(tuple(wrapped(f"gc_copy_{dtype_info(step.dtype).suffix}({args});")))
    loop = Loop("r", "0", count, "r++", (copy,))
    return [Branch(f"b{step.source} != b{step.out.buffer}", (loop,))]


def divisor(length: Size) -> str:
    """A length behind / or %, which bind no closer than * does."""
    text = factor(length, C)
    return text if text.isalnum() else f"({text})"


def _unravel(step: Product) -> list[str]:
    lines = []
    for k in range(len(step.batch)):
        inside = product(step.batch[k + 1 :])
        text = "i" if inside.constant == 1 else f"i / {divisor(inside)}"
        if k:
            text += f" % {divisor(step.batch[k])}"
        lines.append(f"const int64_t i{k} = {text};")
    return lines


def product_function(step: Product, name: str, memory: Memory, segment: int) -> Draft:
    """The function of a product that is a step of its own: one block of rows, or of the stack."""
    from_stack = bool(step.batch)
    whole = product(step.batch) if from_stack else step.m
    cut: list[str] = []
    rows = ("0", formula(whole, C))
    if step.blocks.constant != 1:
        count, blocks = formula(whole, C), formula(step.blocks, C)
        length = f"gc_ceil_div({count}, {blocks})"
        if step.rows is not None:
            cut = [starts(factor(step.rows, C), count)]
        elif step.panels is not None:
            cut = [shares(blocks, count)]
        else:
            cut = rows_of(length, count)
        rows = ("begin", "end")
    if from_stack:
        body: list[Block] = _stacked(step, rows)
    else:
        body = product_call(step, rows, memory, segment)
    cut = [part for line in cut for part in wrapped(line)]
    body = [*([Lines(tuple(cut))] if cut else []), *body]
    title = (step.title.replace("*/", "* /"),) if step.title else ()
    return Draft(name, "step", tuple(body), frozenset({step.out.buffer}), title, tuple(step.nodes))
