"""Give each piece of a join its part of the result, to be computed straight into.

Takes Join nodes; gives, per piece, an item that puts it into the join's memory.  Where a nest
computes the piece, fusion puts that item into the same nest, so nothing is copied: the piece has no
memory of its own unless somebody else reads it.  A join that only another join reads lies in the
memory of that one, and its pieces with it; so does a matrix product, where BLAS can write there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gradc.affine import Affine, IndexMap, fixed, identity
from gradc.control.frame import frame_of
from gradc.control.loop import Scan
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.loopreads import steps_of
from gradc.lower.products import can_write
from gradc.lower.tasks import Item
from gradc.lower.values import Values, plain_axis, strides_of
from gradc.ops.kinds import Contract, Join, Relabel, View
from gradc.sizes import Size, is_natural, size

__all__ = ["pieces_of", "place_pieces"]


def place_pieces(values: Values, nodes: Sequence[Apply]) -> None:
    """Find joins and products that lie inside a join: what reads them is that one alone."""
    readers = Counter(each for node in nodes for each in node.inputs)
    readers.update(values.graph.results)
    for node in nodes:
        if not isinstance(node.op.rule, Join):
            continue
        out = node.outputs[0]
        for piece, place in zip(node.inputs, _places(values, node), strict=True):
            rows = _rows_of_loop(values, piece, readers)
            if rows is not None and values.shapes.segment[rows] == values.shapes.segment[out]:
                values.inside[rows] = (out, (place[0].compose([_in_a_row(values, rows)]),))
                continue
            inner, index = _behind_views(values, piece, readers)
            if inner is None or inner in values.copied:
                continue
            back = _inverse(values, inner, piece, index)
            segment = values.shapes.segment
            if back is not None and segment[inner] == segment[out]:
                places = tuple(each.compose(back) for each in place)
                if _fits(values, inner, places, out):
                    values.inside[inner] = (out, places)


def _rows_of_loop(values: Values, piece: Variable, readers: Counter[Variable]) -> Variable | None:
    """What a loop of one turn or none gives, as a run of numbers that only this piece reads."""
    if readers[piece] != 1 or piece.owner is None or piece.owner.op.kind != "Relabel":
        return None
    rows = piece.owner.inputs[0]
    node = rows.owner
    if node is None or not isinstance(node.op.rule, Scan) or readers[rows] != 1 or piece.ndim != 1:
        return None
    is_state = rows.index < frame_of(node.op.keywords).states
    is_branch = is_natural(1 - steps_of(values, node))
    return rows if is_branch and not is_state and rows not in values.copied else None


def _in_a_row(values: Values, x: Variable) -> Affine:
    """Where an element of a contiguous array stands among all of them."""
    strides = strides_of(values.shapes.lengths(x))
    pairs = zip(identity(x.ndim), strides, strict=True)
    return sum((place * stride for place, stride in pairs), start=fixed(0))


def _fits(values: Values, inner: Variable, places: IndexMap, out: Variable) -> bool:
    """Whether what computes a value can write it at these places of `out`."""
    assert inner.owner is not None
    if isinstance(inner.owner.op.rule, Join):
        return True
    return can_write(values, inner.owner, *values.whole(out, places))


def pieces_of(values: Values, node: Apply) -> list[Item]:
    """Items that put what a Join puts together into its memory."""
    out = node.outputs[0]
    items, parts = [], []
    for piece, place in zip(node.inputs, _places(values, node), strict=True):
        inner = _inner(values, piece, out)
        if inner is not None:
            parts.append(inner)
            continue
        part = Variable(piece.type)
        values.shapes.shape[part] = values.shapes.shape[piece]
        values.shapes.segment[part] = values.shapes.segment[out]
        values.inside[part] = (out, place)
        items.append(Item(part, None, part, (piece,)))
        parts.append(part)
    values.parts[out] = tuple(parts)
    return items


def _places(values: Values, node: Apply) -> list[IndexMap]:
    """Where in the result the pieces stand."""
    axis: int = node.op.keywords["axis"]
    start, found = size(0), []
    for piece in node.inputs:
        found.append(_shifted(piece.ndim, axis, start))
        start = start + values.shapes.lengths(piece)[axis]
    return found


def _shifted(ndim: int, axis: int, start: Size) -> IndexMap:
    return tuple(place + start if k == axis else place for k, place in enumerate(identity(ndim)))


def _behind_views(
    values: Values, piece: Variable, readers: Counter[Variable]
) -> tuple[Variable | None, IndexMap]:
    """What a piece shows that may lie in a join, and by which map, if nobody else reads it."""
    index = identity(piece.ndim)
    while readers[piece] == 1 and piece.owner is not None and piece not in values.copied:
        node = piece.owner
        if isinstance(node.op.rule, Join | Contract):
            return piece, index
        if not isinstance(node.op.rule, View):
            break
        index = node.op.rule.index_map(index, values.shapes.operands(node), node.op.keywords)
        piece = node.inputs[0]
    return None, index


def _inverse(values: Values, inner: Variable, piece: Variable, index: IndexMap) -> IndexMap | None:
    """The axes of the piece from those of the array it shows, if it only reorders axes."""
    lengths = values.shapes.lengths(piece)
    found: list[Affine] = [fixed(0)] * piece.ndim
    for axis, (n, place) in enumerate(zip(values.shapes.lengths(inner), index, strict=True)):
        if n.constant == 1:
            continue
        k = plain_axis(place)
        if k is None or lengths[k] != n:
            return None
        found[k] = identity(inner.ndim)[axis]
    if any(n.constant != 1 and found[k] == fixed(0) for k, n in enumerate(lengths)):
        return None
    return tuple(found)


def _inner(values: Values, piece: Variable, out: Variable) -> Variable | None:
    """The value that lies inside this join and that the piece shows, if there is one."""
    while piece.owner is not None:
        if piece in values.inside:
            return piece if values.inside[piece][0] is out else None
        if not isinstance(piece.owner.op.rule, View | Relabel):
            break
        piece = piece.owner.inputs[0]
    return None
