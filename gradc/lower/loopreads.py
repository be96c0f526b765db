"""What loops read, and of which of their states only the last rows are read.

Takes Values and loops' nodes; gives operands, and fills `values.rings`.  A loop reads a sequence
where it stands if each row of it is a run of numbers, wherever rows begin and in whichever
direction; a sequence that counts (0, 1, 2...) is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradc.affine import Affine, IndexMap, identity
from gradc.control.frame import Frame, depth_of, frame_of
from gradc.control.loop import Scan
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.lower.values import Ring, Values, strides_of
from gradc.ops.kinds import View
from gradc.sizes import Size, maximum, product

__all__ = ["counting", "find_rings", "kept_by_loop", "not_in_rows", "read_by_loop", "steps_of"]


def counting(values: Values, sequence: Variable) -> Affine | None:
    """The number that row i of a sequence is, if that is known of all rows."""
    if sequence.ndim != 1 or sequence.dtype != "int64":
        return None
    source, index = values.source(sequence)
    is_iota = source.owner is not None and source.owner.op.kind == "Iota"
    return index[0] if is_iota and source.dtype == "int64" else None


def kept_by_loop(values: Values, node: Apply) -> tuple[Variable, ...]:
    """The operands that stand in memory while a loop runs."""
    _, sequences, _, rest = frame_of(node.op.keywords).apart(node.inputs)
    rows = [each for each in sequences if counting(values, each) is None]
    return (*rows, *(each for each in rest if not values.shapes.is_size(each)))


def read_by_loop(values: Values, node: Apply) -> tuple[Variable, ...]:
    """The operands whose numbers a loop needs."""
    _, _, firsts, _ = frame_of(node.op.keywords).apart(node.inputs)
    return (*kept_by_loop(values, node), *firsts)


def not_in_rows(values: Values, node: Apply) -> list[Variable]:
    """The operands that a loop cannot read where they stand."""
    _, sequences, _, _ = frame_of(node.op.keywords).apart(node.inputs)
    return [
        each
        for each in kept_by_loop(values, node)
        if not _is_run(values, each, 1 if each in sequences else 0)
    ]


def _is_run(values: Values, operand: Variable, front: int) -> bool:
    """Whether the elements along all axes behind the first `front` follow each other."""
    source, index = values.source(operand)
    if source in values.rings:
        return True
    access = values.access(0, source, index, operand.ndim)
    lengths = values.shapes.lengths(operand)
    pairs = zip(lengths, access.strides, strides_of(lengths), strict=True)
    return all(n.constant == 1 or got == wanted for n, got, wanted in list(pairs)[front:])


# -- states of which the last rows are read ------------------------------------------------------


def steps_of(values: Values, node: Apply) -> Size:
    """How many steps a loop may take."""
    return maximum(values.shapes.resolve(values.shapes.value[node.inputs[0]]), 0)


def find_rings(values: Values, nodes: Sequence[Apply]) -> None:
    """Find the states of which nobody reads more than the last rows."""
    loops = [node for node in nodes if isinstance(node.op.rule, Scan)]
    traces = {
        trace: (node, taps)
        for node in loops
        for trace, taps in zip(node.outputs, frame_of(node.op.keywords).taps, strict=False)
    }
    if not traces:
        return
    whole: set[Variable] = set()
    for source, index in _uses(values, nodes):
        if source in traces:
            node, taps = traces[source]
            if not _is_last(values, node, index, depth_of(taps)):
                whole.add(source)
    for trace, (node, taps) in traces.items():
        if trace not in whole:
            depth = depth_of(taps)
            if product(values.shapes.lengths(trace)[1:]).constant == 1:
                values.rings[trace] = Ring(depth, _taken(values, node))
            else:
                values.rings[trace] = Ring(depth + 1, None)


def _uses(values: Values, nodes: Sequence[Apply]) -> Iterator[tuple[Variable, IndexMap]]:
    """What is read, and where, by everything but views that are looked through."""
    for each in (*values.graph.results, *values.shapes.data):
        yield values.source(each)
    for node in nodes:
        if not isinstance(node.op.rule, View):
            for each in node.inputs:
                yield values.source(each)
        elif node.outputs[0] in values.copied:
            out = node.outputs[0]
            operands = values.shapes.operands(node)
            inner = node.op.rule.index_map(identity(out.ndim), operands, node.op.keywords)
            source, index = values.source(node.inputs[0])
            yield source, tuple(place.compose(inner) for place in index)


def _taken(values: Values, node: Apply) -> Size:
    """How many steps a loop takes, as far as sizes know."""
    frame: Frame = frame_of(node.op.keywords)
    if frame.until and node.outputs[-1] in values.shapes.value:
        return values.shapes.resolve(values.shapes.value[node.outputs[-1]])
    return steps_of(values, node)


def _is_last(values: Values, node: Apply, index: IndexMap, depth: int) -> bool:
    """Whether a place in a trace is one of the last `depth` rows."""
    if not index or index[0].factors:
        return False
    behind = (values.shapes.resolve(index[0].offset) - _taken(values, node)).constant
    return behind is not None and 0 <= behind < depth
