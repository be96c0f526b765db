"""Turn contractions into products of matrices, or of stacks of them.

Takes Contract and Gemm nodes whose letters `prepare` has put in order; gives Product steps.  An
operand is passed where it stands: views become strides.  Where several axes that are rows do not
follow each other in memory, as in a part of a larger array, the outer ones count a stack, in which
the other operand does not move.  What cannot be read so (no unit stride, a repeated or reversed
axis) is packed, which `needs_packing` says beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from gradc.affine import IndexMap
from gradc.dtypes import dtype_info, literal
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.loops import Matrix, Pack, Product, Scale
from gradc.lower.values import Values
from gradc.ops.kinds import Gemm
from gradc.sizes import (
    Size,
    blocks,
    cut,
    floor_div,
    halvings,
    minimum,
    panel_blocks,
    panel_count,
    panel_room,
    product,
    size,
)
from gradc.value import replace, value

__all__ = [
    "Letters",
    "can_write",
    "letters_of",
    "needs_packing",
    "plan_product",
    "shared_panels",
]

# A product is cut into two row blocks from 2^22 multiplications on (some 60 us of one thread), and
# into more only when each then has 2^28: two blocks beat four on the lecture's step, 400 x 784 x
# 300, since every block packs the other operand anew (docs/performance.md).
_LEAST_WORK = 1 << 21
_BLOCK_WORK = 1 << 28
_VECTOR_WORK = 1 << 15  # elements a block of a matrix-vector product: some 10 us
_LEAST_ROWS = 8
_LONG = 16  # rows of a product of its own in a stack; fewer are packed with their neighbours
_PACK_WORK = 1 << 13  # elements a block of packing: some 5 us
_PANEL_WORK = 1 << 16  # multiplications a block of rows by panels: some 3 us, nothing packed anew


@value
class Letters:
    """The axes of a product by role; `x` is the operand that holds m."""

    batch: str
    m: str
    n: str
    k: str
    x: str
    y: str
    out: str


def letters_of(node: Apply) -> Letters:
    """Sort the letters of a Contract or Gemm: batch in all three, k summed, m and n kept."""
    words = node.op.keywords
    x, y, out = words["x"], words["y"], words["out"]
    batch = "".join(c for c in out if c in x and c in y)
    m = "".join(c for c in out if c in x and c not in y)
    n = "".join(c for c in out if c in y and c not in x)
    k = "".join(c for c in x if c in y and c not in out)
    return Letters(batch, m, n, k, x, y, out)


def operands_of(node: Apply) -> tuple[Variable, Variable]:
    """The two factors of a Contract or Gemm."""
    first = 2 if isinstance(node.op.rule, Gemm) else 0
    return node.inputs[first], node.inputs[first + 1]


@value
class _Placed:
    """An operand's strides by letter, and where it starts."""

    source: Variable
    offset: Size
    stride: dict[str, Size]
    length: dict[str, Size]
    is_loose: bool  # its strides are only known at the call, and one is 1

    def group(self, letters: str) -> tuple[Size, Size] | None:
        """(length, stride) of several axes as one; None if they do not follow each other."""
        total, step = size(1), size(0)
        for letter in reversed(letters):
            n, stride = self.length[letter], self.stride[letter]
            if n.constant == 1:
                continue
            if total.constant == 1:
                total, step = n, stride
            elif stride == step * total:
                total = total * n
            else:
                return None
        return total, step

    def is_forward(self, stride: Size) -> bool:
        """Whether a stride is above 0: by its form, or as lengths are, such as n - k of x[k:]."""
        if _is_positive(stride):
            return True
        lengths = self.length.values()
        counts = range(1, len(lengths) + 1)
        return any(stride == product(some) for k in counts for some in combinations(lengths, k))


def _place(values: Values, operand: Variable, letters: str) -> _Placed:
    source, index = values.source(operand)
    return _strided(values, operand, letters, *values.whole(source, index))


def _strided(
    values: Values, operand: Variable, letters: str, source: Variable, index: IndexMap
) -> _Placed:
    offset, stride = size(0), {letter: size(0) for letter in letters}
    steps = values.strides(source)
    for k, (place, step) in enumerate(zip(index, steps, strict=True)):
        offset = offset + values.start(source, k, place) * step
        for axis, factor in place.factors:
            stride[letters[axis]] = stride[letters[axis]] + factor * step
    lengths = dict(zip(letters, values.shapes.lengths(operand), strict=True))
    resolve = values.shapes.resolve
    placed = {letter: resolve(step) for letter, step in stride.items()}
    return _Placed(source, resolve(offset), placed, lengths, source in values.loose)


def _matrix(
    placed: _Placed, rows: str, cols: str, batch: str
) -> tuple[Size, Size, tuple[Size, ...]] | None:
    """Row and column strides BLAS accepts, and the batch's; None if it cannot read the operand."""
    if any(n.constant == 0 for n in placed.length.values()):  # nothing is read or written
        return size(1), size(1), (size(0),) * len(batch)
    row, col = placed.group(rows), placed.group(cols)
    if row is None or col is None:
        return None
    pairs = [pair for pair in (row, col) if pair[0].constant != 1]
    if not all(placed.is_forward(stride) for _, stride in pairs):
        return None
    if len(pairs) == 2 and not (placed.is_loose or any(s.constant == 1 for _, s in pairs)):
        return None
    return row[1], col[1], tuple(placed.stride.get(letter, size(0)) for letter in batch)


def _is_positive(stride: Size) -> bool:
    return bool(stride.terms) and all(factor > 0 for _, factor in stride.terms)


def _arranged(values: Values, node: Apply) -> Letters:
    """The letters, outer rows and columns that do not follow each other moved into the stack."""
    letters = letters_of(node)
    x, y = operands_of(node)
    batch_m, m = _peeled(_place(values, x, letters.x), letters.m)
    batch_n, n = _peeled(_place(values, y, letters.y), letters.n)
    return replace(letters, batch=letters.batch + batch_m + batch_n, m=m, n=n)


def _peeled(placed: _Placed, letters: str) -> tuple[str, str]:
    """Letters for the stack, and those left that are one axis; none if it would be a short one."""
    if placed.group(letters) is not None:
        return "", letters
    for k in range(1, len(letters)):
        found = placed.group(letters[k:])
        if found is not None:
            length = found[0].constant
            is_long = length is None or length >= _LONG
            return (letters[:k], letters[k:]) if is_long else ("", letters)
    return "", letters


def needs_packing(values: Values, node: Apply) -> list[Variable]:
    """The operands that must be copied before they can be multiplied."""
    letters = _arranged(values, node)
    x, y = operands_of(node)
    found = []
    if _matrix(_place(values, x, letters.x), letters.m, letters.k, letters.batch) is None:
        found.append(x)
    if _matrix(_place(values, y, letters.y), letters.k, letters.n, letters.batch) is None:
        found.append(y)
    return found


def can_write(values: Values, node: Apply, target: Variable, index: IndexMap) -> bool:
    """Whether BLAS can write the result of a node at `index` of another value's memory."""
    letters, out = letters_of(node), node.outputs[0]
    placed = _strided(values, out, letters.out, target, index)
    return _matrix(placed, letters.m, letters.n, letters.batch) is not None


def plan_product(
    values: Values,
    node: Apply,
    buffer: Callable[[Variable], int],
    title: str,
    nodes: tuple[int, ...],
) -> Product:
    """The step of a node."""
    letters = _arranged(values, node)
    x, y = operands_of(node)
    left = _operand(values, x, letters.x, (letters.m, letters.k), letters.batch, buffer)
    right = _operand(values, y, letters.y, (letters.k, letters.n), letters.batch, buffer)
    out = node.outputs[0]
    target = _operand(values, out, letters.out, (letters.m, letters.n), letters.batch, buffer)
    lengths = dict(zip(letters.x + letters.y, [*values.shapes.lengths(x), *values.shapes.lengths(y)]
                       , strict=True))  # fmt: skip
    m, n, k = (product([lengths[c] for c in group]) for group in (letters.m, letters.n, letters.k))
    if letters.n and not letters.m:  # a vector times a matrix: the matrix transposed by the vector
        left, right, m, n = _transposed(right), _transposed(left), n, m
        target = _transposed(target)
    batch, (left, right, target) = _stack([lengths[c] for c in letters.batch], left, right, target)
    alpha, beta, source = _accumulation(values, node, buffer)
    routine: Literal["gemm", "gemv"] = (
        "gemv" if n.constant == 1 and not (letters.m and letters.n) else "gemm"
    )
    return Product(
        routine, out.dtype, left, right, target, m, n, k, batch, alpha, beta, source,
        _blocks(routine, m, n, k, batch), title, nodes,
    )  # fmt: skip


def _operand(
    values: Values,
    variable: Variable,
    letters: str,
    sides: tuple[str, str],
    batch: str,
    buffer: Callable[[Variable], int],
) -> Matrix:
    placed = _place(values, variable, letters)
    found = _matrix(placed, sides[0], sides[1], batch)
    assert found is not None, f"{variable} should have been packed"
    row, col, stack = found
    return Matrix(buffer(placed.source), placed.offset, row, col, stack)


def _stack(lengths: Sequence[Size], *matrices: Matrix) -> tuple[tuple[Size, ...], list[Matrix]]:
    """The axes of a stack, neighbours through which all matrices move as through one merged."""
    axes = [(n, tuple(each.batch[k] for each in matrices)) for k, n in enumerate(lengths)]
    merged: list[tuple[Size, tuple[Size, ...]]] = []
    for n, steps in axes:
        if n.constant == 1:
            continue
        outer = merged[-1] if merged else None
        if outer and all(a == b * n for a, b in zip(outer[1], steps, strict=True)):
            merged[-1] = (outer[0] * n, steps)
        else:
            merged.append((n, steps))
    moved = [
        replace(each, batch=tuple(steps[k] for _, steps in merged))
        for k, each in enumerate(matrices)
    ]
    return tuple(n for n, _ in merged), moved


def _transposed(matrix: Matrix) -> Matrix:
    return Matrix(matrix.buffer, matrix.offset, matrix.col, matrix.row, matrix.batch)


def _accumulation(
    values: Values, node: Apply, buffer: Callable[[Variable], int]
) -> tuple[Scale, Scale, int | None]:
    dtype = node.outputs[0].dtype
    if not isinstance(node.op.rule, Gemm):
        return Scale(literal(1.0, dtype)), Scale(literal(0.0, dtype)), None
    c, alpha, _, _, beta = node.inputs
    source, _ = values.source(c)
    return _scale(alpha, buffer), _scale(beta, buffer), buffer(source)


def _scale(variable: Variable, buffer: Callable[[Variable], int]) -> Scale:
    if isinstance(variable, Constant):
        return Scale(literal(variable.data[()], variable.dtype))
    return Scale(buffer=buffer(variable))


def _blocks(routine: str, m: Size, n: Size, k: Size, batch: Sequence[Size]) -> Size:
    work = m * n * k * product(batch)
    rows = product(batch) if batch else floor_div(m, _LEAST_ROWS)
    if routine == "gemv":
        return cut(work, _VECTOR_WORK, minimum(rows, 4))
    return blocks(work, _LEAST_WORK, _BLOCK_WORK, rows)


def shared_panels(
    step: Product, panels: Callable[[str, tuple[Size, ...]], int]
) -> tuple[Pack, Product] | None:
    """The step that packs a product's right operand for all its blocks, and the product with it.

    panels: a new buffer of a dtype and lengths.  None where the product is not one that can read
    panels: a matrix of floats times a matrix, its result by rows.
    """
    is_matrix = all(n.constant is None or n.constant > 1 for n in (step.m, step.n, step.k))
    is_matrix = is_matrix and not dtype_info(step.dtype).is_complex
    if step.routine != "gemm" or step.batch or step.out.col.constant != 1 or not is_matrix:
        return None
    room = panel_room(step.m, step.k, step.n)
    buffer = panels(step.dtype, (room,))
    count = cut(room, _PACK_WORK, panel_count(step.n))
    pack = Pack(step.dtype, step.y, step.k, step.n, buffer, room, count, step.nodes)
    most = panel_blocks(step.m, step.k, step.n)
    rows = halvings(step.m * step.n * step.k, _PANEL_WORK, most)
    return pack, replace(step, panels=buffer, room=room, blocks=rows)
