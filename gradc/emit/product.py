"""Matrix products as calls of csrc/inline/gradc/blas.h.

Takes a Product; gives the lines that multiply a range of its rows, or of its stack, and the
function for a product that stands alone.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info
from gradc.emit.memory import C, Memory, wrapped
from gradc.emit.views import Block, Branch, Function, Lines, Loop
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import Matrix, Product, Scale
from gradc.sizes import Size, product

__all__ = ["product_call", "product_function"]


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


def product_call(step: Product, rows: tuple[str, str]) -> list[Block]:
    """The lines that compute rows (start, stop) of a product; without a stack."""
    begin, end = rows
    count = f"{end} - {begin}" if begin != "0" else end
    start = [(begin, step.x.row)] if begin != "0" else []
    x = _pointer(step.x, start)
    target = [(begin, step.out.row)] if begin != "0" else []
    return _multiply(step, count, x, _pointer(step.y, []), target)


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


def _stacked(step: Product) -> list[Block]:
    """A range of the stack, one product after the other."""
    variables = _batch_variables(step)
    x = _pointer(step.x, list(zip(variables, step.x.batch, strict=True)))
    y = _pointer(step.y, list(zip(variables, step.y.batch, strict=True)))
    out = list(zip(variables, step.out.batch, strict=True))
    lines: list[Block] = []
    if len(step.batch) > 1:
        lines.append(Lines(tuple(_unravel(step))))
    lines += _multiply(step, formula(step.m, C), x, y, out)
    return lines


def _batch_variables(step: Product) -> list[str]:
    if len(step.batch) == 1:
        return ["i"]
    return [f"i{k}" for k in range(len(step.batch))]


def _unravel(step: Product) -> list[str]:
    lines = []
    for k in range(len(step.batch)):
        inside = product(step.batch[k + 1 :])
        text = "i" if inside.constant == 1 else f"i / {factor(inside, C)}"
        if k:
            text += f" % {factor(step.batch[k], C)}"
        lines.append(f"const int64_t i{k} = {text};")
    return lines


def product_function(step: Product, name: str, memory: Memory) -> Function:
    """The function of a product that is a step of its own: one block of rows, or of the stack."""
    from_stack = bool(step.batch)
    whole = product(step.batch) if from_stack else step.m
    cut: list[str] = []
    rows = ("0", formula(whole, C))
    if step.blocks.constant != 1:
        count, blocks = formula(whole, C), formula(step.blocks, C)
        length = f"gc_ceil_div({count}, {blocks})"
        cut = [
            f"const int64_t length = {length};",
            f"const int64_t begin = gc_start(chunk, length, {count}), "
            f"end = gc_start(chunk + 1, length, {count});",
        ]
        rows = ("begin", "end")
    if from_stack:
        body: list[Block] = [Loop("i", rows[0], rows[1], "i++", tuple(_stacked(step)))]
    else:
        body = product_call(step, rows)
    cut = [part for line in cut for part in wrapped(line)]
    body = [*([Lines(tuple(cut))] if cut else []), *body]
    lines = memory.declare(body, {step.out.buffer})
    head = f"static int {name}(GC_CHUNK)"
    marker = " ".join(f"%{number}" for number in step.nodes)
    title = (step.title.replace("*/", "* /"),) if step.title else ()
    blocks_ = (Lines(tuple(lines)), *body, Lines(("return GC_OK;",)))
    return Function(head, title, marker, blocks_)
