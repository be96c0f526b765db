"""Rules about joins and their parts, and about reshapes that only move axes of length 1.

Takes settled expressions; gives the piece where a part of a join is read, no join where the parts
of one array stand one behind the other as they did, one join where one stands inside another.
Places and lengths are compared as polynomials in the lengths of leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.affine import identity
from gradc.graph.op import AnyOp, Apply, Op, Operand, Shape
from gradc.graph.variable import Variable
from gradc.ops.declare import call, insert_axes
from gradc.ops.index import Cut, Entry
from gradc.ops.kinds import View
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.scattered import added_to_zeros
from gradc.rewrite.written import written
from gradc.sizes import Size, is_natural, size
from gradc.value import value

__all__ = ["JOINS", "PARTS"]

_READING = frozenset({"subtensor", "window"})  # views that keep the order of axes


@value
class _Span:
    """What a view reads of one axis: `count` places from `start` on."""

    start: Size
    count: Size

    @property
    def end(self) -> Size:
        """The place behind the last."""
        return self.start + self.count


def _span(node: Apply, axis: int, facts: Facts) -> _Span | None:
    """The places in `axis` of its array that a subtensor or window reads; None if not in a row."""
    return _spans(node.op, facts.operands(node), facts.shape(node.outputs[0]))[axis]


def _spans(view: AnyOp, operands: Sequence[Operand], lengths: Shape) -> list[_Span | None]:
    """The same for all axes; `lengths` are those of what the view gives."""
    assert isinstance(view.rule, View)
    found: list[_Span | None] = []
    for place in view.rule.index_map(identity(len(lengths)), operands, view.keywords):
        if not place.factors:
            found.append(_Span(place.offset, size(1)))
            continue
        (k, step), *others = place.factors
        plain = not others and step.constant == 1
        found.append(_Span(place.offset, lengths[k]) if plain else None)
    return found


# -- a part of a join ------------------------------------------------------------------------------


@rule(on=("subtensor", "window"), keeps="exact", over="any")
def part_of_join(out: Variable, facts: Facts) -> Variable | None:
    """What a slice reads of join(a, b, c) -> the same of a, or of the join of those it reads."""
    node = out.owner
    assert node is not None
    joined = node.inputs[0]
    if joined.owner is None or joined.owner.op.kind != "Join" or facts.is_wall(joined):
        return None
    axis: int = joined.owner.op.keywords["axis"]
    read = _span(node, axis, facts)
    if read is None:
        return None
    found = _cover(joined.owner, axis, read, facts)
    return None if found is None else _rest(node, found, axis)


def _cover(join: Apply, axis: int, read: _Span, facts: Facts) -> Variable | None:
    """Those pieces that are read whole, or the part of the one that holds all that is read."""
    starts = [size(0)]
    for piece in join.inputs:
        starts.append(starts[-1] + facts.shape(piece)[axis])
    if read.start in starts[:-1] and read.end in starts:
        first, last = starts.index(read.start), len(starts) - 1 - starts[::-1].index(read.end)
        if (first, last) == (0, len(join.inputs)):
            return None  # all of it
        if first < last:
            pieces = join.inputs[first:last]
            return pieces[0] if len(pieces) == 1 else call("join", *pieces, axis=axis)
    for piece, start, end in zip(join.inputs, starts, starts[1:], strict=False):
        if is_natural(read.start - start) and is_natural(end - read.end):
            first_place, count = written(read.start - start, facts), written(read.count, facts)
            if first_place is None or count is None:
                return None
            return call("window", piece, first_place, count, axis=axis)
    return None


def _rest(node: Apply, found: Variable, axis: int) -> Variable | None:
    """The other axes read as `node` reads them; along `axis` all that was found."""
    if node.op.name == "window":
        along: int = node.op.keywords["axis"]
        return found if along == axis else call("window", found, *node.inputs[1:], axis=along)
    entries: list[Entry] = list(node.op.keywords["index"])
    entries[axis] = Cut(None, None) if isinstance(entries[axis], Cut) else 0
    if all(each == Cut(None, None) for each in entries):
        return found
    return call("subtensor", found, *node.inputs[1:], index=tuple(entries))


@rule(on=("subtensor", "window"), keeps="exact", over="any")
def whole_of_array(out: Variable, facts: Facts) -> Variable | None:
    """A slice that reads all places of all axes -> the array."""
    node = out.owner
    assert node is not None
    array = node.inputs[0]
    lengths = facts.shape(array)
    if array.ndim != out.ndim or facts.shape(out) != lengths:
        return None
    for axis, n in enumerate(lengths):
        span = _span(node, axis, facts)
        if span != _Span(size(0), n):
            return None
    return array


# -- joins of parts --------------------------------------------------------------------------------


@rule(on=("join",), keeps="exact", over="any")
def join_of_join(out: Variable, facts: Facts) -> Variable | None:
    """A join in a join along the same axis -> one join."""
    node = out.owner
    assert node is not None
    pieces: list[Variable] = []
    for each in node.inputs:
        inner = each.owner
        is_open = inner is not None and inner.op == node.op and not facts.is_wall(each)
        if is_open and inner is not None and facts.clients(each) == 1:
            pieces.extend(inner.inputs)
        else:
            pieces.append(each)
    return node.op(*pieces) if len(pieces) != len(node.inputs) else None


@rule(on=("join",), keeps="exact", over="any")
def empty_piece(out: Variable, facts: Facts) -> Variable | None:
    """A join with pieces of length 0 -> without them."""
    node = out.owner
    assert node is not None
    axis: int = node.op.keywords["axis"]
    pieces = [each for each in node.inputs if facts.shape(each)[axis] != size(0)]
    if not pieces or len(pieces) == len(node.inputs):
        return None
    return pieces[0] if len(pieces) == 1 else node.op(*pieces)


@rule(on=("join",), keeps="exact", over="any")
def join_of_parts(out: Variable, facts: Facts) -> Variable | None:
    """Parts of one array one behind the other, as they stand in it -> one part, or the array."""
    node = out.owner
    assert node is not None
    axis: int = node.op.keywords["axis"]
    pieces: list[Variable] = [node.inputs[0]]
    for each in node.inputs[1:]:
        both = _both(pieces[-1], each, axis, facts)
        pieces[-1:] = [pieces[-1], each] if both is None else [both]
    if len(pieces) == len(node.inputs):
        return None
    return pieces[0] if len(pieces) == 1 else node.op(*pieces)


def _both(left: Variable, right: Variable, axis: int, facts: Facts) -> Variable | None:
    one, other = _part(left, axis, facts), _part(right, axis, facts)
    if one is None or other is None or one[0] is not other[0] or one[1].end != other[1].start:
        return None
    array, span = one[0], _Span(one[1].start, one[1].count + other[1].count)
    if span == _Span(size(0), facts.shape(array)[axis]):
        return array
    start, count = written(span.start, facts), written(span.count, facts)
    if start is None or count is None:
        return None
    return call("window", array, start, count, axis=axis)


def _part(piece: Variable, axis: int, facts: Facts) -> tuple[Variable, _Span] | None:
    """The array that a piece is a part of along `axis`, and which; all other axes are whole."""
    node = piece.owner
    if node is None or node.op.name not in _READING or facts.is_wall(piece):
        return None
    array = node.inputs[0]
    if array.ndim != piece.ndim:
        return None
    spans = [_span(node, k, facts) for k in range(array.ndim)]
    for k, span in enumerate(spans):
        if k != axis and span != _Span(size(0), facts.shape(array)[k]):
            return None
    found = spans[axis]
    return None if found is None else (array, found)


@rule(on=("add",), keeps="rounding", over="any")
def parts_of_gradient(out: Variable, facts: Facts) -> Variable | None:
    """A sum of zeros with values put at parts that make up the whole -> the join of the values.

    So what was split, or read slice by slice, gets its gradient in one sweep.
    """
    node = out.owner
    assert node is not None
    places = [_placed(term, facts) for term in node.inputs]
    for axis in range(out.ndim):
        order = _in_a_row(places, axis, out, facts)
        if not order:
            continue
        pieces = [insert_axes(each.values, each.taken) for k in order if (each := places[k])]
        whole = call("join", *pieces, axis=axis)
        rest = [each for k, each in enumerate(node.inputs) if k not in order]
        return node.op(*rest, whole) if rest else whole
    return None


@value
class _Placed:
    """Values put into zeros, and where, an axis each; the axes that an index took from them."""

    values: Variable
    taken: tuple[int, ...]
    spans: tuple[_Span | None, ...]


def _placed(term: Variable, facts: Facts) -> _Placed | None:
    found = added_to_zeros(term, facts)
    if len(found) != 1 or facts.clients(term) > 1:
        return None
    (node,) = found
    through: Op | None = node.op.keywords.get("through")
    if through is None or through.name not in _READING:
        return None
    base, _, *scalars = facts.operands(node)
    (lengths,) = through.rule.lengths([base, *scalars], through.keywords)
    spans = _spans(through, [base, *scalars], lengths)
    entries: Sequence[Entry] = through.keywords.get("index", ())
    taken = tuple(axis for axis, each in enumerate(entries) if not isinstance(each, Cut))
    return _Placed(node.inputs[1], taken, tuple(spans))


def _in_a_row(
    places: Sequence[_Placed | None], axis: int, out: Variable, facts: Facts
) -> list[int]:
    """The terms whose values fill `axis` from its start to its end, in order; none if none do."""
    lengths = facts.shape(out)
    starts: dict[Size, int] = {}
    for k, place in enumerate(places):
        if place is None or place.values.dtype != out.dtype:
            continue
        others = (s == _Span(size(0), lengths[a]) for a, s in enumerate(place.spans) if a != axis)
        span = place.spans[axis]
        if span is not None and all(others):
            starts.setdefault(span.start, k)
    order: list[int] = []
    at = size(0)
    while at in starts and at != lengths[axis] and len(order) < len(places):
        order.append(starts[at])
        place = places[starts[at]]
        assert place is not None
        span = place.spans[axis]
        assert span is not None
        at = span.end
    return order if at == lengths[axis] and len(order) > 1 else []


# -- reshapes that move axes of length 1 ---------------------------------------------------------


@rule(on=("reshape",), keeps="exact", over="any")
def reshape_as_dimshuffle(out: Variable, facts: Facts) -> Variable | None:
    """A reshape that only adds or drops axes of length 1 -> a dimshuffle, which is a view."""
    node = out.owner
    assert node is not None
    array = node.inputs[0]
    before, after = facts.shape(array), facts.shape(out)
    kept = [axis for axis, n in enumerate(array.type.shape) if n != 1]
    if [before[axis] for axis in kept] != [n for n in after if n != size(1)]:
        return None
    remaining = iter(kept)
    order = tuple("x" if n == size(1) else next(remaining) for n in after)
    return call("dimshuffle", array, order=order)


@rule(on=("reshape",), keeps="exact", over="any")
def reshape_of_dimshuffle(out: Variable, facts: Facts) -> Variable | None:
    """A reshape of an array with new axes of length 1, none moved -> of the array."""
    node = out.owner
    assert node is not None
    middle, *lengths = node.inputs
    view = middle.owner
    if view is None or view.op.name != "dimshuffle" or facts.is_wall(middle):
        return None
    order: Sequence[int | str] = view.op.keywords["order"]
    kept = [axis for axis in order if axis != "x"]
    array = view.inputs[0]
    if kept != sorted(kept, key=int):
        return None
    return node.op(array, *lengths)  # type: ignore[no-any-return]


JOINS = (
    whole_of_array,
    part_of_join,
    join_of_join,
    empty_piece,
    join_of_parts,
    reshape_as_dimshuffle,
    reshape_of_dimshuffle,
)

PARTS = (parts_of_gradient,)
